// What one iteration of a run in environments reports, and the names that the reference's logs give it.
import { episodeStatistics, type EpisodeStatistics } from "../evaluation/episode-statistics.js";
import type { IterationFacts, Progress } from "../learning/algorithm.js";

export interface IterationRecord {
  readonly stage: "finetune";
  /** Counted from 0. */
  readonly iteration: number;
  /** An iteration either evaluates, without exploration noise, or trains. */
  readonly mode: Progress["mode"];
  /** Executed in training so far, in all environments together. */
  readonly environmentSteps: number;
  /** Wall-clock seconds of this iteration. */
  readonly seconds: number;
  /** Episodes that ended in this iteration. */
  readonly episodes: EpisodeStatistics;
  /** Present when training: what the algorithm measured, by its own names. */
  readonly update?: Readonly<Record<string, number>>;
}

/** The record of an iteration. */
export function iterationRecord(
  { mode, episodes, terms }: Progress,
  { iteration, environmentSteps, seconds }: IterationFacts,
): IterationRecord {
  return {
    stage: "finetune",
    iteration,
    mode,
    environmentSteps,
    seconds,
    episodes: episodeStatistics(episodes),
    ...(terms && { update: terms }),
  };
}

/** Whether an iteration evaluates: every so many, and the last. */
export const isEvaluation = (iteration: number, { valFreq, iterations }: { valFreq: number; iterations: number }) =>
  iteration % valFreq === 0 || iteration === iterations - 1;

/** The mean return of an evaluation, by which the best policy is chosen. */
export function evaluatedReturn({ mode, episodes }: IterationRecord): number | undefined {
  return mode === "evaluation" ? episodes.return.mean : undefined;
}

/**
 * The record under the reference's names ("train/avg episode reward"); its "std" of episodes are standard errors. What has no
 * meaning is absent: means where no episode ended, success where the task has none.
 *
 * @param logNames of the algorithm's own numbers; one without a name is logged as "loss/<its own>".
 */
export function logRow(
  { iteration, mode, environmentSteps, seconds, episodes, update }: IterationRecord,
  logNames: Readonly<Record<string, string>>,
): Record<string, number> {
  const { successRate } = episodes;
  const summary = {
    "num episode": episodes.episodes,
    ...(successRate && { "success rate": successRate.mean, "std success rate": successRate.standardError }),
    ...(episodes.episodes > 0 && {
      "avg episode reward": episodes.return.mean,
      "avg best reward": episodes.bestReward.mean,
      "avg episode length": episodes.length.mean,
      "std episode reward": episodes.return.standardError,
      "std best reward": episodes.bestReward.standardError,
      "std episode length": episodes.length.standardError,
    }),
  };
  const row: Record<string, number> = { itr: iteration, step: environmentSteps, time: seconds };
  for (const [name, value] of Object.entries(summary))
    row[`${mode === "evaluation" ? "eval" : "train"}/${name}`] = value;
  if (!update) return row;
  row["train/total env step"] = environmentSteps;
  if (update.actorLr !== undefined) row["train/actor lr"] = update.actorLr;
  if (update.criticLr !== undefined) row["train/critic lr"] = update.criticLr;
  for (const [key, value] of Object.entries(update)) row[logNames[key] ?? `loss/${key}`] = value;
  return row;
}
