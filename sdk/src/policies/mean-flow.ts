// MeanFlow: regress the average velocity u(x, t, r) of the straight path from data (t = 0) to noise (t = 1), so that one
// call yields an action chunk: Geng et al. 2025 (arXiv 2505.13447), eq. 6 and 9. With the tangent "predicted" it is
// improved MeanFlow (arXiv 2512.02012): the network's own velocity u(x, t, t) replaces the conditional one in the JVP.
import { z } from "zod";
import { jvp, stopGradient } from "../engine/jvp.js";
import { tf, type Weights } from "../engine/tensor.js";
import { meanFlowMlpFamily } from "../nn/mean-flow-mlp.js";
import { meanFlowVitFamily } from "../nn/mean-flow-vit.js";
import { noiseNet, noiseNetOptions } from "../nn/noise-net.js";
import type { VelocityNetwork } from "../nn/velocity-network.js";
import { keysBelow } from "../options.js";
import { flowPath } from "./chain.js";
import { definePolicy, type TrainingBatch } from "./definition.js";
import { dispersiveFeatures, dispersiveKeys, dispersiveLoss, dispersiveOptions } from "./dispersive.js";
import { flowActing, initialNoiseStd, type Flow } from "./flow.js";
import { equalRows, fillTimes, timeDistribution } from "./time-sampling.js";

export const meanFlowOptions = z.strictObject({
  tangent: z
    .enum(["conditional", "predicted"])
    .default("conditional")
    .describe("direction of the JVP: noise - action (MeanFlow) or the predicted velocity (improved MeanFlow)"),
  flowRatio: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe("share of each batch with r = t, which trains plain flow matching"),
  times: timeDistribution,
  useAdaptiveLoss: z.boolean().default(false).describe("weight each sample's error e by 1 / (e + c)^(1 - gamma)"),
  gamma: z.number().min(0).max(1).default(0.5).describe("adaptive loss: 1 weights all samples alike, 0 most strongly"),
  c: z.number().positive().default(1e-3).describe("adaptive loss: keeps weights of small errors finite"),
  actMin: z.number().default(-1).describe("actions are clipped from below, in training and sampling"),
  actMax: z.number().default(1).describe("actions are clipped from above"),
  initialNoiseStd: initialNoiseStd.default(1),
  dispersive: dispersiveOptions.nullable().default(null).describe("dispersive regularisation of representations"),
});
export type MeanFlowOptions = z.output<typeof meanFlowOptions>;

/** Demonstrations with noise, standard normal (B, Ta, Da), and times (B), 0 <= r <= t <= 1. */
export type MeanFlowBatch = TrainingBatch & {
  readonly noise: tf.Tensor3D;
  readonly t: tf.Tensor1D;
  readonly r: tf.Tensor1D;
};

/**
 * Loss of each row (B), and the dispersive term (scalar) where there is one.
 *
 * @param equalCount how many rows at the start of the batch have r = t. Their tangent is multiplied by zero, so it is not
 *   computed; the value is the same for any count that is not too high.
 */
export function meanFlowLoss(
  network: VelocityNetwork,
  weights: Weights,
  batch: MeanFlowBatch,
  options: MeanFlowOptions,
  equalCount = 0,
): { rows: tf.Tensor1D; batchwise?: { dispersive: tf.Scalar } } {
  const { action, noise, t, r } = batch;
  const clean = action.clipByValue(options.actMin, options.actMax);
  const v: tf.Tensor3D = noise.sub(clean);
  const x: tf.Tensor3D = clean.add(t.reshape([-1, 1, 1]).mul(v));
  const condition = network.encoder.apply(weights, batch);
  const { velocity: u, hidden } = network.features(weights, x, t, r, condition);

  const rest = <T extends tf.Tensor>(rows: T): T => rows.slice(equalCount);
  const velocity = (x: tf.Tensor3D, t: tf.Tensor1D, r: tf.Tensor1D) =>
    network.velocity(weights, x, t, r, rest(condition));
  const target = stopGradient(
    equalCount === t.size
      ? v
      : tf.concat([v.slice(0, equalCount), averageVelocity(velocity, rest(x), rest(v), rest(t), rest(r), options)]),
  );
  const rows = regressionLoss(u.sub(target), options);
  if (!options.dispersive) return { rows };
  const features = dispersiveFeatures(condition, hidden, options.dispersive);
  return { rows, batchwise: { dispersive: dispersiveLoss(features, options.dispersive) } };
}

