// Which files of other people's packages are used, and what they must hold: sdk/data/assets, by script/asset-manifest.mjs.
import { readFileSync } from "node:fs";

/** By what is built from it. */
export type AssetPackage = "robosuite" | "kitchen" | "furniture";
export const assetPackages: readonly AssetPackage[] = ["robosuite", "kitchen", "furniture"];

/** `physics`: what simulating needs; `all`: what is seen in pictures, too. */
export type AssetSubset = "physics" | "all";

/** Bytes and SHA-256 of a file. */
export type PinnedFile = readonly [bytes: number, sha256: string];

/** One release of a package on the Python package index. */
export interface Manifest {
  /** Name on the index, e.g. "d4rl". */
  readonly distribution: string;
  readonly version: string;
  /** SPDX name; the text is among the files. */
  readonly license: string;
  /** The archive that holds the files. */
  readonly wheel: { readonly file: string; readonly bytes: number; readonly sha256: string };
  /** By path inside the wheel. */
  readonly physics: Readonly<Record<string, PinnedFile>>;
  readonly pictures: Readonly<Record<string, PinnedFile>>;
}

const read = new Map<AssetPackage, Manifest>();

export function manifestOf(name: AssetPackage): Manifest {
  let manifest = read.get(name);
  if (!manifest) {
    const file = new URL(`../../../data/assets/${name}.json`, import.meta.url);
    read.set(name, (manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest));
  }
  return manifest;
}

/** The files of a subset, by path inside the wheel. */
export function filesOf({ physics, pictures }: Manifest, subset: AssetSubset): Map<string, PinnedFile> {
  return new Map(Object.entries(subset === "all" ? { ...physics, ...pictures } : physics));
}
