// Where metrics go: the interface of a sink, and several sinks as one.
import { warn } from "../plain-text.js";

/** One moment of a run: counters, measurements and short texts by name. */
export type MetricsRecord = Readonly<Record<string, number | string>>;

/** A receiver of metrics, such as a file or a terminal. What it throws does not stop a run. */
export interface MetricsSink {
  /** Takes one record, e.g. of an epoch; must not be called after {@link close}. */
  log(record: MetricsRecord): void;
  /** Between records: how far the counter of the run's progress is, e.g. 2.25 epochs. */
  advance?(position: number): void;
  /** Writes what is pending and releases resources; nothing may be logged afterwards. */
  close(): Promise<void>;
}

/** Logs to all sinks. Tracking must never stop a run: a sink that fails warns once, and is tried again with the next record. */
export function combine(...sinks: readonly MetricsSink[]): Required<MetricsSink> {
  const guarded = sinks.map(guard);
  return {
    log: (record) => guarded.forEach((sink) => sink.log(record)),
    advance: (position) => guarded.forEach((sink) => sink.advance(position)),
    close: async () => void (await Promise.all(guarded.map((sink) => sink.close()))),
  };
}

function guard(sink: MetricsSink): Required<MetricsSink> {
  let warned = false;
  const warnOnce = (error: unknown) => {
    if (!warned) warn(`metrics are incomplete, a sink failed: ${String(error)}`);
    warned = true;
  };
  // A promise catches what is thrown at once as well as what an asynchronous `log` rejects later.
  const attempt = (action: () => void | Promise<void>) =>
    new Promise<void>((resolve) => resolve(action())).catch(warnOnce);
  return {
    log: (record) => void attempt(() => sink.log(record)),
    advance: (position) => void attempt(() => sink.advance?.(position)),
    close: () => attempt(() => sink.close()),
  };
}
