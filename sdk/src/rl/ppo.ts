// PPO over the denoising chain: every chunk's chain is one action with a tractable density. Schulman et al. 2017,
// algorithm 1 and eq. 7; chains as in DPPO (Ren et al. 2024) and ReinFlow (Zhang et al. 2025). One step is one chunk.
import { z } from "zod";
import { tf } from "../engine/tensor.js";
import { defineAlgorithm } from "./algorithm.js";
import { chainOptions, chainSchema, samplingOptions } from "./chain-options.js";
import { cloningKinds } from "./cloning.js";
import { explainedVariance } from "./gae.js";
import { compileGradients, type PolicyColumns, type ValueColumns } from "./gradients.js";
import type { IterationRecord } from "./iteration-record.js";
import type { Learner } from "./learner.js";
import { minibatches } from "./minibatches.js";
import { ppoPresets } from "./ppo-presets.js";
import {
  adaptedRates,
  cloningWeight,
  explorationNoise,
  learningRates,
  learningRateSchedule,
  upperStd,
} from "./schedules.js";
import { UpdateLog } from "./update-log.js";

const fraction = z.number().min(0).max(1);
const count = z.int().positive();

/** Defaults keep everything constant; recipes are in ppo-presets.ts. Counts are iterations, steps are chunks. */
export const ppoOptions = z.strictObject({
  iterations: count.default(50),
  steps: count.default(50).describe("chunks per environment and iteration"),
  gamma: fraction.default(0.99).describe("discount per chunk"),
  gaeLambda: fraction.default(0.95),
  timeOuts: z.enum(["bootstrap", "reference"]).default("bootstrap").describe("what a time-out means, see gae.ts"),
  rewardScaleRunning: z.boolean().default(true).describe("divide rewards by the running deviation of the return"),
  rewardScaleConst: z.number().default(1),
  resetAtIteration: z.boolean().default(false).describe("start new episodes at every iteration"),

  ...chainSchema.shape,
  noise: explorationNoise.prefault({}),
  logProbRange: z.tuple([z.number(), z.number()]).nullable().default(null).describe("clamp; the reference has [-1, 1]"),
  clipPlossCoef: z.number().positive().default(0.2).describe("clip of the probability ratio"),
  clipVlossCoef: z.number().positive().nullable().default(null).describe("clip of the change of values"),
  entCoef: z.number().default(0),
  vfCoef: z.number().positive().default(0.5),

  updateEpochs: count.default(5),
  batchSize: count.default(500),
  repeatSamples: count.default(1).describe("times a sample occurs per epoch; 10 in the reference"),
  microBatchSize: count.default(1000).describe("rows in memory at once; changes no result"),
  targetKl: z
    .number()
    .positive()
    .nullable()
    .default(0.045)
    .describe("stop or, adaptive_kl, steer at this divergence; null: neither"),
  klStops: z.enum(["actor", "both"]).default("actor").describe("which networks stop for the rest of the iteration"),
  nCriticWarmupItr: z.int().nonnegative().default(3).describe("first updates that train the critic alone"),

  lrSchedule: z.enum(["fixed", "adaptive_kl"]).default("fixed"),
  actorLr: z.number().positive().default(4e-5),
  actorLrScheduler: learningRateSchedule.default({ type: "constant" }),
  actorWeightDecay: z.number().nonnegative().default(0),
  maxGradNorm: z.number().positive().nullable().default(1),
  criticLr: z.number().positive().default(1e-3),
  criticLrScheduler: learningRateSchedule.default({ type: "constant" }),
  criticWeightDecay: z.number().nonnegative().default(0),
  criticMaxGradNorm: z.number().positive().nullable().default(25),

  useBcLoss: z.boolean().default(false).describe("stay near the pre-trained policy"),
  bcLossType: z.enum(["W2", "velocity"]).default("W2"),
  bcLossCoeff: z.number().nonnegative().default(0.05),
  bcLossCoeffFinal: z.number().nonnegative().optional(),
  bcLossDecayStart: z.int().nonnegative().default(0),
  bcLossDecayEnd: count.optional().describe("by default the last iteration"),

  valFreq: count.default(10).describe("every so many iterations, and the last, evaluates instead of training"),
  forceTrain: z.boolean().default(false).describe("never evaluate"),
  evaluationEpisodes: count.default(40),
  evaluationNoise: z.enum(["sampled", "zero"]).default("sampled").describe("initial noise of evaluated chains"),
});
export type PpoOptions = z.output<typeof ppoOptions>;

