// Reads numeric HDF5 datasets and the D4RL layout; the one file that imports h5wasm.
import { openSync } from "node:fs";
import { open } from "node:fs/promises";
import { devNull } from "node:os";
import { resolve } from "node:path";
import type { Metadata } from "h5wasm/node";
import { fail, InputError, nearest, type Problem } from "../errors.js";
import { dataFileSize } from "./data-file.js";
import { elementCount, elementTypes, isElementType, toNumbers, type ElementType } from "./element-types.js";
import type { Recording, Table } from "./recording.js";

const blockBytes = 2 ** 24;
const signature = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
// HDF5's strongest filter is DEFLATE, which shrinks at most 1032 times.
const greatestRatio = 1100;

/** A root dataset that is wanted: how many axes it has and whether it may be absent. */
interface Wanted {
  readonly rank: number;
  readonly optional?: boolean;
}

/**
 * Reads a D4RL file: root datasets `observations` (N, Do), `actions` (N, Da) and, if present, `rewards`, `terminals`
 * and `timeouts` (N), the latter two as numbers or boolean enums. Everything else in the file is ignored.
 * @throws InputError naming file, key and expectation: `DMPO_DATA_NOT_FOUND`, `DMPO_DATA_FORMAT` (not HDF5, truncated,
 * damaged), `DMPO_DATA_KEY` (missing), `DMPO_DATA_SHAPE` (wrong rank or unequal lengths).
 */
export async function readD4rlHdf5(path: string): Promise<Recording> {
  const tables = await readTables(path, {
    observations: { rank: 2 },
    actions: { rank: 2 },
    rewards: { rank: 1, optional: true },
    terminals: { rank: 1, optional: true },
    timeouts: { rank: 1, optional: true },
  });
  const { observations, actions, rewards, terminals, timeouts } = tables;
  return {
    source: path,
    observations: observations!,
    actions: actions!,
    rewards: rewards?.data,
    terminals: terminals?.data,
    timeouts: timeouts?.data,
  };
}

async function readTables(path: string, wanted: Record<string, Wanted>): Promise<Record<string, Table | undefined>> {
  const size = await dataFileSize(path);
  if (!(await hasSignature(path, size))) {
    fail(
      "DMPO_DATA_FORMAT",
      path,
      "is not an HDF5 file",
      "an HDF5 file in the D4RL layout",
      "was a web page saved in its place?",
    );
  }
  const { File, module } = await loadLibrary();
  const file = new File(resolve(path), "r");
  if (file.file_id < 0n) damaged(path);
  try {
    const present = file.keys();
    const keys = Object.keys(wanted).filter((key) => present.includes(key) || !wanted[key]!.optional);
    const described = keys.map((key) => ({ key, metadata: present.includes(key) ? metadataOf(key) : undefined }));
    const problems = described.flatMap(({ key, metadata }) =>
      problemsOf(path, key, metadata, wanted[key]!.rank, present),
    );
    if (problems.length > 0) throw new InputError("DMPO_DATA_KEY", problems);

    const lengths = new Set(described.map(({ metadata }) => metadata!.shape![0]!));
    if (lengths.size > 1) {
      const found = described.map(({ key, metadata }) => `${key} ${metadata!.shape![0]}`).join(", ");
      fail("DMPO_DATA_SHAPE", path, `the numbers of rows differ: ${found}`, "one row per step in every dataset");
    }
    const claimed = Math.max(...described.map(({ metadata }) => claimedBytes(metadata!)));
    if (claimed > size * greatestRatio) {
      fail(
        "DMPO_DATA_FORMAT",
        path,
        `claims to hold ${claimed} bytes in ${size}`,
        "sizes that fit",
        "the file is damaged",
      );
    }
    return Object.fromEntries(described.map(({ key, metadata }) => [key, readTable(key, metadata!)]));
  } catch (error) {
    if (error instanceof InputError) throw error;
    damaged(path, error);
  } finally {
    file.close();
  }

  function metadataOf(key: string): Metadata | undefined {
    return module.get_type(file.file_id, key) === module.H5G_DATASET
      ? module.get_dataset_metadata(file.file_id, key)
      : undefined;
  }

  /** In blocks of rows, so that the library's memory, which never shrinks, stays small. */
  function readTable(key: string, metadata: Metadata): Table {
    const shape = metadata.shape!;
    const Values = elementTypes[elementTypeOf(metadata)!];
    const rowSize = elementCount(shape.slice(1));
    const chunkRows = metadata.chunks?.[0] || 1;
    const blockRows = Math.ceil(Math.max(1, blockBytes / (rowSize * metadata.size)) / chunkRows) * chunkRows;
    const data =
      Values === Float64Array ? new Float64Array(shape[0]! * rowSize) : new Float32Array(shape[0]! * rowSize);
    const address = module._malloc(Math.min(blockRows, shape[0]!) * rowSize * metadata.size);
    if (address === 0) fail("DMPO_DATA_FORMAT", `${path}: ${key}`, "its chunks are too large", "chunks below 1 GiB");
    try {
      for (let row = 0; row < shape[0]!; row += blockRows) {
        const rows = Math.min(blockRows, shape[0]! - row);
        const count = [rows, ...shape.slice(1)].map(BigInt);
        const offset = shape.map((_, axis) => BigInt(axis === 0 ? row : 0));
        const stride = shape.map(() => 1n);
        // The high-level accessors ignore this status and hand out whatever the memory held.
        if (module.get_dataset_data(file.file_id, key, count, offset, stride, BigInt(address)) < 0) {
          damaged(`${path}: ${key}`);
        }
        data.set(toNumbers(new Values(module.HEAPU8.buffer as ArrayBuffer, address, rows * rowSize)), row * rowSize);
      }
    } finally {
      module._free(address);
    }
    return { data, shape };
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
        expected: "integers, float32, float64 or booleans",
      },
    ];
  }
  if (metadata.shape.length === rank) return [];
  const expected = rank === 2 ? "2 axes: (steps, dimensions)" : "1 axis: (steps)";
  return [{ path: where, wrong: `has shape (${metadata.shape.join(", ")})`, expected }];
}

function elementTypeOf({ type, enum_type, size, signed }: Metadata): ElementType | undefined {
  const kind = { 0: signed ? "i" : "u", 1: "f" }[enum_type?.type ?? type];
  const name = `${kind}${size}`;
  return isElementType(name) ? name : undefined;
}

/** The dataset's size, or that of one chunk: HDF5 makes room for either before it looks at the data. */
function claimedBytes({ total_size, chunks, size }: Metadata): number {
  return Math.max(total_size, chunks ? elementCount(chunks) : 0) * size;
}

/** The signature stands at the start, or after a user block of 512 bytes or a power of two more. */
async function hasSignature(path: string, size: number): Promise<boolean> {
  const file = await open(path);
  try {
    const found = Buffer.alloc(signature.length);
    for (let at = 0; at + signature.length <= size; at = at === 0 ? 512 : at * 2) {
      await file.read(found, 0, found.length, at);
      if (found.equals(signature)) return true;
    }
    return false;
  } finally {
    await file.close();
  }
}

let library: ReturnType<typeof startLibrary> | undefined;

/** Loaded on first use: it takes a tenth of a second. */
function loadLibrary(): ReturnType<typeof startLibrary> {
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
