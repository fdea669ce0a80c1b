// Kernels that make constants.
import type { DataType } from "../graph.js";
import type { KernelRule, KernelRules } from "./rule.js";

const like = (value: number): KernelRule => ({
  emit: (graph, { x }) => graph.filled(value, x!.shape, x!.dtype),
  jvp: "constant",
});

export const creation = {
  Fill: {
    emit: (graph, _inputs, { shape, value, dtype }) =>
      graph.filled(value as number, shape as number[], (dtype as DataType | undefined) ?? "float32"),
    jvp: "constant",
  },
  OnesLike: like(1),
  ZerosLike: like(0),
  LinSpace: {
    emit: (graph, _inputs, attributes) => {
      const { start, stop, num } = attributes as { start: number; stop: number; num: number };
      const step = num > 1 ? (stop - start) / (num - 1) : 0;
      return graph.constant(
        Float32Array.from({ length: num }, (_, i) => start + i * step),
        [num],
        "float32",
      );
    },
    jvp: "constant",
  },
  OneHot: {
    emit: (graph, { indices }, attributes) => {
      const { depth, onValue, offValue } = attributes as { depth: number; onValue: number; offValue: number };
      const shape = [...indices!.shape, depth];
      const column = graph.reshape(indices!, [...indices!.shape, 1]);
      const classes = graph.constant(
        Int32Array.from({ length: depth }, (_, i) => i),
        [depth],
        "int32",
      );
      const chosen = graph.node("Equal", [column, classes], { shape, dtype: "bool" });
      return graph.node("Where", [chosen, graph.scalar(onValue), graph.scalar(offValue)], { shape, dtype: "float32" });
    },
    jvp: "constant",
  },
} satisfies KernelRules;
