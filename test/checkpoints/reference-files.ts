// The reference's checkpoints in ../shared, and what the manifests there say about them.
import { readFileSync } from "node:fs";
import { sharedFile } from "../shared.js";

export const referenceFile = (name: string) => sharedFile(`data/checkpoints/${name}`);

/** The entries of a manifest; those that are "the same as" another have its content. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the files are free-form JSON
export function manifest(name = "manifest.json"): any[] {
  return JSON.parse(readFileSync(referenceFile(name), "utf8")).files;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the files are free-form JSON
export function described(name: string): any {
  const entry = manifest().find(({ file }) => file === name);
  return entry.same_as ? described(entry.same_as) : entry;
}
