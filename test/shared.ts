// Locates the shared reference data (specifications, golden vectors, traces) beside the repository.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../shared/", import.meta.url);

/** Whether the reference data is present; tests that need it use `test.skipIf(!hasShared)`. */
export const hasShared = existsSync(fileURLToPath(root));
if (!hasShared) console.warn("tests that compare with ../shared are skipped: the folder is not present");

/** Absolute path of a file below `../shared`. */
export function sharedFile(path: string): string {
  return fileURLToPath(new URL(path, root));
}

/** Golden vectors: `golden("pretrain")`, `golden("finetune")`. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the files are free-form JSON
export function golden(name: "pretrain" | "finetune"): any {
  return JSON.parse(readFileSync(sharedFile(`spec/${name}-golden.json`), "utf8"));
}
