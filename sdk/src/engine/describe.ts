// What a compiled function costs, counted on its graph: nodes, arithmetic, memory.
import { sizeOf } from "../space.js";
import type { DataType, Node, Value } from "./graph.js";
import { optimize } from "./optimize.js";
import type { Trace } from "./trace.js";

/** Bytes of one element. */
const widths: Record<DataType, number> = { float32: 4, uint8: 1, int32: 4, int64: 8, bool: 1 };

/** Ops that only move, repeat or relabel values. */
const movers = new Set(
  "Cast Concat Expand Gather GatherElements GatherND Identity Pad Reshape ScatterND Slice Split Squeeze Tile Transpose Unsqueeze Where".split(
    " ",
  ),
);

/** A graph in numbers. */
export class GraphDescription {
  constructor(
    /** Of the function. */
    readonly name: string,
    /** Operations that are executed. */
    readonly nodes: number,
    /** How often each operation of ONNX occurs, the most frequent first. */
    readonly operations: Readonly<Record<string, number>>,
    /**
     * Floating-point operations of one call: 2 M N K for a matrix product, one for each output of an element-wise operation and
     * for each input of a reduction, none where values are only moved.
     */
    readonly flops: number,
    /** Memory of all values: inputs, constants, and every result before any is reused. */
    readonly bytes: number,
  ) {}

  toString(): string {
    const operations = Object.entries(this.operations).map(([op, count]) => `${op} ${count}`);
    const number = (value: number) => value.toLocaleString("en-US");
    return `${this.name}: ${number(this.nodes)} nodes, ${number(this.flops)} flops, ${number(this.bytes)} bytes\n${operations.join(", ")}`;
  }
}

export function describeGraph(name: string, { graph, outputs }: Pick<Trace, "graph" | "outputs">): GraphDescription {
  const nodes = optimize(
    graph.nodes,
    outputs.map(({ leaf }) => leaf),
  );
  const counts = new Map<string, number>();
  for (const { op } of nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  const values = new Map<number, Value>();
  const all = [
    ...graph.inputs.map(({ value }) => value),
    ...nodes.flatMap((node) => [...node.inputs, ...node.outputs]),
  ];
  for (const value of all) values.set(value.id, value);
  return new GraphDescription(
    name,
    nodes.length,
    Object.fromEntries([...counts].sort(([, a], [, b]) => b - a)),
    nodes.reduce((total, node) => total + flopsOf(node), 0),
    [...values.values()].reduce((total, { shape, dtype }) => total + widths[dtype] * sizeOf(shape), 0),
  );
}

function flopsOf({ op, inputs, outputs, attributes }: Node): number {
  if (movers.has(op)) return 0;
  const results = outputs.reduce((total, { shape }) => total + sizeOf(shape), 0);
  const [first, second, bias] = inputs;
  switch (op) {
    case "Gemm":
      return results * (2 * first!.shape[attributes.transA ? 0 : 1]! + (bias ? 1 : 0));
    case "MatMul":
      return 2 * results * first!.shape.at(-1)!;
    case "Conv":
      // Every output is a sum over the input channels of its group and the kernel.
      return 2 * results * sizeOf(second!.shape.slice(1));
    default:
      return /^(Reduce|Arg|CumSum)/.test(op) ? sizeOf(first!.shape) : results;
  }
}
