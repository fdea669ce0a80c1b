// MeanFlow: regress the average velocity u(x, t, r) of the straight path from data (t = 0) to noise (t = 1), so that one
// call yields an action chunk: Geng et al. 2025 (arXiv 2505.13447), eq. 6 and 9. With the tangent "predicted" it is
// improved MeanFlow (arXiv 2512.02012): the network's own velocity u(x, t, t) replaces the conditional one in the JVP.
import { z } from "zod";
import { jvp, stopGradient } from "../engine/jvp.js";
import { tf, type Weights } from "../engine/tensor.js";
import type { VelocityNetwork } from "../nn/velocity-network.js";
import { definePolicy } from "./definition.js";
import { dispersiveFeatures, dispersiveLoss, dispersiveOptions } from "./dispersive.js";
import { sampleMeanFlow } from "./sampling.js";
import { timeDistribution } from "./time-sampling.js";

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
  gamma: z.number().min(0).max(1).default(0.5),
  c: z.number().positive().default(1e-3),
  actMin: z.number().default(-1).describe("actions are clipped from below, in training and sampling"),
  actMax: z.number().default(1),
  dispersive: dispersiveOptions.nullable().default(null).describe("dispersive regularisation of representations"),
});
export type MeanFlowOptions = z.output<typeof meanFlowOptions>;

export interface FlowBatch {
  /** Action chunks (B, Ta, Da). */
  readonly action: tf.Tensor3D;
  /** Observation histories (B, To, Do). */
  readonly state: tf.Tensor3D;
  /** Standard normal (B, Ta, Da). */
  readonly noise: tf.Tensor3D;
  /** Times (B), 0 <= r <= t <= 1. */
  readonly t: tf.Tensor1D;
  readonly r: tf.Tensor1D;
}

/**
 * Loss of a batch (scalar), and its regression and dispersive parts where both exist.
 *
 * @param equalCount how many rows at the start of the batch have r = t. Their tangent is multiplied by zero, so it is not
 *   computed; the value is the same for any count that is not too high.
 */
export function meanFlowLoss(
  network: VelocityNetwork,
  weights: Weights,
  { action, state, noise, t, r }: FlowBatch,
  options: MeanFlowOptions,
  equalCount = 0,
): { loss: tf.Scalar } & Record<string, tf.Scalar> {
  const clean = action.clipByValue(options.actMin, options.actMax);
  const v: tf.Tensor3D = noise.sub(clean);
  const x: tf.Tensor3D = clean.add(t.reshape([-1, 1, 1]).mul(v));
  const condition = network.encode(weights, state);
  const { velocity: u, hidden } = network.features(weights, x, t, r, condition);

  const rest = <T extends tf.Tensor>(rows: T): T => rows.slice(equalCount);
  const velocity = (x: tf.Tensor3D, t: tf.Tensor1D, r: tf.Tensor1D) =>
    network.velocity(weights, x, t, r, rest(condition));
  const target = stopGradient(
    equalCount === t.size
      ? v
      : tf.concat([v.slice(0, equalCount), averageVelocity(velocity, rest(x), rest(v), rest(t), rest(r), options)]),
  );
  const regression = regressionLoss(u.sub(target), options);
  if (!options.dispersive) return { loss: regression };
  const dispersive = dispersiveLoss(dispersiveFeatures(condition, hidden, options.dispersive), options.dispersive);
  return { loss: regression.add(dispersive), regression, dispersive };
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

/** Mean squared error, or the mean over samples of d / sg((d + c)^(1 - gamma)) with d the sample's mean squared error. */
function regressionLoss(error: tf.Tensor, { useAdaptiveLoss, gamma, c }: MeanFlowOptions): tf.Scalar {
  if (!useAdaptiveLoss) return error.square().mean();
  const perSample = error.square().mean([1, 2]);
  return stopGradient(perSample.add(c).pow(gamma - 1))
    .mul(perSample)
    .mean();
}

export const MeanFlow = definePolicy({
  name: "meanflow",
  options: meanFlowOptions,
  loss: meanFlowLoss,
  sample: sampleMeanFlow,
  presets: { improved: { tangent: "predicted" } },
});
