// Consistency model: f(x, t) = t x + (1 - t) F(x, t) maps a noisy action to the data that its path ends in, so that one call
// yields an action chunk; f(x, 1) = x by construction. Distilled from a flow: f is to give the same at two neighbouring points
// of the teacher's path, from noise (t = 0) to data (t = 1).
// Song et al. 2023 (arXiv 2303.01469), algorithm 2, with a flow's straight paths and the trained weights as their own target.
import { z } from "zod";
import { stopGradient } from "../engine/jvp.js";
import { tf, type Weights } from "../engine/tensor.js";
import { consistencyMlpFamily } from "../nn/consistency-mlp.js";
import { consistencyVitFamily } from "../nn/flow-vit.js";
import type { FlowNetwork } from "../nn/flow-mlp.js";
import { count, keysBelow } from "../options.js";
import { definePolicy, type SamplingOptions, type Teacher, type Tensors, type TrainingBatch } from "./definition.js";
import type { ActionRange } from "./flow.js";
import { drawTimes, timeDistributionWith } from "./time-sampling.js";

export const consistencyOptions = z.strictObject({
  numTrainingSteps: count
    .default(40)
    .describe("steps N of the teacher from noise to data; one of them is learned per row"),
  times: timeDistributionWith({ type: "uniform", logitNormalMean: 0 }).describe(
    "distribution of 1 - t, 1 being noise, before t is rounded down to a step of the teacher",
  ),
  actMin: z.number().default(-1).describe("actions are clipped from below, in training and sampling"),
  actMax: z.number().default(1).describe("actions are clipped from above"),
});
type ConsistencyOptions = z.output<typeof consistencyOptions>;

/** f (B, Ta, Da) of noisy actions x (B, Ta, Da) at times t (B), under condition encodings (B, C). */
export function consistency(
  network: FlowNetwork,
  weights: Weights,
  x: tf.Tensor3D,
  t: tf.Tensor1D,
  condition: tf.Tensor2D,
): tf.Tensor3D {
  const time = t.reshape([-1, 1, 1]);
  const { velocity } = network.velocity(weights, x, t, condition);
  return x.mul(time).add(velocity.mul(tf.scalar(1).sub(time)));
}

/** Loss of each row (B); noise (B, Ta, Da) standard normal, t (B) a multiple of 1 / numTrainingSteps below 1. */
export function consistencyLoss(
  network: FlowNetwork,
  weights: Weights,
  batch: TrainingBatch,
  { actMin, actMax, numTrainingSteps }: ConsistencyOptions,
  teacher: Teacher,
): { rows: tf.Tensor1D } {
  const t = batch.t as tf.Tensor1D;
  const next: tf.Tensor1D = t.add(1 / numTrainingSteps);
  const time = t.reshape([-1, 1, 1]);
  const clean = batch.action.clipByValue(actMin, actMax);
  const x: tf.Tensor3D = clean.mul(time).add((batch.noise as tf.Tensor3D).mul(tf.scalar(1).sub(time)));
  const condition = network.encoder.apply(weights, batch);
  const target = stopGradient(consistency(network, weights, teacher(x, t, next, batch), next, condition));
  return { rows: consistency(network, weights, x, t, condition).sub(target).square().mean([1, 2]) };
}

/**
 * Actions (B, Ta, Da) for condition encodings (B, C): f of the noise (B, Ta, Da); with K > 1 steps, each later one begins at
 * that answer with the noise `renoise` (B, K - 1, Ta, Da) added again, for times 1 / K, 2 / K, ...
 */
export function sampleConsistency(
  network: FlowNetwork,
  weights: Weights,
  condition: tf.Tensor2D,
  { noise, renoise }: Tensors,
  { actMin, actMax }: ActionRange,
  { steps = 1, clipIntermediate = true }: SamplingOptions = {},
): tf.Tensor3D {
  const fresh = renoise ? (tf.unstack(renoise, 1) as tf.Tensor3D[]) : [];
  let x = noise as tf.Tensor3D;
  for (let i = 0; i < steps; i++) {
    x = consistency(network, weights, x, tf.fill([x.shape[0]], i / steps), condition);
    const isLast = i === steps - 1;
    if (!isLast) x = x.mul((i + 1) / steps).add(fresh[i]!.mul(1 - (i + 1) / steps));
    if (clipIntermediate || isLast) x = tf.clipByValue(x, actMin, actMax);
  }
  return x;
}

export const consistencyModel = definePolicy({
  name: "consistency",
  title: "ConsistencyModel",
  options: consistencyOptions,
  keys: keysBelow("model", consistencyOptions),
  presets: {},
  networks: { mlp: consistencyMlpFamily, vit: consistencyVitFamily },
  training: {
    teacher: true,
    draws: ({ times, numTrainingSteps }, { horizonSteps, actionDim }) => ({
      shapes: { noise: [horizonSteps, actionDim], t: [] },
      fill({ noise, t }, random) {
        random.normal(noise!);
        drawTimes(t!, random, times);
        const last = numTrainingSteps - 1;
        t!.forEach(
          (level, i) => (t![i] = Math.min(last, Math.floor((1 - level) * numTrainingSteps)) / numTrainingSteps),
        );
      },
    }),
    loss: (network, weights, batch, options, teacher) => consistencyLoss(network, weights, batch, options, teacher!),
  },
  acting: {
    steps: { default: () => 1 },
    draws: (_, { horizonSteps, actionDim }, steps) => ({
      shapes: {
        noise: [horizonSteps, actionDim],
        ...(steps > 1 && { renoise: [steps - 1, horizonSteps, actionDim] }),
      },
      fill({ noise, renoise }, random) {
        random.normal(noise!);
        if (renoise) random.normal(renoise);
      },
    }),
    sample: sampleConsistency,
  },
});
