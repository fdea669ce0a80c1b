// What Gaussian and GMM policies ask of their networks, whatever these are made of.
import type { tf, Weights } from "../engine/tensor.js";
import type { Mask } from "./dropout.js";
import type { Network } from "./network.js";

export interface GaussianNetwork extends Network {
  /** What it drops while it trains. */
  readonly masks: readonly Mask[];
  /** Means and ln of the standard deviations, both (B, Ta, Da), for condition encodings (B, C). */
  distribution(weights: Weights, condition: tf.Tensor2D): { mean: tf.Tensor3D; logStd: tf.Tensor3D };
}

export interface MixtureNetwork extends Network {
  /** What it drops while it trains. */
  readonly masks: readonly Mask[];
  /** Components K. */
  readonly modes: number;
  /** Logits (B, K) of the components, their means and ln of their deviations, both (B, K, Ta, Da), for condition encodings (B, C). */
  mixture(weights: Weights, condition: tf.Tensor2D): { logits: tf.Tensor2D; means: tf.Tensor4D; logStds: tf.Tensor4D };
}
