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
      return graph.constant(Float32Array.from({ length: num }, (_, i) => start + i * step), [num], "float32");
    },
    jvp: "constant",
  },
  OneHot: {
    emit: (graph, { indices }, attributes) => {
      const { depth, onValue, offValue } = attributes as { depth: number; onValue: number; offValue: number };
      const values = graph.constant(Float32Array.of(offValue, onValue), [2], "float32");
      const shape = [...indices!.shape, depth];
      const inputs = [indices!, graph.reshape(graph.indices([depth]), []), values];
      return graph.node("OneHot", inputs, { shape, dtype: "float32" }, { axis: -1 });
    },
    jvp: "constant",
  },
} satisfies KernelRules;
