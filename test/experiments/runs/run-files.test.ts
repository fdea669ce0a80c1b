// What a run's folder holds: its name, what it was started with, metrics in every form.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readNpz } from "../../../sdk/src/data/npz.js";
import { folderOf, sinkOf } from "../../../sdk/src/experiments/runs/control.js";
import { claimFolder, createRunFolder } from "../../../sdk/src/experiments/runs/run-folder.js";
import { gitState } from "../../../sdk/src/experiments/runs/run-description.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dmpo-run-"));
  vi.stubEnv("DMPO_LOG_DIR", join(root, "log"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

test("runs of the same second have folders of their own", async () => {
  const folders = await Promise.all(Array.from({ length: 8 }, () => claimFolder(join(root, "2025-05-10_10-15-00_42"))));
  expect(new Set(folders).size).toBe(8);
  expect(await createRunFolder("finetune/hopper-v2", 7)).toMatch(
    /log\/finetune\/hopper-v2\/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_7$/,
  );
});

test("runs with one folder do not mix their files", async () => {
  vi.spyOn(console, "warn").mockReturnValue();
  const folder = join(root, "mine");
  const use = { task: "x", seed: 1 };
  const folders = await Promise.all([1, 2, 3].map(() => folderOf({ folder }, use)));
  expect(folders.toSorted()).toEqual([folder, `${folder}-2`, `${folder}-3`]);
  expect(readFileSync(join(`${folder}-2`, "run.log"), "utf8")).toBe(
    `${folder} holds another run: this one writes to ${folder}-2\n`,
  );
  // Its own is continued; that of a process that ended with nothing to continue is free.
  const resumePath = join(folder, "checkpoint/last.safetensors");
  expect(await folderOf({ folder }, { ...use, resumePath })).toBe(folder);
  expect(await folderOf({ folder }, { ...use, resumePath: join(root, "mine-2/checkpoint/last.safetensors") })).toBe(
    `${folder}-4`,
  );
  const { pid } = spawnSync(process.execPath, ["--version"]);
  const description = { ...(JSON.parse(readFileSync(join(folder, "run.json"), "utf8")) as object), process: pid };
  const abandon = () => writeFileSync(join(folder, "run.json"), JSON.stringify(description));
  abandon();
  expect(await folderOf({ folder }, use)).toBe(folder);
  abandon();
  mkdirSync(join(folder, "checkpoint"));
  expect(await folderOf({ folder }, use)).toBe(`${folder}-5`);
});

test("run.json: seed, versions, command, git", async () => {
  const folder = (await folderOf({}, { task: "pretrain/hopper", seed: 3 }))!;
  const record = JSON.parse(readFileSync(join(folder, "run.json"), "utf8")) as Record<string, unknown>;
  expect(record).toMatchObject({ task: "pretrain/hopper", seed: 3, workingDirectory: process.cwd() });
  expect(Object.keys(record.versions as object)).toEqual(expect.arrayContaining(["dmpo", "node", "mujoco-js"]));
  expect(await folderOf({ folder: null }, { task: "x", seed: 1 })).toBeUndefined();
});

test("the state of a git repository; undefined outside", async () => {
  expect(await gitState(root)).toBeUndefined();
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@x", ...args], { cwd: root, stdio: "pipe" });
  git("init", "-b", "work");
  git("commit", "--allow-empty", "-m", "start");
  writeFileSync(join(root, "new file.txt"), "");
  expect(await gitState(root)).toEqual({
    commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    branch: "work",
    changed: ["new file.txt"],
  });
});

test("metrics.jsonl, run.log, result.npz and an event file side by side", async () => {
  const sink = sinkOf({}, root, { counter: "epoch", total: 2 });
  sink.log({ epoch: 1, loss: 0.5, stage: "pretrain" });
  sink.log({ epoch: 2, loss: 0.25, "test/return": 9 });
  await sink.close();
  expect(readdirSync(root).sort()).toEqual(["metrics.jsonl", "result.npz", "run.log", "tensorboard"]);
  expect(readFileSync(join(root, "run.log"), "utf8")).toMatch(
    /^epoch 1\/2 .*loss 0\.5.*\nepoch 2\/2 .*loss 0\.25.*\n$/,
  );
  const table = await readNpz(join(root, "result.npz"));
  expect([...table.keys].sort()).toEqual(["epoch", "loss", "test/return"]);
  expect([...table.get("loss").data]).toEqual([0.5, 0.25]);
  expect([...table.get("test/return").data]).toEqual([NaN, 9]);
});

test("files that cannot be written only warn", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  // Folders where files should be: also root is refused.
  for (const name of ["metrics.jsonl", "run.log", "result.npz"]) mkdirSync(join(root, name));
  writeFileSync(join(root, "tensorboard"), "");
  const seen: unknown[] = [];
  const sink = sinkOf({ onProgress: (record) => seen.push(record) }, root, { counter: "epoch" });
  sink.log({ epoch: 1 });
  await sink.close();
  expect(seen).toEqual([{ epoch: 1 }]);
  expect(warn.mock.calls.length).toBeGreaterThanOrEqual(3);
});
