// A flow as a Gaussian Markov chain, for policy gradients: each denoising step adds learned noise to the next state.
// x_0 ~ N(0, s^2 I); x_{i+1} ~ N(clip(step(x_i, t_i, t_{i+1})), sigma(x_i, t_i)), i < K; x_K is the action.
// Zhang et al. 2025 (ReinFlow). Densities ignore that noise and action are truncated.
import { z } from "zod";
import { tf, type Weights } from "../engine/tensor.js";
import type { Network } from "../nn/network.js";
import type { NoiseNet, StdRange } from "../nn/noise-net.js";
import { keysBelow, type Keys } from "../options.js";
import type { BoundPath, Density, Path, Tensors } from "./definition.js";
import { initialNoise, initialNoiseKeys, initialNoiseStd, type Flow, type FlowOptions, type FlowStep } from "./flow.js";

/** A policy's steps and its exploration noise; their weights come in one table. */
export interface NoisySteps {
  /** Where each of K steps begins and ends. */
  readonly times: (steps: number) => readonly (readonly [from: number, to: number])[];
  readonly step: FlowStep;
  readonly noise: Pick<NoiseNet, "logStd">;
}

export interface ChainOptions {
  /** Number of denoising steps K >= 1. */
  readonly steps: number;
  /** Standard deviation s of x_0; default 1. */
  readonly initialNoiseStd?: number;
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

/**
 * Draws a chain from standard normal numbers `noise` (B, K + 1, Ta, Da): the initial state, then the noise of each step.
 * Returns the actions (B, Ta, Da), the chain (B, K + 1, Ta, Da) and its density, which equals {@link chainDensity} of it.
 */
export function sampleChain(
  { times, step, noise: noiseNet }: NoisySteps,
  weights: Weights,
  condition: tf.Tensor2D,
  noise: tf.Tensor4D,
  range: StdRange,
  options: ChainOptions,
): Density & { action: tf.Tensor3D; chain: tf.Tensor4D } {
  const { steps, noisySteps = steps, noiseClip = 3, actMin = -1, actMax = 1, initialNoiseStd: std = 1 } = options;
  const draws = tf.unstack(noise, 1) as tf.Tensor3D[];
  const states = [initialNoise(draws[0]!, std)];
  const means: tf.Tensor3D[] = [];
  const logStds: tf.Tensor3D[] = [];
  times(steps).forEach(([from, to], i) => {
    const x = states[i]!;
    const [t, r] = [from, to].map((time) => tf.fill<tf.Rank.R1>([x.shape[0]], time));
    const mean = clipped(step(weights, x, t!, r!, condition, steps), options);
    const logStd =
      i < steps - noisySteps
        ? tf.broadcastTo<tf.Rank.R3>(tf.log(range.min), x.shape)
        : noiseNet.logStd(weights, x, t!, condition, range, [i]);
    const next: tf.Tensor3D = mean.add(logStd.exp().mul(draws[i + 1]!.clipByValue(-noiseClip, noiseClip)));
    states.push(i === steps - 1 ? tf.clipByValue(next, actMin, actMax) : next);
    means.push(mean);
    logStds.push(logStd);
  });
  const chain = tf.stack(states, 1) as tf.Tensor4D;
  return { action: states.at(-1)!, chain, ...density(chain, tf.stack(means, 1), tf.stack(logStds, 1), options) };
}

/**
 * Density of stored chains (B, K + 1, Ta, Da) under the current weights, for policy gradients: differentiable with respect
 * to velocity network, noise net and, through `condition` (B, C), the encoder. All steps are one batch of B K rows.
 */
export function chainDensity(
  { times, step, noise }: NoisySteps,
  weights: Weights,
  condition: tf.Tensor2D,
  chain: tf.Tensor4D,
  range: StdRange,
  options: ChainOptions,
): Density {
  const { steps, noisySteps = steps } = options;
  const [batch, , horizon, actionDim] = chain.shape;
  const stepsShape = [batch, steps, horizon, actionDim];
  const x: tf.Tensor3D = chain.slice([0, 0], [-1, steps]).reshape([batch * steps, horizon, actionDim]);
  const conditions = tf.tile(condition.expandDims(1), [1, steps, 1]).reshape<tf.Tensor2D>([batch * steps, -1]);
  const pairs = times(steps);
  const rows = (values: readonly number[]) => Array.from({ length: batch }, () => values).flat();
  const [t, r] = [tf.tensor1d(rows(pairs.map(([from]) => from))), tf.tensor1d(rows(pairs.map(([, to]) => to)))];

  const mean = clipped(step(weights, x, t, r, conditions, steps), options);
  const indices = pairs.map((_, i) => i);
  let logStd = noise.logStd(weights, x, t, conditions, range, rows(indices)).reshape(stepsShape);
  if (noisySteps < steps) {
    const learned = tf.tensor(
      indices.map((i) => i >= steps - noisySteps),
      [1, steps, 1, 1],
      "bool",
    );
    logStd = tf.where(learned, logStd, tf.log(range.min));
  }
  return density(chain, mean.reshape(stepsShape), logStd, options);
}

function clipped(mean: tf.Tensor3D, { meanClip = 1 }: ChainOptions): tf.Tensor3D {
  return meanClip === null ? mean : tf.clipByValue(mean, -meanClip, meanClip);
}

const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/** Sums the steps' Gaussians; chain (B, K + 1, Ta, Da), mean and logStd (B, K, Ta, Da). */
function density(
  chain: tf.Tensor4D,
  mean: tf.Tensor,
  logStd: tf.Tensor,
  { steps, initialTerm: counted = false, normalized = false, initialNoiseStd: std = 1 }: ChainOptions,
): Density {
  const entries = chain.shape[2] * chain.shape[3];
  // What is always zero has no density.
  const initialTerm = counted && std > 0;
  const terms = steps + (initialTerm ? 1 : 0);
  const scale = normalized ? 1 / (terms * entries) : 1;
  const offset = entries * (terms * HALF_LOG_2PI + (initialTerm ? Math.log(std) : 0));
  const total = (x: tf.Tensor): tf.Tensor1D => x.sum([1, 2, 3]);

  const z = chain.slice([0, 1]).sub(mean).mul(logStd.neg().exp());
  const widths = total(logStd);
  const initial = initialTerm ? total(chain.slice([0, 0], [-1, 1]).div(std).square()) : tf.scalar(0);
  const squares: tf.Tensor1D = total(z.square()).add(initial);
  return {
    logProbability: squares.mul(-0.5).sub(widths).sub(offset).mul(scale),
    entropy: widths.add(offset + (terms * entries) / 2).mul(scale),
    terms: { noiseStd: logStd.exp().mean() },
  };
}

/** The chain by the reference's names. */
export const chainSchema = z.strictObject({
  initialNoiseStd: initialNoiseStd.optional(),
  denoisingSteps: z.int().positive().default(1).describe("network calls K per action chunk"),
  ftDenoisingSteps: z.int().positive().optional().describe("last steps with learned noise, by default all"),
  clipIntermediateActions: z.boolean().default(true).describe("clip the mean of every step"),
  denoisedClipValue: z.number().positive().default(1).describe("largest entry of a clipped mean"),
  randnClipValue: z.number().positive().default(3).describe("noise is clipped at so many standard deviations"),
  likelihood: z
    .enum(["summed", "reference"])
    .default("summed")
    .describe("density of the chain; or divided by its entries and steps, as in the reference"),
  accountForInitialStochasticity: z.boolean().default(true).describe("reference likelihood: count the initial noise"),
});
type ChainSettings = z.output<typeof chainSchema>;

const {
  denoisingSteps,
  ftDenoisingSteps,
  denoisedClipValue,
  randnClipValue,
  initialNoiseStd: _,
  ...trained
} = chainSchema.shape;
const chainKeys: Keys = {
  ...keysBelow("", z.object({ denoisingSteps, ftDenoisingSteps })),
  ...initialNoiseKeys,
  ...keysBelow("train", z.object(trained)),
  ...keysBelow("model", z.object({ denoisedClipValue, randnClipValue })),
};

function chainOptions(options: ChainSettings): ChainOptions {
  const normalized = options.likelihood === "reference";
  return {
    steps: options.denoisingSteps,
    noisySteps: options.ftDenoisingSteps,
    meanClip: options.clipIntermediateActions ? options.denoisedClipValue : null,
    noiseClip: options.randnClipValue,
    normalized,
    initialTerm: normalized && options.accountForInitialStochasticity,
  };
}

/** What kind of noise net explores; its options must not contain sizes. */
export interface NoiseFamily<Net extends Network> {
  readonly options: z.ZodObject;
  /** `steps`: denoising steps K. */
  build(options: object, network: Net, steps: number): NoiseNet;
}

const noiseKeys: Keys = {
  "model.noiseHiddenDims": "noiseHiddenDims",
  "model.timeDimExplore": "timeDimExplore",
  "model.useTimeIndependentNoise": "useTimeIndependentNoise",
  "model.exploreNetActivationType": "activationType",
  "model.noiseStdMap": "stdMap",
};

/** The chain of a flow as its path. */
export function flowPath<Net extends Network, Options extends FlowOptions>(
  flow: Flow<Net, Options>,
  explorer: NoiseFamily<Net>,
): Path<Net, Options> {
  return {
    options: chainSchema,
    keys: chainKeys,
    policyOptions: ({ initialNoiseStd }: { readonly initialNoiseStd?: number }) =>
      initialNoiseStd === undefined ? {} : { initialNoiseStd },
    explorer: { ...explorer, keys: noiseKeys },
    bind({ network, options, path, explorer: explorerOptions }): BoundPath {
      const settings = path as ChainSettings;
      const { actMin, actMax, initialNoiseStd } = options;
      const chain: ChainOptions = { actMin, actMax, initialNoiseStd, ...chainOptions(settings) };
      const noise = explorer.build(explorerOptions, network, chain.steps);
      const shape = [chain.steps + 1, network.horizonSteps, network.actionDim];
      const noisy: NoisySteps = {
        times: (steps) => flow.times(steps, options),
        step: (...input) => flow.step(network, ...input),
        noise,
      };
      const rangeOf = (controls: Tensors) => ({ min: controls.minStd as tf.Scalar, max: controls.maxStd as tf.Scalar });
      return {
        units: 1,
        parameters: noise.parameters,
        controls: ["minStd", "maxStd"],
        draws: { shapes: { noise: shape }, fill: ({ noise: out }, random) => void random.normal(out!) },
        stored: { chain: shape },
        sampling: { steps: chain.steps, clipIntermediate: settings.clipIntermediateActions },
        sample(weights, condition, { noise: draws }, controls) {
          const range = rangeOf(controls);
          const {
            action,
            chain: states,
            logProbability,
          } = sampleChain(noisy, weights, condition, draws as tf.Tensor4D, range, chain);
          return { action, stored: { chain: states }, logProbability };
        },
        density: (weights, condition, { chain: states }, controls) =>
          chainDensity(noisy, weights, condition, states as tf.Tensor4D, rangeOf(controls), chain),
      };
    },
  };
}
