// Embeddings of a scalar time: sinusoids (Vaswani et al. 2017, sines first), then a two-layer network.
import { tf, type Weights } from "../engine/tensor.js";
import type { ParameterSpec } from "../engine/parameters.js";
import { activations } from "./activations.js";
import { linear } from "./linear.js";

export interface TimeEmbedding {
  readonly parameters: readonly ParameterSpec[];
  /** Times (B) to features (B, dimension). */
  apply(weights: Weights, time: tf.Tensor1D): tf.Tensor2D;
}

/** [sin(t w), cos(t w)] with w_j = 10000^(-j / (dimension/2 - 1)); time (B), dimension even and >= 4, result (B, dimension). */
export function sinusoidalEmbedding(time: tf.Tensor1D, dimension: number): tf.Tensor2D {
  const half = dimension / 2;
  const frequencies = tf.tensor1d(
    Array.from({ length: half }, (_, j) => Math.exp((-j * Math.log(10000)) / (half - 1))),
  );
  const angle = time.reshape([-1, 1]).mul(frequencies);
  return tf.concat([angle.sin(), angle.cos()], 1) as tf.Tensor2D;
}

/** Sinusoids -> Linear(d, 2d) -> Mish -> Linear(2d, d); parameters `<name>.1.*` and `<name>.3.*`. */
export function timeEmbedding(name: string, dimension: number): TimeEmbedding {
  const inner = linear(`${name}.1`, dimension, 2 * dimension);
  const outer = linear(`${name}.3`, 2 * dimension, dimension);
  return {
    parameters: [...inner.parameters, ...outer.parameters],
    apply: (weights, time) =>
      outer.apply(weights, activations.Mish(inner.apply(weights, sinusoidalEmbedding(time, dimension)))),
  };
}
