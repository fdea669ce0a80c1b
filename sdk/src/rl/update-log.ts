// Collects the numbers of one update, minibatch by minibatch.
import { updateNames, type UpdateRecord } from "./iteration-record.js";

export class UpdateLog {
  /** Of the last minibatch. */
  private last: Record<string, number> = {};
  private actorLoss = 0;
  private clipFractions = 0;
  private noiseStds = 0;
  private actorBatches = 0;
  private readonly steps = { actorSteps: 0, criticSteps: 0 };
  private firstRatio: number | undefined;

  /** A minibatch's loss terms of the critic, and of the actor if it took part. */
  minibatch(critic: Readonly<Record<string, number>>, actor: Readonly<Record<string, number>> | undefined): void {
    this.actorLoss = actor?.loss ?? this.actorLoss;
    this.last = { ...this.last, ...critic, ...actor, loss: critic.loss! + this.actorLoss };
    if (!actor) return;
    this.actorBatches++;
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
    const deviation = (name: string) => Math.sqrt(Math.max(0, last[`${name}Square`]! - last[`${name}Mean`]! ** 2));
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
