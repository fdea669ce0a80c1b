// Shortcut flow: the velocity s(x, t, d) of the straight path from noise (t = 0) to data (t = 1) that a step of size d needs.
// Steps of size 0 learn the flow; a step of size d learns to equal two steps of half its size.
// Frans et al. 2025, "One Step Diffusion via Shortcut Models" (arXiv 2410.12557), eq. 4 and 5; as a policy with exploration
// noise: ReinFlow, Zhang et al. 2025 (arXiv 2505.22094).
import { z } from "zod";
import { stopGradient } from "../engine/jvp.js";
import type { RandomStream } from "../engine/random.js";
import { tf, type Weights } from "../engine/tensor.js";
import { stepNoiseNet, stepNoiseNetOptions } from "../nn/noise-net.js";
import { shortcutMlpFamily, type ShortcutNetwork } from "../nn/shortcut-mlp.js";
import { shortcutVitFamily } from "../nn/shortcut-vit.js";
import { count, keysBelow } from "../options.js";
import { flowPath } from "./chain.js";
import { definePolicy, type TrainingBatch } from "./definition.js";
import { dispersiveFeatures, dispersiveKeys, dispersiveLoss, dispersiveOptions } from "./dispersive.js";
import { flowActing, initialNoiseStd, type Flow } from "./flow.js";
import { drawTimes, timeDistributionWith } from "./time-sampling.js";

export const shortcutOptions = z.strictObject({
  selfConsistencyK: z
    .number()
    .min(0)
    .max(1)
    .default(0.25)
    .describe("share of each batch that learns to equal two steps of half the size; the rest learns the flow"),
  stepSizes: count
    .max(24)
    .default(7)
    .describe("sizes 1, 1/2, 1/4, ... of those steps: 7 as in the paper; the reference has denoising_steps - 1, 19"),
  times: timeDistributionWith({ type: "uniform", logitNormalMean: 0 }).describe(
    "distribution of 1 - t, 1 being noise, where the flow is learned",
  ),
  delta: z.number().min(0).max(0.5).default(1e-5).describe("share of the noise that is left in the data, at t = 1"),
  actMin: z.number().default(-1).describe("sampled actions are clipped from below"),
  actMax: z.number().default(1).describe("actions are clipped from above"),
  initialNoiseStd: initialNoiseStd.default(1),
  dispersive: dispersiveOptions.nullable().default(null).describe("dispersive regularisation of representations"),
});
type ShortcutOptions = z.output<typeof shortcutOptions>;

/** Rows of a batch of `size` that learn self-consistency: the first floor(share size), batches being random permutations. */
function selfConsistentRows(share: number, size: number): number {
  return Math.floor(share * size);
}

/**
 * Fills times and step sizes (B each). Self-consistent rows: d = 2^-b, b uniform in 0 ... stepSizes - 1, t a multiple of d
 * below 1. The others: d = 0, 1 - t from `times`.
 */
export function fillSteps(
  t: Float32Array,
  d: Float32Array,
  random: RandomStream,
  { selfConsistencyK, stepSizes, times }: Pick<ShortcutOptions, "selfConsistencyK" | "stepSizes" | "times">,
): void {
  const consistent = selfConsistentRows(selfConsistencyK, t.length);
  drawTimes(t, random, times);
  random.uniform(d);
  const place = random.uniform(new Float32Array(consistent));
  for (let i = 0; i < t.length; i++) {
    const steps = i < consistent ? 2 ** Math.floor(d[i]! * stepSizes) : 0;
    t[i] = steps > 0 ? Math.floor(place[i]! * steps) / steps : 1 - t[i]!;
    d[i] = steps > 0 ? 1 / steps : 0;
  }
}

/**
 * Loss of each row (B), and the dispersive term (scalar) where there is one; noise (B, Ta, Da) standard normal, t and d (B) as
 * {@link fillSteps} makes them. The targets of self-consistency come from the weights that are trained, not from an average.
 */
