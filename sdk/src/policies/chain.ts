// MeanFlow as a Gaussian Markov chain, for policy gradients: each denoising step adds learned noise to the next state.
// x_0 ~ N(0, I); x_{i+1} ~ N(clip(x_i - u(x_i, t_i, t_{i+1}) / K), sigma(x_i, t_i)), t_i = 1 - i/K; x_K is the action.
// Densities ignore that noise and action are truncated.
import { tf, type Weights } from "../engine/tensor.js";
import type { NoiseNet, StdRange } from "../nn/noise-net.js";
import type { VelocityNetwork } from "../nn/velocity-network.js";
import { denoisingTimes } from "./sampling.js";

/** A policy and its exploration noise; their weights come in one table. */
export interface NoisyPolicy {
  readonly network: VelocityNetwork;
  readonly noise: NoiseNet;
}

export interface ChainOptions {
  /** Number of denoising steps K >= 1. */
  readonly steps: number;
  /** The last so many steps have learned noise, earlier ones the range's minimum; default all K. */
  readonly noisySteps?: number;
  /** Means are clipped to plus or minus this; null leaves them. Default 1. */
  readonly meanClip?: number | null;
  /** Noise is clipped at so many standard deviations; default 3. */
  readonly noiseClip?: number;
  /** Range of actions; default -1 to 1. */
  readonly actMin?: number;
  readonly actMax?: number;
  /** Count the density of x_0 too (the reference does); default false. */
  readonly initialTerm?: boolean;
  /** Divide log-probability and entropy by the number of densities and of action entries (the reference does); default false. */
  readonly normalized?: boolean;
}

export interface ChainDensity {
  /** ln p of each chain (B). */
  readonly logProbability: tf.Tensor1D;
  /** Entropy of each chain's steps (B), in nats. */
  readonly entropy: tf.Tensor1D;
  /** Mean standard deviation over everything (scalar). */
  readonly std: tf.Scalar;
}

/**
 * Draws a chain from standard normal numbers `noise` (B, K + 1, Ta, Da): the initial state, then the noise of each step.
 * Returns the actions (B, Ta, Da), the chain (B, K + 1, Ta, Da) and its density, which equals {@link chainDensity} of it.
 */
export function sampleChain(
  { network, noise: noiseNet }: NoisyPolicy,
  weights: Weights,
  condition: tf.Tensor2D,
  noise: tf.Tensor4D,
  range: StdRange,
  options: ChainOptions,
): ChainDensity & { action: tf.Tensor3D; chain: tf.Tensor4D } {
  const { steps, noisySteps = steps, noiseClip = 3, actMin = -1, actMax = 1 } = options;
  const times = denoisingTimes(steps);
  const draws = tf.unstack(noise, 1) as tf.Tensor3D[];
  const states = [draws[0]!];
  const means: tf.Tensor3D[] = [];
  const logStds: tf.Tensor3D[] = [];
  for (let i = 0; i < steps; i++) {
    const x = states[i]!;
    const [t, r] = [times[i]!, times[i + 1]!].map((time) => tf.fill<tf.Rank.R1>([x.shape[0]], time));
    const mean = clippedMean(x, network.velocity(weights, x, t!, r!, condition), options);
    const logStd =
      i < steps - noisySteps
        ? tf.broadcastTo<tf.Rank.R3>(tf.log(range.min), x.shape)
        : noiseNet.logStd(weights, x, t!, condition, range);
    const next: tf.Tensor3D = mean.add(logStd.exp().mul(draws[i + 1]!.clipByValue(-noiseClip, noiseClip)));
    states.push(i === steps - 1 ? tf.clipByValue(next, actMin, actMax) : next);
    means.push(mean);
    logStds.push(logStd);
  }
  const chain = tf.stack(states, 1) as tf.Tensor4D;
  return { action: states.at(-1)!, chain, ...density(chain, tf.stack(means, 1), tf.stack(logStds, 1), options) };
}

/**
 * Density of stored chains (B, K + 1, Ta, Da) under the current weights, for policy gradients: differentiable with respect
 * to velocity network, noise net and, through `condition` (B, C), the encoder. All steps are one batch of B K rows.
 */
export function chainDensity(
  { network, noise }: NoisyPolicy,
  weights: Weights,
  condition: tf.Tensor2D,
  chain: tf.Tensor4D,
  range: StdRange,
  options: ChainOptions,
): ChainDensity {
  const { steps, noisySteps = steps } = options;
  const [batch, , horizon, actionDim] = chain.shape;
  const stepsShape = [batch, steps, horizon, actionDim];
  const x: tf.Tensor3D = chain.slice([0, 0], [-1, steps]).reshape([batch * steps, horizon, actionDim]);
  const conditions = tf.tile(condition.expandDims(1), [1, steps, 1]).reshape<tf.Tensor2D>([batch * steps, -1]);
  const times = denoisingTimes(steps);
  const rows = (values: readonly number[]) => tf.tensor1d(Array.from({ length: batch }, () => values).flat());
  const [t, r] = [rows(times.slice(0, -1)), rows(times.slice(1))];

  const mean = clippedMean(x, network.velocity(weights, x, t, r, conditions), options);
  let logStd = noise.logStd(weights, x, t, conditions, range).reshape(stepsShape);
  if (noisySteps < steps) {
    const learned = tf.tensor(
      times.slice(0, -1).map((_, i) => i >= steps - noisySteps),
      [1, steps, 1, 1],
      "bool",
    );
    logStd = tf.where(learned, logStd, tf.log(range.min));
  }
  return density(chain, mean.reshape(stepsShape), logStd, options);
}

function clippedMean(x: tf.Tensor3D, u: tf.Tensor3D, { steps, meanClip = 1 }: ChainOptions): tf.Tensor3D {
  const mean: tf.Tensor3D = x.sub(u.mul(1 / steps));
  return meanClip === null ? mean : tf.clipByValue(mean, -meanClip, meanClip);
}

const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/** Sums the steps' Gaussians; chain (B, K + 1, Ta, Da), mean and logStd (B, K, Ta, Da). */
function density(
  chain: tf.Tensor4D,
  mean: tf.Tensor,
  logStd: tf.Tensor,
  { steps, initialTerm = false, normalized = false }: ChainOptions,
): ChainDensity {
  const entries = chain.shape[2] * chain.shape[3];
  const terms = steps + (initialTerm ? 1 : 0);
  const scale = normalized ? 1 / (terms * entries) : 1;
  const offset = terms * entries * HALF_LOG_2PI;
  const total = (x: tf.Tensor): tf.Tensor1D => x.sum([1, 2, 3]);

  const z = chain.slice([0, 1]).sub(mean).mul(logStd.neg().exp());
  const widths = total(logStd);
  const initial = initialTerm ? total(chain.slice([0, 0], [-1, 1]).square()) : tf.scalar(0);
  const squares: tf.Tensor1D = total(z.square()).add(initial);
  return {
    logProbability: squares.mul(-0.5).sub(widths).sub(offset).mul(scale),
    entropy: widths.add(offset + (terms * entries) / 2).mul(scale),
    std: logStd.exp().mean(),
  };
}
