// What the jobs and trials of a sweep have said.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../../errors.js";
import type { BackEnd } from "./back-end.js";
import type { SweepRecord, SubmittedJob } from "./record.js";

/** The log of a trial's run, or where there is none, and for the whole sweep, those of the jobs; each with a heading. */
export async function* sweepLogs(sweep: SweepRecord, backEnd: BackEnd, trial?: number): AsyncGenerator<string> {
  const { length } = sweep.definition.trials;
  if (trial !== undefined && trial >= length)
    fail("DMPO_SWEEP", String(trial), "is no trial of this sweep", `0 to ${length - 1}`);
  if (trial !== undefined) {
    const own = join(sweep.trialFolder(trial), "run.log");
    const error = sweep.results().get(trial)?.error;
    if (existsSync(own)) yield `${own}:\n${await readFile(own, "utf8")}`;
    if (error !== undefined) yield `trial ${trial}: ${error}`;
    if (existsSync(own)) return;
  }
  for (const job of sweep.jobs) {
    if (trial !== undefined && !job.trials.includes(trial)) continue;
    yield `job ${job.job}:\n${await logOf(sweep, backEnd, job)}`;
  }
}

async function logOf(sweep: SweepRecord, backEnd: BackEnd, { job, id, backEnd: place }: SubmittedJob): Promise<string> {
  const file = sweep.log(job);
  if (existsSync(file)) return readFile(file, "utf8");
  if (id === undefined || place !== backEnd.name) return "(nothing is kept)";
  return backEnd
    .logs(sweep, id)
    .catch((error: unknown) => `(${error instanceof Error ? error.message : String(error)})`);
}
