// Checksums of files: SHA-256, and the SHA-1 by which git names a file's contents.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

export interface Checksum {
  /** `git`: SHA-1 over "blob <size>\0" and the contents. */
  readonly algorithm: "sha256" | "git";
  /** Lower-case hexadecimal. */
  readonly value: string;
}

/** What an entity tag of the hub says about contents: large files are tagged by SHA-256, others by git's name. */
export function checksumOfTag(tag: string): Checksum | undefined {
  if (/^[0-9a-f]{64}$/.test(tag)) return { algorithm: "sha256", value: tag };
  if (/^[0-9a-f]{40}$/.test(tag)) return { algorithm: "git", value: tag };
  return undefined;
}

/** The checksum of a file, as hexadecimal. */
export async function computeChecksum(path: string, algorithm: Checksum["algorithm"]): Promise<string> {
  const hash = createHash(algorithm === "git" ? "sha1" : "sha256");
  if (algorithm === "git") hash.update(`blob ${(await stat(path)).size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

export async function matches(path: string, { algorithm, value }: Checksum): Promise<boolean> {
  return (await computeChecksum(path, algorithm)) === value.toLowerCase();
}

/** Files found right by this process, with what would change if they changed. */
const found = new Map<string, string>();

/**
 * Whether a file of a cache is there and holds what it should: as many bytes as stated, and contents with this checksum, where
 * they are known. Contents are read once per process, as long as size and time of change stay.
 */
export async function isIntact(path: string, checksum?: Checksum, size?: number): Promise<boolean> {
  const state = await stat(path).catch(() => undefined);
  if (!state?.isFile() || (size !== undefined && state.size !== size)) return false;
  if (!checksum) return true;
  const [key, known] = [`${checksum.value} ${path}`, `${state.ino} ${state.size} ${state.mtimeMs} ${state.ctimeMs}`];
  if (found.get(key) === known) return true;
  if (!(await matches(path, checksum))) return false;
  found.set(key, known);
  return true;
}
