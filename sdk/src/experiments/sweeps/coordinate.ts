// Runs a sweep: hands the trials that are due to a back end, looks what has become of them, hands over again what was lost, until
// nothing is left. All it knows is in the record, so that it may be killed at any moment and begun anew.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fail } from "../../errors.js";
import { jobName, type BackEnd, type JobStatus } from "./back-end.js";
import { Lease, ownerOf } from "./lease.js";
import type { SubmittedJob, SweepRecord } from "./record.js";
import { halve, type Assignment } from "./search/successive-halving.js";
import type { TrialResult } from "./trial.js";

export interface CoordinateOptions {
  readonly backEnd: BackEnd;
  /** Stops it: jobs that end with the coordinator save and end, others go on by themselves. */
  readonly signal?: AbortSignal;
  /** Seconds that all jobs may wait for resources before it gives up. Default 600. */
  readonly patience?: number;
  /** Told whenever something has changed. */
  readonly onChange?: (results: ReadonlyMap<number, TrialResult>) => void;
}

/** A trial whose process vanished so often in a row without getting on is given up. */
const mostLosses = 3;
/** A back end may be out of reach for so long. */
const secondsOfSilence = 120;
/** So many jobs in a row that vanish before their first trial, and nothing will come of the next one. */
const mostSilent = 5;
/** Trials of a job take so many seconds together, where nothing else is said: a process takes about one to start. */
const secondsPerJob = { least: 10, most: 60 };

/**
 * Runs it to its end.
 * @returns whether something is left, as it was to stop.
 * @throws InputError `DMPO_SWEEP_BUSY` where another process coordinates it, `DMPO_SWEEP_WAITS` where resources never come,
 *   `DMPO_SWEEP_MACHINE` where a machine lacks what jobs need.
 */
export async function coordinate(sweep: SweepRecord, options: CoordinateOptions): Promise<boolean> {
  const { signal } = options;
  const lease = await Lease.tryTake(sweep.lease("coordinator"), "the coordinator");
  if (!lease) await refuseSecond(sweep);
  try {
    return await new Coordinator(sweep, options).run(signal ? AbortSignal.any([signal, lease!.lost]) : lease!.lost);
  } finally {
    await lease!.release();
  }
}

async function refuseSecond(sweep: SweepRecord): Promise<never> {
  const path = sweep.lease("coordinator");
  const owner = await ownerOf(path);
  const who = owner ? `process ${owner.process} on ${owner.host}` : "another process";
  const remedy = `\`dmpo sweep stop ${sweep.folder}\` ends it; if it died with its machine, delete ${path}`;
  return fail("DMPO_SWEEP_BUSY", sweep.folder, `is run by ${who}`, "one process at a time", remedy);
}

class Coordinator {
  readonly #live = new Map<string, SubmittedJob>();
  /** Jobs of an earlier coordinator: what was wrong with them may have been put right. */
  readonly #earlier = new Set<string>();
  readonly #backEnd: BackEnd;
  #number: number;
  /** Since when the back end has not answered. */
  #silentSince: number | undefined;
  /** Jobs in a row that ended without a word. */
  #silent = 0;
  /** Since when nothing of ours has run while something waits. */
  #waitingSince: number | undefined;

