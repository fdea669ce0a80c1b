// Demonstrations, normalised and cut into episodes: the one form in which training sees data.
import { existsSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fail, nearest } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import type { Normalization } from "../normalization.js";
import { avoidingRecording, avoidingSets, filterAvoiding, readDemonstrations } from "./d3il.js";
import { bundledDatasets, dataFolder, findD4rl, substitutes, whatToPut, type BundledDataset } from "./d4rl-folder.js";
import { readD4rlHdf5 } from "./d4rl-hdf5.js";
import { encodeTrajectories, readTrajectories } from "./npz-trajectories.js";
import { fromArrays, type RawTrajectories } from "./raw-arrays.js";
import { dropUnrewarded, episodeLengths, toTrajectories } from "./recording.js";
import { describeDataset, summarize, type DatasetSummary } from "./summary.js";
import { listEpisodes, selectEpisodes, type Episode, type Trajectories } from "./trajectories.js";

/** Immutable: methods that change something return a new Dataset. */
export class Dataset implements Trajectories {
  readonly observations: Float32Array;
  readonly actions: Float32Array;
  readonly rewards?: Float32Array;
  readonly terminals?: Uint8Array;
  readonly episodeLengths: Int32Array;
  readonly observationDimension: number;
  readonly actionDimension: number;
  readonly normalization: Normalization;

  private constructor(
    readonly name: string,
    trajectories: Trajectories,
  ) {
    this.observations = trajectories.observations;
    this.actions = trajectories.actions;
    this.rewards = trajectories.rewards;
    this.terminals = trajectories.terminals;
    this.episodeLengths = trajectories.episodeLengths;
    this.observationDimension = trajectories.observationDimension;
    this.actionDimension = trajectories.actionDimension;
    this.normalization = trajectories.normalization;
  }

  /**
   * Reads raw data in the D4RL layout: episodes end at terminals or timeouts, the open tail is dropped, statistics are
   * taken over the whole file.
   * @param options `keepUnrewarded` (default false) keeps episodes whose return is not positive.
   * @throws InputError `DMPO_DATA_*` naming file, key and expectation.
   */
  static async hdf5(path: string, options: { name?: string; keepUnrewarded?: boolean } = {}): Promise<Dataset> {
    const recording = await readD4rlHdf5(path);
    const all = toTrajectories(recording, episodeLengths(recording));
    return new Dataset(options.name ?? nameOf(path), options.keepUnrewarded ? all : dropUnrewarded(all, path));
  }

  /**
   * Reads the reference's train.npz, whose states and actions are already normalised.
   * @param options `normalizationPath` defaults to normalization.npz in the same folder.
   * @throws InputError `DMPO_DATA_*` naming file, key and expectation.
   */
  static async npz(path: string, options: { name?: string; normalizationPath?: string } = {}): Promise<Dataset> {
    const { name = nameOf(path), normalizationPath = join(dirname(path), "normalization.npz") } = options;
    return new Dataset(name, await readTrajectories(path, normalizationPath));
  }

  /** A data set that comes with the package. */
  static async bundled(name: BundledDataset): Promise<Dataset> {
    if (!Object.hasOwn(bundledDatasets, name)) {
      const known = Object.keys(bundledDatasets);
      const close = nearest(name, known);
      fail(
        "DMPO_DATA_NOT_FOUND",
        "bundled data set",
        `"${name}" is unknown`,
        `one of ${known.join(", ")}`,
        close && `is "${close}" meant?`,
      );
    }
    return Dataset.hdf5(bundledDatasets[name], { name });
  }

  /**
   * A D4RL data set by name, from `<data folder>/gym/<name>`: train.npz, or the one .hdf5 file there. For
   * "hopper-medium-v2" the bundled stand-in is used if there is neither, and `notify` (default console.warn) told so.
   * @param options `folder` defaults to DMPO_DATA_DIR, DPPO_DATA_DIR, REINFLOW_DATA_DIR or ./data.
   * @throws InputError `DMPO_DATA_NOT_FOUND` saying which file belongs where.
   */
  static async d4rl(
    name: string,
    options: { folder?: string; notify?: (message: string) => void } = {},
  ): Promise<Dataset> {
    const { folder = dataFolder(), notify = console.warn } = options;
    const path = findD4rl(name, resolve(folder));
    if (path !== undefined) return path.endsWith(".npz") ? Dataset.npz(path, { name }) : Dataset.hdf5(path, { name });
    const substitute = substitutes[name]!;
    notify(
      `${name} is not in the data folder: using the bundled ${substitute} instead. ` +
        `For the original, put ${whatToPut(name, resolve(folder))}.`,
    );
    return Dataset.bundled(substitute);
  }

