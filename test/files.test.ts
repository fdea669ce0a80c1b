import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeFolder, writeFileAtomic } from "../sdk/src/files.js";

const folder = await mkdtemp(join(tmpdir(), "dmpo-files-"));
afterAll(() => rm(folder, { recursive: true }));

test("writes text and bytes, makes folders, replaces, and leaves nothing else behind", async () => {
  const path = join(folder, "a/b/file.txt");
  await writeFileAtomic(path, "first");
  await writeFileAtomic(path, new Uint8Array([104, 105]));
  expect(await readFile(path, "utf8")).toBe("hi");
  expect(await readdir(join(folder, "a/b"))).toEqual(["file.txt"]);
});

test("removes the temporary file when it cannot finish", async () => {
  const path = join(folder, "taken");
  await mkdir(join(path, "content"), { recursive: true });
  await expect(writeFileAtomic(path, "x")).rejects.toThrow();
  expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("folders that exist, that lie in a file, and that no place takes", async () => {
  makeFolder(join(folder, "x/y/z"));
  makeFolder(join(folder, "x/y/z"));
  expect(await readdir(join(folder, "x/y"))).toEqual(["z"]);
  await writeFileAtomic(join(folder, "x/file"), "");
  expect(() => makeFolder(join(folder, "x/file"))).toThrow("EEXIST");
  expect(() => makeFolder(join(folder, "x/file/y/z"))).toThrow("ENOTDIR");
  if (process.platform === "linux") expect(() => makeFolder("/proc/a/b/c")).toThrow("ENOENT");
});