  constructor(
    private readonly sweep: SweepRecord,
    private readonly options: CoordinateOptions,
  ) {
    this.#backEnd = options.backEnd;
    this.#number = sweep.jobs.length;
    if (!this.#backEnd.endsWithCoordinator) {
      const results = sweep.results();
      const isOver = (trial: number) => ["done", "failed"].includes(results.get(trial)?.state ?? "");
      for (const job of sweep.jobs) {
        if (job.backEnd !== this.#backEnd.name || !job.id || job.trials.every(isOver)) continue;
        this.#live.set(job.job, job);
        this.#earlier.add(job.job);
      }
    }
  }

  async run(signal: AbortSignal): Promise<boolean> {
    const { sweep } = this;
    try {
      for (;;) {
        const statuses = await this.#look();
        this.options.onChange?.(sweep.results());
        if (signal.aborted || sweep.isToStop) break;
        const busy = new Set([...this.#live.values()].flatMap(({ trials }) => trials));
        const due = dueTrials(sweep);
        if (due.length === 0 && this.#live.size === 0) break;
        await this.#submit(due.filter(({ trial }) => !busy.has(trial)));
        this.#checkPatience(statuses);
        await this.#pause(signal);
      }
    } finally {
      if (this.#backEnd.endsWithCoordinator || sweep.isToStop) await this.#endJobs();
    }
    return dueTrials(sweep).length > 0;
  }

  /** Takes in reports, and what became of the jobs. */
  async #look(): Promise<ReadonlyMap<string, JobStatus>> {
    const { sweep } = this;
    const ids = [...this.#live.values()].map(({ id }) => id!);
    const statuses = ids.length > 0 ? await this.#ask(ids) : new Map<string, JobStatus>();
    // After the back end was asked: what an ended job has reported is there by now.
    await sweep.refresh([...this.#live.keys(), "coordinator"]);
    if (!statuses) return new Map();
    for (const job of [...this.#live.values()]) {
      const status = statuses.get(job.id!) ?? {
        state: "ended",
        reason: `${this.#backEnd.name} does not know it any more`,
      };
      if (status.state === "ended") await this.#settle(job, status);
    }
    return statuses;
  }

  /** Undefined while the back end does not answer: jobs go on meanwhile. @throws its error when that lasts. */
  async #ask(ids: readonly string[]): Promise<ReadonlyMap<string, JobStatus> | undefined> {
    try {
      const statuses = await this.#backEnd.status(ids);
      this.#silentSince = undefined;
      return statuses;
    } catch (error) {
      this.#silentSince ??= Date.now();
      if (Date.now() - this.#silentSince > 1000 * secondsOfSilence) throw error;
      return undefined;
    }
  }

  /** What an ended job has left. */
  async #settle(job: SubmittedJob, { reason = "", exitCode, mayRepeat = true, host }: JobStatus): Promise<void> {
    const { sweep } = this;
    this.#live.delete(job.job);
    const isEarlier = this.#earlier.has(job.job);
    if (!isEarlier && exitCode !== undefined && exitCode >= 71 && exitCode <= 73) {
      const { missing } = await import("./worker-command.js");
      const { what, remedy } = missing[exitCode as keyof typeof missing];
      const said = job.id ? (await this.#backEnd.logs(sweep, job.id).catch(() => "")).trim().split("\n").at(-1) : "";
      fail("DMPO_SWEEP_MACHINE", host ?? job.job, said || `a machine ${what}`, "machines that can run trials", remedy);
    }
    const results = sweep.results();
    const itself = exitCode !== undefined && exitCode !== 0 && exitCode < 128;
    const hasReported = job.trials.some((trial) => results.get(trial)?.job === job.job);
    this.#silent = hasReported || isEarlier || exitCode === 0 || exitCode === 130 ? 0 : this.#silent + 1;
    if (mayRepeat && (this.#silent >= mostSilent || (itself && !hasReported && !isEarlier))) {
      const said = (await this.#backEnd.logs(sweep, job.id!).catch(() => "")).trim().split("\n").slice(-3).join(" | ");
      const remedy = `\`dmpo sweep logs ${sweep.folder}\` shows what it said`;
      fail(
        "DMPO_SWEEP_JOB",
        job.job,
        `${reason}, before its first trial${said && `: ${said}`}`,
        "a job that begins",
        remedy,
      );
    }
    for (const trial of job.trials) {
      const { state, job: reporter, losses = 0 } = results.get(trial) ?? {};
      if (state !== "running" || reporter !== job.job) continue;
      const iterations = await iterationsOf(sweep.trialFolder(trial));
      if (!mayRepeat || itself) sweep.report({ trial, state: "failed", error: reason, iterations });
      else if (losses + 1 >= mostLosses) {
        sweep.report({ trial, state: "failed", error: `${mostLosses} times in a row: ${reason}`, iterations });
      } else sweep.report({ trial, state: "lost", error: reason, iterations });
    }
    if (!mayRepeat)
      for (const trial of job.trials) if (!results.has(trial)) sweep.report({ trial, state: "failed", error: reason });
    await sweep.refresh(["coordinator"]);
  }

  async #submit(open: readonly Assignment[]): Promise<void> {
    const free = open.length > 0 ? (await this.#backEnd.slots()) - this.#live.size : 0;
    if (free <= 0) return;
    const size = this.#backEnd.perJob ?? this.#sizeOfJobs(open.length, free);
    const jobs: SubmittedJob[] = [];
    for (let rest = open; rest.length > 0 && jobs.length < free;) {
      const { until } = rest[0]!;
      const chunk = rest.slice(0, size).filter((assignment) => assignment.until === until);
      const job = `j${String(++this.#number).padStart(4, "0")}`;
      jobs.push({
        job,
        backEnd: this.#backEnd.name,
        trials: chunk.map(({ trial }) => trial),
        ...(until !== undefined && { until }),
      });
      rest = rest.slice(chunk.length);
    }
    for (const job of jobs) this.sweep.keepJob(job);
    const ids = await this.#backEnd.submit(this.sweep, jobs);
    for (const job of jobs) {
      const submitted = { ...job, id: ids.get(job.job) ?? jobName(this.sweep, job) };
      this.sweep.keepJob(submitted);
      this.#live.set(job.job, submitted);
    }
  }

  /** As many as take about a minute, but not so many that others have nothing to do. */
  #sizeOfJobs(open: number, free: number): number {
    const times = [...this.sweep.results().values()].flatMap(({ state, seconds }) =>
      state === "done" ? (seconds ?? []) : [],
    );
    if (times.length === 0) return 1;
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    const fair = Math.ceil(open / (2 * (free + this.#live.size)));
    const taking = (seconds: number) => Math.max(1, Math.round(seconds / Math.max(mean, 1e-3)));
    return Math.min(taking(secondsPerJob.most), Math.max(taking(secondsPerJob.least), fair));
  }

  #checkPatience(statuses: ReadonlyMap<string, JobStatus>): void {
    const { patience = 600 } = this.options;
    const states = [...statuses.values()].filter(({ state }) => state !== "ended");
    const stuck = states.length > 0 && states.every(({ state }) => state === "waiting");
    this.#waitingSince = stuck ? (this.#waitingSince ?? Date.now()) : undefined;
    if (this.#waitingSince === undefined || Date.now() - this.#waitingSince < 1000 * patience) return;
    const reason = states.find((status) => status.reason)?.reason;
    const wrong = `no job has started for ${patience} s${reason ? ` (${reason})` : ""}`;
    const remedy = `ask for less (--cpus, --gpus, --resource), or --patience for longer; \`dmpo sweep stop ${this.sweep.folder}\` takes the jobs back`;
    fail("DMPO_SWEEP_WAITS", this.#backEnd.name, wrong, "a machine with what a job asks for", remedy);
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const pause = new AbortController();
    const either = AbortSignal.any([signal, pause.signal]);
    const waits = [sleep(1000 * this.#backEnd.pollSeconds, undefined, { signal: either }).catch(() => {})];
    if (this.#backEnd.changed) waits.push(this.#backEnd.changed());
    await Promise.race(waits);
    pause.abort();
  }

  /** Stops them and waits until they have saved. */
  async #endJobs(): Promise<void> {
    await this.#backEnd.stop([...this.#live.values()].map(({ id }) => id!));
    while (this.#live.size > 0) {
      await this.#look();
      this.options.onChange?.(this.sweep.results());
      if (this.#live.size > 0) await this.#pause(new AbortController().signal);
    }
  }
}

/** The trials that are not where they are to go, in their order. */
export function dueTrials(sweep: Pick<SweepRecord, "definition" | "results">): Assignment[] {
  const { search, objective, trials } = sweep.definition;
  const results = sweep.results();
  if (search.kind === "halving") return halve(trials.length, results, search, objective!);
  return trials.flatMap((_, trial) => {
    const { state } = results.get(trial) ?? {};
    return state === "done" || state === "failed" ? [] : [{ trial }];
  });
}

/** Rows of the metrics of a run: how far it has got. */
async function iterationsOf(folder: string): Promise<number | undefined> {
  try {
    return (await readFile(join(folder, "metrics.jsonl"), "utf8")).split("\n").length - 1;
  } catch {
    return undefined;
  }
}
