// PPO over the denoising chain: every chunk's chain is one action with a tractable density. Schulman et al. 2017,
// algorithm 1 and eq. 7; chains as in DPPO (Ren et al. 2024) and ReinFlow (Zhang et al. 2025). One step is one chunk.
import { z } from "zod";
import { Trainable } from "../engine/optimizer.js";
import { fail } from "../errors.js";
import { ParameterLayout } from "../engine/parameters.js";
import { tf } from "../engine/tensor.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import { Values } from "../learning/parts.js";
import { pathOptions } from "../learning/run-options.js";
import type { Stage } from "../learning/stage.js";
import { ownCritic, ownCriticOptions, type Critic } from "../nn/critic.js";
import { count, keysBelow } from "../options.js";
import type { BoundPath } from "../policies/definition.js";
import type { PolicyModel } from "../policies/policy-model.js";
import { shiftPictures } from "./augmentation.js";
import { cloningKinds } from "./cloning.js";
import { explainedVariance, generalizedAdvantages } from "./gae.js";
import { compileGradients, type PolicyColumns, type ValueColumns } from "./gradients.js";
import { inEnvironments } from "./declaration.js";
import { isEvaluation } from "./iteration-record.js";
import { minibatches } from "./minibatches.js";
import { ppoPresets } from "./ppo-presets.js";
import { RewardScaler } from "./reward-scaler.js";
import { Collector } from "./rollout.js";
import {
  adaptedRates,
  cloningWeight,
  explorationNoise,
  learningRates,
  learningRateSchedule,
  upperStd,
  type Rates,
} from "./schedules.js";
import { UpdateLog, updateNames } from "./update-log.js";

const fraction = z.number().min(0).max(1);

