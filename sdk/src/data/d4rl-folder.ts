// Where data sets lie: the data folder with one folder per task, and the set that comes with this package.
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { fail, nearest } from "../errors.js";
import { pathInUse } from "../paths.js";

/** Data sets that come with the package. */
export const bundledDatasets = {
  "hopper-medium-mini": fileURLToPath(
    new URL("../../data/hopper-medium-mini/hopper_medium_mini.hdf5", import.meta.url),
  ),
} as const;

export type BundledDataset = keyof typeof bundledDatasets;

/** Bundled data that stand in for a set which is not there. */
export const substitutes: Readonly<Record<string, BundledDataset>> = { "hopper-medium-v2": "hopper-medium-mini" };

/** The data folder of this user, see `pathInUse`; by default ./data. */
export function dataFolder(): string {
  return resolve(pathInUse("data").value);
}

/**
 * The file that holds D4RL data set `name`: `train.npz`, else the only `.hdf5`, in `<folder>/gym/<name>`.
 * @returns undefined if neither is there but the set has a bundled substitute.
 * @throws InputError `DMPO_DATA_NOT_FOUND` saying which file belongs where.
 */
export function findD4rl(name: string, folder: string): string | undefined {
  const home = join(folder, "gym", name);
  const files = existsSync(home) ? readdirSync(home) : [];
  if (files.includes("train.npz")) return join(home, "train.npz");
  const hdf5 = files.filter((file) => /\.(hdf5|h5)$/i.test(file));
  if (hdf5.length === 1) return join(home, hdf5[0]!);
  if (hdf5.length > 1) {
    fail(
      "DMPO_DATA_NOT_FOUND",
      home,
      `holds ${hdf5.sort().join(", ")}`,
      "one .hdf5 file, or train.npz",
      "remove the others",
    );
  }
  if (Object.hasOwn(substitutes, name)) return undefined;
  const known = existsSync(join(folder, "gym")) ? readdirSync(join(folder, "gym")) : [];
  const close = nearest(name, [...known, ...Object.keys(substitutes)]);
  fail(
    "DMPO_DATA_NOT_FOUND",
    `data set "${name}"`,
    `not found in ${home}`,
    whatToPut(name, folder),
    close && close !== name ? `is "${close}" meant?` : "DMPO_DATA_DIR names another data folder",
  );
}

/** Which file to put where, e.g. "hopper_medium-v2.hdf5 (D4RL) in /home/me/data/gym/hopper-medium-v2, or ...". */
export function whatToPut(name: string, folder: string): string {
  // D4RL's own file names join all but the version with underscores.
  const original = name.replace(/-(?!v\d+$)/g, "_");
  return `${original}.hdf5 (D4RL) or train.npz with normalization.npz in ${join(folder, "gym", name)}`;
}
