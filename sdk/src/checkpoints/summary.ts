// What a checkpoint file holds, for people: its entries in order, each in a few words.
import type { CheckpointFile } from "./checkpoint-file.js";
import { elementTypes, isElementType, type RawTensor } from "./element-types.js";

export interface CheckpointSummary {
  readonly format: string;
  readonly bytes: number;
  /** Top-level entries and what they are, e.g. `["ema", "20 tensors, 566,652 numbers"]`. */
  readonly entries: readonly (readonly [name: string, content: string])[];
  readonly tensors: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[] }[];
}

export function summarizeCheckpoint({ format, bytes, contents, object }: CheckpointFile): CheckpointSummary {
  const entries = object instanceof Map ? [...(object as Map<unknown, unknown>)] : [["value", object] as const];
  const tensors = Object.entries(contents.tensors).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  return { format, bytes, entries: entries.map(([key, value]) => [String(key), described(value)]), tensors };
}

const numbers = ({ dtype, bytes }: RawTensor) => bytes.length / elementTypes[dtype].bytes;

function described(value: unknown): string {
  if (isTensor(value)) return `tensor ${value.dtype} [${value.shape.join(", ")}]`;
  if (value instanceof Map) {
    const tensors = [...(value as Map<unknown, unknown>).values()].filter(isTensor);
    if (tensors.length < value.size || value.size === 0)
      return `dict of ${[...value.keys()].map(String).join(", ") || "nothing"}`;
    const total = tensors.reduce((sum, tensor) => sum + numbers(tensor), 0);
    return `${tensors.length} tensors, ${total.toLocaleString("en")} numbers`;
  }
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (typeof value === "string")
    return value.length > 60 ? `text of ${value.length} characters` : JSON.stringify(value);
  return typeof value === "object" && value !== null ? value.constructor.name : String(value);
}

const isTensor = (value: unknown): value is RawTensor =>
  typeof value === "object" && value !== null && "dtype" in value && isElementType(value.dtype) && "bytes" in value;
