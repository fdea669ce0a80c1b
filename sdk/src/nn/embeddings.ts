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

/**
 * Sinusoids -> Linear(d, e d) -> Mish -> Linear(e d, d), e = `expansion`, by default 2; parameters `<name>.1.*` and `<name>.3.*`.
 */
export function timeEmbedding(name: string, dimension: number, expansion = 2): TimeEmbedding {
  const inner = linear(`${name}.1`, dimension, expansion * dimension);
  const outer = linear(`${name}.3`, expansion * dimension, dimension);
  return {
    parameters: [...inner.parameters, ...outer.parameters],
    apply: (weights, time) =>
      outer.apply(weights, activations.Mish(inner.apply(weights, sinusoidalEmbedding(time, dimension)))),
  };
}

/**
 * Two scalars, e.g. a time and a step size: their sinusoids side by side -> Linear(2d, d) -> Mish -> Linear(d, d); parameters
 * `<name>.0.*` and `<name>.2.*`.
 */
export function pairEmbedding(name: string, dimension: number) {
  const inner = linear(`${name}.0`, 2 * dimension, dimension);
  const outer = linear(`${name}.2`, dimension, dimension);
  return {
    parameters: [...inner.parameters, ...outer.parameters],
    /** Both (B), features (B, dimension). */
    apply(weights: Weights, first: tf.Tensor1D, second: tf.Tensor1D): tf.Tensor2D {
      const waves = tf.concat2d([sinusoidalEmbedding(first, dimension), sinusoidalEmbedding(second, dimension)], 1);
      return outer.apply(weights, activations.Mish(inner.apply(weights, waves)));
    },
  };
}
