// What HDF5 and .npz files hold, in lines of text.
import { fail } from "../errors.js";
import { foreignFile } from "../foreign-file.js";
import { dataFileSize, readDataFile } from "./data-file.js";
import { withHdf5, type Hdf5File, type Hdf5Node } from "./hdf5.js";
import type { NpyArray } from "./npy.js";
import { readNpz } from "./npz.js";

/** All nodes with shapes and types, the keys at the root, and the first row of the first dataset there. */
export function inspectHdf5(path: string): Promise<string[]> {
  return withHdf5(path, (file) => {
    const nodes = file.nodes();
    const first = file.keys().find((key) => file.node(key).type !== undefined && file.node(key).shape!.length > 0);
    const row = first === undefined ? [] : describeRow(first, file.node(first), firstValues(file, first));
    return ["File Structure", ...nodes.map(describeNode), `Keys: ${file.keys().join(", ")}`, ...row];
  });
}

/** Of a row, as many as are shown. */
const shownValues = 8;

function firstValues(file: Hdf5File, key: string): ArrayLike<number> {
  for (const { values } of file.blocks(key)) return Float64Array.from(values.subarray(0, shownValues));
  return [];
}

function describeNode({ path, kind, shape, type }: Hdf5Node): string {
  if (kind !== "dataset") return `${kind === "group" ? "Group" : "Other"}: ${path}`;
  return `Dataset: ${path}, shape (${shape?.join(", ") ?? ""}), ${type ?? "not numbers"}`;
}

function describeRow(key: string, { shape, type }: Hdf5Node, values: ArrayLike<number>): string[] {
  const size = shape!.slice(1).reduce((product, extent) => product * extent, 1);
  const shown = Array.from({ length: Math.min(size, values.length) }, (_, i) => values[i]);
  const more = size > shown.length ? ", ..." : "";
  return [`First row of ${key}: ${type}, shape (${shape!.slice(1).join(", ")}): [${shown.join(", ")}${more}]`];
}

// An empty archive has 22 bytes, one small array more than 100.
const leastNpz = 100;

/**
 * Name, shape, type and minimum and maximum per column of every array.
 * @param options `sample` adds the first five rows.
 * @throws InputError `DMPO_DATA_NOT_FOUND`, `DMPO_DATA_FORMAT` (tiny, no zip archive, damaged, pickled), `DMPO_DATA_EMPTY`.
 */
export async function inspectNpz(path: string, { sample = false }: { sample?: boolean } = {}): Promise<string[]> {
  const size = await dataFileSize(path);
  if (size < leastNpz && !foreignFile(await readDataFile(path)))
    fail("DMPO_DATA_FORMAT", path, `has ${size} bytes only`, "an .npz file", "fetch or write it again");
  const file = await readNpz(path);
  if (file.keys.length === 0) fail("DMPO_DATA_EMPTY", path, "holds no arrays", "at least one array");
  const lines = file.keys.flatMap((key) => describeArray(key, file.get(key), sample));
  return [`${path}: ${file.keys.length} arrays, ${size.toLocaleString("en")} bytes`, ...lines];
}

function describeArray(key: string, { type, shape, data }: NpyArray, sample: boolean): string[] {
  const head = `${key}: shape (${shape.join(", ")}), ${type}`;
  if (data.length === 0) return [head, "  warning: the array is empty"];
  const width = shape.length === 2 ? shape[1]! : 1;
  const min = new Array<number>(width).fill(Infinity);
  const max = new Array<number>(width).fill(-Infinity);
  for (let i = 0; i < data.length; i++) {
    min[i % width] = Math.min(min[i % width]!, data[i]!);
    max[i % width] = Math.max(max[i % width]!, data[i]!);
  }
  const list = (values: readonly number[]) => `[${values.map((value) => Number(value.toPrecision(7))).join(", ")}]`;
  const lines = [head, `  min ${list(min)}`, `  max ${list(max)}`];
  if (!sample) return lines;
  const rowSize = data.length / (shape[0] ?? 1);
  const rows = Math.min(5, shape[0] ?? 1);
  for (let row = 0; row < rows; row++) {
    lines.push(
      `  row ${row} ${list(Array.from(data.slice(row * rowSize, Math.min((row + 1) * rowSize, row * rowSize + shownValues))))}`,
    );
  }
  return data.length > 1000 ? [...lines, `  (truncated, ${data.length.toLocaleString("en")} values)`] : lines;
}
