// The names and references inside PyTorch's pickles: storages by persistent id, tensors rebuilt as views of them.
import { fail } from "../errors.js";
import { elementTypes, type ElementTypeName } from "./element-types.js";
import { numpyGlobals } from "./numpy-pickle.js";
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
};
const typeOfStorage = new Map(Object.entries(storageNames).map(([type, name]) => [name, type as ElementTypeName]));

const dtypes =
  "float64 double float32 float float16 half bfloat16 int64 long int32 int int16 short int8 uint8 bool".split(" ");

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
  return { dtype, key, count, view };
}

/**
 * Everything a checkpoint's pickle may name. Views of one storage may add up to a multiple of the file only, so that a
 * small file cannot ask for much memory.
 */
export function torchGlobals(source: string, fileSize: number): PickleGlobals {
  let budget = 4 * fileSize + 2 ** 24;

  const rebuild: PickleGlobal = {
    call(storage, offset, shape, strides) {
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
  const parameter: PickleGlobal = {
    call: (tensor) =>
      tensor instanceof TorchTensor ? tensor : fail("DMPO_TORCH", source, "has a parameter without tensor", "a tensor"),
  };
  const size: PickleGlobal = { call: (extents) => extents };
  const named: PickleGlobal = { call: (name) => String(name) };

  return {
    ...plainGlobals,
    ...numpyGlobals,
    ...Object.fromEntries(Object.values(storageNames).map((name) => [name, {}])),
    ...Object.fromEntries(dtypes.map((name) => [`torch.${name}`, {}])),
    "torch._utils._rebuild_tensor": rebuild,
    "torch._utils._rebuild_tensor_v2": rebuild,
    "torch._utils._rebuild_parameter": parameter,
    "torch.Size": size,
    "torch.device": named,
  };
}

const isStorage = (value: unknown): value is TorchStorage =>
  typeof value === "object" && value !== null && "bytes" in value && "count" in value && "dtype" in value;
