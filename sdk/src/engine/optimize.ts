// Clean-up of a traced graph before it is executed: what is not used goes, and a bias joins its matrix product.
import { sizeOf, type Node, type Value } from "./graph.js";

/** The nodes that `outputs` need, in order, with `Gemm(x, w) + bias` merged into one node. */
export function optimize(nodes: readonly Node[], outputs: readonly Value[]): readonly Node[] {
  return withBiases(reachable(nodes, outputs), outputs);
}

function reachable(nodes: readonly Node[], outputs: readonly Value[]): Node[] {
  const needed = new Set(outputs.map(({ id }) => id));
  const kept: Node[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some(({ id }) => needed.has(id))) continue;
    node.inputs.forEach(({ id }) => needed.add(id));
    kept.push(node);
  }
  return kept.reverse();
}

function withBiases(nodes: readonly Node[], outputs: readonly Value[]): readonly Node[] {
  const uses = new Map<number, number>();
  for (const { id } of [...nodes.flatMap(({ inputs }) => inputs), ...outputs]) uses.set(id, (uses.get(id) ?? 0) + 1);
  const gemms = new Map<number, Node>();
  for (const node of nodes) if (node.op === "Gemm" && node.inputs.length === 2) gemms.set(node.outputs[0]!.id, node);

  const merged = new Set<Node>();
  const result = nodes.map((node) => {
    if (node.op !== "Add") return node;
    const [product, bias] = gemms.has(node.inputs[0]!.id) ? node.inputs : [node.inputs[1], node.inputs[0]];
    const gemm = gemms.get(product!.id);
    const isRow = gemm && sizeOf(bias!.shape) === gemm.outputs[0]!.shape[1] && bias!.shape.at(-1) === gemm.outputs[0]!.shape[1];
    if (!gemm || !isRow || uses.get(product!.id) !== 1 || bias!.shape.length > 2) return node;
    merged.add(gemm);
    return { ...gemm, inputs: [...gemm.inputs, bias!], outputs: node.outputs };
  });
  return result.filter((node) => !merged.has(node));
}
