// Checkpoints: one safetensors file with the vectors and, as JSON in its metadata, everything else needed to continue.
import { fail } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { readCheckpointFile } from "./checkpoint-file.js";
import { elementsOf } from "./element-types.js";
import { encodeSafetensors, type RawContents, type TensorData } from "./safetensors.js";

const KEY = "dmpo";
const FORMAT_VERSION = 1;

export interface Checkpoint {
  readonly tensors: Readonly<Record<string, TensorData>>;
  /** A JSON value. What is read back is data from outside: parse it with a schema. */
  readonly metadata: unknown;
}

/** Writes a checkpoint, completely or not at all. @throws InputError if the metadata has something that JSON would lose. */
export async function saveCheckpoint(path: string, { tensors, metadata }: Checkpoint): Promise<void> {
  const text = JSON.stringify({ formatVersion: FORMAT_VERSION, metadata }, requireJson);
  await writeFileAtomic(path, encodeSafetensors({ tensors, metadata: { [KEY]: text } }));
}

/**
 * Reads a checkpoint written by {@link saveCheckpoint}, or converted from one.
 * @throws InputError if it is missing, foreign, newer or damaged.
 */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  return openCheckpoint((await readCheckpointFile(path)).contents, path);
}

/** Whether the contents of a file were written by {@link saveCheckpoint}. */
export const isCheckpoint = ({ metadata }: RawContents) => metadata[KEY] !== undefined;

/** The checkpoint in the contents of a file. @throws InputError if it is foreign, newer or damaged. */
export function openCheckpoint({ tensors, metadata }: RawContents, path: string): Checkpoint {
  if (metadata[KEY] === undefined) {
    fail("DMPO_CHECKPOINT", path, "has no training metadata", `a "${KEY}" entry`, "it was not written by this program");
  }
  const { formatVersion, metadata: stored } = parse(metadata[KEY], path);
  if (formatVersion !== FORMAT_VERSION) {
    const expected = `format version ${FORMAT_VERSION}`;
    fail("DMPO_CHECKPOINT", path, `has format version ${String(formatVersion)}`, expected, "update this program");
  }
  const read = Object.entries(tensors).map(([name, tensor]) => {
    const data = elementsOf(tensor, `${path}: tensor "${name}"`);
    return [name, { data, shape: tensor.shape }] as const;
  });
  return { tensors: Object.fromEntries(read), metadata: stored };
}

function parse(text: string, path: string): { formatVersion?: unknown; metadata?: unknown } {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    fail("DMPO_CHECKPOINT", path, "has training metadata that is not JSON", "an undamaged file");
  }
}

function requireJson(key: string, value: unknown): unknown {
  const lossy =
    (typeof value === "number" && !Number.isFinite(value)) ||
    ["function", "symbol", "bigint"].includes(typeof value) ||
    ArrayBuffer.isView(value);
  if (lossy) {
    const found = ArrayBuffer.isView(value) ? value.constructor.name : String(value);
    fail("DMPO_CHECKPOINT", `metadata ${key}`, `is ${found}`, "a JSON value", "store arrays of numbers as tensors");
  }
  return value;
}