  /**
   * A set of the avoiding task: "avoid" (all demonstrations), "avoid_m1", "avoid_m2" or "avoid_m3".
   * @param options `demonstrations`: folder of the 96 recordings env_*.pkl, from which the set is made.
   * @throws InputError `DMPO_DATA_*`, `DMPO_PICKLE` naming file and part.
   */
  static async d3il(task: string, { demonstrations }: { demonstrations: string }): Promise<Dataset> {
    const known = ["avoid", ...Object.keys(avoidingSets)];
    if (!known.includes(task)) {
      const close = nearest(task, known);
      const remedy = close && `is "${close}" meant?`;
      fail("DMPO_DATA_NOT_FOUND", "D3IL data set", `"${task}" is unknown`, `one of ${known.join(", ")}`, remedy);
    }
    const all = await readDemonstrations(demonstrations);
    const selection = avoidingSets[task];
    const { recording, lengths } = avoidingRecording(selection ? filterAvoiding(all, selection) : all, task);
    return new Dataset(task, toTrajectories(recording, lengths));
  }

  /**
   * Raw arrays from memory, normalised by their own minima and maxima; all episodes are kept.
   * @throws InputError `DMPO_DATA_SHAPE`, `DMPO_DATA_VALUES`.
   */
  static from(raw: RawTrajectories): Dataset {
    return new Dataset(raw.name ?? "arrays", fromArrays(raw));
  }

  /** Number of transitions N. */
  get steps(): number {
    return this.observations.length / this.observationDimension;
  }

  get episodes(): Episode[] {
    return listEpisodes(this);
  }

  /** The first `count` episodes (at least 1), or all if there are fewer; statistics stay those of the source. */
  limitEpisodes(count: number): Dataset {
    if (!Number.isInteger(count) || count < 1) {
      fail("DMPO_DATA_EMPTY", "limitEpisodes", String(count), "a positive integer");
    }
    return this.filter(({ index }) => index < count);
  }

  /** The episodes for which `predicate` holds, in order; statistics stay those of the source. */
  filter(predicate: (episode: Episode) => boolean): Dataset {
    const kept = this.episodes.filter(predicate);
    if (kept.length === 0) {
      const remedy = this.rewards ? undefined : "there are no rewards: every return is NaN";
      fail(
        "DMPO_DATA_EMPTY",
        this.name,
        `none of ${this.episodeLengths.length} episodes is kept`,
        "at least one",
        remedy,
      );
    }
    return new Dataset(this.name, selectEpisodes(this, kept));
  }

  /** Counts, episode returns and lengths, and ranges per dimension. */
  summary(): DatasetSummary {
    return summarize(this);
  }

  /**
   * Writes train.npz and normalization.npz, as NumPy and the reference read them.
   * @param options `overwrite` (default false) replaces existing files.
   * @throws InputError `DMPO_DATA_EXISTS`.
   */
  async save(folder: string, options: { overwrite?: boolean } = {}): Promise<void> {
    const { train, normalization } = encodeTrajectories(this);
    const files = { [join(folder, "normalization.npz")]: normalization, [join(folder, "train.npz")]: train };
    const existing = Object.keys(files).find(existsSync);
    if (existing !== undefined && !options.overwrite) {
      fail("DMPO_DATA_EXISTS", existing, "exists already", "a folder without it", "overwrite: true replaces it");
    }
    for (const [path, bytes] of Object.entries(files)) await writeFileAtomic(path, bytes);
  }

  toString(): string {
    return describeDataset(this.summary());
  }
}

/** ".../hopper/train.npz" is called hopper, ".../hopper_medium-v2.hdf5" hopper_medium-v2. */
function nameOf(path: string): string {
  const name = basename(path, extname(path));
  return name === "train" ? basename(dirname(resolve(path))) : name;
}