/** Defaults keep everything constant; recipes are in ppo-presets.ts. Counts are iterations, steps are chunks. */
export const ppoOptions = z.strictObject({
  iterations: count.default(50).describe("rounds of collecting and learning, evaluations among them"),
  steps: count.default(50).describe("chunks per environment and iteration"),
  gamma: fraction.default(0.99).describe("discount per chunk"),
  gaeLambda: fraction.default(0.95).describe("generalised advantages: 0 trusts the critic alone, 1 the returns alone"),
  timeOuts: z
    .enum(["bootstrap", "reference"])
    .default("bootstrap")
    .describe("a time-out is worth what the critic expects, or as in the reference nothing"),
  rewardScaleRunning: z.boolean().default(true).describe("divide rewards by the running deviation of the return"),
  rewardScaleConst: z.number().default(1).describe("factor of every reward"),
  resetAtIteration: z.boolean().default(false).describe("start new episodes at every iteration"),

  noise: explorationNoise.prefault({}).describe("range of the learned exploration noise"),
  logProbRange: z.tuple([z.number(), z.number()]).nullable().default(null).describe("clamp; the reference has [-1, 1]"),
  clipPlossCoef: z.number().positive().default(0.2).describe("clip of the probability ratio"),
  clipVlossCoef: z.number().positive().nullable().default(null).describe("clip of the change of values"),
  entCoef: z.number().default(0).describe("weight of the entropy bonus"),
  vfCoef: z.number().positive().default(0.5).describe("weight of the loss of the values"),

  updateEpochs: count.default(5).describe("passes over the samples of an iteration"),
  batchSize: count.default(500).describe("samples per update"),
  repeatSamples: count.default(1).describe("times a sample occurs per epoch; 10 in the reference"),
  microBatchSize: count.default(1000).describe("rows in memory at once, of pictures at most 100; changes no result"),
  gradAccumulate: count.default(1).describe("minibatches whose gradients are summed before a step"),
  augment: z.boolean().default(false).describe("move the pictures of an iteration at random before learning from them"),
  freezeEncoder: z
    .boolean()
    .default(false)
    .describe(
      "what looks at pictures stays as it is, computed once per picture; the critic reads what it makes of them",
    ),
  targetKl: z
    .number()
    .positive()
    .nullable()
    .default(0.045)
    .describe("stop or, adaptive_kl, steer at this divergence; null: neither"),
  klStops: z.enum(["actor", "both"]).default("actor").describe("which networks stop for the rest of the iteration"),
  stepBeforeKlStop: z
    .boolean()
    .default(false)
    .describe("still make the step of the minibatch that diverged too far, as the reference does"),
  nCriticWarmupItr: z.int().nonnegative().default(3).describe("first updates that train the critic alone"),
  criticWarmupCounts: z
    .enum(["updates", "iterations"])
    .default("updates")
    .describe("what these are; the reference counts iterations, evaluations among them"),

  lrSchedule: z
    .enum(["fixed", "adaptive_kl"])
    .default("fixed")
    .describe("adaptive_kl: rates fall beyond twice targetKl and rise below half of it"),
  actorLr: z.number().positive().default(4e-5).describe("highest learning rate of the policy"),
  actorLrScheduler: learningRateSchedule.default({ type: "constant" }).describe("how it changes over the iterations"),
  actorWeightDecay: z.number().nonnegative().default(0).describe("of AdamW, of the policy"),
  maxGradNorm: z
    .number()
    .positive()
    .nullable()
    .default(1)
    .describe("norm to which the policy's gradient is clipped; null: not"),
  criticLr: z.number().positive().default(1e-3).describe("highest learning rate of the critic"),
  criticLrScheduler: learningRateSchedule.default({ type: "constant" }).describe("how it changes over the iterations"),
  criticWeightDecay: z.number().nonnegative().default(0).describe("of AdamW, of the critic"),
  criticMaxGradNorm: z
    .number()
    .positive()
    .nullable()
    .default(25)
    .describe("norm to which the critic's gradient is clipped; null: not"),
  critic: ownCriticOptions.prefault({}).describe("network of the values"),

  useBcLoss: z.boolean().default(false).describe("stay near the pre-trained policy"),
  bcLossType: z
    .enum(["W2", "velocity"])
    .default("W2")
    .describe("distance of actions from the same noise, or of velocities"),
  bcLossCoeff: z.number().nonnegative().default(0.05).describe("its weight, at first"),
  bcLossCoeffFinal: z.number().nonnegative().optional().describe("its weight in the end, by default the same"),
  bcLossDecayStart: z.int().nonnegative().default(0).describe("iteration from which its weight falls"),
  bcLossDecayEnd: count.optional().describe("by default the last iteration"),

  valFreq: count.default(10).describe("every so many iterations, and the last, evaluates instead of training"),
  forceTrain: z.boolean().default(false).describe("never evaluate"),
  evaluationEpisodes: count.default(40).describe("whole episodes per evaluation"),
  evaluationNoise: z.enum(["sampled", "zero"]).default("sampled").describe("initial noise of evaluated chains"),
});
export type PpoOptions = z.output<typeof ppoOptions>;

