// From raw episodes in memory to the reference's files: random split into training and validation, normalisation, description.
import { join } from "node:path";
import { Random } from "../engine/random.js";
import { fail } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import {
  avoidingRecording,
  filterAvoiding,
  modesOf,
  readDemonstrations,
  type Demonstration,
  type ModeFilter,
} from "./d3il.js";
import { withHdf5 } from "./hdf5.js";
import type { Images } from "./images.js";
import { encodeNormalization, streamTrajectories } from "./npz-trajectories.js";
import { writeNpz } from "./npz-writer.js";
import { toTrajectories, type Recording } from "./recording.js";
import { robomimicImages } from "./robomimic-images.js";
import { robomimicRecording } from "./robomimic.js";
import { trainingChoice } from "./selection.js";
import { listEpisodes, selectEpisodes, type Trajectories } from "./trajectories.js";

export interface ProcessOptions {
  readonly folder: string;
  /** Before the names of all files written. Default "". */
  readonly prefix?: string;
  /** Share of episodes for val.npz, in [0, 1). */
  readonly validationSplit: number;
  /** Of every random choice. Default 0. */
  readonly seed?: number;
  /** Told each line of the description, which also becomes description.log. */
  readonly report?: (line: string) => void;
}

export interface AvoidingProcessOptions extends ProcessOptions {
  /** Which demonstrations; default all. */
  readonly modes?: ModeFilter;
  /** Share to keep of the demonstrations of each desired mode, by the last one that occurs. Default all. */
  readonly ratios?: readonly number[];
}

/** What became training and validation data; no episodes where the split leaves none. */
export interface Processed {
  readonly training: readonly Demonstration[];
  readonly validation: readonly Demonstration[];
}

/**
 * Demonstrations of the avoiding task as DPPO's processing writes them: train.npz (states, actions, rewards of 0, traj_lengths),
 * val.npz and normalization.npz, whose bounds are those of all demonstrations kept.
 * @throws InputError `DMPO_DATA_*`, `DMPO_PICKLE` naming file and part.
 */
export async function processAvoiding(demonstrations: string, options: AvoidingProcessOptions): Promise<Processed> {
  const { modes, ratios = [], seed = 0 } = options;
  const all = await readDemonstrations(demonstrations);
  const chosen = modes ? filterAvoiding(all, modes) : all;
  const kept = modes && ratios.length > 0 ? subsample(chosen, modes, ratios, seed) : chosen;
  const { recording, lengths } = avoidingRecording(kept, demonstrations);
  const isTraining = await write(recording, lengths, options, { normalized: true, emptyValidation: false });
  return { training: kept.filter((_, i) => isTraining(i)), validation: kept.filter((_, i) => !isTraining(i)) };
}

/** Keeps each demonstration with the probability that its last desired mode has. */
function subsample(
  demonstrations: readonly Demonstration[],
  { desired }: ModeFilter,
  ratios: readonly number[],
  seed: number,
): Demonstration[] {
  if (ratios.length !== desired.length) {
    fail(
      "DMPO_DATA_FILTER",
      "desired mode ratios",
      `${ratios.length} given`,
      `${desired.length}, one per desired mode`,
    );
  }
  const draws = new Random(seed).stream("desired mode ratios").uniform(new Float32Array(demonstrations.length));
  const kept = demonstrations.filter((one, i) => draws[i]! <= ratios[desired.indexOf(lastOf(one, desired))]!);
  if (kept.length === 0) fail("DMPO_DATA_EMPTY", "desired mode ratios", "keep no demonstration", "larger ratios");
  return kept;
}

/** The first of the desired flags in the last row that has any. */
function lastOf({ name, desired: path }: Demonstration, desired: readonly number[]): number {
  for (let i = path.length - 4; i >= 0; i -= 2) {
    const here = modesOf({ name, desired: path.slice(i, i + 4), actual: path.slice(i, i + 4) });
    const found = desired.find((flag) => here.has(flag));
    if (found !== undefined) return found;
  }
  return desired[0]!;
}

export interface RobomimicProcessing extends ProcessOptions {
  /** The first so many demonstrations; -1, the default, means all. */
  readonly maxEpisodes?: number;
  /** Scale to [-1, 1] and write normalization.npz. Default false: raw values. */
  readonly normalized?: boolean;
  /** Names of cameras, whose pictures become channels in this order; with any, observations leave out the object's state. */
  readonly cameras?: readonly string[];
}

