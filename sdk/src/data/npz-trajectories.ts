// The reference's standard pair of files: train.npz, already normalised, and normalization.npz beside it.
import { fail } from "../errors.js";
import { boundsOf, type Bounds, type Normalization } from "../normalization.js";
import { dataFileSize } from "./data-file.js";
import type { NumpyType, NumberArray } from "./numpy-types.js";
import { findImages } from "./images.js";
import { encodeValues, type NpyArray } from "./npy.js";
import type { StreamedArray } from "./npz-writer.js";
import { encodeNpz, readNpz, type NpzFile } from "./npz.js";
import type { Trajectories } from "./trajectories.js";

/**
 * Reads `states` (N, Do), `actions` (N, Da), `traj_lengths` (E, adding up to at most N) and, if present, `rewards` and
 * `terminals` (N) and `images` uint8 (N, C, H, W), which stay on disk; and `obs_min`, `obs_max`, `action_min`, `action_max` from the second file. Other arrays are ignored.
 * @throws InputError as {@link readNpz}, `DMPO_DATA_SHAPE`, `DMPO_DATA_VALUES`.
 */
export async function readTrajectories(path: string, normalizationPath: string): Promise<Trajectories> {
  const file = await readNpz(path);
  const states = column(file, path, "states", 2);
  const actions = column(file, path, "actions", 2);
  const rows = states.shape[0]!;
  const episodeLengths = readLengths(file, path, rows);
  const steps = episodeLengths.reduce((total, length) => total + length, 0);
  const [observationDimension, actionDimension] = [states.shape[1]!, actions.shape[1]!];
  const optional = (key: string) =>
    file.has(key) ? column(file, path, key, 1, rows).data.subarray(0, steps) : undefined;
  const [rewards, terminals] = [optional("rewards"), optional("terminals")];
  requireLength(actions, `${path}: actions`, rows);
  const images = findImages(path, await dataFileSize(path));
  if (images && images.count !== rows) {
    fail("DMPO_DATA_SHAPE", `${path}: images`, `has ${images.count} pictures`, `${rows}, one per row of states`);
  }
  return {
    observations: Float32Array.from(states.data.subarray(0, steps * observationDimension)),
    actions: Float32Array.from(actions.data.subarray(0, steps * actionDimension)),
    rewards: rewards && Float32Array.from(rewards),
    terminals: terminals && Uint8Array.from(terminals, (flag) => (flag ? 1 : 0)),
    images,
    episodeLengths,
    observationDimension,
    actionDimension,
    normalization: await readNormalization(normalizationPath, observationDimension, actionDimension),
  };
}

/** The arrays of a train.npz: float32, traj_lengths int64, terminals boolean; pictures uncompressed. */
export function streamTrajectories(trajectories: Trajectories): Record<string, StreamedArray> {
  const { observations, actions, rewards, terminals, images, episodeLengths } = trajectories;
  const steps = observations.length / trajectories.observationDimension;
  return {
    states: streamed("f4", [steps, trajectories.observationDimension], observations),
    actions: streamed("f4", [steps, trajectories.actionDimension], actions),
    ...(rewards && { rewards: streamed("f4", [steps], rewards) }),
    ...(terminals && { terminals: streamed("b1", [steps], terminals) }),
    ...(images && {
      images: { type: "u1" as const, shape: [steps, ...images.shape], blocks: images.blocks(), compressed: false },
    }),
    traj_lengths: streamed("i8", [episodeLengths.length], episodeLengths),
  };
}

/** An array that is in memory. */
export function streamed(type: NumpyType, shape: readonly number[], data: NumberArray): StreamedArray {
  return { type, shape, blocks: [encodeValues(type, data)] };
}

/** Bytes of a normalization.npz: float32, or float64 where float32 would round. */
export function encodeNormalization(normalization: Normalization): Uint8Array {
  const floats = (data: Bounds): NpyArray => ({
    type: data instanceof Float32Array ? "f4" : "f8",
    shape: [data.length],
    data,
  });
  return encodeNpz({
    obs_min: floats(normalization.observationMin),
    obs_max: floats(normalization.observationMax),
    action_min: floats(normalization.actionMin),
    action_max: floats(normalization.actionMax),
  });
}

/**
 * The statistics in a normalization.npz.
 * @param observations Do, and `actions` Da, where they are known.
 * @throws InputError `DMPO_DATA_*` naming file, key and expectation.
 */
export async function readNormalization(path: string, observations?: number, actions?: number): Promise<Normalization> {
  const file = await readNpz(path);
  const read = (key: string, length?: number) => boundsOf(column(file, path, key, 1, length).data);
  const bounds = (prefix: string, length?: number) => {
    const min = read(`${prefix}_min`, length);
    const max = read(`${prefix}_max`, min.length);
    const wrong = min.findIndex((value, i) => value > max[i]!);
    if (wrong >= 0) {
      fail(
        "DMPO_DATA_VALUES",
        `${path}: ${prefix}_min`,
        `is larger than ${prefix}_max in column ${wrong}`,
        "minimum <= maximum",
      );
    }
    return [min, max] as const;
  };
  const [observationMin, observationMax] = bounds("obs", observations);
  const [actionMin, actionMax] = bounds("action", actions);
  return { observationMin, observationMax, actionMin, actionMax };
}

/** Zero-length episodes, which some converters write, are dropped. */
function readLengths(file: NpzFile, path: string, rows: number): Int32Array {
  const lengths = Array.from(column(file, path, "traj_lengths", 1).data);
  const where = `${path}: traj_lengths`;
  const bad = lengths.find((length) => !Number.isInteger(length) || length < 0);
  if (bad !== undefined) fail("DMPO_DATA_VALUES", where, `contains ${bad}`, "numbers of steps, 0 or more");
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total > rows) fail("DMPO_DATA_SHAPE", where, `adds up to ${total} steps`, `at most ${rows}, the rows of states`);
  if (total === 0) fail("DMPO_DATA_EMPTY", where, "contains no episode", "at least one episode of one step");
  return Int32Array.from(lengths.filter((length) => length > 0));
}

function column(file: NpzFile, path: string, key: string, rank: 1 | 2, length?: number): NpyArray {
  const array = file.get(key);
  const where = `${path}: ${key}`;
  const { shape, data } = array;
  if (shape.length !== rank || (rank === 2 && shape[1] === 0)) {
    const expected = rank === 2 ? "2 axes: (steps, dimensions)" : "1 axis";
    fail("DMPO_DATA_SHAPE", where, `has shape (${shape.join(", ")})`, expected);
  }
  if (length !== undefined) requireLength(array, where, length);
  const bad = data.findIndex((value) => !Number.isFinite(Math.fround(value)));
  if (bad >= 0) {
    const row = Math.floor(bad / (shape[1] ?? 1));
    fail("DMPO_DATA_VALUES", where, `is ${data[bad]} at row ${row}`, "finite float32 numbers");
  }
  return array;
}

function requireLength({ shape }: NpyArray, where: string, length: number): void {
  if (shape[0] !== length) fail("DMPO_DATA_SHAPE", where, `has ${shape[0]} rows`, `${length}`);
}
