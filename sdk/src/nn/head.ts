// What the heads of all networks have in common: their options, and that of a flow, which reads noisy actions.
import { z } from "zod";
import type { ParameterSpec } from "../engine/parameters.js";
import { tf, type Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { count } from "../options.js";
import type { Space } from "../space.js";
import { activationName, type ActivationName } from "./activations.js";
import { mlp, type MlpOptions } from "./mlp.js";
import type { LayeredModule } from "./module.js";
import type { Encoder } from "./network.js";
import { residualMlp } from "./residual-mlp.js";

/** Sizes that follow from the data or the environment. */
export const sizeOptions = {
  horizonSteps: count.describe("length Ta of an action chunk"),
  actionDim: count.describe("numbers Da per action"),
  condDim: count.describe("numbers in the observation history, To x Do"),
};

/** They, of networks that read low-dimensional observations only. */
export function stateSizes({ horizonSteps, actionDim, state: [condSteps, width] }: Space) {
  return { horizonSteps, actionDim, condDim: condSteps * width };
}

/** Options of a head that turns noisy actions, times and a condition into a velocity. */
export const flowHeadOptions = {
  mlpDims: z.array(count).min(1).default([512, 512, 512]).describe("hidden widths of the head"),
  condMlpDims: z
    .array(count)
    .min(1)
    .nullable()
    .default(null)
    .describe("widths of the condition encoder, the last being its output; null feeds the observations to the head"),
  activationType: activationName.default("Mish").describe("between the layers"),
  outActivationType: activationName.default("Identity").describe("after the last layer"),
  useLayernorm: z.boolean().default(false).describe("layer normalisation in the head"),
  residualStyle: z
    .boolean()
    .default(true)
    .describe("head of residual blocks (1, 3, 5, ... hidden widths) or a plain one"),
};

export interface HeadOptions {
  readonly activationType: ActivationName;
  readonly outActivationType?: ActivationName;
  readonly useLayernorm: boolean;
  readonly residualStyle: boolean;
  /** Share of entries that training drops; default 0, and only in plain networks. */
  readonly dropout?: number;
}

/**
 * Widths from input to output; residual blocks or a plain network.
 *
 * @throws InputError for dropout in residual blocks, or see `residualMlp`.
 */
export function head(
  name: string,
  widths: readonly number[],
  { activationType, outActivationType, useLayernorm, residualStyle, dropout = 0 }: HeadOptions,
  others: Pick<MlpOptions, "layerNormFinal" | "dropoutFinal"> = {},
): LayeredModule {
  if (residualStyle && dropout > 0) {
    const remedy = "set dropout to 0, or residualStyle (residual_style) to false";
    fail("DMPO_NETWORK", "dropout", `is ${dropout} in residual blocks`, "0 there: they have none", remedy);
  }
  const build = residualStyle ? residualMlp : mlp;
  return build(name, widths, {
    activation: activationType,
    outActivation: outActivationType,
    layerNorm: useLayernorm,
    dropout,
    ...others,
  });
}

/** What a flow's head makes of noisy actions x (B, Ta, Da) and further columns (B, ...): a velocity (B, Ta, Da), and its hidden representations. */
export function headVelocity(
  module: LayeredModule,
  weights: Weights,
  x: tf.Tensor3D,
  columns: readonly tf.Tensor2D[],
): { velocity: tf.Tensor3D; hidden: tf.Tensor2D[] } {
  const [, horizonSteps, actionDim] = x.shape;
  const input = tf.concat2d([x.reshape<tf.Tensor2D>([-1, horizonSteps * actionDim]), ...columns], 1);
  const layers = module.layers(weights, input);
  return { velocity: layers.at(-1)!.reshape(x.shape), hidden: layers.slice(0, -1) };
}

type Parts = readonly { readonly parameters: readonly ParameterSpec[] }[];

/** Parameters in PyTorch's order of registration: eyes come first, encoders of states after the embeddings of times. */
export function inOrder(embeddings: Parts, encoder: Encoder, rest: Parts): ParameterSpec[] {
  const parts = encoder.rgb ? [encoder, ...embeddings, ...rest] : [...embeddings, encoder, ...rest];
  return parts.flatMap(({ parameters }) => parameters);
}
