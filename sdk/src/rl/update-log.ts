// Collects the numbers of one update of actor and critic, minibatch by minibatch, and names them as the reference's logs do.

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

export class UpdateLog {
  /** Of the last minibatch. */
  private last: Record<string, number> = {};
  private actorLoss = 0;
  private clipFractions = 0;
  private noiseStds = 0;
  private actorBatches = 0;
  private rows = 0;
  private readonly steps = { actorSteps: 0, criticSteps: 0 };
  private firstRatio: number | undefined;

  /** The loss terms of a minibatch of so many rows: of the critic, and of the actor if it took part. */
  minibatch(
    rows: number,
    critic: Readonly<Record<string, number>>,
    actor: Readonly<Record<string, number>> | undefined,
  ): void {
    this.actorLoss = actor?.loss ?? this.actorLoss;
    this.last = { ...this.last, ...critic, ...actor, loss: critic.loss! + this.actorLoss };
    if (!actor) return;
    this.actorBatches++;
    this.rows = rows;
    if (this.actorBatches === 1) this.firstRatio = actor.ratio;
    this.clipFractions += actor.clipFraction!;
    this.noiseStds += actor.noiseStd!;
  }

  step(network: "actor" | "critic", { gradientNorm }: { readonly gradientNorm: number }): void {
    this.steps[`${network}Steps`]++;
    this.last[`${network}Norm`] = gradientNorm;
  }

  /** `others`: the numbers that do not come from minibatches. */
  record(others: Pick<UpdateRecord, "explainedVariance" | "minStd" | "maxStd" | "actorLr" | "criticLr">): UpdateRecord {
    const { last, actorBatches } = this;
    const unbiased = this.rows / Math.max(1, this.rows - 1);
    const deviation = (name: string) =>
      Math.sqrt(unbiased * Math.max(0, last[`${name}Square`]! - last[`${name}Mean`]! ** 2));
    const numbers: Record<string, number | undefined> = {
      ...last,
      ...this.steps,
      ...others,
      firstRatio: this.firstRatio,
      clipFraction: this.clipFractions / actorBatches,
      noiseStd: this.noiseStds / actorBatches,
      oldLogProbStd: deviation("oldLogProb"),
      newLogProbStd: deviation("newLogProb"),
    };
    const names = Object.keys(updateNames) as (keyof UpdateRecord)[];
    const measured = names.filter((name) => Number.isFinite(numbers[name]));
    return Object.fromEntries(measured.map((name) => [name, numbers[name]]));
  }
}
