// Converts D4RL recordings of any size to normalised train.npz: two passes over the file, a block of rows in memory at a time.
// The algorithm is the reference's `hdf5_to_npz`, to the letter but for the seeded choice of training episodes.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fail } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { normalize, type Bounds, type Normalization } from "../normalization.js";
import { d4rlLayout } from "./d4rl-hdf5.js";
import type { NumpyType } from "./numpy-types.js";
import { withHdf5, type Hdf5File } from "./hdf5.js";
import { checkImages } from "./images.js";
import { encodeValues } from "./npy.js";
import { encodeNormalization, streamed } from "./npz-trajectories.js";
import { writeNpz, type StreamedArray } from "./npz-writer.js";
import { RunningRange } from "./running-range.js";
import { trainingChoice } from "./selection.js";

export interface ConvertOptions {
  /** The first so many episodes; 0 means all. Default 1500. */
  readonly maxEpisodes?: number;
  /** Share of episodes that go to val.npz, in [0, 1). Default 0, which writes none. */
  readonly validationSplit?: number;
  /** Of the choice of training episodes. Default 0. */
  readonly seed?: number;
  /** Default: the folder of the input. */
  readonly folder?: string;
  /** Replace the files of an earlier conversion, all of them: its val.npz goes even where none is written. Default false. */
  readonly overwrite?: boolean;
  /** Compress `images` too: smaller, but training reads single pictures only from uncompressed ones. Default false. */
  readonly compressImages?: boolean;
  /** Told each line of the report, which also becomes description.log. */
  readonly report?: (line: string) => void;
}

/** Rows `start` to `start + length`; empty where terminal and time-out fell on one step. */
interface Span {
  readonly start: number;
  readonly length: number;
}

interface Column {
  readonly data: ArrayLike<number>;
}

/**
 * Writes train.npz (states, actions, rewards, terminals, traj_lengths, and images where there are any), normalization.npz,
 * description.log and, with a validation split, val.npz.
 *
 * Episodes end at terminals or time-outs and the open tail is dropped, as are episodes whose rewards do not add up to more than 0;
 * minima and maxima are those of the whole file.
 * @throws InputError `DMPO_DATA_EXISTS` where one of them is there and `overwrite` is not set, `DMPO_DATA_*` naming file, key and
 * expectation.
 */
export async function convertHdf5(path: string, options: ConvertOptions = {}): Promise<void> {
  const { maxEpisodes = 1500, validationSplit = 0, seed = 0, folder = dirname(path), report } = options;
  const chooseTraining = trainingChoice(validationSplit, seed);
  if (!Number.isInteger(maxEpisodes))
    fail("DMPO_DATA_SPLIT", "max episodes", String(maxEpisodes), "an integer, 0 for all");
  const outputs = ["train.npz", "val.npz", "normalization.npz", "description.log"].map((name) => join(folder, name));
  const existing = outputs.find((file) => existsSync(file));
  if (existing !== undefined && !options.overwrite) {
    fail("DMPO_DATA_EXISTS", existing, "exists already", "a folder without it", "overwrite (--overwrite) replaces it");
  }
  const lines: string[] = [];
  const tell = (line: string) => {
    lines.push(line);
    report?.(line);
  };
  await withHdf5(path, async (file) => {
    const keys = file.check({ ...d4rlLayout, images: { rank: 4, optional: true } });
    const column = (key: string): Column | undefined => (keys.includes(key) ? file.read(key) : undefined);
    const [rewards, terminals, timeouts] = [column("rewards"), column("terminals"), column("timeouts")];
    describeInput(file, keys, { rewards, terminals, timeouts }, tell);
    if (!rewards) fail("DMPO_DATA_KEY", `${path}: rewards`, "is missing", "rewards: episodes without any are dropped");
    const { shape } = file.node("images");
    if (keys.includes("images")) checkImages(`${path}: images`, file.node("images").type ?? "none", shape!);

    const statistics = measure(file);
    describeStatistics(statistics, tell);
    const spans = episodeSpans(terminals, timeouts);
    const first = maxEpisodes > 0 ? spans.slice(0, maxEpisodes) : spans;
    tell(`episodes: ${spans.length} in the file, ${first.length} used`);
    const isTraining = chooseTraining(first.length);
    const rewarded = ({ start, length }: Span) => sum(rewards.data, start, length) > 0;
    const parts = { train: first.filter((span, i) => isTraining(i) && rewarded(span)), val: [] as Span[] };
    if (validationSplit > 0) parts.val = first.filter((span, i) => !isTraining(i) && rewarded(span));
    if (parts.train.length === 0) {
      fail("DMPO_DATA_EMPTY", path, `none of ${first.length} episodes has a positive return`, "at least one");
    }
    for (const [name, chosen] of Object.entries(parts)) {
      if (name === "val" && validationSplit === 0) continue;
      const arrays = select(file, keys, chosen, { rewards, terminals }, statistics, options.compressImages ?? false);
      await writeNpz(join(folder, `${name}.npz`), arrays);
      describePart(name, chosen, rewards, tell);
    }
    // One that is left from before would hold episodes that are now trained on.
    if (validationSplit === 0) await rm(join(folder, "val.npz"), { force: true });
    await writeFileAtomic(join(folder, "normalization.npz"), encodeNormalization(statistics));
    tell(`saved to ${folder}`);
  });
  await writeFileAtomic(join(folder, "description.log"), `${lines.join("\n")}\n`);
}

