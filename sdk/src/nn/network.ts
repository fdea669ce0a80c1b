// What every policy asks of a network: an encoding of the observation, computed once per batch, which actor and critic may
// share. What a policy asks besides (a velocity, a mean) is its own family's business.
import type { z } from "zod";
import type { ParameterSpec } from "../engine/parameters.js";
import type { HostTensor, tf, Weights } from "../engine/tensor.js";
import type { Space } from "../space.js";
import type { TrainingDraw } from "./dropout.js";
import { mlp } from "./mlp.js";
import type { ActivationName } from "./activations.js";

/** Frames Ti, channels C (3 per camera), height, width. */
export type PictureShape = readonly [frames: number, channels: number, height: number, width: number];

/** What a policy sees, B rows. */
export interface Observation {
  /** (B, To, Do), newest last, normalised. */
  readonly state: tf.Tensor;
  /** (B, Ti, C, H, W), 0 to 255. */
  readonly rgb?: tf.Tensor;
}

/** Each row of an observation without pictures (B) `times` times, one after the other (B times). */
export function repeated({ state }: Observation, times: number): Observation {
  const [rows, ...shape] = state.shape as [number, ...number[]];
  const many = state.expandDims(1).tile([1, times, ...shape.map(() => 1)]);
  return { state: many.reshape([rows * times, ...shape]) };
}

/** Where a network that sees looks, B rows, V cameras that it looks at one by one, P patches in rows of equal length. */
export interface Gaze {
  /** V. */
  readonly cameras: number;
  /** Layers of self-attention. */
  readonly layers: number;
  /** Pixels that a patch reads, square, and from one patch to the next. */
  readonly patch: { readonly size: number; readonly stride: number };
  /** Shares of attention in a layer, counted from 0: (V B, heads, P, P), camera by camera, the last axis summing to 1. */
  attention(weights: Weights, observation: Observation, layer: number): tf.Tensor4D;
  /** How much each number that is made of a camera's picture weighs each patch: (V, outputs, P); absent where no weights say so. */
  spatial?(weights: Weights): tf.Tensor3D;
}

/** Observations to what the head of a network reads. */
export interface Encoder {
  /** Its own, names complete with their prefix; empty where the state passes through. */
  readonly parameters: readonly ParameterSpec[];
  /** Width C of the encoding. */
  readonly width: number;
  /** Numbers To x Do of the observation history that it reads. */
  readonly stateSize: number;
  /** Pictures [Ti, C, H, W] that it reads; absent where it sees none. */
  readonly rgb?: PictureShape;
  /** What it draws while it learns from demonstrations, e.g. how pictures are moved; default nothing. */
  readonly training?: readonly TrainingDraw[];
  /** Where it looks; absent where it sees no pictures. */
  readonly gaze?: Gaze;
  /** Observations of B rows to their encodings (B, C). */
  apply(weights: Weights, observation: Observation): tf.Tensor2D;
}

/** What all networks have; what a policy asks besides is in its own extension of this. */
export interface Network {
  /** In PyTorch's registration order, names complete with their prefix; those of the encoder among them. */
  readonly parameters: readonly ParameterSpec[];
  /** Actions Ta per chunk. */
  readonly horizonSteps: number;
  /** Numbers Da per action. */
  readonly actionDim: number;
  /** Makes the condition (B, C) of an observation, once per batch. */
  readonly encoder: Encoder;
}

/** Shapes of weights by state_dict name, prefix included. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** Networks that differ in their sizes only. A policy lists those that it can use by name; the first is its default. */
export interface NetworkFamily<Net extends Network> {
  /** Includes the sizes that {@link sizes} gives. */
  readonly options: z.ZodObject;
  /** Options that leave no trace in weights, such as activations. */
  readonly untold: readonly string[];
  /** The options that follow from what the policy sees and answers with. */
  sizes(space: Space): Readonly<Record<string, unknown>>;
  /** Parameters are called `<prefix>*`. @throws InputError for options outside their range. */
  build(options: object, prefix: string): Net;
  /**
   * What weights tell of their network, for checkpoints that hold nothing else.
   *
   * @param scalars what such a file holds beside the weights, by state_dict name, prefix included.
   * @throws InputError `DMPO_WEIGHTS` naming `source` if they are not of this family.
   */
  infer(shapes: Shapes, prefix: string, source: string, scalars?: ReadonlyMap<string, number>): InferredNetwork;
  /** Options that matter to training from demonstrations alone, so that other stages need not say the same; by default none. */
  readonly training?: readonly string[];
  /** Names of options in `wanted` that a later stage may choose though `now` says otherwise, keeping the weights; by default none. */
  changeable?(now: object, wanted: object): readonly string[];
}

/** What {@link NetworkFamily.infer} reads off the shapes of weights. */
export interface InferredNetwork {
  /** Numbers Ta x Da of an action chunk, which weights do not divide; or Da alone where they fit chunks of any length. */
  readonly chunk: { readonly size: number } | { readonly actionDim: number };
  /** Numbers To x Do of the observation history. */
  readonly stateSize: number;
  /** Pictures that it reads, frames counted as one where weights do not tell; absent where it sees none. */
  readonly rgb?: PictureShape;
  /** Everything but {@link NetworkFamily.sizes}; what leaves no trace in weights is left out or as it usually is. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Passes the state on as a row, through an MLP where widths are given; parameters `<name>.moduleList.*`. */
export function stateEncoder(
  name: string,
  stateSize: number,
  widths: readonly number[] | null,
  activation: ActivationName,
): Encoder {
  const module = widths && mlp(name, [stateSize, ...widths], { activation });
  return {
    parameters: module?.parameters ?? [],
    width: widths?.at(-1) ?? stateSize,
    stateSize,
    apply(weights, { state }) {
      const rows = state.reshape<tf.Tensor2D>([-1, stateSize]);
      return module ? module.apply(weights, rows) : rows;
    },
  };
}

/** Host arrays as the observation of a compiled function. */
export type HostObservation = { readonly [K in keyof Observation]: HostTensor };
