// The same checkpoint as a PyTorch object and as named tensors with texts (safetensors): one maps to the other and back.
import { fail } from "../errors.js";
import { isElementType, type ElementTypeName, type RawTensor } from "./element-types.js";
import { NumpyArray } from "./numpy-pickle.js";
import { OmittedValue } from "./omitted-value.js";
import type { RawContents } from "./safetensors.js";

/** Metadata entry with the object's structure; a tensor is replaced by its name. */
const KEY = "torch";
/** Metadata entry of this program's own checkpoints; a PyTorch file carries it as a text of the same name, and that is enough. */
const OWN = "dmpo";
const MAX_DEPTH = 100;

/** JSON cannot say what a list of pairs, a tensor or an infinity is; objects with one key do. */
type Described =
  | null
  | boolean
  | number
  | string
  | { readonly tensor: string }
  | { readonly list: readonly Described[] }
  | { readonly dict: readonly (readonly [Described, Described])[] }
  | { readonly integer: string }
  | { readonly float: string }
  | { readonly bytes: string }
  | { readonly omitted: string };

/**
 * Named tensors (`model.network.mlp_mean.layers.0.weight`: the path inside the object) and the structure as text. Tied tensors
 * are stored each for itself. Objects that are no data in safetensors (sets, element types) are noted as omitted.
 *
 * @throws InputError if paths collide or the object nests deeper than 100.
 */
export function torchToContents(value: unknown, source: string): RawContents {
  const tensors: Record<string, RawTensor> = Object.create(null) as Record<string, RawTensor>;

  if (value instanceof OmittedValue) {
    const remedy = "save what it holds instead: torch.save(model.state_dict(), path)";
    fail("DMPO_TORCH", source, `holds one object of the class ${value.name}`, "named tensors", remedy);
  }

  function describe(node: unknown, path: string, depth: number): Described {
    if (depth > MAX_DEPTH) fail("DMPO_TORCH", source, "nests too deeply", `at most ${MAX_DEPTH} levels`);
    if (node === null || typeof node === "boolean" || typeof node === "string") return node;
    if (typeof node === "bigint") return { integer: String(node) };
    if (typeof node === "number") return Number.isFinite(node) ? node : { float: String(node) };
    if (node instanceof OmittedValue) return { omitted: node.name };
    if (node instanceof NumpyArray) return node.type.isNumeric ? describe(tensorOf(node), path, depth) : { omitted: `NumPy array of ${node.type.code}` }; // prettier-ignore
    if (isTensor(node)) {
      const name = path || "value";
      if (name in tensors) fail("DMPO_TORCH", `${source}: ${name}`, "is the path of two tensors", "distinct paths");
      tensors[name] = node;
      return { tensor: name };
    }
    if (node instanceof Uint8Array) return { bytes: Buffer.from(node).toString("base64") };
    const below = (key: unknown) => (path ? `${path}.${String(key)}` : String(key));
    if (Array.isArray(node)) return { list: node.map((item, i) => describe(item, below(i), depth + 1)) };
    if (!(node instanceof Map)) return { omitted: (node as object).constructor.name };
    const pairs = [...(node as Map<unknown, unknown>)];
    return {
      dict: pairs.map(([key, item]) => [describe(key, below("key"), depth + 1), describe(item, below(key), depth + 1)]),
    };
  }

  const structure = describe(value, "", 0);
  const own = value instanceof Map ? (value.get(OWN) as unknown) : undefined;
  const metadata: Record<string, string> =
    typeof own === "string" ? { [OWN]: own } : { [KEY]: JSON.stringify(structure) };
  return { tensors: { ...tensors }, metadata };
}

const isTensor = (node: unknown): node is RawTensor =>
  typeof node === "object" &&
  node !== null &&
  "dtype" in node &&
  isElementType(node.dtype) &&
  "shape" in node &&
  "bytes" in node;

/** As float32 or int32, or as it is where safetensors has the type. */
function tensorOf({ data, shape }: NumpyArray): RawTensor {
  const types = new Map<unknown, ElementTypeName>([
    [Float32Array, "F32"],
    [Float64Array, "F64"],
    [Int8Array, "I8"],
    [Int16Array, "I16"],
    [Int32Array, "I32"],
    [Uint8Array, "U8"],
    [Uint16Array, "U16"],
    [Uint32Array, "U32"],
  ]);
  return { dtype: types.get(data.constructor)!, shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }; // prettier-ignore
}

/**
 * The PyTorch object of {@link torchToContents}. Without its structure, tensors are grouped by the first part of their
 * name, so that `model.*`, `ema.*` and `policy.*` become the state dicts that the reference looks for.
 *
 * @throws InputError if the structure is damaged.
 */
export function contentsToTorch({ tensors, metadata }: RawContents, source: string): unknown {
  const text = metadata[KEY];
  if (text === undefined) return grouped(tensors, metadata);
  const damaged = (): never =>
    fail("DMPO_TORCH", `${source}: ${KEY}`, "is damaged", "the structure of a PyTorch object");

  function restore(node: Described, depth: number): unknown {
    if (depth > MAX_DEPTH) damaged();
    if (typeof node !== "object" || node === null) return node;
    if ("tensor" in node) return Object.hasOwn(tensors, node.tensor) ? tensors[node.tensor] : damaged();
    if ("integer" in node) return /^-?\d{1,1000}$/.test(node.integer) ? BigInt(node.integer) : damaged();
    if ("float" in node) return Number(node.float);
    if ("bytes" in node) return new Uint8Array(Buffer.from(node.bytes, "base64"));
    if ("omitted" in node) return null;
    if ("list" in node && Array.isArray(node.list)) return node.list.map((item: Described) => restore(item, depth + 1));
    if (!("dict" in node) || !Array.isArray(node.dict)) return damaged();
    const pairs = node.dict as [Described, Described][];
    return new Map(pairs.map(([key, item]) => [restore(key, depth + 1), restore(item, depth + 1)]));
  }

  try {
    return restore(JSON.parse(text) as Described, 0);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) damaged();
    throw error;
  }
}

function grouped({ ...tensors }: RawContents["tensors"], metadata: RawContents["metadata"]): unknown {
  const groups = new Map<string, unknown>();
  for (const [name, tensor] of Object.entries(tensors)) {
    const dot = name.indexOf(".");
    const [group, key] = dot < 0 ? [name, undefined] : [name.slice(0, dot), name.slice(dot + 1)];
    if (key === undefined) {
      groups.set(group, tensor);
      continue;
    }
    const known = groups.get(group);
    const dict = known instanceof Map ? (known as Map<string, unknown>) : new Map<string, unknown>();
    groups.set(group, dict.set(key, tensor));
  }
  for (const [key, text] of Object.entries(metadata)) groups.set(key, text);
  return groups;
}
