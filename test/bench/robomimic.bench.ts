// Control steps per second of robomimic's tasks, one environment on one core, beside robosuite 1.4.1 with native MuJoCo: the same
// swaying actions, which never rest, turns taken in processes of their own, the best counts. DMPO_BENCH_ROBOSUITE names a Python
// that has robosuite 1.4.1, mujoco 3.3.7 and numpy below 2.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Context, Row } from "./contest.js";

const run = promisify(execFile);
const tasks = ["lift", "can", "square", "transport"];
const ours = fileURLToPath(new URL("./ours/robomimic.mjs", import.meta.url));
const peer = fileURLToPath(new URL("./peers/robomimic.py", import.meta.url));

export async function measure({ threads, rounds }: Context): Promise<Row[]> {
  if (!threads.includes(1)) return [];
  const rows: Row[] = [];
  for (const task of tasks) {
    const rates: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
    let message: string | undefined;
    for (let round = 0; round < rounds; round++) {
      rates.ours.push(await rate(process.execPath, ours, task));
      if (message !== undefined) continue;
      try {
        rates.peer.push(await rate(process.env.DMPO_BENCH_ROBOSUITE ?? "python3", peer, task));
      } catch (error) {
        const [reason] = (error as Error & { stderr?: string }).stderr?.trim().split("\n").slice(-1) ?? [];
        message = `needs Python with robosuite 1.4.1; set DMPO_BENCH_ROBOSUITE (${reason})`;
      }
    }
    const [best, other] = [Math.max(...rates.ours), message === undefined ? Math.max(...rates.peer) : null];
    rows.push({
      ...{ name: task, unit: "steps/s", ours: best, peer: other, peerName: "robosuite 1.4.1, native MuJoCo" },
      ...{ ratio: other && best / other, threads: 1, ...(message !== undefined && { message }) },
    });
  }
  return rows;
}

/** Steps per second that a program prints, on one core where `taskset` exists. */
async function rate(program: string, file: string, task: string): Promise<number> {
  const environment = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MUJOCO_GL: "disable" };
  const options = { timeout: 120_000, env: environment };
  const pinned = run("taskset", ["-c", "0", program, file, task], options).catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? run(program, [file, task], options) : Promise.reject(error),
  );
  return Number((await pinned).stdout.trim().split("\n").at(-1));
}
