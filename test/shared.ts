// What other programs computed: golden values in test/golden; larger data in ../shared, beside the repository, where it exists.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const shared = new URL("../../shared/", import.meta.url);

/** Whether the larger data is present; tests that need it use `test.skipIf(!hasShared)`. */
export const hasShared = existsSync(fileURLToPath(shared));

/** Absolute path of a file below `../shared`. */
export function sharedFile(path: string): string {
  return fileURLToPath(new URL(path, shared));
}

/** Absolute path of a file below `test/golden`. */
export function goldenFile(path: string): string {
  return fileURLToPath(new URL(`golden/${path}`, import.meta.url));
}

/** Golden values: `golden("pretrain")`, `golden("physics/hopper")`; test/golden/README.md lists the files. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the files are free-form JSON
export function golden(name: string): any {
  return JSON.parse(readFileSync(goldenFile(`${name}.json`), "utf8"));
}
