// Modules of users' own, which may lie anywhere.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { importEnvironment } from "../../sdk/src/envs/environment-module.js";
import { natively } from "./natively.js";

test("this package is found from where Node does not look for it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "dmpo-module-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [before, after, own] = ["before.mjs", "after.mjs", "own.mjs"].map((name) => join(folder, name));
  for (const path of [before!, after!]) await writeFile(path, 'export { defineEnvironment as default } from "dmpo";');
  await writeFile(own!, 'export default "an environment";');
  await expect(natively(pathToFileURL(before!).href)).rejects.toThrow("'dmpo'");
  expect(await importEnvironment(own!)).toBe("an environment");
  expect((await natively(pathToFileURL(after!).href)).default).toBeTypeOf("function");
});
