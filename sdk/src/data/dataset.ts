// Demonstrations, normalised and cut into episodes: the one form in which training sees data.
import { existsSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { z } from "zod";
import { Random } from "../engine/random.js";
import { fail, nearest } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { namesFor } from "../envs/dimension-names.js";
import type { EnvironmentSource } from "../envs/environment.js";
import type { Normalization } from "../normalization.js";
import { checkOptions, count, optionsSchema, pathText } from "../options.js";
import { avoidingRecording, avoidingSets, filterAvoiding, readDemonstrations } from "./d3il.js";
import { collectEpisodes, type CollectOptions, type Controller } from "./collect.js";
import { columnOf, EpisodeView, type Dimension } from "./columns.js";
import { readD4rlHdf5 } from "./d4rl-hdf5.js";
import { withHdf5 } from "./hdf5.js";
import {
  bundledDatasets,
  dataFolder,
  findLocal,
  locateData,
  substitutes,
  whatToPut,
  type BundledDataset,
  type DataFiles,
  requestSchema,
  type DataRequest,
} from "./data-folder.js";
import type { Images } from "./images.js";
import { encodeNormalization, readTrajectories, streamTrajectories } from "./npz-trajectories.js";
import { writeNpz } from "./npz-writer.js";
import { fromArrays, type RawTrajectories } from "./raw-arrays.js";
import { dropUnrewarded, episodeLengths, toTrajectories } from "./recording.js";
import { isRobomimic, readRobomimic, robomimicRecording, type RobomimicOptions } from "./robomimic.js";
import { meets, renormalize, type EpisodeBounds } from "./selection.js";
import { findSource, type DataFamily } from "./sources.js";
import { describeDataset, summarize, type DatasetSummary } from "./summary.js";
import { listEpisodes, selectEpisodes, type Episode, type Trajectories } from "./trajectories.js";
import { warn } from "../plain-text.js";
import { userPath } from "../paths.js";

const kitchenSets = ["kitchen-complete-v0", "kitchen-partial-v0", "kitchen-mixed-v0"];

const fileSchema = optionsSchema<{ name?: string; keepUnrewarded?: boolean }>({
  name: z.string(),
  keepUnrewarded: z.boolean(),
});
const npzSchema = optionsSchema<{ name?: string; normalizationPath?: string }>({
  name: z.string(),
  normalizationPath: pathText,
});
/** Of what is asked for, by family. */
const schemas = {
  any: requestSchema(),
  robomimic: requestSchema({ withObject: z.boolean(), maxEpisodes: count }),
  d3il: requestSchema({ demonstrations: pathText }),
};

/**
 * Demonstrations: N steps of E episodes, normalised. Made by {@link Dataset.d4rl} and its like, or {@link Dataset.from}.
 * Immutable: methods that change something return a new Dataset.
 */
export class Dataset implements Trajectories {
  readonly observations: Float32Array;
  readonly actions: Float32Array;
  readonly rewards?: Float32Array;
  readonly terminals?: Uint8Array;
  /** Pictures of the steps, which stay on disk. */
  readonly images?: Images;
  readonly episodeLengths: Int32Array;
  /** Numbers Do per observation. */
  readonly observationDimension: number;
  /** Numbers Da per action. */
  readonly actionDimension: number;
  /** A name for each number of an observation (Do): given with the data, or those of the built-in robot that `name` names. */
  readonly observationNames?: readonly string[];
  /** A name for each number of an action (Da). */
  readonly actionNames?: readonly string[];
  readonly normalization: Normalization;

  private constructor(
    /** As it was asked for or its file is called; where it names an environment, runs act in that by default. */
    readonly name: string,
    trajectories: Trajectories,
  ) {
    this.observations = trajectories.observations;
    this.actions = trajectories.actions;
    this.rewards = trajectories.rewards;
    this.terminals = trajectories.terminals;
    this.images = trajectories.images;
    this.episodeLengths = trajectories.episodeLengths;
    this.observationDimension = trajectories.observationDimension;
    this.actionDimension = trajectories.actionDimension;
    this.normalization = trajectories.normalization;
    const known = namesFor(name, trajectories);
    this.observationNames = trajectories.observationNames ?? known?.observationNames;
    this.actionNames = trajectories.actionNames ?? known?.actionNames;
  }

  /**
   * Reads raw data in the D4RL layout, or in robomimic's with the object's state. In the former, episodes end at terminals or
   * timeouts, and the open tail is dropped. Statistics are taken over the whole file.
   * @param options `keepUnrewarded` (default false) keeps episodes of D4RL's layout whose return is not positive.
   * @throws InputError `DMPO_DATA_*` naming file, key and expectation.
   */
  static async hdf5(given: string, options: { name?: string; keepUnrewarded?: boolean } = {}): Promise<Dataset> {
    checkOptions(fileSchema, options);
    const path = userPath(given);
    const name = options.name ?? nameOf(path);
    const demonstrations = await withHdf5(path, (file) => (isRobomimic(file) ? robomimicRecording(file) : undefined));
    if (demonstrations) return new Dataset(name, toTrajectories(demonstrations.recording, demonstrations.lengths));
    const recording = await readD4rlHdf5(path);
    const all = toTrajectories(recording, episodeLengths(recording));
    return new Dataset(name, options.keepUnrewarded ? all : dropUnrewarded(all, path));
  }

  /**
   * Reads the reference's train.npz, whose states and actions are already normalised.
   * @param options `normalizationPath` defaults to normalization.npz in the same folder.
   * @throws InputError `DMPO_DATA_*` naming file, key and expectation.
   */
  static async npz(path: string, options: { name?: string; normalizationPath?: string } = {}): Promise<Dataset> {
    checkOptions(npzSchema, options);
    const train = userPath(path);
    const { name = nameOf(train), normalizationPath = join(dirname(train), "normalization.npz") } = options;
    return new Dataset(name, await readTrajectories(train, userPath(normalizationPath)));
  }

  /**
   * A data set that comes with the package: "hopper-medium-mini", and likewise of halfcheetah, walker2d, ant and humanoid.
   * @throws InputError `DMPO_DATA_NOT_FOUND` with the known names.
   */
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
   * A D4RL data set by name: train.npz or the one .hdf5 file in `<data folder>/gym/<name>`, else the published files, downloaded
   * once; with `original` D4RL's own recording. Some, such as "hopper-medium-v2", have a stand-in, another set of the folder or a bundled
   * one, which is used where nothing lies in the folder and `download: true` is not given, and `notify` (default the console) told so.
   * @throws InputError `DMPO_DATA_NOT_FOUND` saying which file belongs where.
   */
  static async d4rl(name: string, request: DataRequest = {}): Promise<Dataset> {
    checkOptions(schemas.any, request);
    const { folder = dataFolder(), notify = warn, download, original } = request;
    const substitute = Object.hasOwn(substitutes, name) ? substitutes[name] : undefined;
    const isThere = (set: string) => findLocal(join(resolve(folder), "gym", set), original) !== undefined;
    if (substitute && !download && !isThere(name)) {
      const other = substitute.others.find(isThere);
      const used = other === undefined ? `the bundled ${substitute.bundled}` : `${other}, which is there,`;
      // Not all have an address.
      const fetching = findSource("gym", name) ? `, or run \`dmpo data fetch gym/${name}\`` : "";
      notify(
        `${name} is not in the data folder: using ${used} instead. ` +
          `For the original, put ${whatToPut("gym", name, folder)}${fetching}.`,
      );
      return other === undefined ? Dataset.bundled(substitute.bundled) : Dataset.d4rl(other, request);
    }
    return Dataset.#located("gym", name, { notify, ...request }, (path) => Dataset.hdf5(path, { name }));
  }

  /**
   * A set of the Franka kitchen: "complete", "partial" or "mixed", or D4RL's names such as "kitchen-mixed-v0"; from
   * `<data folder>/gym/kitchen-mixed-v0` or downloaded, as {@link d4rl}; else demonstrations that a script makes now, once: `make`
   * says how many (100) and how, or with false that this is an error.
   * @throws InputError `DMPO_DATA_NOT_FOUND`.
   */
  static async kitchen(name: string, request: DataRequest = {}): Promise<Dataset> {
    const full = /^kitchen-/.test(name) ? name : `kitchen-${name}-v0`;
    requireKnown("kitchen data set", name, full, kitchenSets);
    return Dataset.d4rl(full, request);
  }

  /**
   * A robomimic set by name: "lift", "can", "square" or "transport" (demonstrations of several people), with "-ph" those of a
   * proficient one, with "-img" pictures; from `<data folder>/robomimic/<name>` or downloaded, else made now as those of
   * {@link kitchen}, where a script can.
   * @param request of a recording (HDF5): `withObject` and `maxEpisodes`.
   * @throws InputError `DMPO_DATA_NOT_FOUND` saying which file belongs where.
   */
  static async robomimic(task: string, request: DataRequest & RobomimicOptions = {}): Promise<Dataset> {
    checkOptions(schemas.robomimic, request);
    return Dataset.#located("robomimic", task, request, async (path) => {
      if (task.endsWith("-img")) {
        const remedy = `dmpo data process-robomimic-dataset --load_path=${path} --save_dir=${dirname(path)} --normalize --cameras NAME`;
        fail("DMPO_DATA_FORMAT", path, "is a recording, whose pictures lie compressed", "train.npz beside it", remedy);
      }
      const { recording, lengths } = await readRobomimic(path, request);
      return new Dataset(task, toTrajectories(recording, lengths));
    });
  }

  /**
   * A set of furniture assembly: "one_leg_low", "lamp_med", ...; from `<data folder>/furniture/<task>`, else made now as those of
   * {@link kitchen}, where a script can.
   * @throws InputError `DMPO_DATA_NOT_FOUND` saying which file belongs where.
   */
  static async furniture(task: string, request: DataRequest = {}): Promise<Dataset> {
    checkOptions(schemas.any, request);
    return Dataset.#located("furniture", task, request, (path) => Dataset.hdf5(path, { name: task }));
  }

  /**
   * A set of the avoiding task: "avoid" (all demonstrations), "avoid_m1", "avoid_m2" or "avoid_m3"; from train.npz in
   * `<data folder>/d3il/<task>`, else made from the recordings.
   * @param request `demonstrations`: folder of the 96 recordings env_*.pkl; default `<data folder>/d3il/demos` where it exists.
   * @throws InputError `DMPO_DATA_*`, `DMPO_PICKLE` naming file and part.
   */
  static async d3il(task: string, request: DataRequest & { demonstrations?: string } = {}): Promise<Dataset> {
    checkOptions(schemas.d3il, request);
    requireKnown("D3IL data set", task, task, ["avoid", ...Object.keys(avoidingSets)]);
    const home = join(resolve(request.folder ?? dataFolder()), "d3il");
    const usual = existsSync(join(home, "demos")) && !findLocal(join(home, task)) ? join(home, "demos") : undefined;
    const { demonstrations = usual } = request;
    if (demonstrations === undefined) {
      return Dataset.#located("d3il", task, request, (path) =>
        Dataset.hdf5(path, { name: task, keepUnrewarded: true }),
      );
    }
    const all = await readDemonstrations(demonstrations);
    const selection = avoidingSets[task];
    const { recording, lengths } = avoidingRecording(selection ? filterAvoiding(all, selection) : all, task);
    return new Dataset(task, toTrajectories(recording, lengths));
  }

  static async #located(
    family: DataFamily,
    name: string,
    request: DataRequest,
    readRecording: (path: string) => Promise<Dataset>,
  ): Promise<Dataset> {
    const files: DataFiles = await locateData(family, name, request);
    if ("hdf5" in files) return readRecording(files.hdf5);
    return Dataset.npz(files.train, { name, normalizationPath: files.normalization });
  }

  /**
   * Raw arrays from memory, normalised by their own minima and maxima; all episodes are kept.
   * @throws InputError `DMPO_DATA_SHAPE`, `DMPO_DATA_VALUES`.
   */
  static from(raw: RawTrajectories): Dataset {
    return new Dataset(raw.name ?? "arrays", fromArrays(raw));
  }

  /**
   * Records whole episodes of an environment (a name, the path of a module, or a definition) in which `controller` acts: a
   * function from raw observations (Do) to raw actions (Da), or e.g. `policy.actor()`. Actions are kept as it gave them.
   * @throws InputError `DMPO_ENV_*` for an unknown environment or an action that does not fit, `DMPO_OPTIONS`.
   */
  static async collect(env: EnvironmentSource, controller: Controller, options: CollectOptions = {}): Promise<Dataset> {
    return Dataset.from(await collectEpisodes(env, controller, options));
  }

  /** Number of steps N. */
  get steps(): number {
    return this.observations.length / this.observationDimension;
  }

  /** All episodes in order: rows, length, raw return and best reward of each; NaN without rewards. */
  get episodes(): Episode[] {
    return listEpisodes(this);
  }

  /**
   * One episode in raw units: `data.episode(0).observation("height")`.
   * @param index from 0; negative ones count from the end. @throws InputError `DMPO_DATA_EMPTY` for one that there is not.
   */
  episode(index: number): EpisodeView {
    const all = this.episodes;
    const found = all.at(index);
    if (!found || !Number.isInteger(index)) {
      return fail("DMPO_DATA_EMPTY", "episode", String(index), `an integer from ${-all.length} to ${all.length - 1}`);
    }
    return new EpisodeView(this, found);
  }

  /**
   * One number of every step (N), raw: `data.column("observation", "height")`, `data.column("action", 0)`.
   * @throws InputError `DMPO_DATA_COLUMN` with the names that there are.
   */
  column(kind: "observation" | "action", dimension: Dimension): Float64Array {
    return columnOf(this, kind, dimension);
  }

  /**
   * The first `count` episodes (at least 1), or all if there are fewer; statistics stay those of the source.
   * @throws InputError `DMPO_DATA_EMPTY` if `count` is no positive integer.
   */
  limitEpisodes(count: number): Dataset {
    if (!Number.isInteger(count) || count < 1) {
      fail("DMPO_DATA_EMPTY", "limitEpisodes", String(count), "a positive integer");
    }
    return this.filter(({ index }) => index < count);
  }

  /**
   * The episodes that meet the bounds, or for which the predicate holds, in order; statistics stay those of the source.
   * @throws InputError `DMPO_DATA_EMPTY` if none is kept, `DMPO_DATA_FILTER`.
   */
  filter(wanted: EpisodeBounds | ((episode: Episode) => boolean)): Dataset {
    const keeps = typeof wanted === "function" ? wanted : meets(wanted, this.rewards !== undefined);
    const kept = this.episodes.filter(keeps);
    if (kept.length === 0) {
      const remedy = this.rewards ? undefined : "there are no rewards: every return is NaN";
      const wrong = `none of ${this.episodeLengths.length} episodes is kept`;
      fail("DMPO_DATA_EMPTY", this.name, wrong, "at least one", remedy);
    }
    return new Dataset(this.name, selectEpisodes(this, kept));
  }

  /**
   * Two parts of whole episodes at random: `share` of them, and the rest; each in the order of the source.
   * @param share in (0, 1), leaving at least one episode to both parts. @param options `seed` default 0.
   * @throws InputError `DMPO_DATA_EMPTY` for a share that leaves a part without episodes.
   */
  split(share: number, { seed = 0 }: { seed?: number } = {}): [Dataset, Dataset] {
    const count = this.episodeLengths.length;
    const first = Math.floor(count * share);
    if (!(first >= 1 && first < count)) {
      const expected = "a share that leaves an episode to both parts";
      fail("DMPO_DATA_EMPTY", "split", `${share} of ${count} episodes`, expected);
    }
    const chosen = new Set(new Random(seed).stream("episodes").permutation(count).subarray(0, first));
    return [this.filter(({ index }) => chosen.has(index)), this.filter(({ index }) => !chosen.has(index))];
  }

  /**
   * The same steps, normalised by other statistics: those given (of another set), or the minima and maxima of these very steps.
   * @throws InputError `DMPO_DATA_SHAPE` for statistics of other dimensions.
   */
  normalize(statistics?: Normalization): Dataset {
    return new Dataset(this.name, renormalize(this, statistics));
  }

  /** Counts, episode returns and lengths, and ranges per dimension. */
  summary(): DatasetSummary {
    return summarize(this);
  }

  /**
   * Writes train.npz and normalization.npz, as NumPy and the reference read them. Pictures are stored uncompressed, so that
   * training can read single ones.
   * @param options `overwrite` (default false) replaces existing files.
   * @throws InputError `DMPO_DATA_EXISTS`.
   */
  async save(to: string, options: { overwrite?: boolean } = {}): Promise<void> {
    const folder = userPath(to);
    const [normalization, train] = [join(folder, "normalization.npz"), join(folder, "train.npz")];
    const existing = [normalization, train].find(existsSync);
    if (existing !== undefined && !options.overwrite) {
      fail("DMPO_DATA_EXISTS", existing, "exists already", "a folder without it", "overwrite: true replaces it");
    }
    await writeFileAtomic(normalization, encodeNormalization(this.normalization));
    await writeNpz(train, streamTrajectories(this));
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

function requireKnown(what: string, given: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const close = nearest(name, known);
  const remedy = close && `is "${close}" meant?`;
  fail("DMPO_DATA_NOT_FOUND", what, `"${given}" is unknown`, `one of ${known.join(", ")}`, remedy);
}
