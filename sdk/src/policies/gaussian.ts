// Gaussian policy: one normal distribution per action entry, as behaviour cloning, PPO and SAC use it; optionally squashed by
// tanh (Haarnoja et al. 2018, appendix C). One decision per chunk, no denoising.
import { z } from "zod";
import { tf, type Weights } from "../engine/tensor.js";
import { gaussianMlpFamily, type GaussianNetwork } from "../nn/gaussian-mlp.js";
import { keysBelow } from "../options.js";
import { definePolicy, normalNoise, type Tensors } from "./definition.js";

export const gaussianOptions = z.strictObject({
  randnClipValue: z.number().positive().default(10).describe("samples are clipped at so many standard deviations"),
  tanhOutput: z.boolean().default(false).describe("squash samples to (-1, 1)"),
});
type Options = z.output<typeof gaussianOptions>;

export const gaussianPathOptions = z.strictObject({
  likelihood: z
    .enum(["summed", "reference"])
    .default("summed")
    .describe("density of a chunk; or divided by its entries, as in the reference"),
});

const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/** ln N of each entry of x (B, Ta, Da). */
function logNormal(x: tf.Tensor3D, mean: tf.Tensor3D, logStd: tf.Tensor3D): tf.Tensor3D {
  const z = x.sub(mean).mul(logStd.neg().exp());
  return z.square().mul(-0.5).sub(logStd).sub(HALF_LOG_2PI);
}

/** Chunks before squashing (B, Ta, Da), from standard normal noise, and their distribution. */
function draw(
  network: GaussianNetwork,
  weights: Weights,
  condition: tf.Tensor2D,
  noise: tf.Tensor,
  { randnClipValue }: Options,
) {
  const { mean, logStd } = network.distribution(weights, condition);
  const sample: tf.Tensor3D = mean.add(logStd.exp().mul(noise.clipByValue(-randnClipValue, randnClipValue)));
  return { sample, mean, logStd };
}

const squashed = (sample: tf.Tensor3D, { tanhOutput }: Options): tf.Tensor3D => (tanhOutput ? sample.tanh() : sample);

/** ln p of chunks (B), given before squashing, and the entropy of the distribution that is not squashed (B), in nats. */
function density(sample: tf.Tensor3D, mean: tf.Tensor3D, logStd: tf.Tensor3D, { tanhOutput }: Options, scale: number) {
  const entries = logNormal(sample, mean, logStd);
  const change = tanhOutput
    ? tf
        .scalar(1 + 1e-6)
        .sub(sample.tanh().square())
        .log()
    : tf.scalar(0);
  const logProbability: tf.Tensor1D = entries.sub(change).sum<tf.Tensor1D>([1, 2]).mul(scale);
  const entropy: tf.Tensor1D = logStd
    .add(HALF_LOG_2PI + 0.5)
    .sum<tf.Tensor1D>([1, 2])
    .mul(scale);
  return { logProbability, entropy };
}

export const gaussian = definePolicy({
  name: "gaussian",
  title: "Gaussian",
  options: gaussianOptions,
  keys: keysBelow("model", gaussianOptions),
  presets: {},
  networks: { mlp: gaussianMlpFamily },
  training: {
    draws: () => ({ shapes: {}, fill: () => {} }),
    /** Minus the mean log-density of the demonstrated entries. */
    loss(network, weights, batch) {
      const { mean, logStd } = network.distribution(weights, network.encoder.apply(weights, batch));
      return { rows: logNormal(batch.action, mean, logStd).mean<tf.Tensor1D>([1, 2]).neg() };
    },
  },
  acting: {
    keys: keysBelow("model", gaussianOptions),
    draws: (_, { horizonSteps, actionDim }) => normalNoise(horizonSteps, actionDim),
    sample: (network, weights, condition, { noise }, options) =>
      squashed(draw(network, weights, condition, noise!, options).sample, options),
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
          const { sample, mean, logStd } = draw(network, weights, condition, noise!, options);
          const { logProbability } = density(sample, mean, logStd, options, scale);
          return { action: squashed(sample, options), stored: { sample }, logProbability };
        },
        density(weights, condition, { sample }: Tensors) {
          const { mean, logStd } = network.distribution(weights, condition);
          const terms = { noiseStd: logStd.exp().mean<tf.Scalar>() };
          return { ...density(sample as tf.Tensor3D, mean, logStd, options, scale), terms };
        },
      };
    },
  },
});
