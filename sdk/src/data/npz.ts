// Named NumPy arrays in one file: .npz, a zip archive of .npy entries.
import { zipSync, type Zippable } from "fflate";
import { fail, nearest } from "../errors.js";
import { dataFileSize } from "./data-file.js";
import { fileSource } from "./images.js";
import { decodeNpy, encodeNpy, type NpyArray } from "./npy.js";
import { openZip, type ZipSource } from "../zip-archive.js";

/** An opened .npz file: arrays are decoded when asked for, so that unused ones (images) cost nothing. */
export interface NpzFile {
  readonly keys: readonly string[];
  has(key: string): boolean;
  /** @throws InputError if the key is absent, naming those present, or the array cannot be read. */
  get(key: string): NpyArray;
}

/** Opens a file on disk, of which only the arrays asked for are read. @throws InputError `DMPO_DATA_NOT_FOUND`, `DMPO_DATA_FORMAT`. */
export async function readNpz(path: string): Promise<NpzFile> {
  return openNpz(fileSource(path, await dataFileSize(path)), path);
}

/** Opens bytes in memory or elsewhere; `file` is how errors name them. */
export function openNpz(bytes: Uint8Array | ZipSource, file: string): NpzFile {
  const entries = new Map([...openZip(bytes, file)].map(([name, extract]) => [name.replace(/\.npy$/, ""), extract]));
  const keys = [...entries.keys()];
  return {
    keys,
    has: (key) => entries.has(key),
    get(key) {
      const extract = entries.get(key);
      if (extract) return decodeNpy(extract(), `${file}: ${key}`);
      const close = nearest(key, keys);
      const expected = `an array of that name; the file holds ${keys.join(", ") || "nothing"}`;
      fail("DMPO_DATA_KEY", `${file}: ${key}`, "is missing", expected, close && `is "${close}" meant?`);
    },
  };
}

/** Encodes arrays as `numpy.savez_compressed` does; equal arrays give equal bytes. */
export function encodeNpz(arrays: Readonly<Record<string, NpyArray>>): Uint8Array {
  const entries = Object.entries(arrays).map(([key, array]) => [`${key}.npy`, encodeNpy(array)] as const);
  return zipSync(Object.fromEntries(entries) satisfies Zippable, { mtime: new Date(1980, 0, 1) });
}
