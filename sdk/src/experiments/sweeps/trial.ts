// A trial of a sweep: what it tries, what came of it, and what "best" means.
import { z } from "zod";

/** What trials are compared by. */
export const objective = z.object({
  /** Name of a metric. */
  metric: z.string(),
  goal: z.enum(["min", "max"]),
});
export type Objective = z.output<typeof objective>;

/** What sets a trial apart from the others, by factor: texts as tables show them. */
export const trial = z.object({
  labels: z.record(z.string(), z.string()),
  /** Of a trial in code: what the labels stand for. */
  values: z.record(z.string(), z.unknown()).optional(),
  seed: z.int().optional(),
});
export type Trial = z.output<typeof trial>;

/**
 * `running`: somebody works on it; `paused`: it waits for what others reach; `stopped`: by a person or a time limit, and goes on from
 * its checkpoint; `lost`: its process vanished, and it goes on likewise; `again`: a failed one that is to be tried once more.
 */
export const trialState = z.enum(["running", "done", "failed", "paused", "stopped", "lost", "again"]);
export type TrialState = z.output<typeof trialState>;

/** What is reported of a trial, as a line of a journal. */
export const report = z.object({
  trial: z.int().nonnegative(),
  state: trialState,
  /** Milliseconds since 1970. */
  time: z.number(),
  job: z.string(),
  host: z.string().optional(),
  /** Iterations done. */
  iterations: z.number().optional(),
  /** The best value of the objective so far. */
  best: z.number().optional(),
  /** Seconds of the whole run. */
  seconds: z.number().optional(),
  error: z.string().optional(),
});
export type TrialReport = z.output<typeof report>;

/** What is known of a trial that somebody has begun. */
export interface TrialResult extends Omit<TrialReport, "trial"> {
  /** The best value at the end of every rung, by its number of iterations; NaN where nothing was measured. */
  readonly rungs?: Readonly<Record<number, number>>;
  /** How often its process vanished since it last got on. */
  readonly losses: number;
}

/** Everything reported of one trial, in the order of time, as one result: what is done stays done, whoever else reports. */
export function resultOf(reports: readonly TrialReport[]): TrialResult | undefined {
  const ordered = [...reports].sort((a, b) => a.time - b.time);
  const done = ordered.find(({ state }) => state === "done");
  const last = done ?? ordered.at(-1);
  if (!last) return undefined;
  const { trial: _, ...result } = last;
  let [losses, reached] = [0, 0];
  for (const { state, iterations = 0 } of ordered) {
    if (state === "running") continue;
    losses = state === "lost" && iterations <= reached ? losses + 1 : state === "lost" ? 1 : 0;
    reached = Math.max(reached, iterations);
  }
  const paused = ordered.filter(({ state }) => state === "paused");
  const rungs = Object.fromEntries(paused.map(({ iterations = 0, best = NaN }) => [iterations, best]));
  const latest = <Key extends "iterations" | "best" | "seconds" | "host">(key: Key) =>
    last[key] ?? ordered.findLast((line) => line[key] !== undefined)?.[key];
  return {
    ...result,
    ...{ iterations: latest("iterations"), best: latest("best"), seconds: latest("seconds"), host: latest("host") },
    ...(paused.length > 0 && { rungs }),
    losses,
  };
}
