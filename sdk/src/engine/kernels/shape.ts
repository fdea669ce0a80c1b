// Kernels that move values without computing: all linear, so a tangent takes the same way as its value.
import { tf } from "../tensor.js";
import { type Graph, type Value } from "../graph.js";
import { sizeOf } from "../../space.js";
import type { KernelRules } from "./rule.js";

const positive = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

/** A -1 in a requested shape stands for whatever is left over. */
function resolved(shape: readonly number[], size: number): number[] {
  const rest = size / shape.reduce((product, n) => (n < 0 ? product : product * n), 1);
  return shape.map((n) => (n < 0 ? rest : n));
}

const slice = (graph: Graph, x: Value, begin: readonly number[], shape: readonly number[]): Value => {
  if (begin.every((b) => b === 0) && shape.every((n, axis) => n === x.shape[axis])) return x;
  if (x.uniform !== undefined) return graph.filled(x.uniform, shape, x.dtype);
  const axes = begin.map((_, axis) => axis).filter((axis) => shape[axis] !== x.shape[axis]);
  const bytes = graph.bytesOf(x);
  if (bytes) return graph.widen(slice(graph, bytes, begin, shape));
  const pick = (values: readonly number[]) => graph.indices(axes.map((axis) => values[axis]!));
  return graph.node("Slice", [x, pick(begin), pick(begin.map((b, axis) => b + shape[axis]!)), graph.indices(axes)], {
    shape,
    dtype: x.dtype,
  });
};

const concat = (graph: Graph, parts: readonly Value[], axis: number) => {
  const full = parts.filter(({ shape }) => sizeOf(shape) > 0);
  if (full.length === 1) return full[0]!;
  const shape = full[0]!.shape.map((n, i) => (i === axis ? full.reduce((sum, part) => sum + part.shape[i]!, 0) : n));
  return graph.node("Concat", full, { shape, dtype: full[0]!.dtype }, { axis });
};

