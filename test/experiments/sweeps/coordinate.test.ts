// Sweeps coordinated, worked on and reported within one process, on a back end of a few lines: which trials are handed over again, what is
// given up and why, what is told.
import { mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { InputError } from "../../../sdk/src/errors.js";
import type { BackEnd, JobStatus } from "../../../sdk/src/experiments/sweeps/back-end.js";
import { backEndOf, backEnds } from "../../../sdk/src/experiments/sweeps/back-ends.js";
import { coordinate } from "../../../sdk/src/experiments/sweeps/coordinate.js";
import { Lease } from "../../../sdk/src/experiments/sweeps/lease.js";
import { sweepLogs } from "../../../sdk/src/experiments/sweeps/logs.js";
import { SweepRecord, type Job } from "../../../sdk/src/experiments/sweeps/record.js";
import { SweepReport } from "../../../sdk/src/experiments/sweeps/report.js";
import { runSweep } from "../../../sdk/src/experiments/sweeps/sweep.js";
import { work, type RunTrial } from "../../../sdk/src/experiments/sweeps/work.js";
import type { MimeBundle, Notebook } from "../../../sdk/src/tracking/notebook.js";
import { temporaryFolder } from "../../data/temporary-folder.js";

const never = new AbortController().signal;

function record(count: number, more: object = {}): Promise<SweepRecord> {
  return SweepRecord.create(join(temporaryFolder(), "sweep"), {
    ...{ version: 1, id: "0123abcd", title: "losses", created: "2026-01-01T00:00:00.000Z", threads: 3 },
    ...{ keepsCheckpoints: true, objective: { metric: "loss", goal: "min" } },
    work: { kind: "module", module: "file:///m.mjs", store: "/s" },
    search: { kind: "grid" },
    backEnd: { name: "here", options: {} },
    trials: Array.from({ length: count }, (_, i) => ({ labels: { a: String(i % 2) }, seed: 7 + i })),
    ...more,
  });
}

/** Two jobs at a time; `act` does a job and says how it ended. */
function here(act: (sweep: SweepRecord, job: Job) => Promise<JobStatus>, logs = "one\ntwo\nthree\nfour\n"): BackEnd {
  const states = new Map<string, JobStatus>();
  return {
    ...{ name: "here", pollSeconds: 0.01, perJob: 2, endsWithCoordinator: true },
    slots: async () => 2,
    async submit(sweep, jobs) {
      for (const job of jobs) {
        states.set(`id of ${job.job}`, { state: "running" });
        void act(sweep, job).then((status) => states.set(`id of ${job.job}`, status));
      }
      return new Map(jobs.map(({ job }) => [job, `id of ${job}`]));
    },
    status: async (ids) => new Map(ids.flatMap((id) => (states.has(id) ? [[id, states.get(id)!]] : []))),
    logs: async () => logs,
    stop: async () => {},
    list: async () => [],
  };
}
const over: JobStatus = { state: "ended", reason: "its job is over", exitCode: 0 };

test("every trial is run once, with the sweep's threads; one that throws has failed; lines, table and figures say so", async () => {
  const sweep = await record(5);
  const begun: number[] = [];
  const run: RunTrial = async (_, trial, { threads, until }) => {
    begun.push(trial);
    expect([threads, until]).toEqual([3, undefined]);
    if (trial === 3) throw new InputError("DMPO_TEST", [{ path: "here", wrong: "too far", expected: "nearer" }]);
    return { state: "done", best: trial / 4, seconds: 2, iterations: 10 };
  };
  const lines: string[] = [];
  const silent = vi.spyOn(console, "error").mockImplementation(() => {});
  const report = await runSweep(sweep, {
    backEnd: here(async (...given) => (await work(...given, run, { signal: never }), over)),
    onLine: (line) => void lines.push(line),
  });
  expect(silent.mock.calls.flat().join()).toMatch(/^here: too far/);
  silent.mockRestore();
  expect(begun.sort()).toEqual([0, 1, 2, 3, 4]);
  expect(report.counts()).toEqual({ done: 4, failed: 1 });
  expect(report.isComplete).toBe(true);
  expect(report.rows()[1]).toEqual({
    trial: 1,
    a: "1",
    seed: 8,
    state: "done",
    loss: 0.25,
    seconds: 2,
    host: hostname(),
  });
  expect(report.rows()[3]).toMatchObject({
    state: "failed",
    loss: "",
    seconds: expect.any(Number),
    error: "here: too far",
  });
  expect(Object.keys(report.figures())).toEqual(["a", "parallel coordinates"]);
  const ended = lines.filter((line) => !line.includes(": running"));
  expect(ended).toHaveLength(5);
  expect(ended.filter((line) => line.includes("trial 1 "))[0]).toMatch(
    /^\[[1-4]\/5\] trial 1 \(a=1, seed=8\): done, loss 0\.25, 2 s on /,
  );
  expect(ended.filter((line) => line.includes("trial 3 "))[0]).toMatch(/: failed, here: too far on /);
  // Nothing is left, and nothing is run again.
  expect(await coordinate(sweep, { backEnd: here(() => Promise.reject(new Error("is asked again"))) })).toBe(false);
});

test("one measured trial is no figure; what waits has no seconds", async () => {
  const sweep = await record(2);
  sweep.report({ trial: 0, state: "done", best: 1, seconds: 0.126 });
  await sweep.refresh();
  const report = new SweepReport(sweep);
  expect(report.figures()).toEqual({});
  expect(report.isComplete).toBe(false);
  expect(report.rows().map(({ state, seconds }) => [state, seconds])).toEqual([
    ["done", 0.13],
    ["waiting", ""],
  ]);
  expect(report.counts()).toEqual({ done: 1, waiting: 1 });
});

test("a job's trials: those that are over are left out, a wish to stop and a signal leave the rest", async () => {
  const sweep = await record(4);
  sweep.report({ trial: 0, state: "done" });
  sweep.report({ trial: 1, state: "failed", error: "x" });
  await sweep.refresh();
  const job = { job: "j0001", trials: [0, 1, 2, 3], until: 5 };
  const run = vi.fn<RunTrial>(async () => ({ state: "paused", iterations: 5 }));
  expect(await work(sweep, job, run, { signal: never })).toBe(false);
  expect(run.mock.calls.map(([, trial, { until }]) => [trial, until])).toEqual([
    [2, 5],
    [3, 5],
  ]);
  await sweep.refresh();
  expect(sweep.results().get(2)).toMatchObject({ state: "paused", job: "j0001", iterations: 5, host: hostname() });
  // The coordinator reports in its own name.
  sweep.report({ trial: 3, state: "again" });
  await sweep.refresh();
  expect(sweep.results().get(3)).toMatchObject({ state: "again", job: "coordinator" });
  // Given back.
  for (const trial of [2, 3]) await (await Lease.tryTake(sweep.lease(trial), "test"))!.release();
  await sweep.wantStop(true);
  expect(await work(sweep, job, run, { signal: never })).toBe(true);
  await sweep.wantStop(false);
  expect(await work(sweep, job, run, { signal: AbortSignal.abort() })).toBe(true);
  expect(run).toHaveBeenCalledTimes(2);
});

test("a trial whose job vanishes is handed over again, and given up after three times in a row without getting on", async () => {
  const sweep = await record(1);
  const vanishing = here(async (sweep, { job, trials }) => {
    sweep.report({ trial: trials[0]!, state: "running" }, job);
    return { state: "ended", reason: "the machine is gone" };
  });
  await runSweep(sweep, { backEnd: vanishing });
  expect(sweep.jobs).toHaveLength(3);
  expect(sweep.results().get(0)).toMatchObject({
    state: "failed",
    error: "3 times in a row: the machine is gone",
  });
  const other = await record(1);
  const dying = here(async (sweep, { job, trials }) => {
    sweep.report({ trial: trials[0]!, state: "running" }, job);
    return { state: "ended", reason: "its process ended with code 7", exitCode: 7 };
  });
  await runSweep(other, { backEnd: dying });
  expect(other.jobs).toHaveLength(1);
  expect(other.results().get(0)).toMatchObject({ state: "failed", error: "its process ended with code 7" });
});

test("jobs that end without a word, or on machines that lack something, end the sweep with the reason", async () => {
  const silent = here(async () => ({ state: "ended", reason: "killed" }));
  const sweep = await record(1);
  await expect(coordinate(sweep, { backEnd: silent })).rejects.toMatchObject({
    code: "DMPO_SWEEP_JOB",
    message: expect.stringMatching(/^j0005: killed, before its first trial: two \| three \| four\n/),
  });
  expect(sweep.jobs).toHaveLength(5);
  const poor = here(async () => ({ state: "ended", exitCode: 72, host: "n1" }), "");
  await expect(coordinate(await record(1), { backEnd: poor })).rejects.toMatchObject({
    code: "DMPO_SWEEP_MACHINE",
    message: expect.stringMatching(/^n1: a machine has no Node/),
  });
  const waiting = here(() => new Promise(() => {}));
  const queued = { ...waiting, status: async (ids: readonly string[]) => new Map(ids.map((id) => [id, pending])) };
  const pending = { state: "waiting", reason: "Resources" } as const;
  await expect(
    coordinate(await record(1), { backEnd: { ...queued, endsWithCoordinator: false }, patience: 0 }),
  ).rejects.toMatchObject({
    code: "DMPO_SWEEP_WAITS",
    message: expect.stringMatching(/^here: no job has started for 0 s \(Resources\)/),
  });
});

test("logs: a trial's own, its error, its jobs'; what is not kept is said", async () => {
  const sweep = await record(3);
  const all = async (trial?: number, backEnd = here(async () => over)) => {
    const texts = [];
    for await (const text of sweepLogs(sweep, backEnd, trial)) texts.push(text);
    return texts;
  };
  await expect(all(3)).rejects.toThrow("3: is no trial of this sweep\n  expected 0 to 2");
  const own = join(sweep.trialFolder(2), "run.log");
  mkdirSync(sweep.trialFolder(2), { recursive: true });
  writeFileSync(own, "its own");
  sweep.keepJob({ job: "j0001", backEnd: "here", trials: [0], id: "4" });
  sweep.keepJob({ job: "j0002", backEnd: "elsewhere", trials: [1, 2], id: "5" });
  sweep.keepJob({ job: "j0003", backEnd: "here", trials: [1] });
  sweep.report({ trial: 1, state: "failed", error: "x" });
  await sweep.refresh();
  expect(await all(2)).toEqual([`${own}:\nits own`]);
  expect(await all(1)).toEqual(["trial 1: x", "job j0002:\n(nothing is kept)", "job j0003:\n(nothing is kept)"]);
  expect(await all(0)).toEqual(["job j0001:\none\ntwo\nthree\nfour\n"]);
  const broken: BackEnd = { ...here(async () => over), logs: () => Promise.reject(new Error("gone")) };
  expect(await all(0, broken)).toEqual(["job j0001:\n(gone)"]);
  mkdirSync(join(sweep.folder, "jobs"), { recursive: true });
  writeFileSync(sweep.log("j0001"), "said");
  expect(await all()).toEqual(["job j0001:\nsaid", "job j0002:\n(nothing is kept)", "job j0003:\n(nothing is kept)"]);
});

test("a trial that is to be tried again is told so, and is", async () => {
  const sweep = await record(1, { objective: null });
  const lines: string[] = [];
  const backEnd = here(async (sweep, { job, trials }) => {
    sweep.report({ trial: trials[0]!, state: "running" }, job);
    if (job === "j0001") sweep.report({ trial: 0, state: "again" });
    else sweep.report({ trial: 0, state: "done", best: 1 }, job);
    return over;
  });
  await runSweep(sweep, { backEnd, onLine: (line) => void lines.push(line) });
  expect(sweep.jobs).toHaveLength(2);
  expect(lines[0]).toBe("[0/1] trial 0 (a=0, seed=7): to be tried again");
  expect(lines.at(-1)).toBe("[1/1] trial 0 (a=0, seed=7): done, best 1");
});

test("in a notebook the last table shows how all ended, however soon after the one before", async () => {
  const place = Symbol.for("dmpo.notebook");
  const shown: string[] = [];
  const display = (bundle: MimeBundle) => void shown.push(String(bundle["text/plain"]));
  Reflect.set(globalThis, place, { display, clear: () => {}, signal: never } satisfies Notebook);
  onTestFinished(() => void Reflect.deleteProperty(globalThis, place));
  const backEnd = here(async (sweep, { trials }) => {
    for (const trial of trials) sweep.report({ trial, state: "done", best: 1 });
    return over;
  });
  await runSweep(await record(2), { backEnd });
  expect(shown[0]).toBe("losses: 2 waiting");
  expect(shown.at(-1)).toMatch(/^losses: 2 done\n/);
});

test("back ends have names", () => {
  expect(Object.keys(backEnds)).toEqual(["local", "ray", "slurm"]);
  expect(backEndOf("slurm", { threads: 1 }).name).toBe("slurm");
  expect(() => backEndOf("slrm", { threads: 1 })).toThrow(
    '--on: "slrm" is unknown\n  expected one of local, ray, slurm\n  did you mean slurm?',
  );
  expect(() => backEndOf("toString", { threads: 1 })).toThrow(
    /"toString" is unknown\n {2}expected one of local, ray, slurm$/,
  );
});
