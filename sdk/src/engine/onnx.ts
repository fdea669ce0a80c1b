// Writes a graph as an ONNX model (https://onnx.ai, IR version 9, operator set 18); field numbers from the published onnx.proto.
import { protobufEncoder } from "../protobuf.js";
import { sizeOf } from "../space.js";
import { type Attribute, type DataType, type Node, type Value } from "./graph.js";
import { optimize } from "./optimize.js";
import type { Trace } from "./trace.js";

const message = (fields: Record<string, [number, string, "repeated"?]>) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [id, type, rule]]) => [name, { id, type, ...(rule && { rule }) }]),
  ),
});

const encodeModel = protobufEncoder(
  {
    Model: message({
      irVersion: [1, "int64"],
      producerName: [2, "string"],
      graph: [7, "Graph"],
      opsetImport: [8, "Opset", "repeated"],
      metadataProps: [14, "Text", "repeated"],
    }),
    Text: message({ key: [1, "string"], value: [2, "string"] }),
    Opset: message({ domain: [1, "string"], version: [2, "int64"] }),
    Graph: message({
      node: [1, "Node", "repeated"],
      name: [2, "string"],
      initializer: [5, "Tensor", "repeated"],
      input: [11, "ValueInfo", "repeated"],
      output: [12, "ValueInfo", "repeated"],
    }),
    Node: message({
      input: [1, "string", "repeated"],
      output: [2, "string", "repeated"],
      name: [3, "string"],
      opType: [4, "string"],
      attribute: [5, "Attribute", "repeated"],
    }),
    Attribute: message({
      name: [1, "string"],
      f: [2, "float"],
      i: [3, "int64"],
      s: [4, "bytes"],
      ints: [8, "int64", "repeated"],
      type: [20, "int32"],
    }),
    Tensor: message({
      dims: [1, "int64", "repeated"],
      dataType: [2, "int32"],
      name: [8, "string"],
      rawData: [9, "bytes"],
    }),
    ValueInfo: message({ name: [1, "string"], type: [2, "Type"] }),
    Type: message({ tensorType: [1, "TensorType"] }),
    TensorType: message({ elemType: [1, "int32"], shape: [2, "Shape"] }),
    Shape: message({ dim: [1, "Dimension", "repeated"] }),
    Dimension: message({ dimValue: [1, "int64"], dimParam: [2, "string"] }),
  },
  "Model",
);

/** Codes of element types in ONNX. */
export const ELEMENT: Record<DataType, number> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 };

/** The model's bytes; inputs and outputs keep their dotted names (outputs are prefixed with `out.`). */
export function toOnnx(name: string, trace: Trace): Uint8Array {
  return encodeOnnx(onnxModel(name, trace, outputName));
}

/** A model's bytes. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  return encodeModel(model);
}

/** A model before it is encoded: the fields of the published onnx.proto in camel case. */
export interface OnnxModel {
  readonly irVersion: number;
  readonly producerName: string;
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[];
  readonly metadataProps?: readonly { readonly key: string; readonly value: string }[];
  readonly graph: {
    readonly name: string;
    readonly node: readonly OnnxNode[];
    readonly initializer: readonly OnnxTensor[];
    readonly input: readonly OnnxValueInfo[];
    readonly output: readonly OnnxValueInfo[];
  };
}

export interface OnnxNode {
  readonly opType: string;
  readonly name: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute?: readonly object[];
}

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData: Uint8Array;
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly ({ readonly dimValue: number } | { readonly dimParam: string })[] };
    };
  };
}

export function onnxModel(name: string, { graph, outputs }: Trace, nameOutput: (name: string) => string): OnnxModel {
  const nodes = optimize(
    graph.nodes,
    outputs.map(({ leaf }) => leaf),
  );
  const inputNames = new Map(graph.inputs.map((input) => [input.value.id, input.name]));
  const nameOf = ({ id }: Value) => inputNames.get(id) ?? `v${id}`;
  const constants = new Map<number, Value>();
  for (const value of [...nodes.flatMap(({ inputs }) => inputs), ...outputs.map(({ leaf }) => leaf)]) {
    if (value.data || value.uniform !== undefined) constants.set(value.id, value);
  }
  const published = outputs.map(({ name, leaf }, i) => ({
    opType: "Identity",
    name: `output${i}`,
    input: [nameOf(leaf)],
    output: [nameOutput(name)],
  }));
  return {
    irVersion: 9,
    producerName: "dmpo",
    opsetImport: [{ domain: "", version: 18 }],
    graph: {
      name,
      node: [...nodes.map((node, i) => nodeMessage(node, i, nameOf)), ...published],
      initializer: [...constants.values()].map((value) => tensorMessage(nameOf(value), value)),
      input: graph.inputs.map((input) => valueInfo(input.name, input.value)),
      output: outputs.map(({ name, leaf }) => valueInfo(nameOutput(name), leaf)),
    },
  };
}

export const outputName = (name: string) => `out.${name}`;

function nodeMessage(
  { op, inputs, outputs, attributes }: Node,
  index: number,
  nameOf: (value: Value) => string,
): OnnxNode {
  return {
    opType: op,
    name: `${op}${index}`,
    input: inputs.map(nameOf),
    output: outputs.map(nameOf),
    attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...attributeValue(value) })),
  };
}

function attributeValue(value: Attribute) {
  if (typeof value === "number") return { i: value, type: 2 };
  if (typeof value === "string") return { s: new TextEncoder().encode(value), type: 3 };
  if ("float" in value) return { f: value.float, type: 1 };
  return { ints: [...value], type: 7 };
}

function tensorMessage(name: string, { shape, dtype, data, uniform }: Value): OnnxTensor {
  const array = data ?? repeated(uniform!, sizeOf(shape), dtype);
  return {
    name,
    dims: [...shape],
    dataType: ELEMENT[dtype],
    rawData: new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
  };
}

function repeated(value: number, size: number, dtype: DataType) {
  if (dtype === "float32") return new Float32Array(size).fill(value);
  return dtype === "int32" ? new Int32Array(size).fill(value) : new Uint8Array(size).fill(value);
}

function valueInfo(name: string, { shape, dtype }: Value): OnnxValueInfo {
  return {
    name,
    type: { tensorType: { elemType: ELEMENT[dtype], shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
  };
}