export const shape = {
  Reshape: {
    emit: (graph, { x }, attributes) => graph.reshape(x!, resolved(attributes.shape as number[], sizeOf(x!.shape))),
    jvp: "linear",
  },
  ExpandDims: {
    emit: (graph, { input }, { dim }) => {
      const at = positive(dim as number, input!.shape.length + 1);
      return graph.reshape(input!, [...input!.shape.slice(0, at), 1, ...input!.shape.slice(at)]);
    },
    jvp: "linear",
  },
  Transpose: {
    emit: (graph, { x }, { perm }) => {
      const axes = perm as number[];
      const moved = axes.map((axis) => x!.shape[axis]!);
      if (x!.uniform !== undefined) return graph.filled(x!.uniform, moved, x!.dtype);
      // Swapping axes of length one only renames them.
      const long = axes.filter((axis) => x!.shape[axis] !== 1);
      if (long.every((axis, i) => i === 0 || axis > long[i - 1]!)) return graph.reshape(x!, moved);
      return graph.node("Transpose", [x!], { shape: moved, dtype: x!.dtype }, { perm: axes });
    },
    jvp: "linear",
  },
  Concat: {
    emit: (graph, inputs, { axis }) => {
      const parts = Object.values(inputs);
      return concat(graph, parts, positive(axis as number, parts[0]!.shape.length));
    },
    jvp: "linear",
  },
  Pack: {
    emit: (graph, inputs, { axis }) => {
      const parts = Object.values(inputs);
      const at = positive(axis as number, parts[0]!.shape.length + 1);
      const raised = parts.map((x) => graph.reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]));
      return concat(graph, raised, at);
    },
    jvp: "linear",
  },
  Unpack: {
    emit: (graph, { value }, attributes) => {
      const axis = positive(attributes.axis as number, value!.shape.length);
      const rest = value!.shape.filter((_, i) => i !== axis);
      return Array.from({ length: value!.shape[axis]! }, (_, index) => {
        const begin = value!.shape.map((_n, i) => (i === axis ? index : 0));
        return graph.reshape(
          slice(
            graph,
            value!,
            begin,
            value!.shape.map((n, i) => (i === axis ? 1 : n)),
          ),
          rest,
        );
      });
    },
    jvp: "linear",
  },
  SplitV: {
    emit: (graph, { x }, attributes) => {
      const axis = positive(attributes.axis as number, x!.shape.length);
      const requested = attributes.numOrSizeSplits as number | number[];
      const length = x!.shape[axis]!;
      const sizes = Array.isArray(requested)
        ? resolvedSizes(requested, length)
        : Array.from({ length: requested }, () => length / requested);
      const signatures = sizes.map((size) => ({
        shape: x!.shape.map((n, i) => (i === axis ? size : n)),
        dtype: x!.dtype,
      }));
      return graph.multi("Split", [x!, graph.indices(sizes)], signatures, { axis });
    },
    jvp: "linear",
  },
  Slice: {
    emit: (graph, { x }, attributes) => {
      const info = { dataId: {}, shape: [...x!.shape], dtype: "float32" as const };
      const [begin, size] = tf.slice_util.parseSliceParams(
        info,
        attributes.begin as number[],
        attributes.size as number[],
      ) as [number[], number[]];
      return slice(graph, x!, begin, size);
    },
    jvp: "linear",
  },
  PadV2: {
    emit: (graph, { x }, attributes) => {
      const paddings = attributes.paddings as [number, number][];
      const shape = x!.shape.map((n, axis) => n + paddings[axis]![0] + paddings[axis]![1]);
      const value = attributes.constantValue as number;
      if (x!.uniform === value) return graph.filled(value, shape, x!.dtype);
      const pads = graph.indices([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]);
      return graph.node("Pad", [x!, pads, graph.scalar(value, x!.dtype)], { shape, dtype: x!.dtype });
    },
    jvp: ({ tangents, attributes }) => tf.pad(tangents.x!, attributes.paddings as [number, number][]),
  },
  Tile: {
    emit: (graph, { x }, attributes) => {
      const reps = attributes.reps as number[];
      const shape = x!.shape.map((n, axis) => n * reps[axis]!);
      if (x!.shape.every((n, axis) => n === 1 || reps[axis] === 1)) return graph.expand(x!, shape);
      return graph.node("Tile", [x!, graph.indices(reps)], { shape, dtype: x!.dtype });
    },
    jvp: "linear",
  },
  GatherV2: {
    emit: (graph, { x, indices }, attributes) => {
      const axis = positive(attributes.axis as number, x!.shape.length);
      if (attributes.batchDims) throw new Error("gather with batch dimensions; use one-hot weights instead");
      const shape = [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)];
      const bytes = graph.bytesOf(x!);
      if (bytes) return graph.widen(graph.node("Gather", [bytes, indices!], { shape, dtype: bytes.dtype }, { axis }));
      return graph.node("Gather", [x!, indices!], { shape, dtype: x!.dtype }, { axis });
    },
    jvp: ({ inputs, tangents, attributes }) =>
      tf.gather(tangents.x!, inputs.indices as tf.Tensor1D, attributes.axis as number),
  },
  Reverse: {
    emit: (graph, { x }, { dims }) => {
      const axes = tf.util.parseAxisParam(dims as number | number[], [...x!.shape]);
      const constant = (value: number) => graph.indices(axes.map(() => value));
      // ONNX reads an end of "minus infinity" as: up to and including the first entry.
      const inputs = [x!, constant(-1), constant(-(2 ** 31)), graph.indices(axes), constant(-1)];
      return axes.length === 0 ? x! : graph.node("Slice", inputs, { shape: x!.shape, dtype: x!.dtype });
    },
    jvp: "linear",
  },
} satisfies KernelRules;

function resolvedSizes(sizes: readonly number[], length: number): number[] {
  const known = sizes.reduce((sum, size) => sum + Math.max(size, 0), 0);
  return sizes.map((size) => (size < 0 ? length - known : size));
}
