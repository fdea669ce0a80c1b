// One-step network of flow Q-learning: from observations and noise straight to an action chunk. Park et al. 2025 (arXiv
// 2502.02538), section 4; sizes and names as in the release.
import { z } from "zod";
import { tf, type Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { count } from "../options.js";
import { activations } from "./activations.js";
import { sizeOptions, stateSizes } from "./head.js";
import { linear } from "./linear.js";
import { stateEncoder, type Network, type NetworkFamily } from "./network.js";

export const oneStepMlpOptions = z.strictObject({
  ...sizeOptions,
  hiddenDim: count.default(512).describe("width of both hidden layers"),
});
type OneStepMlpOptions = z.output<typeof oneStepMlpOptions>;

export interface OneStepNetwork extends Network {
  /** Chunks (B, Ta, Da), in no range, for noise (B, Ta, Da) and condition encodings (B, C). */
  chunk(weights: Weights, noise: tf.Tensor3D, condition: tf.Tensor2D): tf.Tensor3D;
}

/** Builds the network; parameters are called `<prefix>net.{0,2,4}.*`. */
export function oneStepMlp(input: z.input<typeof oneStepMlpOptions>, prefix = ""): OneStepNetwork {
  const { horizonSteps, actionDim, condDim, hiddenDim } = oneStepMlpOptions.parse(input);
  const size = horizonSteps * actionDim;
  const widths = [condDim + size, hiddenDim, hiddenDim, size];
  const layers = [0, 1, 2].map((i) => linear(`${prefix}net.${2 * i}`, widths[i]!, widths[i + 1]!));
  return {
    parameters: layers.flatMap(({ parameters }) => parameters),
    ...{ horizonSteps, actionDim, encoder: stateEncoder("", condDim, null, "GELU") },
    chunk(weights, noise, condition) {
      const rows = tf.concat2d([condition, noise.reshape<tf.Tensor2D>([-1, size])], 1);
      const [first, second, last] = layers as [(typeof layers)[0], (typeof layers)[0], (typeof layers)[0]];
      const hidden = activations.GELU(second.apply(weights, activations.GELU(first.apply(weights, rows))));
      return last.apply(weights, hidden).reshape(noise.shape);
    },
  };
}

/** {@link oneStepMlp} as a policy lists it. */
export const oneStepMlpFamily: NetworkFamily<OneStepNetwork> = {
  options: oneStepMlpOptions,
  untold: [],
  sizes: stateSizes,
  build: (options, prefix) => oneStepMlp(options as OneStepMlpOptions, prefix),
  infer(shapes, prefix, source) {
    const [first, last] = [0, 4].map((i) => shapes.get(`${prefix}net.${i}.weight`));
    if (first?.length !== 2 || last?.length !== 2) {
      fail("DMPO_WEIGHTS", source, `has no matrices ${prefix}net.0 and net.4`, "the weights of a one-step network");
    }
    const [[hiddenDim, inputs], [size]] = [first, last] as [[number, number], [number, number]];
    return { chunk: { size }, stateSize: inputs - size, options: { hiddenDim } };
  },
};
