// State-value network of PPO (CriticObs): observations to one number.
import { z } from "zod";
import type { ParameterSpec } from "../engine/parameters.js";
import type { tf, Weights } from "../engine/tensor.js";
import { activationName } from "./activations.js";
import { mlp } from "./mlp.js";
import { residualMlp } from "./residual-mlp.js";

const count = z.int().positive();

export const criticOptions = z.strictObject({
  condDim: count.describe("numbers in the observation history, To x Do"),
  mlpDims: z.array(count).min(1).default([256, 256, 256]).describe("hidden widths"),
  activationType: activationName.default("Mish"),
  useLayernorm: z.boolean().default(false),
  residualStyle: z.boolean().default(true).describe("residual blocks (1, 3, 5, ... hidden widths) or a plain network"),
});

export interface Critic {
  readonly parameters: readonly ParameterSpec[];
  /** Values (B) of observation histories (B, To, Do). */
  value(weights: Weights, state: tf.Tensor): tf.Tensor1D;
}

/** Builds the critic; parameters are called `<prefix>Q1.*`. */
export function critic(input: z.input<typeof criticOptions>, prefix = ""): Critic {
  const options = criticOptions.parse(input);
  const build = options.residualStyle ? residualMlp : mlp;
  const head = build(`${prefix}Q1`, [options.condDim, ...options.mlpDims, 1], {
    activation: options.activationType,
    layerNorm: options.useLayernorm,
  });
  return {
    parameters: head.parameters,
    value: (weights, state) => head.apply(weights, state.reshape([-1, options.condDim])).reshape([-1]),
  };
}
