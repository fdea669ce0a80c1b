// Traced graphs have static shapes. Two traces of one function that differ in nothing but the batch size show where that size
// went; there the model gets it from its first input at run time instead.
import { ELEMENT, type OnnxModel, type OnnxNode, type OnnxTensor, type OnnxValueInfo } from "./onnx.js";

const BATCH = "batch";

/** A dimension or index: `constant`, or a multiple of the batch size. */
type Extent = { readonly constant: number } | { readonly factor: number };

/**
 * The model for any batch size.
 *
 * @param models of the same function, traced with the batch sizes `sizes`: two primes larger than every other dimension.
 * @returns undefined if the graphs differ in more than multiples of the batch size.
 */
export function withBatchAxis(
  models: readonly [OnnxModel, OnnxModel],
  sizes: readonly [number, number],
): OnnxModel | undefined {
  const [a, b] = [models[0].graph, models[1].graph];
  if (JSON.stringify(a.node) !== JSON.stringify(b.node) || a.initializer.length !== b.initializer.length)
    return undefined;

  const initializer: OnnxTensor[] = [];
  const prologue: OnnxNode[] = [
    {
      opType: "Shape",
      name: BATCH,
      input: [a.input[0]!.name],
      output: [BATCH],
      attribute: [integer("start", 0), integer("end", 1)],
    },
  ];
  for (const [i, tensor] of a.initializer.entries()) {
    if (!adapt(tensor, b.initializer[i]!)) return undefined;
  }
  return {
    ...models[0],
    graph: {
      ...a,
      node: [...prologue, ...a.node],
      initializer,
      input: a.input.map((info, i) => withDimensions(info, b.input[i]!)),
      output: a.output.map((info, i) => withDimensions(info, b.output[i]!)),
    },
  };

  /** Keeps a constant, or replaces it by nodes of the same name. */
  function adapt(first: OnnxTensor, second: OnnxTensor): boolean {
    const dims = extents(first.dims, second.dims, sizes);
    if (!dims || first.name !== second.name) return false;
    if (dims.every((extent) => "constant" in extent)) {
      if (Buffer.compare(first.rawData, second.rawData) === 0) {
        initializer.push(first);
        return true;
      }
      const values = first.dataType === ELEMENT.int64 && extents(integers(first), integers(second), sizes);
      if (!values) return false;
      shapeNodes(first.name, values);
      return true;
    }
    const element = uniformElement(first);
    const other = uniformElement(second);
    if (!element || !other || Buffer.compare(element, other) !== 0) return false;
    initializer.push({ ...first, name: `${first.name}.value`, dims: [], rawData: element });
    shapeNodes(`${first.name}.shape`, dims);
    prologue.push({
      opType: "Expand",
      name: first.name,
      input: [`${first.name}.value`, `${first.name}.shape`],
      output: [first.name],
    });
    return true;
  }

  /** A one-dimensional int64 tensor called `name` with these entries. */
  function shapeNodes(name: string, entries: readonly Extent[]): void {
    const parts = entries.map((extent, i) => {
      const part = `${name}.${i}`;
      if ("factor" in extent && extent.factor === 1) return BATCH;
      initializer.push(int64(part, "factor" in extent ? extent.factor : extent.constant));
      if ("constant" in extent) return part;
      prologue.push({ opType: "Mul", name: `${part}.size`, input: [BATCH, part], output: [`${part}.size`] });
      return `${part}.size`;
    });
    prologue.push({ opType: "Concat", name, input: parts, output: [name], attribute: [integer("axis", 0)] });
  }
}

function extents(
  first: readonly number[],
  second: readonly number[],
  [m, n]: readonly [number, number],
): Extent[] | undefined {
  if (first.length !== second.length) return undefined;
  const found = first.map((value, i): Extent | undefined => {
    if (value === second[i]) return { constant: value };
    return value % m === 0 && second[i] === (value / m) * n ? { factor: value / m } : undefined;
  });
  return found.every((extent) => extent !== undefined) ? found : undefined;
}

function withDimensions(info: OnnxValueInfo, { type }: OnnxValueInfo): OnnxValueInfo {
  const { elemType, shape } = info.type.tensorType;
  const other = type.tensorType.shape.dim;
  const dim = shape.dim.map((extent, i) =>
    JSON.stringify(extent) === JSON.stringify(other[i]) ? extent : { dimParam: BATCH },
  );
  return { ...info, type: { tensorType: { elemType, shape: { dim } } } };
}

const integer = (name: string, i: number) => ({ name, i, type: 2 });
const int64 = (name: string, value: number): OnnxTensor => ({
  name,
  dims: [1],
  dataType: ELEMENT.int64,
  rawData: new Uint8Array(BigInt64Array.of(BigInt(value)).buffer),
});
const integers = ({ rawData }: OnnxTensor) => Array.from(new BigInt64Array(rawData.slice().buffer), Number);

/** The bytes of one element of a tensor whose elements are all equal. */
function uniformElement({ rawData, dims }: OnnxTensor): Uint8Array | undefined {
  const count = dims.reduce((product, extent) => product * extent, 1);
  const width = rawData.length / count;
  const isUniform = rawData.every((byte, i) => byte === rawData[i % width]);
  return isUniform ? rawData.slice(0, width) : undefined;
}
