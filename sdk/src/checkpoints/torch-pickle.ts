// The names and references inside PyTorch's pickles: storages by persistent id, tensors rebuilt as views of them.
import { fail } from "../errors.js";
import { elementTypes, type ElementTypeName } from "./element-types.js";
import { numpyGlobals } from "./numpy-pickle.js";
import { OmittedValue } from "./omitted-value.js";
import { PickledName, type PickleGlobal, type PickleGlobals } from "./pickle.js";
import { plainGlobals } from "./plain-pickle.js";
import { TorchTensor, type TorchStorage } from "./torch-tensor.js";

/** `torch.<name>Storage` of each element type. */
export const storageNames: Readonly<Record<ElementTypeName, string>> = {
  F64: "torch.DoubleStorage",
  F32: "torch.FloatStorage",
  F16: "torch.HalfStorage",
  BF16: "torch.BFloat16Storage",
  I64: "torch.LongStorage",
  I32: "torch.IntStorage",
  I16: "torch.ShortStorage",
  I8: "torch.CharStorage",
  U8: "torch.ByteStorage",
  BOOL: "torch.BoolStorage",
  U16: "torch.storage.UntypedStorage",
  U32: "torch.storage.UntypedStorage",
  U64: "torch.storage.UntypedStorage",
  F8_E4M3: "torch.storage.UntypedStorage",
  F8_E5M2: "torch.storage.UntypedStorage",
  C64: "torch.ComplexFloatStorage",
};
/** Storages without a type are bytes until a tensor says what they hold. */
const UNTYPED = "torch.storage.UntypedStorage";
/** Types without a place here: their tensors are left out, their storages are bytes. */
const otherStorages: ReadonlyMap<string, number> = new Map([
  ["torch.ComplexDoubleStorage", 16],
  ["torch.QUInt8Storage", 1],
  ["torch.QInt8Storage", 1],
  ["torch.QInt32Storage", 4],
  ["torch.QUInt4x2Storage", 1],
  ["torch.QUInt2x4Storage", 1],
]);
const typeOfStorage = new Map<string, ElementTypeName>([
  ...Object.entries(storageNames).map(([type, name]) => [name, type as ElementTypeName] as const),
  [UNTYPED, "U8"],
  ...[...otherStorages.keys()].map((name) => [name, "U8"] as const),
]);

/** `torch.<name>` of the types that only untyped storages hold. */
const typeNames: ReadonlyMap<string, ElementTypeName> = new Map(
  Object.entries({
    uint16: "U16",
    uint32: "U32",
    uint64: "U64",
    float8_e4m3fn: "F8_E4M3",
    float8_e5m2: "F8_E5M2",
    float64: "F64",
    float32: "F32",
    float16: "F16",
    bfloat16: "BF16",
    int64: "I64",
    int32: "I32",
    int16: "I16",
    int8: "I8",
    uint8: "U8",
    bool: "BOOL",
    complex64: "C64",
  } satisfies Record<string, ElementTypeName>).map(([name, type]) => [`torch.${name}`, type]),
);

const dtypes =
  "float64 double float32 float float16 half bfloat16 int64 long int32 int int16 short int8 uint8 bool".split(" ");

/** `torch.<dtype>` of a type that has no storage of its own; undefined for the others. */
export const untypedName = (dtype: ElementTypeName): string | undefined =>
  storageNames[dtype] === UNTYPED ? [...typeNames].find(([, type]) => type === dtype)![0] : undefined;

/** A storage as a persistent id describes it. */
export interface StorageId {
  readonly dtype: ElementTypeName;
  readonly key: string;
  /** In elements. */
  readonly count: number;
  /** Legacy files: the storage is a part of another, from this element on. */
  readonly view: unknown;
}

