// MeanFlowMLP: average velocity u(x, t, r | state) of an action chunk from low-dimensional observations.
// The head reads [action, embedding of t, embedding of r, condition], in this order.
import { z } from "zod";
import { tf } from "../engine/tensor.js";
import { activationName } from "./activations.js";
import { timeEmbedding } from "./embeddings.js";
import { mlp } from "./mlp.js";
import { residualMlp } from "./residual-mlp.js";
import { stateEncoder, type NetworkFamily } from "./network.js";
import { inferHead } from "./shapes.js";
import type { VelocityNetwork } from "./velocity-network.js";

const count = z.int().positive();
const embeddingDim = z.int().min(4).multipleOf(2);

export const meanFlowMlpOptions = z.strictObject({
  horizonSteps: count.describe("length Ta of an action chunk"),
  actionDim: count.describe("numbers Da per action"),
  condDim: count.describe("numbers in the observation history, To x Do"),
  timeDim: embeddingDim.default(16).describe("width of the embedding of t"),
  rEmbeddingDim: embeddingDim.default(16).describe("width of the embedding of r"),
  mlpDims: z.array(count).min(1).default([512, 512, 512]).describe("hidden widths of the head"),
  condMlpDims: z
    .array(count)
    .min(1)
    .nullable()
    .default([64, 16])
    .describe("widths of the condition encoder, the last being its output; null feeds the observations to the head"),
  activationType: activationName.default("Mish"),
  outActivationType: activationName.default("Identity"),
  useLayernorm: z.boolean().default(false).describe("layer normalisation in the head"),
  residualStyle: z
    .boolean()
    .default(true)
    .describe("head of residual blocks (1, 3, 5, ... hidden widths) or a plain one"),
});
export type MeanFlowMlpOptions = z.output<typeof meanFlowMlpOptions>;

/** Builds the network; `prefix` starts every parameter name, e.g. "network." or "actor_ft.policy.". */
export function meanFlowMlp(input: z.input<typeof meanFlowMlpOptions>, prefix = ""): VelocityNetwork {
  const options = meanFlowMlpOptions.parse(input);
  const { horizonSteps, actionDim } = options;
  const size = horizonSteps * actionDim;
  const activation = options.activationType;
  const timeOf = timeEmbedding(`${prefix}time_embedding`, options.timeDim);
  const rOf = timeEmbedding(`${prefix}r_embedding`, options.rEmbeddingDim);
  const encoder = stateEncoder(`${prefix}cond_mlp`, options.condDim, options.condMlpDims, activation);
  const build = options.residualStyle ? residualMlp : mlp;
  const head = build(
    `${prefix}mlp_mean`,
    [size + options.timeDim + options.rEmbeddingDim + encoder.width, ...options.mlpDims, size],
    { activation, outActivation: options.outActivationType, layerNorm: options.useLayernorm },
  );

  const features: VelocityNetwork["features"] = (weights, x, t, r, condition) => {
    const input = tf.concat([x.reshape([-1, size]), timeOf.apply(weights, t), rOf.apply(weights, r), condition], 1);
    const layers = head.layers(weights, input as tf.Tensor2D);
    return { velocity: layers.at(-1)!.reshape(x.shape), hidden: layers.slice(0, -1) };
  };
  return {
    parameters: [timeOf, rOf, encoder, head].flatMap(({ parameters }) => parameters),
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
  sizes: ({ horizonSteps, actionDim, state }) => ({ horizonSteps, actionDim, condDim: state[0] * state[1] }),
  build: (options, prefix) => meanFlowMlp(options as MeanFlowMlpOptions, prefix),
  infer: (shapes, prefix, source) =>
    inferHead(shapes, prefix, source, { timeDim: "time_embedding", rEmbeddingDim: "r_embedding" }),
};
