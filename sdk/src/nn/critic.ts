// State-value network of PPO (CriticObs): observations to one number, from the state itself or from an encoder's output.
import { z } from "zod";
import { constant, type ParameterSpec } from "../engine/parameters.js";
import { tf, type Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { count } from "../options.js";
import type { Space } from "../space.js";
import { activationName } from "./activations.js";
import { head } from "./head.js";
import { stateEncoder, type Encoder, type Observation } from "./network.js";
import { eyeOptions, ofPictures, seenSizes, visionEncoder } from "./vision-encoder.js";

export const criticOptions = z.strictObject({
  mlpDims: z.array(count).min(1).default([256, 256, 256]).describe("hidden widths"),
  activationType: activationName.default("Mish").describe("between the layers"),
  useLayernorm: z.boolean().default(false).describe("layer normalisation"),
  residualStyle: z.boolean().default(true).describe("residual blocks (1, 3, 5, ... hidden widths) or a plain network"),
});

/** Of a critic that reads what the policy sees. */
export const ownCriticOptions = criticOptions.extend({
  outBiasInit: z.number().default(0).describe("first value of all states"),
  type: z.enum(["mlp", "vit"]).optional().describe("follows from what the policy sees; stating it checks that"),
  ...ofPictures({
    ...eyeOptions,
    numImg: count
      .default(1)
      .describe("of pictures: cameras that are looked at one by one, with the same vision transformer"),
    augment: z.literal(false).default(false).describe("pictures are moved once per iteration instead: train.augment"),
    dropout: z.literal(0).default(0).describe("values have none"),
  }),
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

/**
 * A critic with an encoder of its own: it reads the state, of policies that see with eyes of its own, parameters
 * `<prefix>backbone.vit.*`, `<prefix>compress*` after those of the head.
 *
 * @throws InputError `DMPO_NETWORK` for a `type` that does not fit what is seen, or pictures that do not divide.
 */
export function ownCritic(
  input: z.input<typeof ownCriticOptions>,
  { state, rgb }: Pick<Space, "state" | "rgb">,
  prefix: string,
): Critic {
  const { outBiasInit, type = rgb ? "vit" : "mlp", ...options } = ownCriticOptions.parse(input);
  if ((type === "vit") !== (rgb !== undefined)) {
    fail(
      "DMPO_NETWORK",
      "critic",
      `is "${type}"`,
      rgb ? '"vit", as the policy sees pictures' : '"mlp"',
      "leave type out",
    );
  }
  const stateSize = state[0] * state[1];
  const encoder = rgb ? visionEncoder(options, seenSizes({ state, rgb }), prefix) : stateSize;
  const { mlpDims, activationType, useLayernorm, residualStyle } = options;
  const built = critic({ mlpDims, activationType, useLayernorm, residualStyle }, encoder, prefix);
  const isOwn = ({ name }: ParameterSpec) => name.startsWith(`${prefix}Q1`);
  const [head, eyes] = [built.parameters.filter(isOwn), built.parameters.filter((spec) => !isOwn(spec))];
  const start = (spec: ParameterSpec, i: number) =>
    i === head.length - 1 && outBiasInit !== 0 ? { ...spec, initialise: constant(outBiasInit) } : spec;
  return { ...built, parameters: [...head.map(start), ...eyes] };
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
