// What is reported of trials, and that no crash, second writer or other clock makes two of one: folding, journals, leases.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { trialList, trialsIn } from "../../../sdk/src/experiments/sweeps/back-end.js";
import { appendLine, JournalReader } from "../../../sdk/src/experiments/sweeps/journal.js";
import { Lease, leaseTimes } from "../../../sdk/src/experiments/sweeps/lease.js";
import { SweepRecord, type SweepDefinition } from "../../../sdk/src/experiments/sweeps/record.js";
import { report, resultOf, type TrialReport } from "../../../sdk/src/experiments/sweeps/trial.js";
import { temporaryFolder } from "../../data/temporary-folder.js";

const times = { ...leaseTimes };
afterEach(() => void Object.assign(leaseTimes, times));

const line = (state: TrialReport["state"], time: number, more: Partial<TrialReport> = {}): TrialReport => ({
  ...{ trial: 0, state, time, job: "j1" },
  ...more,
});

test("what is done stays done, whoever reports later, and in whichever order journals are read", () => {
  const lines = [
    line("running", 1),
    line("done", 5, { best: 2, host: "a" }),
    line("running", 6, { job: "j2" }),
    line("lost", 9),
  ];
  expect(resultOf(lines)).toMatchObject({ state: "done", best: 2, job: "j1", host: "a" });
  expect(resultOf(lines.toReversed())).toEqual(resultOf(lines));
  expect(resultOf([line("failed", 2, { error: "x" }), line("again", 3)])!.state).toBe("again");
});

test("losses count in a row, and begin anew where a trial got on", () => {
  const lost = (time: number, iterations?: number) => [line("running", time), line("lost", time + 1, { iterations })];
  expect(resultOf([...lost(1), ...lost(3)])!.losses).toBe(2);
  expect(resultOf([...lost(1, 3), ...lost(3, 5)])!.losses).toBe(1);
  expect(resultOf([...lost(1, 3), ...lost(3, 3)])!.losses).toBe(2);
});

test("a journal: only whole lines count, a cut one is closed by the next writer, each is read once", async () => {
  const path = join(temporaryFolder(), "journal", "j1.jsonl");
  const reader = new JournalReader(report);
  expect(await reader.file(path)).toEqual([]);
  appendLine(path, line("running", 1, { error: "naïve – ✓" }));
  const whole = readFileSync(path);
  appendFileSync(path, '{"trial":0,"sta');
  expect(await reader.file(path)).toEqual([line("running", 1, { error: "naïve – ✓" })]);
  appendLine(path, line("done", 2));
  expect(await reader.file(path)).toEqual([line("done", 2)]);
  expect(await reader.file(path)).toEqual([]);
  // A character that is there by half.
  const halves = join(path, "../j2.jsonl");
  const cut = whole.indexOf("✓") + 1;
  writeFileSync(halves, whole.subarray(0, cut));
  expect(await reader.file(halves)).toEqual([]);
  appendFileSync(halves, whole.subarray(cut));
  expect(await reader.file(halves)).toEqual([line("running", 1, { error: "naïve – ✓" })]);
});

test("lists of trials as command lines have them", () => {
  expect(trialList([0, 1, 2, 7, 9, 10])).toBe("0-2,7,9-10");
  expect(trialsIn("0-2,7,9-10")).toEqual([0, 1, 2, 7, 9, 10]);
});

test("a lease has one owner; it is free when given back, and when its process has ended", async () => {
  const path = join(temporaryFolder(), "leases", "0.json");
  const first = (await Lease.tryTake(path, "j1"))!;
  expect(await Lease.tryTake(path, "j2")).toBeUndefined();
  const waiting = Lease.take(path, "j2");
  await first.release();
  await (await waiting).release();
  expect(existsSync(path)).toBe(false);

  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  const { hostname } = await import("node:os");
  writeFileSync(path, JSON.stringify({ token: "t", host: hostname(), process: child.pid, what: "j1" }));
  const taken = await Lease.tryTake(path, "j2");
  expect(taken).toBeDefined();
  await taken!.release();
});

test("another machine's lease is taken when it has not been touched for a while, by any clock, and its owner learns of it", async () => {
  Object.assign(leaseTimes, { beat: 0.05, expiry: 0.6 });
  const path = join(temporaryFolder(), "0.json");
  writeFileSync(path, JSON.stringify({ token: "t", host: "elsewhere", process: 1, what: "j1" }));
  utimesSync(path, new Date(0), new Date(Date.now() + 3_600_000));
  const touching = setInterval(
    () => utimesSync(path, new Date(), new Date(Date.now() + 3_600_000 + Math.random() * 1e6)),
    100,
  );
  const began = Date.now();
  const waiting = Lease.take(path, "j2");
  setTimeout(() => clearInterval(touching), 900);
  const lease = await waiting;
  expect(Date.now() - began).toBeGreaterThan(1400);
  writeFileSync(path, JSON.stringify({ token: "other", host: "elsewhere", process: 1, what: "j3" }));
  await new Promise((resolve) => lease.lost.addEventListener("abort", resolve));
  expect(String(lease.lost.reason)).toContain("j3 on elsewhere has taken over");
  await lease.release();
  expect(existsSync(path)).toBe(true);
});

const definition: SweepDefinition = {
  ...{
    version: 1,
    id: "0123abcd",
    title: "t",
    created: "2026-01-01T00:00:00.000Z",
    threads: 1,
    keepsCheckpoints: true,
  },
  work: { kind: "module", module: "file:///m.mjs", store: "/s" },
  search: { kind: "grid" },
  objective: null,
  backEnd: { name: "local", options: {} },
  trials: [{ labels: { a: "1" } }, { labels: { a: "2" } }],
};

test("a record is made once, read back as it was, and says what is wrong with it", async () => {
  const folder = join(temporaryFolder(), "sweep");
  const made = await SweepRecord.create(folder, definition, "a: 1\n");
  made.keepJob({ job: "j1", backEnd: "local", trials: [0, 1] });
  made.keepJob({ job: "j1", backEnd: "local", trials: [0, 1], id: "77" });
  appendLine(made.journal("j1"), line("done", 1));
  appendLine(made.journal("j1"), line("done", 1, { trial: 99 }));
  const read = await SweepRecord.open(folder);
  expect(read.definition).toEqual(definition);
  expect(read.jobs).toEqual([{ job: "j1", backEnd: "local", trials: [0, 1], id: "77" }]);
  expect([...read.results().keys()]).toEqual([0]);
  await expect(SweepRecord.create(folder, definition)).rejects.toThrow(/holds a sweep already[^]*dmpo sweep resume/);
  writeFileSync(join(folder, "sweep.json"), JSON.stringify({ ...definition, threads: 0 }));
  await expect(SweepRecord.open(folder)).rejects.toThrow('has no sound "threads"');
  await expect(SweepRecord.open(join(folder, "none"))).rejects.toThrow("does not exist");
});
