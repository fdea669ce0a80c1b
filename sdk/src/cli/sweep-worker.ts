// The process of a job of a sweep, on this machine or another: stops and saves when asked to, and when its parent has ended.
import { SweepRecord, type Job } from "../experiments/sweeps/record.js";
import { trialsIn } from "../experiments/sweeps/back-end.js";
import { requeueItself } from "../experiments/sweeps/slurm.js";
import { work, type RunTrial } from "../experiments/sweeps/work.js";
import { exitCodes } from "./command.js";
import { untilInterrupted } from "./interrupt.js";
import type { Terminal } from "./terminal.js";

/** Runs the trials of a job and gives the exit code. */
export async function runJob(
  folder: string,
  { trials, ...job }: Omit<Job, "trials"> & { readonly trials: string },
  terminal: Terminal,
): Promise<number> {
  const sweep = await SweepRecord.open(folder);
  const run = await runnerOf(sweep.definition.work.kind);
  const own = new AbortController();
  // Slurm's warning that the time of the job is nearly over.
  let isTimeUp = false;
  process.on("SIGUSR2", () => {
    terminal.error("dmpo: the job's time is nearly over; saving");
    isTimeUp = true;
    own.abort(new Error("the job's time is over"));
  });
  // A cluster's agent that was killed leaves its children to another parent: whoever gets the trials next must not meet them.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) own.abort(new Error("the process that started this one has ended"));
  }, 1000).unref();
  let isLeft = true;
  const interrupted = await untilInterrupted(terminal, async (signal) => {
    isLeft = await work(sweep, { ...job, trials: trialsIn(trials) }, run, {
      signal: AbortSignal.any([signal, own.signal]),
    });
  });
  clearInterval(watch);
  if (isTimeUp && isLeft) await requeueItself((line) => terminal.error(line));
  return interrupted || isLeft ? exitCodes.interrupted : exitCodes.ok;
}

async function runnerOf(kind: "configuration" | "module"): Promise<RunTrial> {
  if (kind === "configuration") return (await import("../config/run/configured-trial.js")).runConfiguredTrial;
  return (await import("../experiments/sensitivity/cell-trial.js")).runCellTrial;
}
