// Kill -9 of trials and of the coordinator, at random: the sweep goes on, and ends with the weights, metrics and table of one left alone.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { loadCheckpoint } from "../../../sdk/src/checkpoints/checkpoint.js";
import { SweepRecord } from "../../../sdk/src/experiments/sweeps/record.js";
import { SweepReport } from "../../../sdk/src/experiments/sweeps/report.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { seeded } from "../../fuzz/mutations.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const program = join(root, "sdk/bin/dmpo.js");
const kills = { trials: 6, coordinators: 4 };

const start = (folder: string) => [
  ...[
    "--config-dir=cfg/gym/pretrain/hopper-medium-v2",
    "--config-name=pre_reflow_mlp",
    "--folder",
    folder,
    "--jobs",
    "2",
    "--threads",
    "1",
  ],
  ...[
    "max_n_episodes=2",
    "model.network.mlp_dims=[32]",
    "train.n_epochs=300",
    "test_in_mujoco=False",
    "seed=0..1",
    "model.times.type=uniform,beta",
  ],
];

function sweep(...parameters: string[]) {
  return spawn(process.execPath, [program, "sweep", ...parameters], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Processes that work on the folder's trials. */
async function workers(folder: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,args="]);
  const own = stdout.split("\n").filter((line) => line.includes("sweep work") && line.includes(folder));
  return own.map((line) => Number(line.trim().split(" ")[0]));
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What must agree: all tensors of the last checkpoints, and all numbers of the metrics but the times. */
async function outcome(folder: string) {
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
      return { labels, tensors, numbers: [...new Set(numbers)], best: record.results().get(trial)!.best };
    }),
  );
}

test("trials and coordinators killed at random lose nothing, and every trial is in the table once", async () => {
  const [whole, killed] = [join(temporaryFolder(), "whole"), join(temporaryFolder(), "killed")];
  expect(await once(sweep(...start(whole)), "close")).toEqual([0, null]);

  const random = seeded(1);
  let [trials, coordinators] = [0, 0];
  let child = sweep(...start(killed));
  for (let code: number | null | undefined; code === undefined;) {
    const ended = once(child, "close") as Promise<[number | null]>;
    child.stdout.resume();
    const isOver = await Promise.race([ended.then(() => true), wait(3000 + 3000 * random()).then(() => false)]);
    if (isOver) {
      [code] = await ended;
      // Killed: the next one goes on.
      if (code === null) {
        code = undefined;
        child = sweep("resume", killed);
      }
      continue;
    }
    const running = await workers(killed);
    if (coordinators < kills.coordinators && random() < 0.4) {
      child.kill("SIGKILL");
      coordinators++;
    } else if (trials < kills.trials && running.length > 0) {
      process.kill(running[Math.floor(running.length * random())]!, "SIGKILL");
      trials++;
    }
    if (code !== undefined) expect(code).toBe(0);
  }
  console.info(`${trials} trials and ${coordinators} coordinators killed`);
  expect(trials + coordinators).toBeGreaterThanOrEqual(5);
  const report = new SweepReport(await SweepRecord.open(killed));
  expect(report.counts()).toEqual({ done: 4 });
  expect(report.rows()).toHaveLength(4);
  expect(await workers(killed)).toEqual([]);
  expect(readdirSync(join(killed, "leases"))).toEqual([]);
  expect(readdirSync(join(killed, "trials"))).toEqual(["0000", "0001", "0002", "0003"]);
  expect(await outcome(killed)).toEqual(await outcome(whole));
});
