// What one iteration of a fine-tuning run reports, and the names that the reference's logs give it.
import type { EpisodeStatistics } from "../evaluation/episode-statistics.js";

/**
 * Numbers of an update and their names in the logs. Those of the last minibatch, but means over the minibatches of
 * clipFraction and noiseStd. What was not measured is absent, e.g. the actor's numbers while only the critic learns.
 */
export const updateNames = {
  loss: "loss/loss",
  policyLoss: "loss/pg loss",
  valueLoss: "loss/value loss",
  entropyLoss: "loss/entropy_loss",
  bcLoss: "loss/bc_loss",
  approxKl: "loss/approx kl",
  ratio: "loss/ratio",
  /** Of the first minibatch, before any step: 1 if nothing is broken. */
  firstRatio: "loss/first ratio",
  clipFraction: "loss/clipfrac",
  /** Share of the variance of the returns that the values explain, before the update. */
  explainedVariance: "loss/explained variance",
  oldLogProbMin: "loss/old_logprob_min",
  oldLogProbMax: "loss/old_logprob_max",
  oldLogProbStd: "loss/old_logprob_std",
  newLogProbMin: "loss/new_logprob_min",
  newLogProbMax: "loss/new_logprob_max",
  newLogProbStd: "loss/new_logprob_std",
  /** Norms of the gradients before clipping. */
  actorNorm: "loss/actor_norm",
  criticNorm: "loss/critic_norm",
  actorLr: "loss/actor lr",
  criticLr: "loss/critic lr",
  /** Exploration noise: mean standard deviation and the ends of its range. */
  noiseStd: "loss/noise_std",
  minStd: "loss/min_logprob_noise_std",
  maxStd: "loss/max_logprob_noise_std",
  meanValue: "loss/Q_values",
  /** Optimiser steps made. */
  actorSteps: "loss/actor steps",
  criticSteps: "loss/critic steps",
} as const;

export type UpdateRecord = Readonly<Partial<Record<keyof typeof updateNames, number>>>;

export interface IterationRecord {
  readonly stage: "finetune";
  readonly iteration: number;
  /** An iteration either evaluates, without exploration noise, or trains. */
  readonly mode: "training" | "evaluation";
  /** Executed in training so far, in all environments together. */
  readonly environmentSteps: number;
  /** Wall-clock seconds of this iteration. */
  readonly seconds: number;
  /** Episodes that ended in this iteration. */
  readonly episodes: EpisodeStatistics;
  /** Present when training. */
  readonly update?: UpdateRecord;
}

/** The record under the reference's names ("train/avg episode reward"); its "std" of episodes are standard errors. */
export function logRow({
  iteration,
  mode,
  environmentSteps,
  seconds,
  episodes,
  update,
}: IterationRecord): Record<string, number> {
  const summary = {
    "success rate": episodes.successRate.mean,
    "avg episode reward": episodes.return.mean,
    "avg best reward": episodes.bestReward.mean,
    "avg episode length": episodes.length.mean,
    "num episode": episodes.episodes,
    "std success rate": episodes.successRate.standardError,
    "std episode reward": episodes.return.standardError,
    "std best reward": episodes.bestReward.standardError,
    "std episode length": episodes.length.standardError,
  };
  const row: Record<string, number> = { itr: iteration, step: environmentSteps, time: seconds };
  for (const [name, value] of Object.entries(summary)) row[`${mode === "training" ? "train" : "eval"}/${name}`] = value;
  if (!update) return row;
  row["train/total env step"] = environmentSteps;
  row["train/actor lr"] = update.actorLr!;
  row["train/critic lr"] = update.criticLr!;
  for (const [key, name] of Object.entries(updateNames)) {
    const value = update[key as keyof UpdateRecord];
    if (value !== undefined) row[name] = value;
  }
  return row;
}
