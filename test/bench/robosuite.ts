// Programs that print a rate, in a process and on a core of their own; those in Python with robosuite 1.4.1 as the peer.
// DMPO_BENCH_ROBOSUITE names a Python that has it, mujoco 3.3.7 and numpy below 2.
import { lastLine, lastPrinted } from "./contest.js";

/** What a program prints last, on one core where `taskset` exists. */
export async function rate(
  program: string,
  file: string,
  words: readonly string[],
  graphics = "disable",
): Promise<number> {
  const environment = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MUJOCO_GL: graphics };
  return Number(await lastPrinted([program, file, ...words], 1, { timeout: 120_000, env: environment }));
}

/** What a program with robosuite prints, or why it does not run. `graphics`: MUJOCO_GL. */
export async function robosuiteRate(
  file: string,
  words: readonly string[],
  graphics?: string,
): Promise<number | { readonly message: string }> {
  try {
    return await rate(process.env.DMPO_BENCH_ROBOSUITE ?? "python3", file, words, graphics);
  } catch (error) {
    const reason = lastLine((error as { stderr?: string }).stderr || String(error));
    return { message: `needs Python with robosuite 1.4.1; set DMPO_BENCH_ROBOSUITE (${reason})` };
  }
}