/** ("storage", type, key, device, count[, view]); the device is of no interest. @throws InputError for anything else. */
export function storageId(id: unknown, source: string): StorageId {
  const [kind, type, key, , count, view = null] = Array.isArray(id) ? (id as unknown[]) : [];
  const dtype = type instanceof PickledName ? typeOfStorage.get(type.name) : undefined;
  const isCount = typeof count === "number" && Number.isSafeInteger(count) && count >= 0;
  if (kind !== "storage" || dtype === undefined || typeof key !== "string" || !/^\w{1,100}$/.test(key) || !isCount) {
    const shown = JSON.stringify(typeof key === "string" ? key.slice(0, 100) : typeof id);
    fail("DMPO_TORCH", source, `refers to the storage ${shown}`, "a storage of this file by its plain name");
  }
  const width = otherStorages.get((type as PickledName).name) ?? 1;
  return { dtype, key, count: count * width, view };
}

/**
 * Everything a checkpoint's pickle may name. Views of one storage may add up to a multiple of the file only, so that a
 * small file cannot ask for much memory.
 */
export function torchGlobals(source: string, fileSize: number): PickleGlobals {
  let budget = 4 * fileSize + 2 ** 24;

  const rebuild: PickleGlobal = {
    call(storage, offset, shape, strides) {
      if (storage instanceof OmittedValue) return storage;
      if (!isStorage(storage) || !Array.isArray(shape) || !Array.isArray(strides)) {
        fail("DMPO_TORCH", `${source}: a tensor`, "has no storage or shape", "storage, offset, sizes, strides");
      }
      const tensor = new TorchTensor(storage, offset as number, shape as number[], strides as number[], source);
      budget -= tensor.count * elementTypes[tensor.dtype].bytes;
      if (budget < 0) {
        fail("DMPO_TORCH", source, "has tensors far larger than their storages", "at most four times the file");
      }
      return tensor;
    },
  };
  /** (storage, offset, size, stride, requires_grad, backward_hooks, dtype): types that have no storage of their own. */
  const rebuildTyped: PickleGlobal = {
    call(storage, offset, shape, strides, _grad, _hooks, type) {
      const name = type instanceof PickledName ? type.name : "torch.?";
      const dtype = typeNames.get(name);
      if (dtype === undefined || !isStorage(storage)) return new OmittedValue(name);
      const { bytes } = elementTypes[dtype];
      const typed: TorchStorage = { dtype, count: Math.floor(storage.count / bytes), bytes: storage.bytes };
      // In elements already, though the storage counts bytes.
      return rebuild.call!(typed, offset, shape, strides);
    },
  };
  /** A tensor of a class of its own, or with attributes: (function, class, arguments, state). */
  const rebuildFromType: PickleGlobal = {
    call(maker, _type, args) {
      const isKnown = maker instanceof PickledName && maker.global.call && Array.isArray(args);
      return isKnown ? maker.global.call(...(args as unknown[])) : new OmittedValue("torch.Tensor");
    },
  };
  const parameter: PickleGlobal = {
    call: (tensor) =>
      tensor instanceof TorchTensor || tensor instanceof OmittedValue
        ? tensor
        : fail("DMPO_TORCH", source, "has a parameter without tensor", "a tensor"),
  };
  const size: PickleGlobal = { call: (extents) => extents };
  const named: PickleGlobal = { call: (name) => String(name) };

  return {
    ...plainGlobals,
    ...numpyGlobals,
    ...Object.fromEntries([...typeOfStorage.keys()].map((name) => [name, {}])),
    ...Object.fromEntries([...typeNames.keys()].map((name) => [name, {}])),
    ...Object.fromEntries(dtypes.map((name) => [`torch.${name}`, {}])),
    "torch._utils._rebuild_tensor": rebuild,
    "torch._utils._rebuild_tensor_v2": rebuild,
    "torch._utils._rebuild_tensor_v3": rebuildTyped,
    "torch._utils._rebuild_parameter": parameter,
    "torch._utils._rebuild_parameter_with_state": parameter,
    "torch._tensor._rebuild_from_type_v2": rebuildFromType,
    "torch.Size": size,
    "torch.device": named,
  };
}

const isStorage = (value: unknown): value is TorchStorage =>
  typeof value === "object" && value !== null && "bytes" in value && "count" in value && "dtype" in value;
