// VisionFlowMLP, VisionDiffusionMLP and ConsistencyViT: velocity (or noise) of an action chunk from pictures and the state. The
// first two look at cameras one by one, the last at all of them as channels of one picture.
// The head reads [action, embedding of t, pictures, state], in this order.
import { z } from "zod";
import { consistencyMlpOptions, EXPANSION } from "./consistency-mlp.js";
import type { DiffusionNetwork } from "./denoising-network.js";
import { noiseOf } from "./diffusion-mlp.js";
import { flowMlpOptions, flowNetwork, type FlowNetwork } from "./flow-mlp.js";
import type { NetworkFamily } from "./network.js";
import { inferHead } from "./shapes.js";
import {
  headOf,
  optionSizes,
  passingVisionOptions,
  stackedVisionOptions,
  visionEncoder,
  visionOptions,
  visionSizes,
} from "./vision-encoder.js";

export const flowVitOptions = z.strictObject({
  ...flowMlpOptions.omit({ condMlpDims: true }).shape,
  ...visionOptions,
});
type FlowVitOptions = z.output<typeof flowVitOptions>;
const consistencyVitOptions = z.strictObject({
  ...consistencyMlpOptions.omit({ condMlpDims: true }).shape,
  ...stackedVisionOptions,
});

/** Builds the network; `prefix` starts every parameter name. @throws InputError for pictures that the convolutions do not divide. */
export function flowVit(input: z.input<typeof flowVitOptions>, prefix = ""): FlowNetwork {
  const options = flowVitOptions.parse(input);
  return flowNetwork(headOf(options), visionEncoder(options, optionSizes(options), prefix), prefix);
}

function consistencyVit(input: object, prefix: string): FlowNetwork {
  const options = consistencyVitOptions.parse(input);
  const encoder = visionEncoder({ ...options, numImg: 1 }, optionSizes(options), prefix);
  return flowNetwork(headOf(options), encoder, prefix, EXPANSION);
}

const family = {
  options: flowVitOptions,
  untold: ["activationType", "outActivationType", ...passingVisionOptions],
  training: passingVisionOptions,
  sizes: visionSizes,
  infer: (shapes, prefix, source) =>
    inferHead(shapes, prefix, source, { embeddings: { timeDim: "time_embedding" }, sees: true }),
  changeable: () => passingVisionOptions,
} satisfies Omit<NetworkFamily<FlowNetwork>, "build">;

/** {@link flowVit} as a policy lists it. */
export const flowVitFamily: NetworkFamily<FlowNetwork> = {
  ...family,
  build: (options, prefix) => flowVit(options as FlowVitOptions, prefix),
};

/** The same layers, names and initial values, t being the step of the noise schedule. */
export const diffusionVitFamily: NetworkFamily<DiffusionNetwork> = {
  ...family,
  build: (options, prefix) => noiseOf(flowVit(options as FlowVitOptions, prefix)),
};

/** With the wider embedding of t that consistency models have. */
export const consistencyVitFamily: NetworkFamily<FlowNetwork> = {
  ...family,
  options: consistencyVitOptions,
  untold: [...family.untold, "numImg"],
  build: consistencyVit,
  infer: (shapes, prefix, source) =>
    inferHead(shapes, prefix, source, {
      embeddings: { timeDim: "time_embedding" },
      expansion: EXPANSION,
      sees: true,
    }),
};
