// Files that users name: a path that cannot be read is their input's fault and says so.
import { constants } from "node:fs";
import { access, readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fail, InputError } from "../errors.js";
import { systemError } from "../system-errors.js";

/** Size in bytes of the readable file at `path`. @throws InputError `DMPO_DATA_NOT_FOUND`. */
export async function dataFileSize(path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const other = error.code === "ENOENT" ? undefined : systemError(error, path);
    throw other ?? missing(path);
  });
  if (!found.isFile()) {
    fail("DMPO_DATA_NOT_FOUND", path, found.isDirectory() ? "is a folder" : "is a device or a pipe", "a file");
  }
  await access(path, constants.R_OK).catch(() =>
    fail("DMPO_DATA_NOT_FOUND", path, "cannot be read", "a file with read permission"),
  );
  if (found.size === 0) fail("DMPO_DATA_FORMAT", path, "is empty", "a data file", "fetch or write it again");
  return found.size;
}

const missing = (path: string) =>
  new InputError("DMPO_DATA_NOT_FOUND", [
    { path, wrong: "does not exist", expected: "a file", remedy: `looked for ${resolve(path)}` },
  ]);

/** All bytes of a file. @throws InputError `DMPO_DATA_NOT_FOUND`, or `DMPO_DATA_FORMAT` from 2 GiB on. */
export async function readDataFile(path: string): Promise<Uint8Array> {
  const size = await dataFileSize(path);
  if (size >= 2 ** 31) {
    fail(
      "DMPO_DATA_FORMAT",
      path,
      `is ${(size / 2 ** 30).toFixed(1)} GiB large`,
      "less than 2 GiB",
      "split it, or read it as HDF5",
    );
  }
  return readFile(path);
}
