// `dmpo sync` and `dmpo pkl2wandb`: what they find, send and say.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pythonWith } from "../python.js";
import { dmpo } from "./dmpo.js";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "dmpo-tracking-"))));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("sync passes every run to the wandb command, and its failure on", async () => {
  const program = join(folder, "wandb");
  writeFileSync(program, '#!/bin/sh\necho "$@"\ncase "$*" in *bad*) exit 3;; esac\n', { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
  for (const run of ["a", "b"]) {
    mkdirSync(join(folder, "runs", "wandb", run), { recursive: true });
    writeFileSync(join(folder, "runs", "wandb", run, `run-${run}.wandb`), "");
  }
  const runs = ["a", "b"].map((run) => join(folder, "runs", "wandb", run));
  expect(await dmpo("sync", join(folder, "runs"))).toMatchObject({ code: 0, out: `sync --yes ${runs.join(" ")}` });
  mkdirSync(join(folder, "bad"));
  writeFileSync(join(folder, "bad", "run-x.wandb"), "");
  expect(await dmpo("sync", join(folder, "bad"))).toMatchObject({
    code: 1,
    error: expect.stringContaining("files stay"),
  });
});

test("sync says what is missing", async () => {
  expect(await dmpo("sync", folder)).toMatchObject({ code: 1, error: expect.stringContaining("no run of Weights") });
  writeFileSync(join(folder, "run-x.wandb"), "");
  vi.stubEnv("PATH", "/nowhere");
  const { code, error } = await dmpo("sync", folder);
  expect([code, error]).toEqual([1, expect.stringContaining("pip install wandb")]);
});

test("metrics.jsonl of a run's folder goes to all receivers; a line cut by a crash does not disturb", async () => {
  writeFileSync(join(folder, "metrics.jsonl"), '{"itr":0,"loss":0.5,"x":null}\n{"itr":1,"loss":0.25}\n{"itr":2,"lo');
  const { code, out } = await dmpo("pkl2wandb", folder, "--to", "console", "jsonl", "tensorboard");
  expect(code).toBe(0);
  expect(out.split("\n")).toEqual([
    "itr 0  loss 0.5",
    "itr 1  loss 0.25",
    "2 records sent to console, jsonl, tensorboard",
  ]);
  expect(readFileSync(join(folder, "resent", "metrics.jsonl"), "utf8")).toBe(
    '{"itr":0,"loss":0.5}\n{"itr":1,"loss":0.25}\n',
  );
  expect(readdirSync(join(folder, "resent", "tensorboard"))).toHaveLength(1);
});

test("the reference's result.pkl, with NumPy scalars, becomes a Weights & Biases run", async (context) => {
  const python = pythonWith("numpy");
  if (!python) return context.skip("no Python with numpy (set DMPO_TEST_PYTHON)");
  const file = join(folder, "result.pkl");
  const script = `
import pickle, sys, numpy as np
rows = [{"itr": i, "step": 2000 * i, "time": 1.5, "train/avg episode reward": np.float64(10.5 * i), "loss": np.float32(0.25),
  "success": np.bool_(True), "count": np.int64(3)} for i in range(3)]
pickle.dump(rows, open(sys.argv[1], "wb"))`;
  execFileSync(python, ["-c", script, file]);
  const { code, out } = await dmpo("pkl2wandb", file, "--to", "wandb", "jsonl", "--offline", "--output", folder);
  expect([code, out]).toEqual([0, expect.stringContaining("3 records")]);
  const rows = readFileSync(join(folder, "metrics.jsonl"), "utf8").trim().split("\n");
  expect(JSON.parse(rows[2]!)).toEqual({
    itr: 2,
    step: 4000,
    time: 1.5,
    "train/avg episode reward": 21,
    loss: 0.25,
    success: 1,
    count: 3,
  });
  expect(readdirSync(join(folder, "wandb"))).toEqual([expect.stringMatching(/^offline-run-/)]);
});

test.each([
  ["nothing", "does not exist"],
  ["notes.txt", "unknown kind"],
  ["broken.jsonl", "broken.jsonl:1: is no JSON"],
  ["code.pkl", "GLOBAL|posix|system|names"],
])("%s", async (name, message) => {
  writeFileSync(join(folder, "notes.txt"), "");
  writeFileSync(join(folder, "broken.jsonl"), "{\n{}\n");
  writeFileSync(join(folder, "code.pkl"), "cposix\nsystem\n(S'true'\ntR.");
  const { code, error } = await dmpo("pkl2wandb", join(folder, name), "--to", "console");
  expect([code, error]).toEqual([1, expect.stringMatching(message)]);
});
