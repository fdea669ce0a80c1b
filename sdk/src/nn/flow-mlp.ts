// FlowMLP: velocity v(x, t | state) of an action chunk from low-dimensional observations, as ReFlow and diffusion use it.
// The head reads [action, embedding of t, condition], in this order.
import { z } from "zod";
import { stopGradient } from "../engine/jvp.js";
import { tf, type Weights } from "../engine/tensor.js";
import { activationName } from "./activations.js";
import { timeEmbedding } from "./embeddings.js";
import { mlp } from "./mlp.js";
import { stateEncoder, type Network, type NetworkFamily } from "./network.js";
import { residualMlp } from "./residual-mlp.js";
import { inferHead } from "./shapes.js";

const count = z.int().positive();

export const flowMlpOptions = z.strictObject({
  horizonSteps: count.describe("length Ta of an action chunk"),
  actionDim: count.describe("numbers Da per action"),
  condDim: count.describe("numbers in the observation history, To x Do"),
  timeDim: z.int().min(4).multipleOf(2).default(16).describe("width of the embedding of t"),
  mlpDims: z.array(count).min(1).default([512, 512, 512]).describe("hidden widths of the head"),
  condMlpDims: z
    .array(count)
    .min(1)
    .nullable()
    .default(null)
    .describe("widths of the condition encoder, the last being its output; null feeds the observations to the head"),
  activationType: activationName.default("Mish"),
  outActivationType: activationName.default("Identity"),
  useLayernorm: z.boolean().default(false).describe("layer normalisation in the head"),
  residualStyle: z
    .boolean()
    .default(true)
    .describe("head of residual blocks (1, 3, 5, ... hidden widths) or a plain one"),
});
type FlowMlpOptions = z.output<typeof flowMlpOptions>;

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

/** Builds the network; `prefix` starts every parameter name, e.g. "network.". */
export function flowMlp(input: z.input<typeof flowMlpOptions>, prefix = ""): FlowNetwork {
  const options = flowMlpOptions.parse(input);
  const { horizonSteps, actionDim, timeDim, activationType: activation } = options;
  const size = horizonSteps * actionDim;
  const timeOf = timeEmbedding(`${prefix}time_embedding`, timeDim);
  const encoder = stateEncoder(`${prefix}cond_mlp`, options.condDim, options.condMlpDims, activation);
  const build = options.residualStyle ? residualMlp : mlp;
  const head = build(`${prefix}mlp_mean`, [size + timeDim + encoder.width, ...options.mlpDims, size], {
    activation,
    outActivation: options.outActivationType,
    layerNorm: options.useLayernorm,
  });
  return {
    parameters: [timeOf, encoder, head].flatMap(({ parameters }) => parameters),
    ...{ horizonSteps, actionDim, encoder, timeDim },
    velocity(weights, x, t, condition) {
      const input = tf.concat([x.reshape([-1, size]), timeOf.apply(weights, t), condition], 1) as tf.Tensor2D;
      const layers = head.layers(weights, input);
      return { velocity: layers.at(-1)!.reshape(x.shape), hidden: layers.slice(0, -1) };
    },
    timeFeatures: (weights, t) => stopGradient(timeOf.apply(weights, t)),
  };
}

/** {@link flowMlp} as a policy lists it. */
export const flowMlpFamily: NetworkFamily<FlowNetwork> = {
  options: flowMlpOptions,
  sizes: ({ horizonSteps, actionDim, state }) => ({ horizonSteps, actionDim, condDim: state[0] * state[1] }),
  build: (options, prefix) => flowMlp(options as FlowMlpOptions, prefix),
  infer: (shapes, prefix, source) => inferHead(shapes, prefix, source, { timeDim: "time_embedding" }),
};