/** A step with both flags ends an episode and an empty one, which counts among the first `maxEpisodes` as in the reference. */
function episodeSpans(terminals: Column | undefined, timeouts: Column | undefined): Span[] {
  const ends: number[] = [];
  const rows = (terminals ?? timeouts)?.data.length ?? 0;
  for (let row = 0; row < rows; row++) {
    if (terminals?.data[row]) ends.push(row);
    if (timeouts?.data[row]) ends.push(row);
  }
  return ends.map((end, i) => {
    const start = i === 0 ? 0 : ends[i - 1]! + 1;
    return { start, length: end + 1 - start };
  });
}

function measure(file: Hdf5File): Normalization {
  const range = (key: string) => {
    const result = new RunningRange(file.node(key).shape![1]!, `${file.path}: ${key}`);
    for (const { values } of file.blocks(key)) result.add(values);
    return result;
  };
  const [observations, actions] = [range("observations"), range("actions")];
  const { min: observationMin, max: observationMax } = observations;
  return { observationMin, observationMax, actionMin: actions.min, actionMax: actions.max };
}

function select(
  file: Hdf5File,
  keys: readonly string[],
  spans: readonly Span[],
  { rewards, terminals }: { readonly rewards: Column; readonly terminals: Column | undefined },
  { observationMin, observationMax, actionMin, actionMax }: Normalization,
  compressImages: boolean,
): Record<string, StreamedArray> {
  const steps = spans.reduce((total, { length }) => total + length, 0);
  const table = (key: string, type: NumpyType, change?: Change): StreamedArray => ({
    type,
    shape: [steps, ...file.node(key).shape!.slice(1)],
    blocks: selectedRows(file, key, spans, type, change),
    compressed: key !== "images" || compressImages,
  });
  const scale = (min: Bounds, max: Bounds): Change => {
    return (value, column) => normalize(value, min[column]!, max[column]!);
  };
  const kept = ({ data }: Column) => {
    const out = new Float32Array(steps);
    let at = 0;
    for (const { start, length } of spans) for (let row = start; row < start + length; row++) out[at++] = data[row]!;
    return out;
  };
  return {
    states: table("observations", "f4", scale(observationMin, observationMax)),
    actions: table("actions", "f4", scale(actionMin, actionMax)),
    rewards: streamed("f4", [steps], kept(rewards)),
    terminals: streamed(
      "b1",
      [steps],
      terminals ? Uint8Array.from(kept(terminals), (flag) => Number(flag !== 0)) : new Uint8Array(steps),
    ),
    ...(keys.includes("images") && { images: table("images", "u1") }),
    traj_lengths: streamed(
      "i8",
      [spans.length],
      Int32Array.from(spans, ({ length }) => length),
    ),
  };
}