export function shortcutLoss(
  network: ShortcutNetwork,
  weights: Weights,
  batch: TrainingBatch,
  { selfConsistencyK, delta, dispersive }: Pick<ShortcutOptions, "selfConsistencyK" | "delta" | "dispersive">,
): { rows: tf.Tensor1D; batchwise?: { dispersive: tf.Scalar } } {
  const { action } = batch;
  const [noise, t, d] = [batch.noise as tf.Tensor3D, batch.t as tf.Tensor1D, batch.d as tf.Tensor1D];
  const time = t.reshape([-1, 1, 1]);
  const x: tf.Tensor3D = action.mul(time).add(noise.mul(tf.scalar(1).sub(time.mul(1 - delta))));
  const condition = network.encoder.apply(weights, batch);
  const { velocity, hidden } = network.velocity(weights, x, t, d, condition);

  const [size] = action.shape;
  const consistent = selfConsistentRows(selfConsistencyK, size);
  const first = <T extends tf.Tensor>(rows: T): T => rows.slice(0, consistent);
  const targets = [
    ...(consistent > 0 ? [twoHalfSteps(network, weights, first(x), first(t), first(d), first(condition))] : []),
    ...(consistent < size ? [action.sub(noise.mul(1 - delta)).slice(consistent)] : []),
  ];
  const target = stopGradient(targets.length > 1 ? tf.concat(targets) : targets[0]!);
  const rows: tf.Tensor1D = velocity.sub(target).square().mean([1, 2]);
  if (!dispersive) return { rows };
  const features = dispersiveFeatures(condition, hidden, dispersive);
  return { rows, batchwise: { dispersive: dispersiveLoss(features, dispersive) } };
}

/** The velocity with which one step of size d ends where two of size d / 2 do. */
function twoHalfSteps(
  network: ShortcutNetwork,
  weights: Weights,
  x: tf.Tensor3D,
  t: tf.Tensor1D,
  d: tf.Tensor1D,
  condition: tf.Tensor2D,
): tf.Tensor3D {
  const half: tf.Tensor1D = d.mul(0.5);
  const { velocity: before } = network.velocity(weights, x, t, half, condition);
  const middle: tf.Tensor3D = x.add(before.mul(half.reshape([-1, 1, 1])));
  const { velocity: after } = network.velocity(weights, middle, t.add(half), half, condition);
  return before.add(after).mul(0.5);
}

/** K steps of size 1 / K from noise (t = 0) to the action chunk (t = 1). */
export const shortcutSteps: Flow<ShortcutNetwork, ShortcutOptions> = {
  times: (steps) => Array.from({ length: steps }, (_, i) => [i / steps, (i + 1) / steps]),
  step(network, weights, x, t, _, condition, steps) {
    const d = tf.fill<tf.Rank.R1>([x.shape[0]], 1 / steps);
    return x.add(network.velocity(weights, x, t, d, condition).velocity.mul(1 / steps));
  },
};

export const shortcut = definePolicy({
  name: "shortcut",
  title: "ShortcutFlow",
  options: shortcutOptions,
  keys: { ...keysBelow("model", shortcutOptions.omit({ dispersive: true })), ...dispersiveKeys },
  presets: {},
  networks: { mlp: shortcutMlpFamily, vit: shortcutVitFamily },
  training: {
    draws: (options, { horizonSteps, actionDim }) => ({
      shapes: { noise: [horizonSteps, actionDim], t: [], d: [] },
      fill({ noise, t, d }, random) {
        random.normal(noise!);
        fillSteps(t!, d!, random, options);
      },
    }),
    loss: shortcutLoss,
    probe: {
      /** x ~ N(0, I), t ~ U(0, 1), d ~ U(0, 1 - t). */
      draws: ({ horizonSteps, actionDim }) => ({
        shapes: { x: [horizonSteps, actionDim], t: [], d: [] },
        fill({ x, t, d }, random) {
          random.normal(x!);
          random.uniform(t!);
          random.uniform(d!).forEach((share, i) => (d![i] = share * (1 - t![i]!)));
        },
      }),
      value: (network, weights, condition, { x, t, d }) =>
        network.velocity(weights, x as tf.Tensor3D, t as tf.Tensor1D, d as tf.Tensor1D, condition).velocity,
    },
  },
  advance: (network, weights, x, from, to, condition) => {
    const span: tf.Tensor1D = to.sub(from);
    return x.add(network.velocity(weights, x, from, span, condition).velocity.mul(span.reshape([-1, 1, 1])));
  },
  acting: flowActing(shortcutSteps, 4),
  path: flowPath(shortcutSteps, {
    options: stepNoiseNetOptions,
    build(options, network, steps) {
      const timeFeatures = (weights: Weights, t: tf.Tensor1D) =>
        network.timeFeatures(weights, t, tf.fill<tf.Rank.R1>(t.shape, 1 / steps));
      return stepNoiseNet(options, { ...network, timeFeatures }, steps, "actor_ft.");
    },
  }),
});
