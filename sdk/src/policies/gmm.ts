// GMM policy: a mixture of diagonal normal distributions over the whole action chunk, p(a) = sum_k w_k prod_i N(a_i; m_ki, s_ki)
// (Bishop 1994, "Mixture density networks"; as robomimic and DPPO use it). One decision per chunk, no denoising.
// A component is chosen by the Gumbel-max trick (Gumbel 1954): the largest of logit + Gumbel noise.
import { z } from "zod";
import { tf } from "../engine/tensor.js";
import type { MixtureNetwork } from "../nn/gaussian-network.js";
import { gmmMlpFamily } from "../nn/gmm-mlp.js";
import { gmmTransformerFamily } from "../nn/gmm-transformer.js";
import { keysBelow } from "../options.js";
import { definePolicy, type Draws, type Tensors } from "./definition.js";
import { maskDraws, withMasks } from "./dropout-draws.js";
import { actingStd, logNormal, normalEntropy } from "./normal-density.js";

export const gmmOptions = z.strictObject({ actingStd });

export const gmmPathOptions = z.strictObject({
  logprobReduce: z
    .enum(["sum", "mean"])
    .default("sum")
    .describe("density of a chunk, as in the reference; or divided by its entries"),
});

type Mixture = ReturnType<MixtureNetwork["mixture"]>;

/** Standard normal numbers (B, Ta, Da), and Gumbel noise (B, K); zeros stand for the mean of the likeliest component. */
function mixtureDraws({ horizonSteps, actionDim, modes }: MixtureNetwork): Draws {
  return {
    shapes: { noise: [horizonSteps, actionDim], gumbel: [modes] },
    fill({ noise, gumbel }, random) {
      random.normal(noise!);
      random.uniform(gumbel!);
      // Half a step of the uniform numbers keeps both logarithms finite.
      gumbel!.forEach((u, i) => (gumbel![i] = -Math.log(-Math.log(u + 2 ** -25))));
    },
  };
}

/** Chunks (B, Ta, Da), with deviations of their own if `std` is not null. */
function draw({ logits, means, logStds }: Mixture, { noise, gumbel }: Tensors, std: number | null): tf.Tensor3D {
  const [, modes] = logits.shape;
  const chosen = tf.oneHot(logits.add(gumbel!).argMax(1).cast("int32"), modes).cast("float32");
  const of = (components: tf.Tensor4D): tf.Tensor3D => components.mul(chosen.reshape([-1, modes, 1, 1])).sum(1);
  return of(means).add(noise!.mul(std ?? of(logStds).exp()));
}

/** ln p of chunks (B, Ta, Da), and the mean entropy of the components by their weights, both (B), in nats. */
function density(sample: tf.Tensor3D, { logits, means, logStds }: Mixture) {
  const components = logNormal(sample.expandDims<tf.Tensor4D>(1), means, logStds).sum<tf.Tensor2D>([2, 3]);
  const logWeights = tf.logSoftmax(logits);
  const logProbability: tf.Tensor1D = tf.logSumExp(logWeights.add(components), 1);
  const entropy: tf.Tensor1D = logWeights
    .exp()
    .mul(normalEntropy(logStds).sum([2, 3]))
    .sum(1);
  return { logProbability, entropy };
}

export const gmm = definePolicy({
  name: "gmm",
  title: "GMM",
  options: gmmOptions,
  keys: keysBelow("model", gmmOptions),
  presets: {},
  networks: { mlp: gmmMlpFamily, transformer: gmmTransformerFamily },
  training: {
    draws: (_, network) => maskDraws(network),
    /** Minus the log-density of the demonstrated chunks. */
    loss(network, weights, batch) {
      const masked = withMasks(weights, batch, network);
      const mixture = network.mixture(masked, network.encoder.apply(masked, batch));
      return { rows: density(batch.action, mixture).logProbability.neg() };
    },
  },
  acting: {
    keys: keysBelow("model", gmmOptions),
    draws: (_, network) => mixtureDraws(network),
    sample: (network, weights, condition, draws, { actingStd }) =>
      draw(network.mixture(weights, condition), draws, actingStd),
  },
  path: {
    options: gmmPathOptions,
    keys: keysBelow("model", gmmPathOptions),
    isReparameterized: false,
    bind({ network, path }) {
      const shape = [network.horizonSteps, network.actionDim];
      const { logprobReduce } = path as z.output<typeof gmmPathOptions>;
      const scale = logprobReduce === "mean" ? 1 / (network.horizonSteps * network.actionDim) : 1;
      const scaled = (sample: tf.Tensor3D, mixture: Mixture) => {
        const { logProbability, entropy } = density(sample, mixture);
        return { logProbability: logProbability.mul<tf.Tensor1D>(scale), entropy: entropy.mul<tf.Tensor1D>(scale) };
      };
      return {
        units: 1,
        parameters: [],
        controls: [],
        draws: mixtureDraws(network),
        stored: { sample: shape },
        sampling: {},
        sample(weights, condition, draws) {
          const mixture = network.mixture(weights, condition);
          const sample = draw(mixture, draws, null);
          return { action: sample, stored: { sample }, logProbability: scaled(sample, mixture).logProbability };
        },
        density(weights, condition, { sample }: Tensors) {
          const mixture = network.mixture(weights, condition);
          const terms = { noiseStd: mixture.logStds.exp().mean<tf.Scalar>() };
          return { ...scaled(sample as tf.Tensor3D, mixture), terms };
        },
      };
    },
  },
});
