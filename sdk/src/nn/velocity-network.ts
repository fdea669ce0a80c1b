// What a flow policy asks of a network: a condition encoding, computed once per batch, and the (average) velocity of actions.
import type { ParameterSpec } from "../engine/parameters.js";
import type { tf, Weights } from "../engine/tensor.js";

export interface VelocityNetwork {
  /** In PyTorch's registration order, names complete with their prefix. */
  readonly parameters: readonly ParameterSpec[];
  readonly horizonSteps: number;
  readonly actionDimension: number;
  /** Width C of the condition encoding. */
  readonly conditionDimension: number;
  /** Observation history (B, To, Do), newest last, to its encoding (B, C). */
  encode(weights: Weights, state: tf.Tensor): tf.Tensor2D;
  /** Velocity (B, Ta, Da) of noisy actions x (B, Ta, Da) at times t, r (B) under a condition encoding (B, C). */
  velocity(weights: Weights, x: tf.Tensor3D, t: tf.Tensor1D, r: tf.Tensor1D, condition: tf.Tensor2D): tf.Tensor3D;
  /** The same velocity with the head's hidden representations (B, width), from the input on. */
  features(
    weights: Weights,
    x: tf.Tensor3D,
    t: tf.Tensor1D,
    r: tf.Tensor1D,
    condition: tf.Tensor2D,
  ): { velocity: tf.Tensor3D; hidden: tf.Tensor2D[] };
}
