// Gaussian policy: one normal distribution per action entry, as behaviour cloning, PPO and SAC use it; optionally squashed by
// tanh (Haarnoja et al. 2018, appendix C). One decision per chunk, no denoising.
import { z } from "zod";
import { tf } from "../engine/tensor.js";
import { gaussianMlpFamily } from "../nn/gaussian-mlp.js";
import type { GaussianNetwork } from "../nn/gaussian-network.js";
import { gaussianTransformerFamily } from "../nn/gaussian-transformer.js";
import { gaussianVisionFamily } from "../nn/gaussian-vision-mlp.js";
import { keysBelow } from "../options.js";
import { definePolicy, normalNoise, type Tensors } from "./definition.js";
import { maskDraws, withMasks } from "./dropout-draws.js";
import { actingStd, logNormal, normalEntropy } from "./normal-density.js";

const actingOptions = z.strictObject({
  randnClipValue: z.number().positive().default(10).describe("samples are clipped at so many standard deviations"),
  tanhOutput: z.boolean().default(false).describe("squash samples to (-1, 1)"),
  actingStd,
});
const actingKeys = keysBelow("model", actingOptions);

export const gaussianOptions = actingOptions.extend({
  entCoef: z.number().default(0).describe("weight of the entropy that pre-training rewards"),
});
type Options = z.output<typeof gaussianOptions>;

export const gaussianPathOptions = z.strictObject({
  likelihood: z
    .enum(["summed", "reference"])
    .default("summed")
    .describe("density of a chunk; or divided by its entries, as in the reference"),
});

type Distribution = ReturnType<GaussianNetwork["distribution"]>;

/** Chunks before squashing (B, Ta, Da), from standard normal noise, with a deviation of their own if `std` is not null. */
function draw({ mean, logStd }: Distribution, noise: tf.Tensor, std: number | null, { randnClipValue }: Options) {
  return mean.add<tf.Tensor3D>(noise.clipByValue(-randnClipValue, randnClipValue).mul(std ?? logStd.exp()));
}

const squashed = (sample: tf.Tensor3D, { tanhOutput }: Options): tf.Tensor3D => (tanhOutput ? sample.tanh() : sample);

/** ln p of chunks (B), given before squashing, and the entropy of the distribution that is not squashed (B), in nats. */
function density(sample: tf.Tensor3D, { mean, logStd }: Distribution, { tanhOutput }: Options, scale: number) {
  const entries = logNormal(sample, mean, logStd);
  const change = tanhOutput
    ? tf
        .scalar(1 + 1e-6)
        .sub(sample.tanh().square())
        .log()
    : tf.scalar(0);
  const logProbability: tf.Tensor1D = entries.sub(change).sum<tf.Tensor1D>([1, 2]).mul(scale);
  const entropy: tf.Tensor1D = normalEntropy(logStd).sum<tf.Tensor1D>([1, 2]).mul(scale);
  return { logProbability, entropy };
}

export const gaussian = definePolicy({
  name: "gaussian",
  title: "Gaussian",
  options: gaussianOptions,
  keys: keysBelow("model", gaussianOptions),
  presets: {},
  networks: { mlp: gaussianMlpFamily, transformer: gaussianTransformerFamily, vit: gaussianVisionFamily },
  training: {
    draws: (_, network) => maskDraws(network),
    /** Minus the mean log-density of the demonstrated entries, and minus their mean entropy. */
    loss(network, weights, batch, { entCoef }) {
      const masked = withMasks(weights, batch, network);
      const { mean, logStd } = network.distribution(masked, network.encoder.apply(masked, batch));
      const value = logNormal(batch.action, mean, logStd).add(normalEntropy(logStd).mul(entCoef));
      return { rows: value.mean<tf.Tensor1D>([1, 2]).neg() };
    },
  },
  acting: {
    keys: actingKeys,
    draws: (_, { horizonSteps, actionDim }) => normalNoise(horizonSteps, actionDim),
    sample: (network, weights, condition, { noise }, options) =>
      squashed(draw(network.distribution(weights, condition), noise!, options.actingStd, options), options),
  },
  path: {
    options: gaussianPathOptions,
    keys: keysBelow("train", gaussianPathOptions),
    bind({ network, options, path }) {
      const shape = [network.horizonSteps, network.actionDim];
      const { likelihood } = path as z.output<typeof gaussianPathOptions>;
      const scale = likelihood === "reference" ? 1 / (network.horizonSteps * network.actionDim) : 1;
      return {
        units: 1,
        parameters: [],
        controls: [],
        draws: normalNoise(...shape),
        stored: { sample: shape },
        sampling: {},
        sample(weights, condition, { noise }) {
          const distribution = network.distribution(weights, condition);
          const sample = draw(distribution, noise!, null, options);
          const { logProbability } = density(sample, distribution, options, scale);
          return { action: squashed(sample, options), stored: { sample }, logProbability };
        },
        density(weights, condition, { sample }: Tensors) {
          const distribution = network.distribution(weights, condition);
          const terms = { noiseStd: distribution.logStd.exp().mean<tf.Scalar>() };
          return { ...density(sample as tf.Tensor3D, distribution, options, scale), terms };
        },
      };
    },
  },
});
