// Kernels that combine entries along axes.
import { onceLoaded, tf } from "../tensor.js";
import type { Graph, Value } from "../graph.js";
import { sizeOf } from "../../space.js";
import type { Attributes, KernelRule, KernelRules, Linearization } from "./rule.js";

function axesOf({ axis, reductionIndices }: Attributes, rank: number): number[] {
  const given = (axis ?? reductionIndices) as number | number[] | undefined | null;
  return tf.util.parseAxisParam(given ?? Array.from({ length: rank }, (_, i) => i), Array<number>(rank).fill(1));
}

function reduce(op: string, graph: Graph, x: Value, attributes: Attributes): Value {
  const axes = axesOf(attributes, x.shape.length);
  const kept = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const shape = attributes.keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  if (axes.every((axis) => x.shape[axis] === 1)) return graph.reshape(x, shape);
  if (x.uniform !== undefined) {
    const count = sizeOf(x.shape) / sizeOf(shape);
    return graph.filled(op === "ReduceSum" ? x.uniform * count : x.uniform, shape, x.dtype);
  }
  const isLinear = op === "ReduceSum" || op === "ReduceMean";
  if (isLinear && axes.length === 1 && axes[0] === 0 && x.shape.length === 2 && x.dtype === "float32") {
    return graph.reshape(combinedRows(graph, x, op === "ReduceSum" ? 1 : 1 / x.shape[0]!), shape);
  }
  const inputs = [x, graph.indices(axes)];
  return graph.node(op, inputs, { shape, dtype: x.dtype }, { keepdims: attributes.keepDims ? 1 : 0 });
}

/** The sum (1, n) of all rows times a factor, as a matrix product: 21 µs instead of 94 for ReduceSum of 256 x 256. */
function combinedRows(graph: Graph, x: Value, factor: number): Value {
  const [rows, columns] = x.shape as [number, number];
  const signature = { shape: [1, columns], dtype: x.dtype };
  return graph.node("Gemm", [graph.filled(factor, [1, rows]), x], signature, { transA: 0, transB: 0 });
}

const linear = (op: string): KernelRule => ({
  emit: (graph, { x }, attributes) => reduce(op, graph, x!, attributes),
  jvp: "linear",
});

/** Shares that the entries of x have in its extremum y: equal ones for those that attain it, as in PyTorch's amax. */
function sharesOf(x: tf.Tensor, y: tf.Tensor, attributes: Attributes) {
  const axes = axesOf(attributes, x.rank);
  const kept = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const attained = x.equal(y.reshape(kept)).cast("float32");
  return { axes, kept, shares: attained.div(attained.sum(axes, true)) };
}

/** The tangent of an extremum is the mean tangent of the entries that attain it. */
function extremumTangent({ inputs, tangents, outputs, attributes }: Linearization): tf.Tensor {
  const { axes, shares } = sharesOf(inputs.x!, outputs[0]!, attributes);
  return tangents.x!.mul(shares).sum(axes, Boolean(attributes.keepDims));
}

// TensorFlow.js gives each of several equal extremes the whole gradient; the two modes have to agree.
onceLoaded(() => {
  for (const kernelName of ["Max", "Min"]) {
    tf.registerGradient({
      kernelName,
      inputsToSave: ["x"],
      outputsToSave: [true],
      gradFunc(dy, [x, y], attributes) {
        const { kept, shares } = sharesOf(x!, y!, attributes);
        return { x: () => (dy as tf.Tensor).reshape(kept).mul(shares) };
      },
    });
  }
});

const extremum = (op: string): KernelRule => ({
  emit: (graph, { x }, attributes) => reduce(op, graph, x!, attributes),
  jvp: extremumTangent,
});

export const reduction = {
  Sum: linear("ReduceSum"),
  Mean: linear("ReduceMean"),
  Max: extremum("ReduceMax"),
  Min: extremum("ReduceMin"),
  Cumsum: {
    emit: (graph, { x }, { axis, exclusive, reverse }) =>
      graph.node("CumSum", [x!, graph.indices([axis as number])], x!, {
        exclusive: exclusive ? 1 : 0,
        reverse: reverse ? 1 : 0,
      }),
    jvp: "linear",
  },
  ArgMax: {
    emit: (graph, { x }, { axis }) => {
      const at = axis as number;
      const shape = x!.shape.filter((_, i) => i !== at);
      const found = graph.node("ArgMax", [x!], { shape, dtype: "int64" }, { axis: at, keepdims: 0 });
      return graph.node("Cast", [found], { shape, dtype: "int32" }, { to: 6 });
    },
    jvp: "constant",
  },
  Softmax: {
    emit: (graph, { logits }, { dim }) => {
      const axis = (dim as number | undefined) ?? -1;
      return graph.node("Softmax", [logits!], logits!, { axis: axis < 0 ? axis + logits!.shape.length : axis });
    },
    jvp: ({ tangents, outputs }) => {
      const y = outputs[0]!;
      const weighted = tangents.logits!.mul(y);
      return weighted.sub(y.mul(weighted.sum(-1, true)));
    },
  },
  LogSoftmax: {
    emit: (graph, { logits }) => graph.node("LogSoftmax", [logits!], logits!, { axis: logits!.shape.length - 1 }),
    jvp: ({ tangents, outputs }) => {
      const tangent = tangents.logits!;
      return tangent.sub(outputs[0]!.exp().mul(tangent).sum(-1, true));
    },
  },
} satisfies KernelRules;
