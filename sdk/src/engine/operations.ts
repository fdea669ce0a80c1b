// Operations that networks need beyond those of TensorFlow.js, in PyTorch's layouts, with their derivatives.
import { defineKernel } from "./kernels/define-kernel.js";
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

const conv1dKernel = defineKernel({
  name: "dmpo/Conv1D",
  emit(graph, { x, weight }, attributes) {
    const { padding, stride } = attributes as { padding: number; stride: number };
    const [batch, , length] = x!.shape as [number, number, number];
    const [channels, , width] = weight!.shape as [number, number, number];
    const shape = [batch, channels, Math.floor((length + 2 * padding - width) / stride) + 1];
    return graph.node(
      "Conv",
      [x!, weight!],
      { shape, dtype: "float32" },
      { kernel_shape: [width], pads: [padding, padding], strides: [stride] },
    );
  },
  eager({ x, weight }, attributes) {
    const { padding, stride } = attributes as { padding: number; stride: number };
    const [batch, channels, length] = x!.shape as [number, number, number];
    const [outputs, , width] = weight!.shape as [number, number, number];
    const padded = tf.pad(x!, [[0, 0], [0, 0], [padding, padding]]); // prettier-ignore
    const steps = Math.floor((length + 2 * padding - width) / stride) + 1;
    const at = Array.from({ length: steps }, (_, i) => padded.slice([0, 0, i * stride], [batch, channels, width]));
    const columns = tf.stack(at, 1);
    const [taps, filters] = [
      columns.reshape<tf.Tensor2D>([batch * steps, channels * width]),
      weight!.reshape<tf.Tensor2D>([outputs, channels * width]),
    ];
    const rows = tf.matMul(taps, filters, false, true);
    return rows.reshape([batch, steps, outputs]).transpose([0, 2, 1]);
  },
});

/**
 * Convolution over the last axis: x (B, C, L), weight (O, C, W) as PyTorch has it, result (B, O, L') with
 * L' = floor((L + 2 padding - W) / stride) + 1. Differentiable in both.
 *
 * @param padding zeros on both sides; default 0. @param stride default 1.
 */
export function conv1d(
  x: tf.Tensor3D,
  weight: tf.Tensor3D,
  { padding = 0, stride = 1 }: { readonly padding?: number; readonly stride?: number } = {},
): tf.Tensor3D {
  const convolved = (a: tf.Tensor3D, b: tf.Tensor3D, options: { padding: number; stride: number }) =>
    conv1dKernel({ x: a, weight: b }, options) as tf.Tensor3D;
  const [, , length] = x.shape;
  const [, , width] = weight.shape;
  return defineOperation<[tf.Tensor3D, tf.Tensor3D], tf.Tensor3D>({
    name: "conv1d",
    forward: (a, b) => convolved(a, b, { padding, stride }),
    gradient(dy, [a, b]) {
      // What the strides left out are zeros between the entries of dy.
      const spread = dilated(dy, stride, length + 2 * padding - width + 1);
      const flipped = tf.reverse(b.transpose<tf.Tensor3D>([1, 0, 2]), 2);
      const full = convolved(spread, flipped, { padding: width - 1, stride: 1 });
      const da: tf.Tensor3D = full.slice([0, 0, padding], [-1, -1, length]);
      const padded = tf.pad3d(a, [[0, 0], [0, 0], [padding, padding]]); // prettier-ignore
      const db = convolved(padded.transpose([1, 0, 2]), spread.transpose([1, 0, 2]), { padding: 0, stride: 1 });
      return [da, db.transpose<tf.Tensor3D>([1, 0, 2])];
    },
    tangent([da, db], [a, b]) {
      const parts = [
        da && conv1d(da as tf.Tensor3D, b, { padding, stride }),
        db && conv1d(a, db as tf.Tensor3D, { padding, stride }),
      ].filter((part) => part !== null);
      const [first, second] = parts;
      return second ? first!.add<tf.Tensor3D>(second) : first!;
    },
  })(x, weight);
}

/** Zeros between the entries of the last axis, then cut or filled up to `length`. */
function dilated(x: tf.Tensor3D, stride: number, length: number): tf.Tensor3D {
  if (stride === 1) return x;
  const [batch, channels, steps] = x.shape;
  const zeros = tf.zeros([batch, channels, steps, stride - 1]);
  const spread = tf.concat([x.expandDims(3), zeros], 3).reshape<tf.Tensor3D>([batch, channels, steps * stride]);
  const missing = Math.max(0, length - steps * stride);
  return tf
    .pad(spread, [
      [0, 0],
      [0, 0],
      [0, missing],
    ])
    .slice([0, 0, 0], [batch, channels, length]);
}
