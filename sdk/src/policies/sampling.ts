// Sampling of MeanFlow: K steps of average velocities from noise (t = 1) to an action chunk (t = 0).
import { tf, type Weights } from "../engine/tensor.js";
import type { VelocityNetwork } from "../nn/velocity-network.js";

export interface SamplingOptions {
  /** Number of denoising steps K >= 1; default 1. */
  readonly steps?: number;
  /** Clip after every step, not only the last; default true. */
  readonly clipIntermediate?: boolean;
  /** Range of actions; default -1 to 1. */
  readonly actMin?: number;
  readonly actMax?: number;
}

/** The K + 1 times of K steps: 1, 1 - 1/K, ..., 0. */
export function denoisingTimes(steps: number): number[] {
  return Array.from({ length: steps + 1 }, (_, i) => 1 - i / steps);
}

/**
 * Actions (B, Ta, Da) in [actMin, actMax] for condition encodings (B, C), deterministic given the noise (B, Ta, Da): standard
 * normal, or zero for one central chunk per condition. Differentiable with respect to the weights.
 */
export function sampleMeanFlow(
  network: VelocityNetwork,
  weights: Weights,
  condition: tf.Tensor2D,
  noise: tf.Tensor3D,
  options: SamplingOptions = {},
): tf.Tensor3D {
  return denoisingStates(network, weights, condition, noise, options).at(-1)!;
}

/** All states of {@link sampleMeanFlow} (B, K + 1, Ta, Da): the noise first, the actions last. */
export function sampleMeanFlowChain(
  network: VelocityNetwork,
  weights: Weights,
  condition: tf.Tensor2D,
  noise: tf.Tensor3D,
  options: SamplingOptions = {},
): tf.Tensor4D {
  return tf.stack(denoisingStates(network, weights, condition, noise, options), 1) as tf.Tensor4D;
}

function denoisingStates(
  network: VelocityNetwork,
  weights: Weights,
  condition: tf.Tensor2D,
  noise: tf.Tensor3D,
  { steps = 1, clipIntermediate = true, actMin = -1, actMax = 1 }: SamplingOptions,
): tf.Tensor3D[] {
  const times = denoisingTimes(steps);
  const states = [noise];
  for (let i = 0; i < steps; i++) {
    const [t, r] = [times[i]!, times[i + 1]!].map((time) => tf.fill<tf.Rank.R1>([noise.shape[0]], time));
    const u = network.velocity(weights, states[i]!, t!, r!, condition);
    const x: tf.Tensor3D = states[i]!.sub(u.mul(1 / steps));
    states.push(clipIntermediate || i === steps - 1 ? tf.clipByValue(x, actMin, actMax) : x);
  }
  return states;
}
