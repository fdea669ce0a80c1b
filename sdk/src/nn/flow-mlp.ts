// FlowMLP: velocity v(x, t | state) of an action chunk from low-dimensional observations, as ReFlow and diffusion use it.
// The head reads [action, embedding of t, condition], in this order.
import { z } from "zod";
import { stopGradient } from "../engine/jvp.js";
import type { tf, Weights } from "../engine/tensor.js";
import { timeEmbedding } from "./embeddings.js";
import { flowHeadOptions, head, headVelocity, inOrder, sizeOptions, stateSizes } from "./head.js";
import { stateEncoder, type Encoder, type Network, type NetworkFamily } from "./network.js";
import { inferHead } from "./shapes.js";

export const flowMlpOptions = z.strictObject({
  ...sizeOptions,
  timeDim: z.int().min(4).multipleOf(2).default(16).describe("width of the embedding of t"),
  ...flowHeadOptions,
});
export type FlowMlpOptions = z.output<typeof flowMlpOptions>;

export interface FlowNetwork extends Network {
  /** Width of {@link timeFeatures}. */
  readonly timeDim: number;
  /** Velocity (B, Ta, Da) of noisy actions x (B, Ta, Da) at times t (B) under condition encodings (B, C), and the head's hidden representations. */
  velocity(
    weights: Weights,
    x: tf.Tensor3D,
    t: tf.Tensor1D,
    condition: tf.Tensor2D,
  ): { velocity: tf.Tensor3D; hidden: tf.Tensor2D[] };
  /** The embedding of times (B), (B, timeDim), as a constant. */
  timeFeatures(weights: Weights, t: tf.Tensor1D): tf.Tensor2D;
}

/** Builds the network; `prefix` starts every parameter name, e.g. "network."; `expansion` is that of the embedding of t. */
export function flowMlp(input: z.input<typeof flowMlpOptions>, prefix = "", expansion = 2): FlowNetwork {
  const options = flowMlpOptions.parse(input);
  const encoder = stateEncoder(`${prefix}cond_mlp`, options.condDim, options.condMlpDims, options.activationType);
  return flowNetwork(options, encoder, prefix, expansion);
}

/** The network behind an encoder of its observations. @throws InputError, see `residualMlp`. */
export function flowNetwork(
  options: Omit<FlowMlpOptions, "condDim" | "condMlpDims">,
  encoder: Encoder,
  prefix: string,
  expansion = 2,
): FlowNetwork {
  const { horizonSteps, actionDim, timeDim } = options;
  const size = horizonSteps * actionDim;
  const timeOf = timeEmbedding(`${prefix}time_embedding`, timeDim, expansion);
  const module = head(`${prefix}mlp_mean`, [size + timeDim + encoder.width, ...options.mlpDims, size], options);
  return {
    parameters: inOrder([timeOf], encoder, [module]),
    ...{ horizonSteps, actionDim, encoder, timeDim },
    velocity: (weights, x, t, condition) => headVelocity(module, weights, x, [timeOf.apply(weights, t), condition]),
    timeFeatures: (weights, t) => stopGradient(timeOf.apply(weights, t)),
  };
}

/** {@link flowMlp} as a policy lists it. */
export const flowMlpFamily: NetworkFamily<FlowNetwork> = {
  options: flowMlpOptions,
  untold: ["activationType", "outActivationType"],
  sizes: stateSizes,
  build: (options, prefix) => flowMlp(options as FlowMlpOptions, prefix),
  infer: (shapes, prefix, source) => inferHead(shapes, prefix, source, { embeddings: { timeDim: "time_embedding" } }),
};
