// A sweep from its record to its report: coordinated, told about line by line and as a live table in a notebook, summed up in files.
import { randomBytes, randomUUID } from "node:crypto";
import { formatNumber } from "../../figures/number-format.js";
import { htmlTable, plainTable } from "../../figures/html-table.js";
import { escapeHtml } from "../../html.js";
import { notebook } from "../../tracking/notebook.js";
import { coordinate, type CoordinateOptions } from "./coordinate.js";
import type { SweepRecord } from "./record.js";
import { SweepReport } from "./report.js";
import type { TrialResult } from "./trial.js";

/** A new name of eight letters and digits. */
export const newSweepId = () => randomBytes(4).toString("hex");

export interface SweepOptions extends Omit<CoordinateOptions, "onChange"> {
  /** One line for each trial that begins, ends or is lost. */
  readonly onLine?: (line: string) => void;
}

/** Runs what is left of a sweep, and writes its table and figures. */
export async function runSweep(sweep: SweepRecord, { onLine, ...options }: SweepOptions): Promise<SweepReport> {
  await sweep.wantStop(false);
  const tell = onLine && tellChanges(sweep, onLine);
  const show = liveTable(sweep);
  try {
    const onChange: CoordinateOptions["onChange"] = (results) => {
      tell?.(results);
      show?.("running");
    };
    await coordinate(sweep, { ...options, onChange });
  } finally {
    await sweep.refresh();
    show?.("last");
  }
  const report = new SweepReport(sweep);
  await report.save();
  return report;
}

/** "trial 3 (seed=1, model.times.type=beta): done, loss 0.1234, 12 s on node-1". */
function tellChanges({ definition: { trials, objective } }: SweepRecord, onLine: (line: string) => void) {
  const told = new Map<number, string>();
  let isFirst = true;
  return (results: ReadonlyMap<number, TrialResult>) => {
    for (const [trial, { state, best, seconds, host, error, time }] of results) {
      const key = `${state} ${time}`;
      if (told.get(trial) === key) continue;
      told.set(trial, key);
      // What had come of it before this process began is no news.
      if (isFirst) continue;
      const { labels, seed } = trials[trial]!;
      const named = Object.entries({ ...labels, ...(seed !== undefined && { seed }) }).map(
        ([name, value]) => `${name}=${value}`,
      );
      const facts = [
        state === "again" ? "to be tried again" : state,
        ...(best !== undefined && state !== "running" ? [`${objective?.metric ?? "best"} ${formatNumber(best)}`] : []),
        ...(seconds !== undefined && state === "done" ? [`${formatNumber(seconds)} s`] : []),
        ...(error !== undefined && state !== "running" ? [error.split("\n")[0]!] : []),
      ];
      const done = [...results.values()].filter((result) => result.state === "done").length;
      onLine(
        `[${done}/${trials.length}] trial ${trial} (${named.join(", ")}): ${facts.join(", ")}${host ? ` on ${host}` : ""}`,
      );
    }
    isFirst = false;
  };
}

const redrawMilliseconds = 500;
const mostRows = 30;

/** In a notebook, the trials that somebody has begun as a table that is redrawn in place. */
function liveTable(sweep: SweepRecord): ((when: "running" | "last") => void) | undefined {
  const page = notebook();
  if (!page) return undefined;
  const id = `sweep-${randomUUID()}`;
  let drawn = -Infinity;
  return (when) => {
    if (when === "running" && performance.now() - drawn < redrawMilliseconds) return;
    const isFirst = drawn === -Infinity;
    drawn = performance.now();
    const report = new SweepReport(sweep);
    const rows = report.rows().filter(({ state }) => state !== "waiting");
    const latest = rows.slice(-mostRows);
    const columns = Object.keys(latest[0] ?? {});
    const table = { columns, rows: latest.map((row) => columns.map((column) => row[column] ?? "")) };
    const counts = Object.entries(report.counts()).map(([state, count]) => `${count} ${state}`);
    const heading = `${sweep.definition.title}: ${counts.join(", ")}`;
    page.display(
      {
        "text/html": `<div><div style="font-weight: 600">${escapeHtml(heading)}</div>${latest.length > 0 ? htmlTable(table) : ""}</div>`,
        "text/plain": [heading, ...(latest.length > 0 ? [plainTable(table)] : [])].join("\n"),
      },
      { id, update: !isFirst },
    );
  };
}
