// Reads PyTorch files (torch.save) without Python: the zip container, and the legacy one of versions before 1.6.
// Formats: torch/serialization.py. Nothing in a file is executed; see pickle.ts.
import { fail } from "../errors.js";
import { openZip } from "../zip-archive.js";
import { elementTypes } from "./element-types.js";
import { readPickle } from "./pickle.js";
import { storageId, torchGlobals, type StorageId } from "./torch-pickle.js";
import type { TorchStorage } from "./torch-tensor.js";

const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

/** Whether bytes begin like a PyTorch file of either kind. */
export function looksLikeTorch(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x50 && bytes[1] === 0x4b) || (bytes[0] === 0x80 && bytes[1]! <= 5);
}

/**
 * The saved object: dicts as Map, lists and tuples as Array, tensors as TorchTensor, the rest as `readPickle` says.
 * Tensors are views of `bytes` where they can be.
 *
 * @param source names the file in errors.
 * @throws InputError for a file that is damaged, truncated, inconsistent, or names anything but plain data.
 */
export function readTorch(bytes: Uint8Array, source: string): unknown {
  if (!looksLikeTorch(bytes)) fail("DMPO_TORCH", source, "is not a PyTorch file", "a file written by torch.save");
  return bytes[0] === 0x50 ? readZip(bytes, source) : readLegacy(bytes, source);
}

function readZip(bytes: Uint8Array, source: string): unknown {
  const entries = openZip(bytes, source, { storedOnly: true });
  const roots = [...entries.keys()].flatMap((name) => /^([^/]+)\/data\.pkl$/.exec(name)?.[1] ?? []);
  const [root] = roots;
  if (root === undefined || roots.length > 1) {
    fail(
      "DMPO_TORCH",
      source,
      `has ${roots.length} entries data.pkl in a folder`,
      "one",
      "is it written by torch.save?",
    );
  }
  const order = textOf(entries.get(`${root}/byteorder`)) ?? "little";
  if (order !== "little" && order !== "big") {
    fail("DMPO_TORCH", `${source}: byteorder`, `is ${JSON.stringify(order.slice(0, 20))}`, "little or big");
  }
  const records = new Map<string, Uint8Array>();

  function storage({ dtype, key, count }: StorageId): TorchStorage {
    const name = `${source}: ${root}/data/${key}`;
    const width = elementTypes[dtype].bytes;
    let record = records.get(key);
    if (!record) {
      const extract = entries.get(`${root}/data/${key}`);
      if (!extract)
        fail("DMPO_TORCH", name, "is missing", "the bytes of a storage", "the file is truncated or damaged");
      record = order === "big" ? swapped(extract(), width) : extract();
      records.set(key, record);
    }
    if (record.length !== count * width) {
      fail("DMPO_TORCH", name, `has ${record.length} bytes`, `${count * width} for ${count} elements of ${dtype}`);
    }
    const found = record;
    return { dtype, count, bytes: () => found };
  }

  const { value } = readPickle(entries.get(`${root}/data.pkl`)!(), {
    source: `${source}: ${root}/data.pkl`,
    globals: torchGlobals(source, bytes.length),
    persistent: (id) => storage(storageId(id, source)),
  });
  return value;
}

/** Pickles of magic number, protocol, system, object and storage keys; then each storage: count, values. */
function readLegacy(bytes: Uint8Array, source: string): unknown {
  const storages = new Map<string, StorageId>();
  const records = new Map<string, Uint8Array>();

  function storage(id: StorageId): TorchStorage {
    const { dtype, key, count, view } = id;
    const known = storages.get(key);
    if (known && (known.dtype !== dtype || known.count !== count)) {
      fail("DMPO_TORCH", `${source}: storage ${key}`, "is described in two ways", "one type and size");
    }
    storages.set(key, id);
    if (view === null) return { dtype, count, bytes: () => records.get(key)! };
    const [, offset, size] = Array.isArray(view) ? (view as unknown[]) : [];
    const isPart = Number.isSafeInteger(offset) && Number.isSafeInteger(size);
    const [begin, length] = [offset as number, size as number];
    if (!isPart || begin < 0 || length < 0 || begin + length > count) {
      fail("DMPO_TORCH", `${source}: storage ${key}`, "has a part outside of it", `a part of its ${count} elements`);
    }
    const width = elementTypes[dtype].bytes;
    const part = () => records.get(key)!.subarray(begin * width, (begin + length) * width);
    return { dtype, count: length, bytes: part };
  }

  let at = 0;
  const next = () => {
    const options = {
      source,
      globals: torchGlobals(source, bytes.length),
      persistent: (id: unknown) => storage(storageId(id, source)),
    };
    const { value, end } = readPickle(bytes, options, at);
    at = end;
    return value;
  };
  const magic = next();
  // A plain pickle: of arrays, or of anything else that pickle.dump wrote.
  if (magic !== LEGACY_MAGIC && at === bytes.length) return magic;
  const protocol = at < bytes.length ? next() : undefined;
  if (magic !== LEGACY_MAGIC || protocol !== LEGACY_PROTOCOL) {
    fail("DMPO_TORCH", source, "is a pickle, but none of torch.save", "a file written by torch.save");
  }
  next(); // The system it was saved on. Storages are little-endian whatever it says.
  const value = next();
  const keys = next();
  if (!Array.isArray(keys))
    fail("DMPO_TORCH", source, "has no list of storages", "keys as texts", "the file is damaged");
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const key of keys as unknown[]) {
    const known = typeof key === "string" ? storages.get(key) : undefined;
    if (!known || records.has(known.key)) {
      fail("DMPO_TORCH", source, `lists the storage ${JSON.stringify(key)?.slice(0, 100)}`, "each storage in use once");
    }
    const end = at + 8 + known.count * elementTypes[known.dtype].bytes;
    if (end > file.length || Number(file.readBigInt64LE(at)) !== known.count) {
      fail(
        "DMPO_TORCH",
        `${source}: storage ${known.key}`,
        "is truncated or of another size",
        `${known.count} elements`,
      );
    }
    records.set(known.key, file.subarray(at + 8, end));
    at = end;
  }
  const missing = [...storages.keys()].find((key) => !records.has(key));
  if (missing !== undefined)
    fail("DMPO_TORCH", `${source}: storage ${missing}`, "is missing", "the values of every storage");
  return value;
}

function textOf(extract: (() => Uint8Array) | undefined): string | undefined {
  return extract && Buffer.from(extract()).toString("latin1").trim();
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const copy = Buffer.from(bytes);
  if (copy.length % width !== 0) return copy; // Its size is refused later.
  if (width === 2) copy.swap16();
  else if (width === 4) copy.swap32();
  else if (width === 8) copy.swap64();
  return copy;
}
