// Metrics on the console: one line that is redrawn on a terminal, plain lines everywhere else.
import type { MetricsRecord, MetricsSink } from "./metrics-sink.js";
import { bar, chosen, metrics, pace, position, type Counter } from "./progress-text.js";

const REDRAW_MILLISECONDS = 100;
/** However long a step takes, the clock goes on. */
const TICK_MILLISECONDS = 1000;
/** Without a terminal, what a line between two records may wait for. */
const SILENCE_MILLISECONDS = 4500;

export interface ConsoleSinkOptions extends Counter {
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
 * On a terminal: bar, elapsed and remaining time, rate and the latest value of every metric, redrawn every second.
 * Elsewhere: one line per record, without control characters, and one between records that are more than 4.5 s apart.
 */
export function consoleSink(options: ConsoleSinkOptions): MetricsSink {
  const { stream = process.stdout } = options;
  const sink = stream.isTTY ? progressLine(options, stream) : plainLines(options, stream);
  return { ...sink, log: (record) => sink.log(chosen(options, record)) };
}

function plainLines(options: ConsoleSinkOptions, stream: ConsoleStream): MetricsSink {
  const line = (record: MetricsRecord) => [position(options, record), ...metrics(options, record)].join("  ");
  return {
    log: (record) => void stream.write(`${line(record)}\n`),
    close: async () => {},
  };
}

function progressLine(options: ConsoleSinkOptions, stream: ConsoleStream): MetricsSink {
  const { counter, total, start = 0, now = () => performance.now() } = options;
  const began = now();
  let latest: MetricsRecord = {};
  let count = start;
  let drawn = -Infinity;

  const draw = () => {
    drawn = now();
    const where = [position(options, latest), ...(total ? [bar(count / total)] : [])];
    const progress = [...where, ...pace(options, count, drawn - began)].join(" ");
    const line = [progress, ...metrics(options, latest)].join("  ");
    stream.write(`\r${line.slice(0, (stream.columns ?? 80) - 1)}\u001b[K`);
  };
  const drawIfDue = () => {
    if (now() - drawn >= REDRAW_MILLISECONDS) draw();
  };

  return {
    log(record) {
      latest = { ...latest, ...record };
      count = Number(latest[counter] ?? start);
      drawIfDue();
    },
    advance(position) {
      count = position;
      drawIfDue();
    },
    async close() {
      draw();
      stream.write("\n");
    },
  };
}