/** Clipped surrogate with entropy bonus, and what to watch. */
export function ppoLoss(
  { logProb, oldLogProb, advantage, entropy, clip: clips }: PolicyColumns,
  { clipPlossCoef, logProbRange, entCoef }: Pick<PpoOptions, "clipPlossCoef" | "logProbRange" | "entCoef">,
) {
  const clamped = (x: tf.Tensor) => (logProbRange ? x.clipByValue(...logProbRange) : x);
  const [now, before] = [clamped(logProb), clamped(oldLogProb)];
  const logRatio = now.sub(before);
  const ratio = logRatio.exp();
  const clip = clips ?? tf.scalar(clipPlossCoef);
  const near = ratio.minimum(clip.add(1)).maximum(tf.scalar(1).sub(clip));
  const surrogate = tf.minimum(ratio.mul(advantage), near.mul(advantage));
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

/** How the policy explores with these options, which include those of its path. */
const pathOf = (model: PolicyModel, o: PpoOptions & { readonly noiseNet?: Record<string, unknown> }): BoundPath =>
  model.path(pathOptions(o, model), o.noiseNet);

const criticOf = ({ base: { space, model } }: Stage, o: PpoOptions): Critic =>
  ownCritic(o.critic, o.freezeEncoder ? { state: [1, model.network.encoder.width] } : space, "critic.");

/** Rows of pictures in memory at once: what lies between the layers of the eyes is a megabyte for each. */
const PICTURED_ROWS = 100;

function parts(stage: Stage, o: PpoOptions) {
  const { base, random, arena } = stage;
  for (const name of ["augment", "freezeEncoder"] as const) {
    if (o[name] && !base.space.rgb) fail("DMPO_OPTIONS", name, "is true", "false for policies that see no pictures");
  }
  if (o.freezeEncoder && o.augment)
    fail("DMPO_OPTIONS", "augment", "is true", "false with freezeEncoder, which looks at each picture once");
  if (o.freezeEncoder && o.actorWeightDecay > 0)
    fail(
      "DMPO_OPTIONS",
      "actorWeightDecay",
      String(o.actorWeightDecay),
      "0 with freezeEncoder, as it decays all weights",
    );
  const exploration = new ParameterLayout(pathOf(base.model, o).parameters);
  const layout = new ParameterLayout([...base.model.layout.specs, ...exploration.specs]);
  const initial = new Float32Array(layout.size);
  initial.set(base.weights);
  initial.set(exploration.initialise(random.stream("noise net weights")), base.weights.length);
  const values = new ParameterLayout(criticOf(stage, o).parameters);
  return {
    /** Weights of the policy's network, then of what explores. */
    actor: new Trainable(layout, initial, { accumulate: true }),
    critic: new Trainable(values, values.initialise(random.stream("critic weights")), { accumulate: true }),
    rewardScaler: new RewardScaler(arena.environments.count, o.gamma),
    /** Updates made, and the learning rates where they adapt to the divergence. */
    schedule: new Values<{ updates: number; rates: Rates | null }>({ updates: 0, rates: null }),
  };
}
type PpoParts = ReturnType<typeof parts>;

async function* run(stage: Stage, parts: PpoParts, o: PpoOptions): AsyncGenerator<Progress> {
  const { base, random, arena, compile } = stage;
  const { actor, critic, rewardScaler, schedule } = parts;
  const { model } = base;
  const path = pathOf(model, o);
  const players = {
    ...{ network: model.network, path, actor, critic: criticOf(stage, o), criticWeights: critic },
    ...{ arena, compile, keepsEncodings: o.freezeEncoder },
  };
  const collector = new Collector(players, o.steps);
  const { buffer } = collector;
  const { sampling } = path;
  const teacher = { model, weights: base.weights, sampling, compile };
  const cloning = o.useBcLoss ? cloningKinds[o.bcLossType](teacher, random.stream("cloning")) : undefined;
  const gradients = compileGradients(players, buffer, {
    policyLoss: (columns) => ppoLoss(columns, o),
    valueLoss: (columns) => valueLoss(columns, o),
    clips: path.unitClips?.(o.clipPlossCoef),
    cloning,
    microBatchSize:
      base.space.rgb && !(o.freezeEncoder && !cloning) ? Math.min(o.microBatchSize, PICTURED_ROWS) : o.microBatchSize,
  });
  // A view of the weights, so that evaluations follow the training.
  const acting = { model, weights: actor.weights.subarray(0, base.weights.length), space: base.space };
  const evaluate = stage.evaluator(acting, { sampling, initialNoise: o.evaluationNoise });
  const step = {
    actor: { weightDecay: o.actorWeightDecay, maxGradientNorm: o.maxGradNorm, from: "accumulated" },
    critic: { weightDecay: o.criticWeightDecay, maxGradientNorm: o.criticMaxGradNorm, from: "accumulated" },
  } as const;
  const at = { maxStd: upperStd(o.noise, o.iterations), rates: learningRates(o), cloningWeight: cloningWeight(o) };
  const adaptive = o.lrSchedule === "adaptive_kl" ? o.targetKl : null;

  try {
    while (stage.iteration < o.iterations) {
      const { iteration } = stage;
      if (!o.forceTrain && isEvaluation(iteration, o)) {
        yield { mode: "evaluation", episodes: await evaluate(o.evaluationEpisodes) };
        continue;
      }

      const controls = { minStd: o.noise.minStd, maxStd: at.maxStd(iteration) };
      const episodes = await collector.collect(controls, random.stream("exploration"), o.resetAtIteration);
      if (o.augment) await moveAndReassess();
      const rewards = buffer.rewards.slice();
      if (o.rewardScaleRunning) rewardScaler.scale(buffer.rewards, buffer.firsts, rewards);
      generalizedAdvantages(
        { ...buffer, rewards },
        { gamma: o.gamma, lambda: o.gaeLambda, timeOuts: o.timeOuts, rewardScale: o.rewardScaleConst },
        buffer,
      );
      await cloning?.prepare(buffer);

      let rates = (adaptive && schedule.current.rates) || at.rates(iteration);
      const passed = o.criticWarmupCounts === "iterations" ? iteration : schedule.current.updates;
      let actorLearns = passed >= o.nCriticWarmupItr;
      const log = new UpdateLog();
      /** Minibatches whose gradients wait for a step. */
      let waiting = 0;
      update: for (let epoch = 0; epoch < o.updateEpochs; epoch++) {
        for (const indices of minibatches(buffer.samples, o, random.stream("minibatches"))) {
          const value = await gradients.critic(indices, waiting > 0);
          const policy = actorLearns
            ? await gradients.actor(indices, controls, at.cloningWeight(iteration), waiting > 0)
            : undefined;
          log.minibatch(indices.length, value, policy);
          if (++waiting < o.gradAccumulate) continue;
          waiting = 0;
          if (policy && adaptive) schedule.current.rates = rates = adaptedRates(rates, policy.approxKl! / adaptive);
          const diverged = policy && !adaptive && o.targetKl !== null && policy.approxKl! > o.targetKl;
          // The divergence was measured before this minibatch's step.
          const isStepped = !diverged || o.stepBeforeKlStop;
          if (isStepped || o.klStops === "actor") {
            log.step("critic", critic.adamw({ ...step.critic, learningRate: rates.critic }));
          }
          if (actorLearns && isStepped) log.step("actor", actor.adamw({ ...step.actor, learningRate: rates.actor }));
          if (!diverged) continue;
          actorLearns = false;
          if (o.klStops === "both") break update;
        }
      }
      schedule.current.updates++;
      const terms = log.record({
        ...{ ...controls, actorLr: rates.actor, criticLr: rates.critic },
        explainedVariance: explainedVariance(buffer.values, buffer.returns),
      });
      yield { mode: "training", episodes, terms };
    }
  } finally {
    await Promise.all([collector.dispose(), gradients.dispose(), cloning?.dispose()]);
  }

  /** Acting saw pictures as they were; learning sees them moved, and the densities and values that go with that. */
  async function moveAndReassess(): Promise<void> {
    const { observations } = arena.environments;
    const last = { ...observations, rgb: observations.rgb!.slice() };
    for (const { rgb } of [buffer.observations, last])
      shiftPictures(rgb!, base.space.rgb!, random.stream("augmentation"));
    const controls = { minStd: o.noise.minStd, maxStd: at.maxStd(stage.iteration) };
    await collector.reassess(controls, last);
  }
}

const { noise, logProbRange, critic, iterations, steps, ...trained } = ppoOptions.shape;
const { clipPlossCoef, clipVlossCoef, resetAtIteration, ...inTrain } = trained;

export const ppo = defineAlgorithm({
  name: "ppo",
  title: "PPO",
  ...inEnvironments,
  options: ppoOptions,
  presets: ppoPresets,
  keys: {
    "train.nTrainItr": "iterations",
    "train.nSteps": "steps",
    ...keysBelow("env", z.object({ resetAtIteration })),
    ...keysBelow("train", z.object(inTrain)),
    ...keysBelow("model", z.object({ clipPlossCoef, clipVlossCoef })),
    "model.logprobMin": "logProbRange.0",
    "model.logprobMax": "logProbRange.1",
    ...keysBelow("model.critic", ownCriticOptions, "critic"),
  },
  controlKeys: {
    ...keysBelow("", explorationNoise.pick({ minStd: true, maxStd: true, finalMaxStd: true }), "noise"),
    "model.noiseSchedulerType": "noise.schedule",
    "train.maxNoiseHoldRatio": "noise.holdRatio",
    "train.maxNoiseDecayRatio": "noise.decayRatio",
  },
  logNames: updateNames,
  explores: true,
  sees: true,
  refuses: ({ definition }) => (definition.path ? undefined : "has no density"),
  parts,
  run,
  learned: ({ actor }, { base }) => ({
    policy: base,
    sets: { policy: actor.weights.slice(0, base.weights.length) },
  }),
  playing: (model, o) => ({ sampling: pathOf(model, o).sampling, initialNoise: o.evaluationNoise }),
});
