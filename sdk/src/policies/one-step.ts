// One-step policy: noise and observation to an action chunk in one call, learned from the answers of a flow that takes several
// steps. Park et al. 2025, "Flow Q-learning" (arXiv 2502.02538), eq. 7; FQL trains it by a critic besides.
import { z } from "zod";
import { stopGradient } from "../engine/jvp.js";
import { tf, type Weights } from "../engine/tensor.js";
import { oneStepMlpFamily, type OneStepNetwork } from "../nn/one-step-mlp.js";
import { count, keysBelow } from "../options.js";
import { definePolicy, normalNoise, type Teacher, type TrainingBatch } from "./definition.js";

export const oneStepOptions = z.strictObject({
  teacherSteps: count.default(10).describe("steps of the flow whose answers it learns"),
  actMin: z.number().default(-1).describe("sampled actions are clipped from below"),
  actMax: z.number().default(1).describe("actions are clipped from above"),
});
type OneStepOptions = z.output<typeof oneStepOptions>;

/** Squared distance of each row (B) from where `teacherSteps` even steps of the teacher end, from the same noise (B, Ta, Da). */
export function oneStepLoss(
  network: OneStepNetwork,
  weights: Weights,
  batch: TrainingBatch,
  { teacherSteps, actMin, actMax }: OneStepOptions,
  teacher: Teacher,
): { rows: tf.Tensor1D } {
  const noise = batch.noise as tf.Tensor3D;
  const times = Array.from({ length: teacherSteps + 1 }, (_, i) =>
    tf.fill<tf.Rank.R1>([noise.shape[0]], i / teacherSteps),
  );
  const answer = times.slice(1).reduce((x, time, i) => teacher(x, times[i]!, time, batch), noise);
  const chunk = network.chunk(weights, noise, network.encoder.apply(weights, batch));
  const target = stopGradient(answer.clipByValue(actMin, actMax));
  return { rows: chunk.sub(target).square().mean([1, 2]) };
}

export const oneStep = definePolicy({
  name: "onestep",
  title: "OneStep",
  options: oneStepOptions,
  keys: keysBelow("model", oneStepOptions),
  presets: {},
  networks: { mlp: oneStepMlpFamily },
  training: {
    teacher: true,
    draws: (_, { horizonSteps, actionDim }) => normalNoise(horizonSteps, actionDim),
    loss: (network, weights, batch, options, teacher) => oneStepLoss(network, weights, batch, options, teacher!),
  },
  acting: {
    draws: (_, { horizonSteps, actionDim }) => normalNoise(horizonSteps, actionDim),
    sample: (network, weights, condition, { noise }, { actMin, actMax }) =>
      tf.clipByValue(network.chunk(weights, noise as tf.Tensor3D, condition), actMin, actMax),
  },
});
