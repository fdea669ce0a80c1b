// Sweeps of real trainings through the built command, as small as they go, and what two of them must agree in.
import { execFile, spawn, type ChildProcessByStdio } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadCheckpoint } from "../../../sdk/src/checkpoints/checkpoint.js";
import { SweepRecord } from "../../../sdk/src/experiments/sweeps/record.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
export const program = join(root, "sdk/bin/dmpo.js");

/** Four trials of a few seconds each. */
export const trained = (folder: string, epochs = 300) => [
  ...[
    "--config-dir=cfg/gym/pretrain/hopper-medium-v2",
    "--config-name=pre_reflow_mlp",
    "--folder",
    folder,
    "--threads",
    "1",
  ],
  ...["max_n_episodes=2", "model.network.mlp_dims=[32]", `train.n_epochs=${epochs}`, "test_in_mujoco=False"],
  ...["seed=0..1", "model.times.type=uniform,beta"],
];

/** `dmpo sweep` in a process of its own. */
export const sweep = (parameters: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  started(["sweep", ...parameters], env);

/** `dmpo` in a process of its own. */
export function started(
  parameters: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcessByStdio<null, Readable, Readable> {
  const environment = { ...process.env, ...env };
  return spawn(process.execPath, [program, ...parameters], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Its exit code and everything it wrote. */
export async function finished(
  child: ChildProcessByStdio<null, Readable, Readable>,
): Promise<{ code: number | null; out: string }> {
  let out = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => void (out += text.toString()));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out })));
}

/** Processes that work on the folder's trials. */
export async function workers(folder: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,args="]);
  const own = stdout
    .split("\n")
    .filter(
      (line) =>
        /^\s*\d+ \S*node /.test(line) && line.includes("sweep") && line.includes("work") && line.includes(folder),
    );
  return own.map((line) => Number(line.trim().split(" ")[0]));
}

export const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Until something holds. @throws after two minutes. */
export async function until(what: string, holds: () => unknown): Promise<void> {
  for (const began = Date.now(); !(await holds()); await wait(200)) {
    if (Date.now() - began > 120_000) throw new Error(`waited two minutes for ${what}`);
  }
}

/** All tensors of the last checkpoints, and all numbers of the metrics but the times. */
export async function outcome(folder: string) {
  const record = await SweepRecord.open(folder);
  return Promise.all(
    record.definition.trials.map(async ({ labels }, trial) => {
      const { tensors } = await loadCheckpoint(join(record.trialFolder(trial), "checkpoint/last.safetensors"));
      const rows = readFileSync(join(record.trialFolder(trial), "metrics.jsonl"), "utf8")
        .trimEnd()
        .split("\n");
      const numbers = rows.map((row) =>
        JSON.stringify(
          Object.entries(JSON.parse(row) as object).filter(([name]) => !/seconds|perSecond|time/i.test(name)),
        ),
      );
      // An iteration that was killed before its checkpoint was done is reported twice, with the same numbers.
      return { labels, tensors, numbers: [...new Set(numbers)], best: record.results().get(trial)!.best };
    }),
  );
}
