// State-value network of PPO (CriticObs): observations to one number, from the state itself or from an encoder's output.
import { z } from "zod";
import type { ParameterSpec } from "../engine/parameters.js";
import { tf, type Weights } from "../engine/tensor.js";
import { count } from "../options.js";
import { activationName } from "./activations.js";
import { head } from "./head.js";
import { stateEncoder, type Encoder, type Observation } from "./network.js";

export const criticOptions = z.strictObject({
  mlpDims: z.array(count).min(1).default([256, 256, 256]).describe("hidden widths"),
  activationType: activationName.default("Mish").describe("between the layers"),
  useLayernorm: z.boolean().default(false).describe("layer normalisation"),
  residualStyle: z.boolean().default(true).describe("residual blocks (1, 3, 5, ... hidden widths) or a plain network"),
});

export interface Critic {
  /** Those of its encoder come first. */
  readonly parameters: readonly ParameterSpec[];
  /** Values (B) of observations. */
  value(weights: Weights, observation: Observation): tf.Tensor1D;
}

/**
 * Builds the critic; parameters are called `<prefix>Q1.*`.
 *
 * @param encoder what it reads observations with, e.g. the actor's, whose weights it then shares; or the number To x Do of
 *   its inputs, to read the state itself.
 */
export function critic(input: z.input<typeof criticOptions>, encoder: Encoder | number, prefix = ""): Critic {
  const options = criticOptions.parse(input);
  const reader = typeof encoder === "number" ? stateEncoder("", encoder, null, options.activationType) : encoder;
  const values = head(`${prefix}Q1`, [reader.width, ...options.mlpDims, 1], options);
  return {
    parameters: [...reader.parameters, ...values.parameters],
    value: (weights, observation) => values.apply(weights, reader.apply(weights, observation)).reshape([-1]),
  };
}

export const actionCriticOptions = criticOptions.extend({
  mlpDims: criticOptions.shape.mlpDims.unwrap().default([256, 256]).describe("hidden widths"),
  activationType: activationName.default("ReLU").describe("between the layers"),
  residualStyle: z.boolean().default(false).describe("residual blocks (1, 3, 5, ... hidden widths) or a plain network"),
});

export interface ActionCritic {
  readonly parameters: readonly ParameterSpec[];
  /** Values (B) of action chunks (B, Te, Da) in observations. */
  value(weights: Weights, observation: Observation, action: tf.Tensor): tf.Tensor1D;
}

/** State-action value network; it reads [state, actions], the actions' numbers being `actionSize` = Te Da. Parameters `<prefix>*`. */
export function actionCritic(
  input: z.input<typeof actionCriticOptions>,
  stateSize: number,
  actionSize: number,
  prefix: string,
): ActionCritic {
  const options = actionCriticOptions.parse(input);
  const reader = stateEncoder("", stateSize, null, options.activationType);
  const values = head(prefix, [stateSize + actionSize, ...options.mlpDims, 1], options);
  return {
    parameters: values.parameters,
    value: (weights, observation, action) =>
      values
        .apply(
          weights,
          tf.concat2d([reader.apply(weights, observation), action.reshape<tf.Tensor2D>([-1, actionSize])], 1),
        )
        .reshape([-1]),
  };
}

/** Several state-action value networks, each with its own weights, in one graph. */
export interface ActionCritics {
  /** Number of networks. */
  readonly count: number;
  readonly parameters: readonly ParameterSpec[];
  /** Values (B) of action chunks (B, Te, Da), one for each network. */
  values(weights: Weights, observation: Observation, action: tf.Tensor): tf.Tensor1D[];
}

/**
 * `count` networks as {@link actionCritic} has them, parameters `<prefix>Q1.*`, `<prefix>Q2.*`, ...
 *
 * They stand side by side: stacked into one batched product they were slower by a sixth to a quarter on a CPU (ten of 256, 256, or
 * five of 256, 256, 256; batches of 256, one thread), for weights are copied to be stacked, and what lies between outgrows the cache.
 */
export function actionCritics(
  input: z.input<typeof actionCriticOptions>,
  count: number,
  stateSize: number,
  actionSize: number,
  prefix = "critic.",
): ActionCritics {
  const networks = Array.from({ length: count }, (_, i) =>
    actionCritic(input, stateSize, actionSize, `${prefix}Q${i + 1}`),
  );
  return {
    count,
    parameters: networks.flatMap(({ parameters }) => parameters),
    values: (weights, observation, action) => networks.map((network) => network.value(weights, observation, action)),
  };
}
