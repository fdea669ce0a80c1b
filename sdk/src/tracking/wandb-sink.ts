// Metrics for Weights & Biases: a run folder as its own client writes offline, uploaded by `wandb sync`.
import { z } from "zod";
import { callback, checkOptions, optionsSchema, pathText } from "../options.js";
import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { userPath } from "../paths.js";
import type { MetricsRecord, MetricsSink } from "./metrics-sink.js";
import { WandbLog, type LogItem } from "./wandb-log.js";
import { syncAtEnd } from "./wandb-sync.js";

export interface WandbSinkOptions {
  /** Where the run is listed. */
  readonly project: string;
  /** User or team; default: the one of the key that uploads. */
  readonly entity?: string | null;
  /** The run's name. */
  readonly name: string;
  /** Shown with the run: plain data. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The record's entry that is the step; without it in a record, records are counted. */
  readonly counter: string;
  /** Only write files. Default false: `wandb sync` uploads them when the sink is closed. */
  readonly offline?: boolean;
  /** Default `wandb_offline` where offline, else the working directory; run folders go into `wandb` in it. */
  readonly folder?: string;
  /** Told where the run is, and what became of the upload. Default: nobody. */
  readonly notify?: (sentence: string) => void;
  /** Milliseconds since 1970. Default Date.now. */
  readonly now?: () => number;
}

export interface WandbSink extends MetricsSink {
  /** Folder that `wandb sync` takes. */
  readonly runFolder: string;
}

const schema = optionsSchema<WandbSinkOptions>(
  {
    ...{ project: z.string(), name: z.string(), counter: z.string(), entity: z.string().nullable() },
    ...{ config: z.looseObject({}), offline: z.boolean(), folder: pathText, notify: callback, now: callback },
  },
  ["project", "name", "counter"],
);

/**
 * Writes a run for Weights & Biases. Records of one step become one row, so a row is written when the next step begins, and at
 * the end. An upload that fails is told to `notify` and leaves the files.
 * @throws the system's error if the files cannot be written.
 */
export function wandbSink(options: WandbSinkOptions): WandbSink {
  checkOptions(schema, options);
  const { project, entity, name, config = {}, counter, offline = false, notify = () => {}, now = Date.now } = options;
  const started = now();
  const id = Array.from({ length: 8 }, () => randomInt(36).toString(36)).join("");
  const time = new Date(started).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "_");
  const root = options.folder === undefined ? (offline ? "wandb_offline" : ".") : userPath(options.folder);
  const runFolder = join(root, "wandb", `offline-run-${time}-${id}`);
  const log = new WandbLog(join(runFolder, `run-${id}.wandb`), id);
  log.append({ header: { versionInfo: { producer: "dmpo", minConsumer: "0.70.0" } } });
  log.append({
    run: {
      runId: id,
      ...(entity && { entity }),
      project,
      config: { update: items(config) },
      displayName: name,
      host: hostname(),
      startTime: { seconds: Math.floor(started / 1000), nanos: (Math.floor(started) % 1000) * 1_000_000 },
    },
  });

  let row: MetricsRecord = {};
  let step = -1;
  let pending = false;
  let open = true;
  const seconds = () => (now() - started) / 1000;
  const flush = () => {
    if (!pending) return;
    pending = false;
    const all = items({ ...row, _step: step, _timestamp: now() / 1000, _runtime: seconds() });
    log.append({ history: { item: all, step: { num: step } } });
    log.append({ summary: { update: all } });
    row = {};
  };
  return {
    runFolder,
    log(record) {
      if (!open) throw new Error(`the Weights & Biases run ${id} is closed`);
      const stated = typeof record[counter] === "number" ? Math.round(record[counter]) : step + 1;
      if (stated !== step) flush();
      // Steps only grow: the server drops rows that go back.
      if (!pending) step = Math.max(stated, step + 1);
      row = { ...row, ...record };
      pending = true;
    },
    async close() {
      if (!open) return;
      open = false;
      flush();
      log.append({ exit: { exitCode: 0, runtime: Math.round(seconds()) } });
      log.close();
      writeFileSync(join(runFolder, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
      if (offline) return notify(`Weights & Biases: run in ${runFolder}; upload it with \`dmpo sync ${runFolder}\``);
      notify(`Weights & Biases: ${await syncAtEnd(runFolder)}`);
    },
  };
}

/** JSON has no word for NaN and infinities; Weights & Biases reads them as texts. */
function items(values: Readonly<Record<string, unknown>>): LogItem[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    valueJson: JSON.stringify(typeof value === "number" && !Number.isFinite(value) ? String(value) : (value ?? null)),
  }));
}
