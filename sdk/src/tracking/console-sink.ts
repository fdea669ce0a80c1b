// Metrics on the console: one line that is redrawn on a terminal, plain lines everywhere else.
import type { MetricsRecord, MetricsSink } from "./metrics-sink.js";

const BAR_WIDTH = 20;
const REDRAW_MILLISECONDS = 100;

export interface ConsoleSinkOptions {
  /** The record's entry that counts progress, e.g. "epoch". */
  readonly counter: string;
  /** The counter's value at the end; without it there is no bar and no remaining time. */
  readonly total?: number;
  /** The counter's value at the beginning, for resumed runs. Default 0. */
  readonly start?: number;
  /** The metrics to show and what to call them; default: all, by their own names. */
  readonly shown?: Readonly<Record<string, string>>;
  /** Default process.stdout. */
  readonly stream?: ConsoleStream;
  /** Milliseconds. Default performance.now. */
  readonly now?: () => number;
}

/** What is used of a stream. `isTTY` and `columns` as in Node's tty.WriteStream. */
export interface ConsoleStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * On a terminal: bar, rate, remaining time and the latest value of every metric.
 * Elsewhere: one line per record, without control characters.
 */
export function consoleSink(options: ConsoleSinkOptions): MetricsSink {
  const { stream = process.stdout, counter, shown } = options;
  const sink = stream.isTTY ? progressLine(options, stream) : plainLines(options, stream);
  if (!shown) return sink;
  const names = { [counter]: counter, ...shown };
  const chosen = (record: MetricsRecord) =>
    Object.entries(names).flatMap(([key, name]) => (record[key] === undefined ? [] : [[name, record[key]] as const]));
  return { ...sink, log: (record) => sink.log(Object.fromEntries(chosen(record))) };
}

function plainLines({ counter, total }: ConsoleSinkOptions, stream: ConsoleStream): MetricsSink {
  return {
    log: (record) => void stream.write(`${position(record, counter, total)}${metrics(record, counter)}\n`),
    close: async () => {},
  };
}

function progressLine(
  { counter, total, start = 0, now = () => performance.now() }: ConsoleSinkOptions,
  stream: ConsoleStream,
): MetricsSink {
  const began = now();
  let latest: MetricsRecord = {};
  let drawn = -Infinity;

  const draw = () => {
    drawn = now();
    const count = Number(latest[counter] ?? start);
    const rate = ((count - start) / (drawn - began)) * 1000;
    const parts = [position(latest, counter, total)];
    if (total) parts.push(bar(count / total));
    if (rate > 0) parts.push(` ${shorten(rate)}/s`);
    if (rate > 0 && total) parts.push(` ${duration((total - count) / rate)} left`);
    parts.push(metrics(latest, counter));
    stream.write(`\r${parts.join("").slice(0, (stream.columns ?? 80) - 1)}\u001b[K`);
  };

  return {
    log(record) {
      latest = { ...latest, ...record };
      if (now() - drawn >= REDRAW_MILLISECONDS) draw();
    },
    async close() {
      draw();
      stream.write("\n");
    },
  };
}

function position(record: MetricsRecord, counter: string, total: number | undefined): string {
  if (record[counter] === undefined) return counter;
  return `${counter} ${shorten(record[counter])}${total ? `/${total}` : ""}`;
}

function metrics(record: MetricsRecord, counter: string): string {
  return Object.entries(record)
    .filter(([name]) => name !== counter)
    .map(([name, value]) => `  ${shorten(name)} ${shorten(value)}`)
    .join("");
}

function bar(share: number): string {
  const filled = Math.round(BAR_WIDTH * Math.min(1, Math.max(0, share)));
  return ` ${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`;
}

/** Whole numbers in full, others with four digits; texts without control characters. */
function shorten(value: number | string): string {
  if (typeof value === "string") return value.replace(/\p{Cc}/gu, " ");
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
}

/** 75 -> "1:15", 3700 -> "1:01:40". */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (part: number) => String(part).padStart(2, "0");
  return hours ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${minutes}:${padded(rest)}`;
}
