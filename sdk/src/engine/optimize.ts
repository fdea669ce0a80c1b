// Clean-up of a traced graph before it is executed: what is not used goes, work is shared, and a bias joins its matrix product.
import { type Node, type Value } from "./graph.js";
import { sizeOf } from "../space.js";
import { shareRows } from "./shared-rows.js";

/** The nodes that `outputs` need, in order, with `Gemm(x, w) + bias` merged into one node. */
export function optimize(nodes: readonly Node[], outputs: readonly Value[]): readonly Node[] {
  return withBiases(inOrder(shareRows(inOrder(nodes, outputs)), outputs), outputs);
}

/** The nodes that `outputs` need, each after those it depends on. */
function inOrder(nodes: readonly Node[], outputs: readonly Value[]): Node[] {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map(({ id }) => [id, node])));
  const ordered = new Set<Node>();
  const waiting = outputs.flatMap(({ id }) => producers.get(id) ?? []);
  while (waiting.length > 0) {
    const node = waiting.at(-1)!;
    const missing = node.inputs.flatMap(({ id }) => producers.get(id) ?? []).filter((input) => !ordered.has(input));
    if (missing.length > 0) {
      waiting.push(...missing);
    } else {
      ordered.add(node);
      waiting.pop();
    }
  }
  return [...ordered];
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
    const isRow =
      gemm && sizeOf(bias!.shape) === gemm.outputs[0]!.shape[1] && bias!.shape.at(-1) === gemm.outputs[0]!.shape[1];
    if (!gemm || !isRow || uses.get(product!.id) !== 1 || bias!.shape.length > 2) return node;
    merged.add(gemm);
    return { ...gemm, inputs: [...gemm.inputs, bias!], outputs: node.outputs };
  });
  return result.filter((node) => !merged.has(node));
}
