// Operations that networks need beyond those of TensorFlow.js, with their derivatives. Weights have PyTorch's layouts; sequences have
// their channels last, as action chunks do, so that a convolution is one matrix product.
import { defineOperation } from "./primitive.js";
import { tf } from "./tensor.js";

/**
 * Rows of a table: ids (B, int32, 0 <= id < V) of a table (V, D) give (B, D). Differentiable in the table; rows that are not
 * asked for have gradient zero.
 */
export function embedding(table: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D {
  const [entries] = table.shape;
  return defineOperation<[tf.Tensor2D], tf.Tensor2D>({
    name: "embedding",
    forward: (rows) => tf.gather(rows, ids),
    gradient: (dy) => [tf.matMul(tf.oneHot(ids, entries).cast("float32"), dy, true, false)],
    tangent: ([dTable]) => tf.gather(dTable as tf.Tensor2D, ids),
  })(table);
}

/**
 * Convolution along sequences: x (B, L, C), weight (O, C, W) as PyTorch has it, result (B, L', O) with
 * L' = floor((L + 2 padding - W) / stride) + 1.
 *
 * @param padding zeros on both sides; default 0. @param stride default 1.
 */
export function conv1d(
  x: tf.Tensor3D,
  weight: tf.Tensor3D,
  { padding = 0, stride = 1 }: { readonly padding?: number; readonly stride?: number } = {},
): tf.Tensor3D {
  const [batch, length, channels] = x.shape;
  const [outputs, , width] = weight.shape;
  const steps = Math.floor((length + 2 * padding - width) / stride) + 1;
  // Whole strides, so that what stride and width leave out is cut off below.
  const after = Math.max(padding, width - 1 + steps * stride - length - padding);
  const padded = padding + after > 0 ? tf.pad3d(x, [[0, 0], [padding, after], [0, 0]]) : x; // prettier-ignore
  const taps = Array.from({ length: width }, (_, k) => padded.slice([0, k, 0], [batch, steps * stride, channels]));
  const windows: tf.Tensor = width > 1 ? tf.concat(taps, 2) : taps[0]!;
  const chosen =
    stride > 1
      ? windows.reshape([batch * steps, stride * width * channels]).slice([0, 0], [-1, width * channels])
      : windows;
  const filters = weight.transpose([0, 2, 1]).reshape<tf.Tensor2D>([outputs, width * channels]);
  return tf
    .matMul(chosen.reshape<tf.Tensor2D>([batch * steps, width * channels]), filters, false, true)
    .reshape([batch, steps, outputs]);
}

/**
 * What the gradient of {@link conv1d} does to its input: x (B, L, C), weight (C, O, W) as PyTorch has it, result (B, L', O) with
 * L' = (L - 1) stride - 2 padding + W.
 *
 * @param padding entries left out on both sides; default 0. @param stride a divisor of W; default 1.
 */
export function convTranspose1d(
  x: tf.Tensor3D,
  weight: tf.Tensor3D,
  { padding = 0, stride = 1 }: { readonly padding?: number; readonly stride?: number } = {},
): tf.Tensor3D {
  const [batch, length, channels] = x.shape;
  const [, outputs, width] = weight.shape;
  const filters = weight.transpose([0, 2, 1]).reshape<tf.Tensor2D>([channels, width * outputs]);
  const taps = tf.matMul(x.reshape<tf.Tensor2D>([batch * length, channels]), filters);
  // Every entry gives W / stride blocks of `stride` outputs; those of neighbours overlap.
  const blocks = width / stride;
  const rows: tf.Tensor3D = taps.reshape([batch, length, width * outputs]);
  const parts = Array.from({ length: blocks }, (_, i) => {
    const block = rows.slice([0, 0, i * stride * outputs], [batch, length, stride * outputs]);
    return tf.pad3d(block, [[0, 0], [i, blocks - 1 - i], [0, 0]]); // prettier-ignore
  });
  return tf
    .addN(parts)
    .reshape<tf.Tensor3D>([batch, (length + blocks - 1) * stride, outputs])
    .slice([0, padding, 0], [batch, (length - 1) * stride - 2 * padding + width, outputs]);
}

/**
 * Numbers x (..., C) with mean 0 and (biased) variance 1 along the last axis. Ba et al. 2016, eq. 3.
 *
 * @param epsilon is added to the variance.
 */
export function layerNormalized<T extends tf.Tensor>(x: T, epsilon: number): T {
  const means = (values: tf.Tensor) => values.mean(-1, true);
  const parts = (a: tf.Tensor) => {
    const centred = a.sub(means(a));
    const scale = means(centred.square()).add(epsilon).rsqrt();
    return { scale, y: centred.mul(scale) };
  };
  /** As of {@link groupNormalized}. */
  const derivative = (dx: tf.Tensor, a: tf.Tensor) => {
    const { scale, y } = parts(a);
    return dx
      .sub(means(dx))
      .sub(y.mul(means(dx.mul(y))))
      .mul(scale);
  };
  return defineOperation<[tf.Tensor], tf.Tensor>({
    name: "layerNormalized",
    forward: (a) => parts(a).y,
    gradient: (dy, [a]) => [derivative(dy, a)],
    tangent: ([dx], [a]) => derivative(dx!, a),
  })(x) as T;
}

/**
 * Sequences x (B, L, C) with mean 0 and (biased) variance 1 in each row and each of so many groups of neighbouring channels. Wu and
 * He 2018, eq. 1-2.
 *
 * @param groups a divisor of C. @param epsilon is added to the variance.
 */
export function groupNormalized(x: tf.Tensor3D, groups: number, epsilon: number): tf.Tensor3D {
  const [batch, , channels] = x.shape;
  /** Means over sequence and group, (B, 1, C). */
  const means = (values: tf.Tensor): tf.Tensor3D =>
    values
      .mean(1)
      .reshape([batch, groups, channels / groups])
      .mean(2, true)
      .broadcastTo([batch, groups, channels / groups])
      .reshape([batch, 1, channels]);
  const parts = (a: tf.Tensor3D) => {
    const centred = a.sub<tf.Tensor3D>(means(a));
    const scale = means(centred.square()).add(epsilon).rsqrt();
    return { scale, y: centred.mul<tf.Tensor3D>(scale) };
  };
  /** Derivative of y along dx; the map is symmetric, so gradients take the same way back. */
  const derivative = (dx: tf.Tensor3D, a: tf.Tensor3D): tf.Tensor3D => {
    const { scale, y } = parts(a);
    return dx
      .sub(means(dx))
      .sub(y.mul(means(dx.mul(y))))
      .mul(scale);
  };
  return defineOperation<[tf.Tensor3D], tf.Tensor3D>({
    name: "groupNormalized",
    forward: (a) => parts(a).y,
    gradient: (dy, [a]) => [derivative(dy, a)],
    tangent: ([dx], [a]) => derivative(dx as tf.Tensor3D, a),
  })(x);
}

/**
 * Convolution of pictures: x (B, C, H, W), weight (O, C, kh, kw) as PyTorch has it, result (B, O, H', W') with
 * H' = floor((H - kh) / stride) + 1. Differentiable in both, any number of times.
 *
 * @param stride default 1.
 */
export function conv2d(
  x: tf.Tensor4D,
  weight: tf.Tensor4D,
  { stride = 1 }: { readonly stride?: number } = {},
): tf.Tensor4D {
  return tf.conv2d(x, weight.transpose<tf.Tensor4D>([2, 3, 1, 0]), stride, "valid", "NCHW");
}

/**
 * Pictures moved by whole pixels, each its own way, what lies outside being its nearest pixel: x (B, C, H, W) of any dtype and
 * offsets (B, 2), whole numbers [down, right] from 0 to 2 padding, give out[y, x] = in[y + down - padding, x + right - padding].
 * Laskin et al. 2020 (arXiv 2004.14990), as PyTorch's policies do it. A constant to derivatives.
 */
export function shifted<T extends tf.Tensor4D>(x: T, offsets: tf.Tensor2D, padding: number): T {
  const [batch, channels, height, width] = x.shape;
  /** Where the entries of an axis come from, (B, extent). */
  const sources = (axis: 0 | 1, extent: number): tf.Tensor =>
    tf
      .tensor1d(Array.from({ length: extent }, (_, i) => i - padding))
      .add(offsets.slice([0, axis], [batch, 1]))
      .clipByValue(0, extent - 1)
      .cast("int32");
  const plane = height * width;
  const planes = tf.tensor1d(
    Array.from({ length: batch * channels }, (_, i) => i * plane),
    "int32",
  );
  const rows = sources(0, height).mul(tf.scalar(width, "int32"));
  const places = planes
    .reshape([batch, channels, 1, 1])
    .add(rows.reshape([batch, 1, height, 1]))
    .add(sources(1, width).reshape([batch, 1, 1, width]));
  return tf.gather(x.reshape([batch * channels * plane]), places) as unknown as T;
}
