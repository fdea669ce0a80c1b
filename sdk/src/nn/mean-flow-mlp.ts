// MeanFlowMLP: average velocity u(x, t, r | state) of an action chunk from low-dimensional observations.
// The head reads [action, embedding of t, embedding of r, condition], in this order.
import { z } from "zod";
import { timeEmbedding } from "./embeddings.js";
import { flowHeadOptions, head, headVelocity, inOrder, sizeOptions, stateSizes } from "./head.js";
import { stateEncoder, type Encoder, type NetworkFamily } from "./network.js";
import { inferHead } from "./shapes.js";
import type { VelocityNetwork } from "./velocity-network.js";

const embeddingDim = z.int().min(4).multipleOf(2);

export const meanFlowMlpOptions = z.strictObject({
  ...sizeOptions,
  timeDim: embeddingDim.default(16).describe("width of the embedding of t"),
  rEmbeddingDim: embeddingDim.default(16).describe("width of the embedding of r"),
  ...flowHeadOptions,
  condMlpDims: flowHeadOptions.condMlpDims
    .unwrap()
    .default([64, 16])
    .describe(flowHeadOptions.condMlpDims.description!),
});
export type MeanFlowMlpOptions = z.output<typeof meanFlowMlpOptions>;

/** Builds the network; `prefix` starts every parameter name, e.g. "network." or "actor_ft.policy.". */
export function meanFlowMlp(input: z.input<typeof meanFlowMlpOptions>, prefix = ""): VelocityNetwork {
  const options = meanFlowMlpOptions.parse(input);
  const encoder = stateEncoder(`${prefix}cond_mlp`, options.condDim, options.condMlpDims, options.activationType);
  return meanFlowNetwork(options, encoder, prefix);
}

/** The network behind an encoder of its observations. @throws InputError, see `residualMlp`. */
export function meanFlowNetwork(
  options: Omit<MeanFlowMlpOptions, "condDim" | "condMlpDims">,
  encoder: Encoder,
  prefix: string,
): VelocityNetwork {
  const { horizonSteps, actionDim } = options;
  const size = horizonSteps * actionDim;
  const timeOf = timeEmbedding(`${prefix}time_embedding`, options.timeDim);
  const rOf = timeEmbedding(`${prefix}r_embedding`, options.rEmbeddingDim);
  const module = head(
    `${prefix}mlp_mean`,
    [size + options.timeDim + options.rEmbeddingDim + encoder.width, ...options.mlpDims, size],
    options,
  );

  const features: VelocityNetwork["features"] = (weights, x, t, r, condition) =>
    headVelocity(module, weights, x, [timeOf.apply(weights, t), rOf.apply(weights, r), condition]);
  return {
    parameters: inOrder([timeOf, rOf], encoder, [module]),
    horizonSteps,
    actionDim,
    encoder,
    velocity: (weights, x, t, r, condition) => features(weights, x, t, r, condition).velocity,
    features,
  };
}

/** {@link meanFlowMlp} as a policy lists it. */
export const meanFlowMlpFamily: NetworkFamily<VelocityNetwork> = {
  options: meanFlowMlpOptions,
  untold: ["activationType", "outActivationType"],
  sizes: stateSizes,
  build: (options, prefix) => meanFlowMlp(options as MeanFlowMlpOptions, prefix),
  infer: (shapes, prefix, source) =>
    inferHead(shapes, prefix, source, { embeddings: { timeDim: "time_embedding", rEmbeddingDim: "r_embedding" } }),
};