type Change = (value: number, column: number) => number;

/** The rows of all spans, which are in ascending order, in blocks of bytes. */
function* selectedRows(
  file: Hdf5File,
  key: string,
  spans: readonly Span[],
  type: NumpyType,
  change: Change | undefined,
): Generator<Uint8Array> {
  const width = file
    .node(key)
    .shape!.slice(1)
    .reduce((product, extent) => product * extent, 1);
  const pieceRows = Math.max(1, Math.floor(2 ** 18 / width));
  let next = 0;
  for (const { row, rows, values } of file.blocks(key)) {
    while (next < spans.length && spans[next]!.start + spans[next]!.length <= row) next++;
    for (let i = next; i < spans.length && spans[i]!.start < row + rows; i++) {
      const from = Math.max(spans[i]!.start, row) - row;
      const to = Math.min(spans[i]!.start + spans[i]!.length, row + rows) - row;
      // In small pieces, whose copies are gone soon.
      for (let at = from * width; at < to * width; at += pieceRows * width) {
        const part = values.subarray(at, Math.min(at + pieceRows * width, to * width));
        const piece = change ? new Float32Array(part) : part;
        if (change) for (let j = 0; j < piece.length; j++) piece[j] = change(part[j]!, j % width);
        yield encodeValues(type, piece);
      }
    }
  }
}

function describeInput(
  file: Hdf5File,
  keys: readonly string[],
  { rewards, terminals, timeouts }: Readonly<Record<"rewards" | "terminals" | "timeouts", Column | undefined>>,
  tell: (line: string) => void,
): void {
  tell(`file: ${file.path}`);
  for (const key of keys) tell(`${key}: shape (${file.node(key).shape!.join(", ")}), ${file.node(key).type}`);
  for (const [key, flags] of Object.entries({ terminals, timeouts })) {
    tell(
      `first ${key}: ${flags ? Array.from({ length: Math.min(10, flags.data.length) }, (_, i) => flags.data[i]).join(" ") : "absent, taken as 0"}`,
    );
  }
  if (!rewards) return;
  const returns: number[] = [];
  let [total, open] = [0, false];
  for (let row = 0; row < rewards.data.length; row++) {
    total += rewards.data[row]!;
    open = !(terminals?.data[row] || timeouts?.data[row]);
    if (!open) [returns[returns.length], total] = [total, 0];
  }
  if (open) returns.push(total);
  tell(`average episode return: ${mean(returns).toFixed(4)} over ${returns.length} episodes`);
}

function describeStatistics(
  { observationMin, observationMax, actionMin, actionMax }: Normalization,
  tell: (line: string) => void,
) {
  const list = (values: Bounds) => `[${Array.from(values, (value) => value.toPrecision(6)).join(", ")}]`;
  tell(`observation min: ${list(observationMin)}`);
  tell(`observation max: ${list(observationMax)}`);
  tell(`action min: ${list(actionMin)}`);
  tell(`action max: ${list(actionMax)}`);
}

function describePart(name: string, spans: readonly Span[], { data }: Column, tell: (line: string) => void): void {
  const lengths = spans.map(({ length }) => length);
  const returns = spans.map(({ start, length }) => sum(data, start, length));
  const steps = lengths.reduce((total, length) => total + length, 0);
  tell(`${name}: ${spans.length} episodes, ${steps} steps`);
  if (spans.length === 0) return;
  tell(`${name}: length ${mean(lengths).toFixed(2)} mean, return ${mean(returns).toFixed(4)} mean`);
}

function sum(values: ArrayLike<number>, start: number, length: number): number {
  let total = 0;
  for (let row = start; row < start + length; row++) total += values[row]!;
  return total;
}

const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length;
