// What MeanFlow asks of a network: the average velocity of actions between two times.
import type { tf, Weights } from "../engine/tensor.js";
import type { Network } from "./network.js";

export interface VelocityNetwork extends Network {
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
