// What a network part is: named parameters and a pure function of weights and rows. Weights keep PyTorch's names and layouts.
import type { ParameterSpec } from "../engine/parameters.js";
import type { tf, Weights } from "../engine/tensor.js";
import { fail, nearest } from "../errors.js";
import type { Mask } from "./dropout.js";

/** A part of a network. */
export interface Module {
  /** In PyTorch's registration order, names complete with their prefix. */
  readonly parameters: readonly ParameterSpec[];
  /** Rows (B, in) to rows (B, out). */
  apply(weights: Weights, x: tf.Tensor2D): tf.Tensor2D;
}

/** A module whose intermediate representations can be asked for. */
export interface LayeredModule extends Module {
  /** What it drops while it trains. */
  readonly masks: readonly Mask[];
  /** Hidden representations from the input on, each (B, width); the output comes last. */
  layers(weights: Weights, x: tf.Tensor2D): tf.Tensor2D[];
}

/**
 * The tensor called `name`.
 *
 * @throws InputError if there is none.
 */
export function weight<T extends tf.Tensor>(weights: Weights, name: string): T {
  const found = weights[name];
  if (found) return found as T;
  const similar = nearest(name, Object.keys(weights));
  fail("DMPO_WEIGHT", name, "missing", "a tensor for every parameter", similar && `did you mean "${similar}"?`);
}
