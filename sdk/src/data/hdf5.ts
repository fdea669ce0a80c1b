// Numeric datasets of HDF5 files, whole or block by block; the one file that imports h5wasm.
import { openSync } from "node:fs";
import { open } from "node:fs/promises";
import { devNull } from "node:os";
import { resolve } from "node:path";
import type { Dataset, File, Group, Metadata } from "h5wasm/node";
import { fail, InputError, nearest, type Problem } from "../errors.js";
import { foreignFile, foreignHead } from "../foreign-file.js";
import { dataFileSize } from "./data-file.js";
import { elementCount, numpyTypes, isNumpyType, toNumbers, type NumpyType, type NumberArray } from "./numpy-types.js";
import type { RecordedTable } from "./recording.js";

const blockBytes = 2 ** 24;
/** Of the files that are written here. */
const chunkRows = 1000;
/** Chunks of larger rows, such as pictures, have fewer of them. */
const chunkNumbers = 2 ** 20;
/** Deflate, shuffle, Fletcher's checksum, n-bit, scale-offset: part of every HDF5 library. */
const builtInFilters = new Set([1, 2, 3, 5, 6]);
/** Registered filters, where files do not say the name. https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md */
const filterNames: ReadonlyMap<number, string> = new Map([
  [4, "szip"],
  [305, "lzo"],
  [307, "bzip2"],
  [32000, "lzf"],
  [32001, "blosc"],
  [32004, "lz4"],
  [32008, "bitshuffle"],
  [32013, "zfp"],
  [32015, "zstd"],
  [32026, "blosc2"],
]);
const signature = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
// HDF5's strongest filter is DEFLATE, which shrinks at most 1032 times.
const greatestRatio = 1100;

/** A dataset that is wanted: how many axes it has and whether it may be absent. */
export interface Wanted {
  readonly rank: number;
  readonly optional?: boolean;
}

/** What lies at a path inside a file; `type` is undefined where it holds no numbers. */
export interface Hdf5Node {
  readonly path: string;
  readonly kind: "group" | "dataset" | "other";
  readonly shape?: readonly number[];
  readonly type?: NumpyType;
}

/** A table for which there is a dataset; undefined for optional ones that are absent. */
type Present<W extends Record<string, Wanted>> = {
  [K in keyof W]: W[K]["optional"] extends true ? RecordedTable | undefined : RecordedTable;
};

/** An open file. Close it, or use {@link withHdf5}. */
export class Hdf5File {
  readonly #file: File;
  readonly #module: Library["module"];

