// Progress in words: where a run is, how fast, how long it still takes, and its latest metrics.
import type { MetricsRecord } from "./metrics-sink.js";

/** What counts the progress of a run. */
export interface Counter {
  /** The record's entry that counts progress, e.g. "epoch". */
  readonly counter: string;
  /** The counter's value at the end; without it there is no bar and no remaining time. */
  readonly total?: number;
  /** The counter's value at the beginning, for resumed runs. Default 0. */
  readonly start?: number;
  /** What the record's entry lacks to the number of steps done: 1 where it numbers them from 0. Default 0. */
  readonly offset?: number;
  /** The metrics to show and what to call them; default: all, by their own names. */
  readonly shown?: Readonly<Record<string, string>>;
}

/** The counter and the metrics to show, under the names to show. */
export function chosen({ counter, shown }: Counter, record: MetricsRecord): MetricsRecord {
  if (!shown) return record;
  const names = { [counter]: counter, ...shown };
  return Object.fromEntries(
    Object.entries(names).flatMap(([key, name]) => (record[key] === undefined ? [] : [[name, record[key]] as const])),
  );
}

/** How many steps are done after this record; undefined if it does not say. */
export function stepsDone({ counter, offset = 0 }: Counter, record: MetricsRecord): number | undefined {
  return record[counter] === undefined ? undefined : Number(record[counter]) + offset;
}

/** "epoch 3/40" after `done` steps, of which the last may be unfinished. */
export function position({ counter, total }: Counter, done: number | undefined): string {
  if (done === undefined) return counter;
  return `${counter} ${shorten(Math.floor(done))}${total ? `/${total}` : ""}`;
}

/** ["1.5/s", "0:25 left"] for a counter that went to `count` within `milliseconds`; empty before the first step. */
export function pace({ start = 0, total }: Counter, count: number, milliseconds: number): string[] {
  const rate = ((count - start) / milliseconds) * 1000;
  if (!(rate > 0)) return [];
  return [`${shorten(rate)}/s`, ...(total ? [`${duration((total - count) / rate)} left`] : [])];
}

/** ["loss 0.1234", "return 1200"]: everything but the counter. */
export function metrics({ counter }: Counter, record: MetricsRecord): string[] {
  return Object.entries(record)
    .filter(([name]) => name !== counter)
    .map(([name, value]) => `${shorten(name)} ${shorten(value)}`);
}

/** "█████░░░░░" for a share in [0, 1]. */
export function bar(share: number, width = 20): string {
  const filled = Math.round(width * Math.min(1, Math.max(0, share)));
  return "█".repeat(filled) + "░".repeat(width - filled);
}

/** Whole numbers in full, others with four digits; texts without control characters. */
export function shorten(value: number | string): string {
  if (typeof value === "string") return value.replace(/\p{Cc}/gu, " ");
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
}

/** 75 -> "1:15", 3700 -> "1:01:40". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (part: number) => String(part).padStart(2, "0");
  return hours ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${minutes}:${padded(rest)}`;
}
