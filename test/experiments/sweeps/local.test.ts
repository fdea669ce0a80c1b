// Sweeps in processes of this machine, with trials that need no training: results, deaths, failures, stopping and going on.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { sensitivity, SweepReport } from "../../../sdk/src/index.js";
import { coordinate } from "../../../sdk/src/experiments/sweeps/coordinate.js";
import { localProcesses } from "../../../sdk/src/experiments/sweeps/local.js";
import { Lease } from "../../../sdk/src/experiments/sweeps/lease.js";
import { SweepRecord } from "../../../sdk/src/experiments/sweeps/record.js";
import type { MimeBundle, Notebook } from "../../../sdk/src/tracking/notebook.js";
import { temporaryFolder } from "../../data/temporary-folder.js";

const module = new URL("fixtures/stub-trial.mjs", import.meta.url);

function study(
  folder: string,
  vary: Record<string, readonly unknown[]>,
  more: { signal?: AbortSignal; milliseconds?: number } = {},
) {
  const { signal, milliseconds = 0 } = more;
  const settings = { place: folder, milliseconds };
  return sensitivity({
    vary,
    seeds: [0],
    run: module,
    folder,
    settings,
    threads: 1,
    signal,
    on: localProcesses({ processes: 2 }),
  });
}

const recordsIn = (folder: string) => readdirSync(join(folder, "sweeps")).map((name) => join(folder, "sweeps", name));

test("trials that are killed go on in another process: none is lost, and none is twice in the table", async () => {
  const folder = temporaryFolder();
  const report = await study(folder, { a: [1, 2], how: ["", "killed"] });
  expect(report.rows().map(({ value }) => value)).toEqual([10, 10, 20, 20]);
  expect(new Set(report.rows().map(({ threads }) => threads))).toEqual(new Set([1]));
  const record = await SweepRecord.open(recordsIn(folder)[0]!);
  const table = new SweepReport(record);
  expect(table.counts()).toEqual({ done: 4 });
  expect(table.rows().map(({ trial }) => trial)).toEqual([0, 1, 2, 3]);
  const begun = readFileSync(join(folder, "begun"), "utf8").trim().split("\n");
  expect(begun.filter((name) => name.includes("killed"))).toHaveLength(4);
  // What did not die ran once.
  expect(begun.filter((name) => name.includes("--"))).toHaveLength(2);
  // The second call has nothing to run.
  expect((await study(folder, { a: [1, 2], how: ["", "killed"] })).rows()).toEqual(report.rows());
  expect(recordsIn(folder)).toHaveLength(1);
  expect(readdirSync(join(record.folder, "leases"))).toEqual([]);
  expect(readFileSync(join(record.folder, "table.csv"), "utf8").trim().split("\n")).toHaveLength(5);
});

test("a trial that throws, and one whose process ends itself, fail with their reasons and are not repeated", async () => {
  const folder = temporaryFolder();
  await expect(study(folder, { a: [1], how: ["throws"] })).rejects.toThrow(
    "the run with a 1, how throws, seed 0 failed: too far",
  );
  await expect(study(folder, { a: [2], how: ["dies"] })).rejects.toThrow("its process ended with code 7");
  expect(readFileSync(join(folder, "begun"), "utf8")).toBe("1-throws-0\n2-dies-0\n");
});

test("a stopped sweep goes on with what is left; one that is being run is not run twice", async () => {
  const folder = temporaryFolder();
  const controller = new AbortController();
  const running = study(folder, { a: [1, 2] }, { signal: controller.signal, milliseconds: 30_000 });
  while (!existsSync(join(folder, "begun"))) await new Promise((resolve) => setTimeout(resolve, 50));
  const record = await SweepRecord.open(recordsIn(folder)[0]!);
  await expect(coordinate(record, { backEnd: localProcesses() })).rejects.toThrow(
    /is run by process \d+ on [^]*sweep stop/,
  );
  controller.abort();
  const stopped = await running;
  expect(stopped).toMatchObject({ interrupted: true, cells: [] });
  await record.refresh();
  expect(Object.keys(new SweepReport(record).counts())).toEqual(expect.arrayContaining(["stopped"]));
  expect(await Lease.tryTake(record.lease(0), "test")).toBeDefined();
});

test("in a notebook the trials are one table that is redrawn in place", async () => {
  const place = Symbol.for("dmpo.notebook");
  const holder = globalThis as { [key: symbol]: Notebook | undefined };
  const shown: { bundle: MimeBundle; id: string | undefined; update: boolean | undefined }[] = [];
  holder[place] = {
    display: (bundle, { id, update } = {}) => void shown.push({ bundle, id, update }),
    clear: () => {},
    signal: new AbortController().signal,
  };
  onTestFinished(() => void delete holder[place]);
  await study(temporaryFolder(), { a: [1, 2] }, { milliseconds: 700 });
  expect(shown.length).toBeGreaterThan(1);
  expect(shown.map(({ update }) => update)).toEqual([false, ...shown.slice(1).map(() => true)]);
  expect(new Set(shown.map(({ id }) => id)).size).toBe(1);
  const { "text/html": html, "text/plain": text } = shown.at(-1)!.bundle;
  expect(String(text)).toMatch(/: 2 done\n[^]*\b0\b[^]*\bdone\b[^]*\b1\b[^]*\bdone\b/);
  expect(String(html)).toMatch(/2 done<\/div>[^]*<table/);
});
