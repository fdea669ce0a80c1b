// Exploration noise of MeanFlow under PPO: the standard deviation of each action entry at each denoising step.
// The reference clamps the log-variance; as a new network's output lies above the range, the clamp has gradient zero and
// the network never learns. The default maps with tanh instead, which starts in the middle of the range.
import { z } from "zod";
import { normal, type ParameterSpec } from "../engine/parameters.js";
import { tf, type Weights } from "../engine/tensor.js";
import { count } from "../options.js";
import { activationName } from "./activations.js";
import { timeEmbedding } from "./embeddings.js";
import { mlp } from "./mlp.js";
import { weight } from "./module.js";

export const noiseNetOptions = z.strictObject({
  horizonSteps: count.describe("length Ta of an action chunk"),
  actionDim: count.describe("numbers Da per action"),
  conditionDimension: count.describe("width of the policy's condition encoding"),
  noiseHiddenDims: z.array(count).min(1).default([256, 256, 256]).describe("hidden widths"),
  timeDimExplore: z.int().min(4).multipleOf(2).default(16).describe("width of the time embedding"),
  useTimeIndependentNoise: z.boolean().default(false).describe("leave the time embedding out"),
  activationType: activationName.default("Tanh"),
  stdMap: z.enum(["tanh", "clamp"]).default("tanh").describe("how outputs reach the range; clamp as in the reference"),
});

/** Range of standard deviations; tensors so that a compiled update may anneal them. 0 < min <= max. */
export interface StdRange {
  readonly min: tf.Scalar | number;
  readonly max: tf.Scalar | number;
}

export interface NoiseNet {
  readonly parameters: readonly ParameterSpec[];
  /**
   * ln sigma (B, Ta, Da) at chain states x (B, Ta, Da), times t (B), condition encodings (B, C).
   *
   * @param step index of each row's denoising step (B), or one for all.
   */
  logStd(
    weights: Weights,
    x: tf.Tensor3D,
    t: tf.Tensor1D,
    condition: tf.Tensor2D,
    range: StdRange,
    step: readonly number[],
  ): tf.Tensor3D;
}

/** Builds the network; parameters are called `<prefix>time_embedding_explore.*` and `<prefix>mlp_logvar.*`. */
export function noiseNet(input: z.input<typeof noiseNetOptions>, prefix = ""): NoiseNet {
  const options = noiseNetOptions.parse(input);
  const size = options.horizonSteps * options.actionDim;
  const timeOf = options.useTimeIndependentNoise
    ? undefined
    : timeEmbedding(`${prefix}time_embedding_explore`, options.timeDimExplore);
  const inputs = size + options.conditionDimension + (timeOf ? options.timeDimExplore : 0);
  const head = mlp(`${prefix}mlp_logvar`, [inputs, ...options.noiseHiddenDims, size], {
    activation: options.activationType,
  });
  return {
    parameters: [...(timeOf?.parameters ?? []), ...head.parameters],
    logStd(weights, x, t, condition, range) {
      const time = timeOf ? [timeOf.apply(weights, t)] : [];
      const input = tf.concat([x.reshape([-1, size]), condition, ...time], 1) as tf.Tensor2D;
      return stdMaps[options.stdMap](head.apply(weights, input), range).reshape(x.shape);
    },
  };
}

export const stepNoiseNetOptions = z.strictObject({
  noiseHiddenDims: z.array(count).min(1).default([64, 64]).describe("hidden widths"),
  timeDimExplore: z
    .int()
    .nonnegative()
    .default(0)
    .describe("width of a learned vector per denoising step; 0: read the policy's embedding of time"),
  useTimeIndependentNoise: z.boolean().default(false).describe("read the condition alone"),
  activationType: activationName.default("Tanh"),
  stdMap: z.enum(["tanh", "clamp"]).default("tanh").describe("how outputs reach the range"),
});

/** What {@link stepNoiseNet} reads of the policy. */
interface NoisedNetwork {
  readonly horizonSteps: number;
  readonly actionDim: number;
  readonly encoder: { readonly width: number };
  readonly timeDim: number;
  timeFeatures(weights: Weights, t: tf.Tensor1D): tf.Tensor2D;
}

/**
 * ReinFlow's noise net (Zhang et al. 2025): one deviation per action entry from the time and the condition, whatever x is.
 * Parameters are called `<prefix>time_embedding_explore.weight` and `<prefix>explore_noise_net.mlp_logvar.*`.
 *
 * @param steps denoising steps K, each of which has its own learned vector with `timeDimExplore` > 0.
 */
export function stepNoiseNet(
  input: z.input<typeof stepNoiseNetOptions>,
  network: NoisedNetwork,
  steps: number,
  prefix = "",
): NoiseNet {
  const options = stepNoiseNetOptions.parse(input);
  const { timeDimExplore: learned, useTimeIndependentNoise: isTimeless } = options;
  const size = network.horizonSteps * network.actionDim;
  const table = `${prefix}time_embedding_explore.weight`;
  const timeWidth = isTimeless ? 0 : learned || network.timeDim;
  const head = mlp(
    `${prefix}explore_noise_net.mlp_logvar`,
    [timeWidth + network.encoder.width, ...options.noiseHiddenDims, size],
    { activation: options.activationType },
  );
  const isLearned = !isTimeless && learned > 0;
  return {
    parameters: [
      ...(isLearned ? [{ name: table, shape: [steps, learned], initialise: normal(1) }] : []),
      ...head.parameters,
    ],
    logStd(weights, x, t, condition, range, step) {
      const time = isTimeless
        ? []
        : [isLearned ? vectors(weights, step, x.shape[0]) : network.timeFeatures(weights, t)];
      const output = head.apply(weights, tf.concat2d([...time, condition], 1));
      return stdMaps[options.stdMap](output, range).reshape(x.shape);
    },
  };

  function vectors(weights: Weights, step: readonly number[], rows: number): tf.Tensor2D {
    const index = step.length === 1 ? Array<number>(rows).fill(step[0]!) : step;
    const chosen = tf.tensor2d(index.map((i) => Array.from({ length: steps }, (_, k) => Number(k === i))));
    return tf.matMul<tf.Tensor2D>(chosen, weight(weights, table));
  }
}

/** Network outputs of any shape to ln sigma. The outputs of "clamp" are log-variances, those of "tanh" unitless. */
export const stdMaps = {
  tanh(output: tf.Tensor, range: StdRange): tf.Tensor {
    const [low, high] = [tf.log(range.min), tf.log(range.max)];
    return output.tanh().mul(high.sub(low).mul(0.5)).add(high.add(low).mul(0.5));
  },
  clamp: (output: tf.Tensor, range: StdRange): tf.Tensor =>
    output.mul(0.5).maximum(tf.log(range.min)).minimum(tf.log(range.max)),
};
