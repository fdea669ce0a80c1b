// The sweeps of this machine: the folders below the log root that hold one.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { logRoot } from "../runs/run-folder.js";

/** Where sweeps lie that are given no folder. */
export const sweepsFolder = () => join(logRoot(), "sweeps");

/** Newest last. */
export async function sweepsHere(root = sweepsFolder()): Promise<string[]> {
  if (!existsSync(root)) return [];
  const found = [];
  for (const name of await readdir(root)) {
    for (const time of await readdir(join(root, name)).catch(() => [])) {
      const folder = join(root, name, time);
      if (existsSync(join(folder, "sweep.json"))) found.push({ folder, time });
    }
  }
  return found.sort((a, b) => (a.time < b.time ? -1 : 1)).map(({ folder }) => folder);
}
