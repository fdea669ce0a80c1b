// Where data sets lie on this machine, how they get there, and the set that comes with this package.
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { fail, InputError, nearest } from "../errors.js";
import { fetchFile, fetchShape, type FetchOptions } from "../hub/fetch-file.js";
import { count, optionsSchema, pathText, wholeNumber } from "../options.js";
import { pathInUse, userPath } from "../paths.js";
import type { DemonstrationOptions } from "./demonstrations/make.js";
import { d4rlFile, dataSources, findSource, type DataFamily, type DataSource } from "./sources.js";

/** Data sets that come with the package. */
export const bundledDatasets = {
  "hopper-medium-mini": bundledFile("hopper"),
  "halfcheetah-medium-mini": bundledFile("halfcheetah"),
  "walker2d-medium-mini": bundledFile("walker2d"),
  "ant-medium-mini": bundledFile("ant"),
  "humanoid-medium-mini": bundledFile("humanoid"),
} as const;

export type BundledDataset = keyof typeof bundledDatasets;

function bundledFile(robot: string): string {
  return fileURLToPath(new URL(`../../data/${robot}-medium-mini/${robot}_medium_mini.hdf5`, import.meta.url));
}

/** What stands in for a set that is not there. */
interface Substitute {
  /** Sets of the data folder that are nearer to it than what comes with the package; the first of those that are there. */
  readonly others: readonly string[];
  readonly bundled: BundledDataset;
}

export const substitutes: Readonly<Record<string, Substitute>> = {
  "hopper-medium-v2": { others: [], bundled: "hopper-medium-mini" },
  "halfcheetah-medium-v2": { others: [], bundled: "halfcheetah-medium-mini" },
  "walker2d-medium-v2": { others: [], bundled: "walker2d-medium-mini" },
  "ant-medium-v2": { others: [], bundled: "ant-medium-mini" },
  "ant-medium-expert-v0": { others: ["ant-medium-expert-v2", "ant-medium-v2"], bundled: "ant-medium-mini" },
  "ant-medium-expert-v2": { others: ["ant-medium-v2"], bundled: "ant-medium-mini" },
  "humanoid-medium-v3": { others: ["Humanoid-medium-v3"], bundled: "humanoid-medium-mini" },
  "Humanoid-medium-v3": { others: ["humanoid-medium-v3"], bundled: "humanoid-medium-mini" },
};

/** Name of the file that demonstrations made here go to, see `makeDemonstrations`. */
export const demonstrationsFile = "demonstrations.hdf5";

/** The data folder of this user, see `pathInUse`; by default `data` in the project. */
export function dataFolder(): string {
  return resolve(pathInUse("data").value);
}

/** What to look for and where. */
export interface DataRequest extends FetchOptions {
  /** Default: DMPO_DATA_DIR, DPPO_DATA_DIR, REINFLOW_DATA_DIR, what `dmpo paths` stored, or `data` in the project. */
  readonly folder?: string;
  /** The original recording rather than the published, normalised files. Default false. */
  readonly original?: boolean;
  /** Whether what is missing may be downloaded. Default true. */
  readonly download?: boolean;
  /**
   * Of a task whose data is neither here nor to be had, demonstrations that a script makes, once: how many (100), how, and where
   * they are kept; false: none.
   */
  readonly make?: DemonstrationOptions | false;
}

const dataRequest = {
  ...fetchShape,
  folder: pathText,
  original: z.boolean(),
  download: z.boolean(),
  make: z.union([
    z.literal(false),
    optionsSchema<DemonstrationOptions>({
      ...{ episodes: count, quality: z.enum(["proficient", "mixed"]), seed: wholeNumber },
      ...{ workers: z.int().nonnegative(), cameras: z.array(z.string()), folder: pathText },
    }),
  ]),
} satisfies Record<keyof DataRequest, z.ZodType>;

/** Schema of what a call says about the data it wants, and of its own options beside. */
export const requestSchema = (more: z.ZodRawShape = {}) => z.strictObject(dataRequest).extend(more).partial();

/** Files of one data set: a recording (HDF5), or normalised steps and their statistics. */
export type DataFiles = { readonly hdf5: string } | { readonly train: string; readonly normalization: string };

/**
 * The files of a data set: those in `<folder>/<family>/<name>`, train.npz before the only .hdf5 (after it with `original`), else
 * downloaded into the cache, else, of a task that can be demonstrated, made into the folder.
 * @throws InputError `DMPO_DATA_NOT_FOUND` saying which file belongs where and why no address could be used.
 */