/** v - (t - r) du/dt, the derivative taken along the path: what u(x, t, r) is to be. */
function averageVelocity(
  velocity: (x: tf.Tensor3D, t: tf.Tensor1D, r: tf.Tensor1D) => tf.Tensor3D,
  x: tf.Tensor3D,
  v: tf.Tensor3D,
  t: tf.Tensor1D,
  r: tf.Tensor1D,
  { tangent }: Pick<MeanFlowOptions, "tangent">,
): tf.Tensor3D {
  const direction = tangent === "predicted" ? velocity(x, t, t) : v;
  const [, du] = jvp(velocity, [x, t, r], [direction, tf.onesLike(t), null]);
  return v.sub(t.sub(r).reshape([-1, 1, 1]).mul(du));
}

/** Mean squared error d of each row (B), or d / sg((d + c)^(1 - gamma)). */
function regressionLoss(error: tf.Tensor, { useAdaptiveLoss, gamma, c }: MeanFlowOptions): tf.Tensor1D {
  const rows: tf.Tensor1D = error.square().mean([1, 2]);
  return useAdaptiveLoss ? stopGradient(rows.add(c).pow(gamma - 1)).mul(rows) : rows;
}

/** K steps of average velocities from noise (t = 1) to the action chunk (t = 0). */
export const meanFlowSteps: Flow<VelocityNetwork, MeanFlowOptions> = {
  times: (steps) => Array.from({ length: steps }, (_, i) => [1 - i / steps, 1 - (i + 1) / steps]),
  step: (network, weights, x, t, r, condition, steps) =>
    x.sub(network.velocity(weights, x, t, r, condition).mul(1 / steps)),
};

export const meanFlow = definePolicy({
  name: "meanflow",
  title: "MeanFlow",
  options: meanFlowOptions,
  keys: { ...keysBelow("model", meanFlowOptions.omit({ dispersive: true })), ...dispersiveKeys },
  presets: { improved: { tangent: "predicted" } },
  networks: { mlp: meanFlowMlpFamily, vit: meanFlowVitFamily },
  training: {
    draws: (options, { horizonSteps, actionDim }) => ({
      shapes: { noise: [horizonSteps, actionDim], t: [], r: [] },
      fill({ noise, t, r }, random) {
        random.normal(noise!);
        fillTimes(t!, r!, random, options);
      },
    }),
    loss: (network, weights, batch, options) =>
      meanFlowLoss(
        network,
        weights,
        batch as MeanFlowBatch,
        options,
        equalRows(options.flowRatio, batch.action.shape[0]),
      ),
    probe: {
      /** x ~ N(0, I), t ~ U(0, 1), r ~ U(0, t). */
      draws: ({ horizonSteps, actionDim }) => ({
        shapes: { x: [horizonSteps, actionDim], t: [], r: [] },
        fill({ x, t, r }, random) {
          random.normal(x!);
          random.uniform(t!);
          random.uniform(r!).forEach((share, i) => (r![i] = share * t![i]!));
        },
      }),
      value: (network, weights, condition, { x, t, r }) =>
        network.velocity(weights, x as tf.Tensor3D, t as tf.Tensor1D, r as tf.Tensor1D, condition),
    },
  },
  advance(network, weights, x, from, to, condition) {
    const [t, r] = [tf.scalar(1).sub<tf.Tensor1D>(from), tf.scalar(1).sub<tf.Tensor1D>(to)];
    return x.sub(network.velocity(weights, x, t, r, condition).mul(to.sub(from).reshape([-1, 1, 1])));
  },
  acting: flowActing(meanFlowSteps, 1),
  path: flowPath(meanFlowSteps, {
    options: noiseNetOptions.omit({ horizonSteps: true, actionDim: true, conditionDimension: true }),
    build: (options, { horizonSteps, actionDim, encoder }) =>
      noiseNet({ ...options, horizonSteps, actionDim, conditionDimension: encoder.width }, "actor_ft."),
  }),
});
