// Files on disk: a leaf that every room may import.
import { randomUUID } from "node:crypto";
import { mkdirSync, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { naming } from "./system-errors.js";

/**
 * Makes a folder and those above it; nothing happens where it exists. Node's own `recursive` never returns in places such as
 * /proc, which know their parent and yet take no folders.
 * @throws the system's error.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isFolder = (place: string) => statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false;
    if (code !== "ENOENT") {
      if (isFolder(path)) return;
      throw error;
    }
    const parent = dirname(path);
    if (isFolder(parent)) throw error;
    makeFolder(parent);
    makeFolder(path);
  }
}

/**
 * Writes a file that is either complete or absent: readers, and a crash at any moment, see the old contents or the new.
 * Missing folders are made. The temporary file lies beside the target and is removed if writing fails; a process that is
 * killed leaves it (`*.tmp`), and nothing reads it.
 * @throws InputError `DMPO_SYSTEM` where the system refuses: no space, no permission, a name too long.
 */
export async function writeFileAtomic(path: string, contents: Uint8Array | string): Promise<void> {
  await naming(path, () => replaceFile(path, contents));
}

async function replaceFile(path: string, contents: Uint8Array | string): Promise<void> {
  makeFolder(dirname(path));
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(contents);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes a new name survive a power cut, where the system can: Windows does not open folders. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
