// ShortCutFlowMLP: velocity s(x, t, d | state) of an action chunk for steps of size d, from low-dimensional observations.
// The head reads [action, embedding of t and d combined with the condition].
import { z } from "zod";
import { stopGradient } from "../engine/jvp.js";
import type { tf, Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { pairEmbedding } from "./embeddings.js";
import { flowHeadOptions, head, headVelocity, sizeOptions, stateSizes } from "./head.js";
import {
  stateEncoder,
  type Encoder,
  type InferredNetwork,
  type Network,
  type NetworkFamily,
  type Shapes,
} from "./network.js";
import { refuseVision, weightsOf } from "./shapes.js";

export const shortcutMlpOptions = z.strictObject({
  ...sizeOptions,
  tdEmbDim: z.int().min(4).multipleOf(2).default(16).describe("width of the embedding of time and step size"),
  embedCombinationType: z
    .enum(["add", "multiply", "concate"])
    .default("add")
    .describe("how that embedding meets the condition; add and multiply need equal widths"),
  ...flowHeadOptions,
  condMlpDims: flowHeadOptions.condMlpDims
    .unwrap()
    .default([64, 16])
    .describe(flowHeadOptions.condMlpDims.description!),
});
export type ShortcutMlpOptions = z.output<typeof shortcutMlpOptions>;

export interface ShortcutNetwork extends Network {
  /** Width of {@link timeFeatures}. */
  readonly timeDim: number;
  /**
   * Velocity (B, Ta, Da) of noisy actions x (B, Ta, Da) from times t (B) on over steps of sizes d (B), 0 being infinitely
   * small, under condition encodings (B, C), and the head's hidden representations.
   */
  velocity(
    weights: Weights,
    x: tf.Tensor3D,
    t: tf.Tensor1D,
    d: tf.Tensor1D,
    condition: tf.Tensor2D,
  ): { velocity: tf.Tensor3D; hidden: tf.Tensor2D[] };
  /** The embedding of times and step sizes (B), (B, timeDim), as a constant. */
  timeFeatures(weights: Weights, t: tf.Tensor1D, d: tf.Tensor1D): tf.Tensor2D;
}

/** Builds the network; `prefix` starts every parameter name, e.g. "network.". @throws InputError for widths that do not combine. */
export function shortcutMlp(input: z.input<typeof shortcutMlpOptions>, prefix = ""): ShortcutNetwork {
  const options = shortcutMlpOptions.parse(input);
  const encoder = stateEncoder(`${prefix}cond_emb`, options.condDim, options.condMlpDims, options.activationType);
  return shortcutNetwork(options, encoder, "t_emb", prefix);
}

/**
 * The network behind an encoder of its observations.
 *
 * @param name of the embedding of time and step size. @throws InputError for widths that do not combine.
 */
export function shortcutNetwork(
  options: Omit<ShortcutMlpOptions, "condDim" | "condMlpDims">,
  encoder: Encoder,
  name: string,
  prefix: string,
): ShortcutNetwork {
  const { horizonSteps, actionDim, tdEmbDim, embedCombinationType: combination } = options;
  const size = horizonSteps * actionDim;
  const embedding = pairEmbedding(`${prefix}${name}`, tdEmbDim);
  if (combination !== "concate" && encoder.width !== tdEmbDim) {
    fail(
      "DMPO_NETWORK",
      `embedCombinationType "${combination}"`,
      `combines ${tdEmbDim} numbers of time and step size (tdEmbDim) with ${encoder.width} of the condition (condMlpDims)`,
      "equal widths",
      'end condMlpDims with tdEmbDim, or choose "concate"',
    );
  }
  const combined = combination === "concate" ? tdEmbDim + encoder.width : tdEmbDim;
  const module = head(`${prefix}vel_head`, [size + combined, ...options.mlpDims, size], options);
  return {
    parameters: [embedding, encoder, module].flatMap(({ parameters }) => parameters),
    ...{ horizonSteps, actionDim, encoder, timeDim: tdEmbDim },
    velocity: (weights, x, t, d, condition) =>
      headVelocity(module, weights, x, combinations[combination](embedding.apply(weights, t, d), condition)),
    timeFeatures: (weights, t, d) => stopGradient(embedding.apply(weights, t, d)),
  };
}

/** Columns of the head from the embedding (B, tdEmbDim) and the condition (B, C). */
const combinations: Record<
  ShortcutMlpOptions["embedCombinationType"],
  (embedding: tf.Tensor2D, condition: tf.Tensor2D) => tf.Tensor2D[]
> = {
  add: (embedding, condition) => [embedding.add(condition)],
  multiply: (embedding, condition) => [embedding.mul(condition)],
  concate: (embedding, condition) => [embedding, condition],
};

/** {@link shortcutMlp} as a policy lists it. */
export const shortcutMlpFamily: NetworkFamily<ShortcutNetwork> = {
  options: shortcutMlpOptions,
  untold: ["activationType", "outActivationType", "embedCombinationType"],
  sizes: stateSizes,
  build: (options, prefix) => shortcutMlp(options as ShortcutMlpOptions, prefix),
  infer: inferShortcut,
};

/** Sums and products look the same in weights, so `embedCombinationType` is told only where both stand side by side. */
function inferShortcut(shapes: Shapes, prefix: string, source: string): InferredNetwork {
  refuseVision(shapes, source);
  const { matrix, read } = weightsOf(shapes, prefix, source, {
    encoder: "cond_emb",
    head: "vel_head",
    embeddings: ["t_emb"],
  });
  const tdEmbDim = matrix("t_emb.0").outputs;
  const { headInputs, chunkSize, stateSize, options } = read();
  const combined = headInputs - chunkSize;
  const isConcatenated = combined > tdEmbDim;
  return {
    chunk: { size: chunkSize },
    stateSize: stateSize ?? (isConcatenated ? combined - tdEmbDim : combined),
    options: { tdEmbDim, ...(isConcatenated && { embedCombinationType: "concate" }), ...options },
  };
}
