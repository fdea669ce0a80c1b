// The programs of docs/environments.md run as they stand, in the source instead of the package.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let programs: string[];

beforeAll(async () => {
  const text = await readFile(join(root, "docs/environments.md"), "utf8");
  const source = new URL("../../sdk/src/index.ts", import.meta.url).href;
  programs = [...text.matchAll(/```[jt]s\n(.*?)```/gs)].map(([, code]) => code!.replace('"dmpo"', `"${source}"`));
  folder = await mkdtemp(join(tmpdir(), "dmpo-environments-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(program: string): Promise<string> {
  const file = join(folder, "program.mts");
  await writeFile(file, program);
  return (await promisify(execFile)(process.execPath, ["--import", "tsx", file], { cwd: root })).stdout;
}

test("one environment, many environments", async () => {
  expect(await run(programs[0]!)).toMatch(/^-?\d+\.\d % of an expert\n$/);
  expect(await run(programs[1]!)).toBe("8 888\n");
});

test("a robot of one's own", async () => {
  const [robot, program] = programs.slice(2);
  await writeFile(join(folder, "pendulum.mjs"), robot!);
  expect(await run(program!)).toBe("[ 1, 1, 1, 1 ]\n");
});

test("a picture", async () => {
  expect(programs).toHaveLength(6);
  expect(await run(programs[4]!.replace("table.png", join(folder, "table.png")))).toBe("Picture, 320 x 240\n");
  expect((await readFile(join(folder, "table.png"))).subarray(1, 4).toString()).toBe("PNG");
});
