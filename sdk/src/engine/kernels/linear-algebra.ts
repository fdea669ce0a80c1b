// Matrix products.
import { tf } from "../tensor.js";
import { type Graph, type Value } from "../graph.js";
import { sizeOf } from "../../space.js";
import type { KernelRules } from "./rule.js";

const isMatrix = ({ shape }: Value) => sizeOf(shape.slice(0, -2)) === 1;

function transposed(graph: Graph, x: Value): Value {
  const rank = x.shape.length;
  const perm = x.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return graph.node("Transpose", [x], { shape: perm.map((axis) => x.shape[axis]!), dtype: x.dtype }, { perm });
}

export const linearAlgebra = {
  BatchMatMul: {
    emit: (graph, { a, b }, { transposeA, transposeB }) => {
      const batch = tf.broadcast_util.assertAndGetBroadcastShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2));
      const rows = a!.shape.at(transposeA ? -1 : -2)!;
      const columns = b!.shape.at(transposeB ? -2 : -1)!;
      const shape = [...batch, rows, columns];
      if (a!.uniform === 0 || b!.uniform === 0) return graph.filled(0, shape);
      // Rows of a batch that meet one shared matrix are one larger matrix product.
      if (isMatrix(b!) && (isMatrix(a!) || !transposeA)) {
        const left = isMatrix(a!)
          ? graph.reshape(a!, a!.shape.slice(-2))
          : graph.reshape(
              a!,
              [-1, a!.shape.at(-1)!].map((n) => (n < 0 ? sizeOf(a!.shape.slice(0, -1)) : n)),
            );
        const right = graph.reshape(b!, b!.shape.slice(-2));
        const product = graph.node(
          "Gemm",
          [left, right],
          { shape: [sizeOf(shape) / columns, columns], dtype: "float32" },
          { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 },
        );
        return graph.reshape(product, shape);
      }
      const left = transposeA ? transposed(graph, a!) : a!;
      const right = transposeB ? transposed(graph, b!) : b!;
      return graph.node("MatMul", [left, right], { shape, dtype: "float32" });
    },
    jvp: ({ inputs, tangents, attributes }) => {
      const [transposeA, transposeB] = [Boolean(attributes.transposeA), Boolean(attributes.transposeB)];
      const product = (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b, transposeA, transposeB);
      const left = tangents.a && product(tangents.a, inputs.b!);
      const right = tangents.b && product(inputs.a!, tangents.b);
      return left && right ? left.add(right) : (left ?? right ?? null);
    },
  },
} satisfies KernelRules;
