// Metrics on the console: one line that is redrawn on a terminal, plain lines everywhere else.
import { z } from "zod";
import { callback, checkOptions, optionsSchema } from "../options.js";
import type { MetricsRecord, MetricsSink } from "./metrics-sink.js";
import { bar, chosen, duration, metrics, pace, position, stepsDone, type Counter } from "./progress-text.js";

const REDRAW_MILLISECONDS = 100;
/** However long a step takes, the clock goes on. */
const TICK_MILLISECONDS = 1000;

export interface ConsoleSinkOptions extends Counter {
  /** Default process.stdout. */
  readonly stream?: ConsoleStream;
  /** Without a terminal: after how many milliseconds without a record a line says that the run goes on. Default 4500. */
  readonly silence?: number;
  /** The records are of a run that is over: neither times nor rates. Default false. */
  readonly isOver?: boolean;
  /** Milliseconds. Default performance.now. */
  readonly now?: () => number;
}

/** What is used of a stream. `isTTY` and `columns` as in Node's tty.WriteStream. */
export interface ConsoleStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const schema = optionsSchema<ConsoleSinkOptions>(
  {
    ...{ counter: z.string(), total: z.number(), start: z.number(), offset: z.number() },
    ...{ shown: z.record(z.string(), z.string()), stream: z.looseObject({ write: callback }), silence: z.unknown() },
    ...{ isOver: z.boolean(), now: callback },
  },
  ["counter"],
);

/**
 * On a terminal: bar, elapsed and remaining time, rate and the latest value of every metric, redrawn every second.
 * Elsewhere: one line per record, without control characters, and one between records that are more than 4.5 s apart.
 */
export function consoleSink(options: ConsoleSinkOptions): MetricsSink {
  checkOptions(schema, options);
  const { stream = process.stdout } = options;
  const sink = stream.isTTY ? progressLine(options, stream) : plainLines(options, stream);
  return { ...sink, log: (record) => sink.log(chosen(options, record)) };
}

function plainLines(options: ConsoleSinkOptions, stream: ConsoleStream): MetricsSink {
  const { start = 0, silence = 4500, now = () => performance.now() } = options;
  const began = now();
  let count = start;
  const line = (done: number | undefined, ...more: readonly string[]) =>
    void stream.write(`${[position(options, done), ...more].join("  ")}\n`);
  const heartbeat = Number.isFinite(silence)
    ? setInterval(() => line(count, ...timing(options, count, now() - began)), silence).unref()
    : undefined;
  return {
    log(record) {
      const done = stepsDone(options, record);
      count = done ?? count;
      const time = done === undefined ? [] : timing(options, done, now() - began);
      line(done, ...time, ...metrics(options, record));
      heartbeat?.refresh();
    },
    advance: (position) => void (count = position),
    close: async () => clearInterval(heartbeat),
  };
}

function progressLine(options: ConsoleSinkOptions, stream: ConsoleStream): MetricsSink {
  const { total, start = 0, now = () => performance.now() } = options;
  const began = now();
  let latest: MetricsRecord = {};
  let count = start;
  let drawn = -Infinity;

  const draw = () => {
    drawn = now();
    const where = [position(options, count), ...(total ? [bar(count / total)] : [])];
    const progress = [...where, ...timing(options, count, drawn - began)].join(" ");
    const line = [progress, ...metrics(options, latest)].join("  ");
    stream.write(`\r${line.slice(0, (stream.columns ?? 80) - 1)}\u001b[K`);
  };
  const drawIfDue = () => {
    if (now() - drawn >= REDRAW_MILLISECONDS) draw();
  };
  const clock = setInterval(draw, TICK_MILLISECONDS).unref();

  return {
    log(record) {
      latest = { ...latest, ...record };
      count = stepsDone(options, record) ?? count;
      drawIfDue();
    },
    advance(position) {
      count = position;
      drawIfDue();
    },
    async close() {
      clearInterval(clock);
      draw();
      stream.write("\n");
    },
  };
}

/** Elapsed time, rate and remaining time. */
function timing(options: ConsoleSinkOptions, count: number, milliseconds: number): string[] {
  if (options.isOver) return [];
  return [duration(milliseconds / 1000), ...pace(options, count, milliseconds)];
}
