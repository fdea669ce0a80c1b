// Metrics in a notebook: one output, redrawn in place, with bar, rate, remaining time, latest metrics and a live curve.
import { randomUUID } from "node:crypto";
import { escapeHtml } from "../html.js";
import { drawCurves, LiveCurve } from "./live-curve.js";
import type { MetricsRecord, MetricsSink } from "./metrics-sink.js";
import type { Notebook } from "./notebook.js";
import { bar, chosen, duration, metrics, pace, position, stepsDone, type Counter } from "./progress-text.js";

/** Pages slow down if they redraw more often. */
const REDRAW_MILLISECONDS = 500;

export interface NotebookSinkOptions extends Counter {
  readonly notebook: Pick<Notebook, "display">;
  /** Metrics that are drawn over the counter, by the record's names, and what to call them. Default: none. */
  readonly curves?: Readonly<Record<string, string>>;
  /** Draw them on a logarithmic axis where all are positive. Default false. */
  readonly logarithmic?: boolean;
  /** Milliseconds. Default performance.now. */
  readonly now?: () => number;
}

/**
 * Shows an empty bar at once, then at most two pictures a second, each below 30 kB, and the final one when closed, which
 * a saved notebook keeps.
 * HTML and a picture in it, because pages do not redraw interactive figures in place.
 */
export function notebookSink(options: NotebookSinkOptions): MetricsSink {
  const { notebook, counter, total, start = 0, now = () => performance.now() } = options;
  const curves = Object.entries(options.curves ?? {}).map(([key, name]) => [key, new LiveCurve(name)] as const);
  const id = `progress-${randomUUID()}`;
  const began = now();
  let latest: MetricsRecord = {};
  let count = start;
  let drawn = -Infinity;
  let pending: NodeJS.Timeout | undefined;

  const draw = (state: "first" | "running" | "last") => {
    clearTimeout(pending);
    pending = undefined;
    drawn = now();
    const share = total === undefined ? undefined : Math.min(1, Math.max(0, count / total));
    const time = state === "last" ? [duration((drawn - began) / 1000)] : pace(options, count, drawn - began);
    const where = [position(options, count), ...time];
    const measured = metrics(options, latest);
    const chart = drawCurves(
      curves.map(([, curve]) => curve),
      { x: counter, log: options.logarithmic ?? false },
    );
    notebook.display(
      {
        "text/html": [
          `<div style="font-size: 13px; line-height: 1.5; max-width: 640px">`,
          `<div>${escapeHtml(where.join(" · "))}</div>`,
          ...(share === undefined ? [] : [barHtml(share)]),
          `<div>${escapeHtml(measured.join(" · "))}</div>`,
          ...(chart ? [`<img alt="learning curve" style="max-width: 100%" src="${imageAddress(chart)}">`] : []),
          `</div>`,
        ].join(""),
        "text/plain": [where.join(" "), ...(share === undefined ? [] : [bar(share)]), ...measured].join("  "),
      },
      { id, update: state !== "first" },
    );
  };
  const drawLater = () => {
    try {
      draw("running");
    } catch {
      // The next record meets the same failure and reports it.
    }
  };
  const drawWhenDue = () => {
    const wait = REDRAW_MILLISECONDS - (now() - drawn);
    if (wait <= 0) draw("running");
    else pending ??= setTimeout(drawLater, wait).unref();
  };

  draw("first");
  return {
    log(record) {
      latest = { ...latest, ...chosen(options, record) };
      count = stepsDone(options, record) ?? count;
      for (const [key, curve] of curves) if (record[key] !== undefined) curve.add(count, Number(record[key]));
      drawWhenDue();
    },
    advance(position) {
      count = position;
      drawWhenDue();
    },
    async close() {
      draw("last");
    },
  };
}

/** A picture, because pages that do not trust a notebook drop styles but keep images. */
function barHtml(share: number): string {
  const shape = (width: number, color: string) => `<rect width="${width}" height="6" rx="3" fill="${color}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="6">${shape(640, "#84848440")}${shape(Math.round(640 * share), "#2F86C8")}</svg>`;
  return `<img alt="${Math.round(100 * share)} %" style="display: block; max-width: 100%; margin: 2px 0" src="${imageAddress(svg)}">`;
}

function imageAddress(svg: string): string {
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
}