export async function locateData(family: DataFamily, name: string, request: DataRequest = {}): Promise<DataFiles> {
  const { folder = dataFolder(), original = false, download = true, make = {} } = request;
  const local = findLocal(join(resolve(userPath(folder)), family, name), original);
  if (local) {
    const made = "hdf5" in local ? local.hdf5 : join(dirname(local.train), demonstrationsFile);
    if (basename(made) === demonstrationsFile && existsSync(made)) {
      request.notify?.(`${name}: demonstrations that were made here by a script, not the published ones (${made})`);
    }
    return local;
  }
  const source = findSource(family, name);
  const failures: string[] = [];
  if (source && download) {
    const attempts = [
      ...source.published.map((address) => () => fetchPublished(source, address, request)),
      ...source.original.map((address) => () => fetchOriginal(source, address, request)),
    ];
    const published = source.published.length;
    const ordered = original ? [...attempts.slice(published), ...attempts.slice(0, published)] : attempts;
    for (const attempt of ordered) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        failures.push(...error.problems.map(({ path, wrong }) => `${path}: ${wrong}`));
      }
    }
  }
  // On demand: it brings the simulators along.
  const { demonstrationsFor } = await import("./demonstrations/make.js");
  const { notify, signal } = request;
  const made = make && (await demonstrationsFor(`${family}/${name}`, { folder, notify, signal, ...make }));
  // Beside a recording with pictures lies what training reads.
  return made ? (findLocal(dirname(made), original) ?? { hdf5: made }) : failMissing(family, name, folder, failures);
}

/** Files already on this machine; undefined if there are none. @throws InputError if two .hdf5 files compete. */
export function findLocal(home: string, original = false): DataFiles | undefined {
  const files = existsSync(home) ? readdirSync(home) : [];
  const hdf5 = files.filter((file) => /\.(hdf5|h5)$/i.test(file));
  const npz = { train: join(home, "train.npz"), normalization: join(home, "normalization.npz") };
  if (files.includes("train.npz") && !(original && hdf5.length === 1)) return npz;
  if (hdf5.length === 1) return { hdf5: join(home, hdf5[0]!) };
  if (hdf5.length === 0) return undefined;
  const found = `holds ${hdf5.sort().join(", ")}`;
  fail("DMPO_DATA_NOT_FOUND", home, found, "one .hdf5 file, or train.npz", "remove the others");
}

async function fetchPublished({ sha256 }: DataSource, address: string, request: FetchOptions): Promise<DataFiles> {
  const options = fetching(request);
  const [train, normalization] = await Promise.all(
    ["train.npz", "normalization.npz"].map((file) =>
      fetchFile(`${address}/${file}`, { ...options, sha256: sha256[file] }),
    ),
  );
  return { train: train!, normalization: normalization! };
}

async function fetchOriginal({ sha256 }: DataSource, address: string, options: FetchOptions): Promise<DataFiles> {
  return { hdf5: await fetchFile(address, { ...fetching(options), sha256: sha256[basename(address)] }) };
}

const fetching = ({ signal, onProgress, notify }: FetchOptions): FetchOptions => ({ signal, onProgress, notify });

/**
 * A file that a configuration names, `.../<family>/<name>/train.npz` or `normalization.npz`: itself where it exists, else the
 * published one, where there is one, or in the data folder demonstrations made here.
 * @throws InputError `DMPO_DATA_NOT_FOUND` saying which file belongs where.
 */
export async function fetchMissing(path: string, options: Omit<DataRequest, "folder"> = {}): Promise<string> {
  const [file, home] = [basename(path), dirname(resolve(path))];
  const [family, name] = [basename(dirname(home)), basename(home)];
  const source = dataSources.find((one) => one.family === family && one.name === name);
  if (existsSync(path) || !source || !["train.npz", "normalization.npz"].includes(file)) return path;
  const folder = dirname(dirname(home));
  const make = folder === dataFolder() ? options.make : false;
  const files = await locateData(source.family, name, { ...options, folder, make });
  return "train" in files ? (file === "train.npz" ? files.train : files.normalization) : files.hdf5;
}

function failMissing(family: DataFamily, name: string, folder: string, failures: readonly string[]): never {
  const home = join(resolve(folder), family);
  const known = [
    ...(existsSync(home) ? readdirSync(home) : []),
    ...dataSources.filter((source) => source.family === family).map((source) => source.name),
  ];
  const close = nearest(name, known);
  const misspelt = close !== undefined && close !== name;
  const remedies = [
    ...failures,
    misspelt ? `is "${close}" meant?` : (findSource(family, name)?.byHand ?? ""),
    misspelt ? "" : "DMPO_DATA_DIR names another data folder",
  ];
  const wrong = `not found in ${join(home, name)}`;
  fail(
    "DMPO_DATA_NOT_FOUND",
    `data set "${name}"`,
    wrong,
    whatToPut(family, name, folder),
    remedies.filter((line) => line !== "").join("\n  "),
  );
}

/** Which file to put where, e.g. "hopper_medium-v2.hdf5 (D4RL) in /home/me/data/gym/hopper-medium-v2, or ...". */
export function whatToPut(family: DataFamily, name: string, folder: string): string {
  const address = findSource(family, name)?.original[0];
  const recording =
    family === "gym" ? `${address ? basename(address) : d4rlFile(name)} (D4RL)` : address && basename(address);
  const files = [...(recording ? [recording] : []), "train.npz with normalization.npz"].join(" or ");
  return `${files} in ${join(resolve(folder), family, name)}`;
}