  private constructor(
    readonly path: string,
    readonly size: number,
    { File, module }: Library,
  ) {
    this.#file = new File(resolve(path), "r");
    this.#module = module;
    if (this.#file.file_id < 0n) damaged(path);
  }

  /** @throws InputError `DMPO_DATA_NOT_FOUND`, `DMPO_DATA_FORMAT`. */
  static async open(path: string): Promise<Hdf5File> {
    const size = await dataFileSize(path);
    const foreign = await foreignContents(path, size);
    if (foreign) fail("DMPO_DATA_FORMAT", path, foreign.wrong, "an HDF5 file", foreign.remedy);
    return new Hdf5File(path, size, await loadLibrary());
  }

  close(): void {
    this.#file.close();
  }

  /** Names at the root or in a group. */
  keys(group = "/"): string[] {
    return this.#module.get_names(this.#file.file_id, group, false);
  }

  /** All groups and datasets, in alphabetical order. */
  nodes(): Hdf5Node[] {
    return this.#module
      .get_names(this.#file.file_id, "/", true)
      .sort()
      .map((path) => this.node(path));
  }

  node(path: string): Hdf5Node {
    const found = this.#module.get_type(this.#file.file_id, path);
    if (found === this.#module.H5G_GROUP) return { path, kind: "group" };
    const metadata = this.#metadata(path);
    if (!metadata) return { path, kind: "other" };
    return { path, kind: "dataset", shape: metadata.shape ?? undefined, type: elementTypeOf(metadata) };
  }

  /**
   * Checks datasets of a group before anything is read.
   * @returns the keys that are present.
   * @throws InputError `DMPO_DATA_KEY` (missing, no numbers, another rank), `DMPO_DATA_SHAPE` (unequal numbers of rows),
   * `DMPO_DATA_FORMAT` (sizes that the file cannot hold).
   */
  check(wanted: Readonly<Record<string, Wanted>>, group = ""): string[] {
    const present = this.keys(group || "/");
    const keys = Object.keys(wanted).filter((key) => present.includes(key) || !wanted[key]!.optional);
    const described = keys.map((key) => ({
      key,
      metadata: present.includes(key) ? this.#metadata(`${group}/${key}`) : undefined,
    }));
    const where = group ? `${this.path}: ${group}` : this.path;
    const problems = described.flatMap(({ key, metadata }) =>
      problemsOf(where, key, metadata, wanted[key]!.rank, present),
    );
    if (problems.length > 0) throw new InputError("DMPO_DATA_KEY", problems);
    if (new Set(described.map(({ metadata }) => metadata!.shape![0]!)).size > 1) {
      const found = described.map(({ key, metadata }) => `${key} ${metadata!.shape![0]}`).join(", ");
      fail("DMPO_DATA_SHAPE", where, `the numbers of rows differ: ${found}`, "one row per step in every dataset");
    }
    const claimed = Math.max(...described.map(({ metadata }) => claimedBytes(metadata!)));
    if (claimed > this.size * greatestRatio) {
      const wrong = `claims to hold ${claimed} bytes in ${this.size}`;
      fail("DMPO_DATA_FORMAT", where, wrong, "sizes that fit", "the file is damaged");
    }
    return keys;
  }

  /** Checked datasets of a group as float32, or float64 where they are. @throws InputError as {@link check}. */
  tables<W extends Record<string, Wanted>>(wanted: W, group = ""): Present<W> {
    const keys = this.check(wanted, group);
    return Object.fromEntries(keys.map((key) => [key, this.read(`${group}/${key}`)])) as Present<W>;
  }

  /** An attribute of a group or dataset that is a text; undefined where there is none. */
  text(path: string, attribute: string): string | undefined {
    const owner = this.#file.get(path) as Group | Dataset | null;
    const value: unknown = owner?.attrs[attribute]?.value;
    return typeof value === "string" ? value : undefined;
  }

  /** A dataset of numbers as float32, or float64 where it is. */
  read(key: string): RecordedTable {
    const { shape, type } = this.#numbers(key);
    const data = type === "f8" ? new Float64Array(elementCount(shape)) : new Float32Array(elementCount(shape));
    const rowSize = elementCount(shape.slice(1));
    for (const { row, values } of this.blocks(key)) data.set(values, row * rowSize);
    return { data, shape };
  }

  /**
   * A dataset of numbers in blocks of rows, so that the library's memory, which never shrinks, stays small.
   * `values` is a view that the next block overwrites.
   */
  *blocks(key: string): Generator<{ readonly row: number; readonly rows: number; readonly values: NumberArray }> {
    const { shape, type, size, chunkRows } = this.#numbers(key);
    const Values = numpyTypes[type];
    const rowSize = elementCount(shape.slice(1));
    const blockRows = Math.ceil(Math.max(1, blockBytes / (rowSize * size)) / chunkRows) * chunkRows;
    const address = this.#module._malloc(Math.min(blockRows, shape[0]!) * rowSize * size);
    const where = `${this.path}: ${key.replace(/^\//, "")}`;
    if (address === 0) fail("DMPO_DATA_FORMAT", where, "its chunks are too large", "chunks below 1 GiB");
    try {
      for (let row = 0; row < shape[0]!; row += blockRows) {
        const rows = Math.min(blockRows, shape[0]! - row);
        const count = [rows, ...shape.slice(1)].map(BigInt);
        const offset = shape.map((_, axis) => BigInt(axis === 0 ? row : 0));
        const stride = shape.map(() => 1n);
        const id = this.#file.file_id;
        // The high-level accessors ignore this status and hand out whatever the memory held.
        if (this.#module.get_dataset_data(id, key, count, offset, stride, BigInt(address)) < 0) damaged(where);
        const memory = this.#module.HEAPU8.buffer as ArrayBuffer;
        yield { row, rows, values: toNumbers(type, new Values(memory, address, rows * rowSize)) };
      }
    } finally {
      this.#module._free(address);
    }
  }

  #metadata(path: string): Metadata | undefined {
    const isDataset = this.#module.get_type(this.#file.file_id, path) === this.#module.H5G_DATASET;
    return isDataset ? this.#module.get_dataset_metadata(this.#file.file_id, path) : undefined;
  }

  #numbers(key: string) {
    const metadata = this.#metadata(key);
    const type = metadata && elementTypeOf(metadata);
    if (!metadata?.shape || !type)
      fail("DMPO_DATA_KEY", `${this.path}: ${key}`, "holds no numbers", "a numeric dataset");
    this.#checkFilters(key);
    const { shape, size, chunks } = metadata;
    return { shape, type, size, chunkRows: chunks?.[0] || 1 };
  }

  /** @throws InputError `DMPO_DATA_FILTER` where the library cannot undo what the writer did to the chunks. */
  #checkFilters(key: string): void {
    const unknown = this.#module.get_dataset_filters(this.#file.file_id, key).find(({ id }) => !builtInFilters.has(id));
    if (!unknown) return;
    const name = filterNames.get(unknown.id) ?? unknown.name;
    fail(
      "DMPO_DATA_FILTER",
      `${this.path}: ${key.replace(/^\//, "")}`,
      `is compressed with ${name ? `${name} (filter ${unknown.id})` : `filter ${unknown.id}`}, which is not read here`,
      "gzip, shuffle, or no compression; the file is not damaged",
      "write it anew with gzip: in Python with h5py, " +
        'dst.create_dataset(name, data=src[name][:], compression="gzip") for each dataset; or `h5repack -f GZIP=4 OLD NEW`',
    );
  }
}

/** Opens, uses and closes a file; whatever the library throws means that the file is damaged. */
export async function withHdf5<T>(path: string, use: (file: Hdf5File) => T | Promise<T>): Promise<T> {
  const file = await Hdf5File.open(path);
  try {
    return await use(file);
  } catch (error) {
    if (error instanceof InputError || (error instanceof Error && "code" in error)) throw error;
    damaged(path, error);
  } finally {
    file.close();
  }
}

function problemsOf(
  path: string,
  key: string,
  metadata: Metadata | undefined,
  rank: number,
  present: string[],
): Problem[] {
  const where = `${path}: ${key}`;
  if (!present.includes(key)) {
    const close = nearest(key, present);
    const expected = `a dataset of that name at the root; the file holds ${present.join(", ") || "nothing"}`;
    return [{ path: where, wrong: "is missing", expected, remedy: close && `is "${close}" meant?` }];
  }
  if (!metadata?.shape || !elementTypeOf(metadata)) {
    return [
      {
        path: where,
        wrong: metadata ? "does not hold numbers" : "is not a dataset",
        expected: "integers, float16, float32, float64 or booleans",
      },
    ];
  }
  if (metadata.shape.length === rank) return [];
  const expected = rank === 2 ? "2 axes: (steps, dimensions)" : "1 axis: (steps)";
  return [{ path: where, wrong: `has shape (${metadata.shape.join(", ")})`, expected }];
}

function elementTypeOf({ type, enum_type, size, signed }: Metadata): NumpyType | undefined {
  const kind = { 0: signed ? "i" : "u", 1: "f" }[enum_type?.type ?? type];
  const name = `${kind}${size}`;
  return isNumpyType(name) ? name : undefined;
}

/** The dataset's size, or that of one chunk: HDF5 makes room for either before it looks at the data. */
function claimedBytes({ total_size, chunks, size }: Metadata): number {
  return Math.max(total_size, chunks ? elementCount(chunks) : 0) * size;
}

/** What the file is if no HDF5 file. The signature stands at the start, or after a user block of 512 bytes or a power of two more. */
async function foreignContents(path: string, size: number) {
  const file = await open(path);
  try {
    const found = Buffer.alloc(signature.length);
    for (let at = 0; at + signature.length <= size; at = at === 0 ? 512 : at * 2) {
      await file.read(found, 0, found.length, at);
      if (found.equals(signature)) return undefined;
    }
    const head = Buffer.alloc(Math.min(size, foreignHead));
    await file.read(head, 0, head.length, 0);
    return foreignFile(head) ?? { wrong: "is not an HDF5 file", remedy: "was another file saved in its place?" };
  } finally {
    await file.close();
  }
}

type WrittenNumbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/** A dataset to be written: numbers, compressed, or texts of one length. Large ones may be read when their turn comes. */
export type WrittenDataset =
  | { readonly data: WrittenNumbers | (() => WrittenNumbers); readonly shape: readonly number[] }
  | { readonly data: readonly string[] };

/**
 * Writes a file with these datasets, by paths such as "data/demo_0/actions"; one that is there is replaced.
 * @param attributes by the paths of groups and datasets; whole numbers or texts.
 * @param mode "append" adds to a file that is there, which must not have them.
 */
export async function writeHdf5(
  path: string,
  datasets: Readonly<Record<string, WrittenDataset>>,
  attributes: Readonly<Record<string, Readonly<Record<string, number | string>>>> = {},
  mode: "replace" | "append" = "replace",
): Promise<void> {
  const { File } = await loadLibrary();
  const file = new File(resolve(path), mode === "append" ? "a" : "w");
  for (const [name, dataset] of Object.entries(datasets)) {
    for (const group of groupsAbove(name)) if (file.get(group) === null) file.create_group(group);
    if (!("shape" in dataset)) {
      const length = Math.max(1, ...dataset.data.map((text) => Buffer.byteLength(text)));
      file.create_dataset({ name, data: [...dataset.data], shape: [dataset.data.length], dtype: `S${length}` });
      continue;
    }
    const { shape } = dataset;
    const data = typeof dataset.data === "function" ? dataset.data() : dataset.data;
    const rows = Math.max(1, Math.min(chunkRows, Math.floor(chunkNumbers / elementCount(shape.slice(1)))));
    const chunks = [Math.min(shape[0]!, rows), ...shape.slice(1)];
    file.create_dataset({ name, data, shape: [...shape], chunks, compression: "gzip", compression_opts: 4 });
  }
  for (const [name, values] of Object.entries(attributes)) {
    const owner = file.get(name) as Group | Dataset;
    for (const [key, value] of Object.entries(values)) {
      if (typeof value === "string") owner.create_attribute(key, value);
      else owner.create_attribute(key, value, [], "<q");
    }
  }
  file.close();
}

/** "a/b/c" lies in "a" and "a/b". */
const groupsAbove = (path: string): string[] =>
  path.split("/").flatMap((_, depth, parts) => (depth === 0 ? [] : [parts.slice(0, depth).join("/")]));

type Library = Awaited<ReturnType<typeof startLibrary>>;
let library: Promise<Library> | undefined;

/** Loaded on first use: it takes a tenth of a second. */
function loadLibrary(): Promise<Library> {
  return (library ??= startLibrary());
}

async function startLibrary() {
  const { File, ready } = await import("h5wasm/node");
  const module = await ready;
  // On failure the C library prints a stack of its functions to the terminal; the InputError says it better.
  const { streams } = module.FS as unknown as { streams: { nfd: number }[] };
  streams[2]!.nfd = openSync(devNull, "w");
  return { File, module };
}

function damaged(where: string, cause?: unknown): never {
  const reason = cause instanceof Error ? ` (${cause.message})` : "";
  fail(
    "DMPO_DATA_FORMAT",
    where,
    `cannot be read${reason}`,
    "a complete HDF5 file",
    "the file is truncated or damaged: fetch it again",
  );
}