/**
 * Robomimic data: train.npz and val.npz (empty without a split) with states, actions, rewards, terminals, traj_lengths, and
 * images where the file has what the cameras saw.
 */
export async function processRobomimic(path: string, options: RobomimicProcessing): Promise<void> {
  const { maxEpisodes = -1, normalized = false, cameras = [], report } = options;
  const limit = maxEpisodes > 0 ? maxEpisodes : undefined;
  await withHdf5(path, async (file) => {
    const parts = robomimicRecording(file, { maxEpisodes: limit, withObject: cameras.length === 0 });
    const images = robomimicImages(file, cameras, parts.lengths);
    if (cameras.length > 0 && !images) {
      report?.(
        `no pictures of ${cameras.join(", ")} in the file: all that changes is that the object's state is left out`,
      );
    }
    await write(parts.recording, parts.lengths, options, { normalized, emptyValidation: true, images });
  });
}

async function write(
  recording: Recording,
  lengths: Int32Array,
  { folder, prefix = "", validationSplit, seed = 0, report }: ProcessOptions,
  { normalized, emptyValidation, images }: { normalized: boolean; emptyValidation: boolean; images?: Images },
): Promise<(episode: number) => boolean> {
  const chooseTraining = trainingChoice(validationSplit, seed);
  const scaled = { ...toTrajectories(recording, lengths), images };
  const all: Trajectories = normalized
    ? scaled
    : {
        ...scaled,
        observations: Float32Array.from(recording.observations.data),
        actions: Float32Array.from(recording.actions.data),
      };
  const episodes = listEpisodes(all);
  const isTraining = chooseTraining(episodes.length);
  const parts = {
    train: episodes.filter(({ index }) => isTraining(index)),
    val: episodes.filter(({ index }) => !isTraining(index)),
  };
  const lines = [describe("all", all)];
  for (const [name, part] of Object.entries(parts)) {
    if (part.length === 0 && !emptyValidation) continue;
    const selected = selectEpisodes(all, part);
    await writeNpz(join(folder, `${prefix}${name}.npz`), streamTrajectories(selected));
    lines.push(describe(name, selected), ...describeColumns(name, selected));
  }
  if (normalized)
    await writeFileAtomic(join(folder, `${prefix}normalization.npz`), encodeNormalization(all.normalization));
  lines.forEach((line) => report?.(line));
  await writeFileAtomic(join(folder, `${prefix}description.log`), `${lines.join("\n")}\n`);
  return isTraining;
}

function describe(name: string, { episodeLengths }: Trajectories): string {
  if (episodeLengths.length === 0) return `${name}: no episodes`;
  const { mean, std, min, max } = spread(episodeLengths, 0, 1);
  const steps = mean * episodeLengths.length;
  return `${name}: ${episodeLengths.length} episodes, ${Math.round(steps)} steps, length ${mean.toFixed(2)} ± ${std.toFixed(2)} (${min} to ${max})`;
}

function describeColumns(
  name: string,
  { observations, actions, observationDimension, actionDimension }: Trajectories,
): string[] {
  if (observations.length === 0) return [];
  const lines = (kind: string, values: Float32Array, width: number) =>
    Array.from({ length: width }, (_, column) => {
      const { mean, std, min, max } = spread(values, column, width);
      const [a, b, c, d] = [mean, std, min, max].map((value) => value.toPrecision(6));
      return `${name}: ${kind} ${column}: mean ${a}, std ${b}, min ${c}, max ${d}`;
    });
  return [...lines("state", observations, observationDimension), ...lines("action", actions, actionDimension)];
}

/** Population statistics of one column, in two passes: squares far from zero would leave no digits. */
function spread(values: ArrayLike<number>, column: number, width: number) {
  let [total, min, max] = [0, Infinity, -Infinity];
  const count = values.length / width;
  for (let i = column; i < values.length; i += width) {
    total += values[i]!;
    min = Math.min(min, values[i]!);
    max = Math.max(max, values[i]!);
  }
  const mean = total / count;
  let squares = 0;
  for (let i = column; i < values.length; i += width) squares += (values[i]! - mean) ** 2;
  return { mean, std: Math.sqrt(squares / count), min, max };
}
