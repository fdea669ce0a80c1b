// Multi-head attention (Vaswani et al. 2017, eq. 1 and section 3.2.2) with PyTorch's packed weights.
import { normal, zeros, type ParameterSpec } from "../engine/parameters.js";
import { tf, type Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { dropout, type Mask } from "./dropout.js";
import { linear } from "./linear.js";
import { weight } from "./module.js";

/** The standard deviation that transformers begin with. */
export const INITIAL_STD = 0.02;
export const transformerStart = { weight: normal(INITIAL_STD), bias: zeros };

export interface AttentionSizes {
  /** E, a multiple of `heads`. */
  readonly width: number;
  readonly heads: number;
  /** Tokens T that ask. */
  readonly tokens: number;
  /** Tokens S that answer. */
  readonly memoryTokens: number;
  /** Share of the attention weights that training drops. */
  readonly dropout: number;
}

export interface Attention {
  readonly parameters: readonly ParameterSpec[];
  readonly masks: readonly Mask[];
  /** For tokens x (B T, E), a weighted mean of the values of `memory` (B S, E), projected: (B T, E). */
  apply(weights: Weights, x: tf.Tensor2D, memory: tf.Tensor2D): tf.Tensor2D;
  /** By what shares each token of x weighs those of `memory`: (B, heads, T, S), the last axis summing to 1, nothing dropped. */
  shares(weights: Weights, x: tf.Tensor2D, memory: tf.Tensor2D): tf.Tensor4D;
}

/**
 * Parameters `<name>.in_proj_weight` (3E, E), whose rows are those of queries, keys, values, `in_proj_bias` and `out_proj.*`.
 *
 * @param packed what the first two are called instead. @throws InputError if the heads do not divide the width.
 */
export function attention(
  name: string,
  sizes: AttentionSizes,
  packed = { weight: "in_proj_weight", bias: "in_proj_bias" },
): Attention {
  const { width, heads, tokens, memoryTokens } = sizes;
  if (width % heads !== 0) {
    fail("DMPO_NETWORK", name, `divides ${width} numbers among ${heads} heads`, "a multiple of the number of heads");
  }
  const depth = width / heads;
  const output = linear(`${name}.out_proj`, width, width, transformerStart);
  const dropped = dropout(name, [heads, tokens, memoryTokens], sizes.dropout);
  const [matrix, bias] = [`${name}.${packed.weight}`, `${name}.${packed.bias}`];
  const projected = (weights: Weights, x: tf.Tensor2D, first: number, count: number) => {
    const [begin, size] = [first * width, count * width];
    const rows: tf.Tensor2D = weight<tf.Tensor2D>(weights, matrix).slice([begin, 0], [size, width]);
    return tf.matMul(x, rows, false, true).add<tf.Tensor2D>(weight<tf.Tensor1D>(weights, bias).slice([begin], [size]));
  };
  /** (B n, E) as (B, heads, n, E / heads). */
  const byHead = (rows: tf.Tensor2D, n: number) => rows.reshape([-1, n, heads, depth]).transpose([0, 2, 1, 3]);
  const sharesOf = (weights: Weights, x: tf.Tensor2D, memory: tf.Tensor2D): tf.Tensor4D => {
    const queries = byHead(projected(weights, x, 0, 1), tokens);
    const keys = byHead(projected(weights, memory, 1, 1), memoryTokens);
    const scores: tf.Tensor4D = tf.matMul(queries.mul(1 / Math.sqrt(depth)), keys, false, true);
    return tf.softmax(scores);
  };
  return {
    parameters: [
      { name: matrix, shape: [3 * width, width], initialise: transformerStart.weight },
      { name: bias, shape: [3 * width], initialise: transformerStart.bias },
      ...output.parameters,
    ],
    masks: dropped.masks,
    apply(weights, x, memory) {
      const values = byHead(projected(weights, memory, 2, 1), memoryTokens);
      const shares = dropped.apply(weights, sharesOf(weights, x, memory));
      const mixed = tf.matMul(shares, values).transpose([0, 2, 1, 3]).reshape<tf.Tensor2D>([-1, width]);
      return output.apply(weights, mixed);
    },
    shares: sharesOf,
  };
}
