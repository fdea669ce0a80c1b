// MeanFlowViT: average velocity u(x, t, r | pictures, state) of an action chunk. All cameras are channels of one picture.
// The head reads [action, embedding of t, embedding of r, picture, state], in this order.
import { z } from "zod";
import { meanFlowMlpOptions, meanFlowNetwork } from "./mean-flow-mlp.js";
import type { NetworkFamily } from "./network.js";
import { inferHead } from "./shapes.js";
import type { VelocityNetwork } from "./velocity-network.js";
import {
  headOf,
  optionSizes,
  passingVisionOptions,
  stackedVisionOptions,
  visionEncoder,
  visionSizes,
} from "./vision-encoder.js";

export const meanFlowVitOptions = z.strictObject({
  ...meanFlowMlpOptions.omit({ condMlpDims: true }).shape,
  ...stackedVisionOptions,
});
type MeanFlowVitOptions = z.output<typeof meanFlowVitOptions>;

/** Builds the network; `prefix` starts every parameter name. @throws InputError for pictures that the convolutions do not divide. */
export function meanFlowVit(input: z.input<typeof meanFlowVitOptions>, prefix = ""): VelocityNetwork {
  const options = meanFlowVitOptions.parse(input);
  const encoder = visionEncoder({ ...options, numImg: 1 }, optionSizes(options), prefix);
  return meanFlowNetwork(headOf(options), encoder, prefix);
}

/** {@link meanFlowVit} as a policy lists it. */
export const meanFlowVitFamily: NetworkFamily<VelocityNetwork> = {
  options: meanFlowVitOptions,
  untold: ["activationType", "outActivationType", "numImg", ...passingVisionOptions],
  training: passingVisionOptions,
  sizes: visionSizes,
  build: (options, prefix) => meanFlowVit(options as MeanFlowVitOptions, prefix),
  infer: (shapes, prefix, source) =>
    inferHead(shapes, prefix, source, {
      embeddings: { timeDim: "time_embedding", rEmbeddingDim: "r_embedding" },
      sees: true,
    }),
  changeable: () => passingVisionOptions,
};