/** Clipped surrogate with entropy bonus, and what to watch. */
export function ppoLoss(
  { logProb, oldLogProb, advantage, entropy }: PolicyColumns,
  { clipPlossCoef: clip, logProbRange, entCoef }: Pick<PpoOptions, "clipPlossCoef" | "logProbRange" | "entCoef">,
) {
  const clamped = (x: tf.Tensor) => (logProbRange ? x.clipByValue(...logProbRange) : x);
  const [now, before] = [clamped(logProb), clamped(oldLogProb)];
  const logRatio = now.sub(before);
  const ratio = logRatio.exp();
  const surrogate = tf.minimum(ratio.mul(advantage), ratio.clipByValue(1 - clip, 1 + clip).mul(advantage));
  const policyLoss = surrogate.mean().neg();
  const entropyLoss = entropy.mean().neg();
  return {
    loss: policyLoss.add(entropyLoss.mul(entCoef)),
    policyLoss,
    entropyLoss,
    approxKl: ratio.sub(1).sub(logRatio).mean(),
    ratio: ratio.mean(),
    clipFraction: ratio.sub(1).abs().greater(clip).cast("float32").mean(),
    oldLogProbMin: before.min(),
    oldLogProbMax: before.max(),
    oldLogProbMean: before.mean(),
    oldLogProbSquare: before.square().mean(),
    newLogProbMin: now.min(),
    newLogProbMax: now.max(),
    newLogProbMean: now.mean(),
    newLogProbSquare: now.square().mean(),
  };
}

/** Half the squared error of values (B), or of values that move at most `clipVlossCoef` if that is worse. */
export function valueLoss(
  { value, oldValue, target }: ValueColumns,
  { clipVlossCoef: clip, vfCoef }: Pick<PpoOptions, "clipVlossCoef" | "vfCoef">,
) {
  let error = value.sub(target).square();
  if (clip !== null) {
    const near = oldValue.add(value.sub(oldValue).clipByValue(-clip, clip));
    error = tf.maximum(error, near.sub(target).square());
  }
  const half = error.mean().mul(0.5);
  return { loss: half.mul(vfCoef), valueLoss: half };
}

async function* run(learner: Learner, o: PpoOptions): AsyncGenerator<IterationRecord> {
  const { collector, actorWeights: actor, criticWeights: critic, random } = learner;
  const { buffer } = collector;
  const cloning = o.useBcLoss ? cloningKinds[o.bcLossType](learner.teacher(), random.stream("cloning")) : undefined;
  const gradients = compileGradients(learner, {
    policyLoss: (columns) => ppoLoss(columns, o),
    valueLoss: (columns) => valueLoss(columns, o),
    cloning,
    microBatchSize: o.microBatchSize,
  });
  const step = {
    actor: { weightDecay: o.actorWeightDecay, maxGradientNorm: o.maxGradNorm, from: "accumulated" },
    critic: { weightDecay: o.criticWeightDecay, maxGradientNorm: o.criticMaxGradNorm, from: "accumulated" },
  } as const;
  const at = { maxStd: upperStd(o.noise, o.iterations), rates: learningRates(o), cloningWeight: cloningWeight(o) };
  const adaptive = o.lrSchedule === "adaptive_kl" ? o.targetKl : null;

  try {
    while (learner.progress.iteration < o.iterations) {
      const { iteration, updates } = learner.progress;
      if (!o.forceTrain && (iteration % o.valFreq === 0 || iteration === o.iterations - 1)) {
        yield learner.finish("evaluation", await learner.evaluate(o.evaluationEpisodes));
        continue;
      }

      const range = { min: o.noise.minStd, max: at.maxStd(iteration) };
      const episodes = await learner.collect(range, o.resetAtIteration);
      learner.estimateAdvantages({
        lambda: o.gaeLambda,
        timeOuts: o.timeOuts,
        scaleRewards: o.rewardScaleRunning,
        rewardScale: o.rewardScaleConst,
      });
      await cloning?.prepare(buffer);

      let rates = (adaptive && learner.progress.rates) || at.rates(iteration);
      let actorLearns = updates >= o.nCriticWarmupItr;
      const log = new UpdateLog();
      update: for (let epoch = 0; epoch < o.updateEpochs; epoch++) {
        for (const indices of minibatches(buffer.samples, o, random.stream("minibatches"))) {
          const value = await gradients.critic(indices);
          const policy = actorLearns ? await gradients.actor(indices, range, at.cloningWeight(iteration)) : undefined;
          log.minibatch(value, policy);
          if (policy && adaptive) learner.progress.rates = rates = adaptedRates(rates, policy.approxKl! / adaptive);
          else if (policy && o.targetKl && policy.approxKl! > o.targetKl) {
            // The divergence was measured before this minibatch's step, which is not made.
            actorLearns = false;
            if (o.klStops === "both") break update;
          }
          log.step("critic", critic.adamw({ ...step.critic, learningRate: rates.critic }));
          if (actorLearns) log.step("actor", actor.adamw({ ...step.actor, learningRate: rates.actor }));
        }
      }
      const others = { minStd: range.min, maxStd: range.max, actorLr: rates.actor, criticLr: rates.critic };
      yield learner.finish(
        "training",
        episodes,
        log.record({ ...others, explainedVariance: explainedVariance(buffer.values, buffer.returns) }),
      );
    }
  } finally {
    await Promise.all([gradients.dispose(), cloning?.dispose()]);
  }
}

export const PPO = defineAlgorithm({
  name: "ppo",
  options: ppoOptions,
  presets: ppoPresets,
  plan: (o) => ({
    steps: o.steps,
    gamma: o.gamma,
    chain: chainOptions(o),
    evaluation: { sampling: samplingOptions(o), initialNoise: o.evaluationNoise },
  }),
  run,
});
