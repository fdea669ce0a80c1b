// A trial of a sweep over a configuration: the run of that configuration with the trial's values, in the trial's folder, continued
// from its checkpoint where there is one.
import { existsSync, statSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../../errors.js";
import type { SweepRecord, SweepWork } from "../../experiments/sweeps/record.js";
import type { Objective, Trial } from "../../experiments/sweeps/trial.js";
import type { RunTrial, TrialOutcome } from "../../experiments/sweeps/work.js";
import type { MetricsRecord } from "../../tracking/metrics-sink.js";
import { readMetrics } from "../../tracking/read-metrics.js";
import { runExperiment } from "./dispatch.js";
import { resolveConfig, type ResolvedConfig } from "./experiment.js";

type Configuration = Extract<SweepWork, { kind: "configuration" }>;

/** Overrides of one trial: what all share, and its own values. */
export const overridesOf = ({ overrides }: Pick<Configuration, "overrides">, { labels }: Pick<Trial, "labels">) => [
  ...overrides,
  ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
];

/** What trials of a configuration are compared by, where nobody says; what is measured `within` so many iterations, where that matters. */
export function objectiveOf({ stage, config }: Pick<ResolvedConfig, "stage" | "config">, within = Infinity): Objective {
  if (stage === "eval") return { metric: "avg_episode_reward", goal: "max" };
  if (stage !== "pretrain") return { metric: "eval/avg episode reward", goal: "max" };
  const { test_in_mujoco: tests, train } = config as {
    test_in_mujoco?: boolean;
    train: { train_split?: number; test_freq?: number | null };
  };
  // The last epoch is tested always.
  if (tests && (within === Infinity || (train.test_freq ?? Infinity) <= within))
    return { metric: "testReturn", goal: "max" };
  return { metric: (train.train_split ?? 1) < 1 ? "validationLoss" : "loss", goal: "min" };
}

export const runConfiguredTrial: RunTrial = async (sweep, trial, { threads, signal, until }) => {
  const folder = sweep.trialFolder(trial);
  const before = await finished(sweep, folder);
  if (before) return before;
  const checkpoint = join(folder, "checkpoint/last.safetensors");
  const continues = existsSync(checkpoint);
  // What a run left that was killed before its first checkpoint is made anew.
  if (!continues) await rm(folder, { recursive: true, force: true });
  const pause = new AbortController();
  const experiment = experimentOf(sweep, trial, [
    `logdir=${JSON.stringify(folder)}`,
    ...(continues ? [`resume_path=${JSON.stringify(checkpoint)}`] : []),
  ]);
  const stop = AbortSignal.any([signal, pause.signal]);
  try {
    await runExperiment(experiment, {
      signal: stop,
      onProgress: (line) => console.log(line),
      onRecord(record) {
        if (until !== undefined && iterationsIn(record) >= until) pause.abort();
      },
      ...{ threads, workers: threads - 1, continues },
    });
  } catch (error) {
    if (!stop.aborted) throw error;
  }
  const after = stop.aborted ? undefined : await finished(sweep, folder);
  if (after) {
    if (!sweep.definition.keepsCheckpoints) await rm(join(folder, "checkpoint"), { recursive: true, force: true });
    return after;
  }
  const state = pause.signal.aborted && !signal.aborted ? "paused" : "stopped";
  return { state, ...(await measuredIn(folder, sweep.definition.objective!)) };
};

/** The trial's experiment. The moment of the sweep stands for the present, so that all attempts are the same run. */
export function experimentOf(
  { folder, definition }: Pick<SweepRecord, "folder" | "definition">,
  trial: number,
  more: readonly string[],
) {
  const { work, created, trials } = definition;
  if (work.kind !== "configuration") return fail("DMPO_SWEEP_FOLDER", folder, "holds no configuration", "one");
  const overrides = [...overridesOf(work, trials[trial]!), ...more];
  const place = work.configDir === "" ? [folder, "config"] : [work.configDir, work.configName];
  return resolveConfig(place[0]!, place[1]!, overrides, { now: new Date(created) }).experiment();
}

/** The outcome of a run that has ended by itself. */
async function finished({ definition }: SweepRecord, folder: string): Promise<TrialOutcome | undefined> {
  const objective = definition.objective!;
  const statistics = await readJson<{ rows: MetricsRecord[] }>(join(folder, "eval_statistics.json"));
  if (statistics) return { state: "done", best: bestOf(statistics.rows, objective) };
  const result = await readJson<{ seconds: number; interrupted: boolean }>(join(folder, "result.json"));
  if (!result || result.interrupted) return undefined;
  return { state: "done", ...(await measuredIn(folder, objective)), seconds: result.seconds };
}

/** How far a run has got, by its metrics, and the best it has measured. */
async function measuredIn(folder: string, objective: Objective): Promise<{ iterations?: number; best?: number }> {
  const path = join(folder, "metrics.jsonl");
  if (!statSync(path, { throwIfNoEntry: false })?.size) return {};
  const records = await readMetrics(path);
  return { iterations: Math.max(...records.map(iterationsIn)), best: bestOf(records, objective) };
}

/** Epochs are counted from 1, iterations from 0. */
const iterationsIn = (record: MetricsRecord) => Number(record.epoch ?? Number(record.itr ?? -1) + 1);

function bestOf(records: readonly MetricsRecord[], { metric, goal }: Objective): number | undefined {
  const values = records.map((record) => record[metric]).filter((value) => typeof value === "number");
  const finite = values.filter(Number.isFinite);
  return finite.length > 0 ? Math[goal](...finite) : undefined;
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
