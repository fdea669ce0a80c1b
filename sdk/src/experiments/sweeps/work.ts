// What the process of a job does: its trials, one after another, each under a lease and reported in the job's journal.
import { hostname } from "node:os";
import { InputError } from "../../errors.js";
import { appendLine } from "./journal.js";
import { Lease } from "./lease.js";
import type { Job, SweepRecord } from "./record.js";
import type { TrialReport } from "./trial.js";

/** How one trial is run, and what it is told. */
export interface TrialControl {
  readonly threads: number;
  /** Aborts where it has to stop: it saves first. */
  readonly signal: AbortSignal;
  /** So many iterations, then it pauses; undefined: to its end. */
  readonly until?: number;
}

/** What came of one trial. */
export type TrialOutcome = Pick<TrialReport, "iterations" | "best" | "seconds"> & {
  readonly state: "done" | "paused" | "stopped";
};

/** Runs a trial, from its checkpoint if there is one. Done ones give their result again. */
export type RunTrial = (sweep: SweepRecord, trial: number, control: TrialControl) => Promise<TrialOutcome>;

const secondsBetweenLooks = 3;

/**
 * Runs the trials of a job. One that throws is reported as failed, and the next begins.
 * @returns whether the signal, or a wish to stop, left some of them.
 */
export async function work(
  sweep: SweepRecord,
  job: Job,
  run: RunTrial,
  { signal }: { signal: AbortSignal },
): Promise<boolean> {
  const wish = new AbortController();
  const watch = setInterval(() => {
    if (sweep.isToStop) wish.abort(new Error("the sweep is to stop"));
  }, 1000 * secondsBetweenLooks).unref();
  const stop = AbortSignal.any([signal, wish.signal]);
  const journal = sweep.journal(job.job);
  const host = process.env.SLURMD_NODENAME ?? hostname();
  const report = (line: Omit<TrialReport, "time" | "job" | "host">) => {
    appendLine(journal, { ...line, job: job.job, host, time: Date.now() });
    // Where the coordinator is this process's parent, it need not look for it.
    process.send?.("reported");
  };
  try {
    const results = sweep.results();
    for (const trial of job.trials) {
      if (stop.aborted || sweep.isToStop) return true;
      const { state } = results.get(trial) ?? {};
      // A job that a cluster has started anew has done some already.
      if (state === "done" || state === "failed") continue;
      const lease = await Lease.take(sweep.lease(trial), job.job, stop).catch((error: unknown) => {
        if (stop.aborted) return undefined;
        throw error;
      });
      if (!lease) return true;
      try {
        const began = performance.now();
        report({ trial, state: "running" });
        const control = {
          threads: sweep.definition.threads,
          signal: AbortSignal.any([stop, lease.lost]),
          until: job.until,
        };
        const outcome = await outcomeOf(() => run(sweep, trial, control));
        // Somebody else works on it: what it reports counts.
        if (!lease.lost.aborted) report({ seconds: (performance.now() - began) / 1000, trial, ...outcome });
      } finally {
        await lease.release();
      }
    }
    return stop.aborted;
  } finally {
    clearInterval(watch);
  }
}

async function outcomeOf(run: () => Promise<TrialOutcome>): Promise<TrialOutcome | { state: "failed"; error: string }> {
  try {
    return await run();
  } catch (error) {
    const text =
      error instanceof InputError ? error.message : error instanceof Error ? String(error.stack) : String(error);
    console.error(text);
    const message = error instanceof Error ? error.message : String(error);
    return { state: "failed", error: message.slice(0, 2000) };
  }
}
