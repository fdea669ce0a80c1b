// The grid, the folder and the figure with runs that need no training, and one real grid on the simulator.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import { Dataset, evaluate, MeanFlow, sensitivity, type MimeBundle } from "../../../sdk/src/index.js";
import { gridOf } from "../../../sdk/src/experiments/sensitivity/grid.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dmpo-sensitivity-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const module = new URL("../fixtures/sensitivity-run.mjs", import.meta.url);

test("every combination with every seed, in the order of the seeds; values keep their types", async () => {
  const seen: string[] = [];
  const report = await sensitivity({
    vary: { times: { flat: { type: "uniform" }, late: { type: "beta", a: 2 } }, widths: [[8, 8], [16]] },
    seeds: [3, 4],
    folder: null,
    run: ({ times, widths }, { seed }) => {
      expectTypeOf(times.type).toEqualTypeOf<"uniform" | "beta">();
      expectTypeOf(widths).toExtend<number[]>();
      seen.push(`${times.type} ${widths.join()} ${seed}`);
      return { width: widths[0] + seed };
    },
  });
  const grid = ["uniform 8,8", "uniform 16", "beta 8,8", "beta 16"];
  expect(seen).toEqual([...grid.map((name) => `${name} 3`), ...grid.map((name) => `${name} 4`)]);
  expect(report.rows()[1]).toEqual({ times: "flat", widths: "16", seed: 3, width: 19, seconds: expect.any(Number) });
  expect(report.summary()[1]).toMatchObject({
    variation: "flat, widths 16",
    measures: { width: { count: 2, mean: 19.5 } },
  });
  expect(report).toMatchObject({ interrupted: false, folder: undefined });
  expect(report.toString()).toContain("flat, 8 × 8");
  expect(report.toTable().numRows()).toBe(8);
});

test("progress is told in numbers; curves are for the report", async () => {
  const told: object[] = [];
  await sensitivity({
    ...{ vary: { a: [1] }, seeds: [3], folder: null, onProgress: (record) => void told.push(record) },
    run: ({ a }, { seed }) => ({ value: a + seed, loss: { x: [1, 2], y: [0.5, 0.25] } }),
  });
  expect(told).toEqual([{ run: 1, variation: "a 1", seed: 3, value: 4 }]);
});

test("all that is wrong with a grid is said at once", () => {
  expect(() => gridOf({ a: [], b: [1, 1], c: { f: () => 0 } }, [1, 1.5])).toThrow(
    /seeds: holds 1\.5[^]*vary\.a: is empty[^]*vary\.b: holds "1" twice[^]*vary\.c\.f: is no plain data/,
  );
  expect(() => gridOf({}, [])).toThrow(/vary: is empty[^]*seeds: is empty/);
});

describe("the folder", () => {
  const run = vi.fn(({ a }: { a: number }, { seed }: { seed: number }) => ({ value: a * seed }));
  beforeEach(() => {
    run.mockClear();
  });
  const study = (more: object = {}) => sensitivity({ vary: { a: [1, 2] }, seeds: [1, 2], folder, run, ...more });

  test("a finished analysis runs nothing again; more seeds and values run what is missing", async () => {
    const first = await study();
    expect(run).toHaveBeenCalledTimes(4);
    expect((await study()).rows()).toEqual(first.rows());
    expect(run).toHaveBeenCalledTimes(4);
    await study({ vary: { a: [1, 2, 3] }, seeds: [1, 2, 5] });
    expect(run).toHaveBeenCalledTimes(9);
    expect((await readdir(join(folder, "cells"))).every((name) => name.endsWith(".json"))).toBe(true);
  });

  test("stopped by its signal, it returns the finished runs, drops the one in progress, and continues later", async () => {
    const controller = new AbortController();
    const partial = await study({
      signal: controller.signal,
      run: Object.assign(
        (...[variation, { seed }]: Parameters<typeof run>) => {
          if (variation.a === 2) controller.abort();
          return { value: variation.a * seed };
        },
        { toString: () => String(run) },
      ),
    });
    expect(partial.interrupted).toBe(true);
    expect(partial.rows()).toMatchObject([{ a: "1", seed: 1, value: 1 }]);
    const whole = await study();
    expect(run).toHaveBeenCalledTimes(3);
    expect(whole.rows().map(({ value }) => value)).toEqual([1, 2, 2, 4]);
    expect(whole.interrupted).toBe(false);
  });

  test("another run function, other settings or another meaning of a name are errors, before anything runs", async () => {
    await study({ vary: { a: { low: 1 } }, settings: { epochs: 3 } });
    run.mockClear();
    const again = (more: object) => study({ vary: { a: { low: 1 } }, settings: { epochs: 3 }, ...more });
    await expect(again({ settings: { epochs: 4 } })).rejects.toThrow(/another `settings`[^]*take another `folder`/);
    await expect(again({ run: () => ({ value: 0 }) })).rejects.toThrow("another `run`");
    await expect(again({ vary: { a: { low: 2, high: 3 } } })).rejects.toThrow(/a low, seed \d meaning {"a":1}/);
    expect(run).not.toHaveBeenCalled();
  });

  test("a damaged file is named", async () => {
    await study();
    const [name] = await readdir(join(folder, "cells"));
    await writeFile(join(folder, "cells", name!), "{");
    await expect(study()).rejects.toThrow(/is no JSON[^]*delete it to repeat that run/);
  });
});

test("a failing run is named and keeps the others; measures that are no numbers are an error", async () => {
  const failing = sensitivity({
    vary: { a: [1, 2] },
    seeds: [0],
    folder,
    run: ({ a }) => {
      if (a === 2) throw new RangeError("too far");
      return { a };
    },
  });
  await expect(failing).rejects.toThrow("the run with a 2, seed 0 failed: too far");
  expect(await readdir(join(folder, "cells"))).toHaveLength(1);
  const measuring = (measures: unknown) =>
    sensitivity({ vary: { a: [1] }, seeds: [0], folder: null, run: () => measures as { value: number } });
  await expect(measuring({ loss: NaN })).rejects.toThrow("loss of a 1, seed 0: is NaN");
  await expect(measuring({ loss: { x: [1, 2], y: [1] } })).rejects.toThrow("has 2 x and 1 y");
  await expect(measuring({})).rejects.toThrow("returned no measure");
});

describe("processes", () => {
  const input = { seeds: [0, 1], run: module, processes: 2, settings: { offset: 0.5 } };

  test("a module's runs are shared between processes that stay alive", async () => {
    const report = await sensitivity({ ...input, vary: { a: [1, 2, 3] }, folder, threads: 1 });
    const rows = report.rows();
    expect(rows.map(({ value }) => value)).toEqual([10.5, 20.5, 30.5, 11.5, 21.5, 31.5]);
    const processes = new Set(rows.map((row) => row.process));
    expect(processes.size).toBe(2);
    expect(processes.has(process.pid)).toBe(false);
    expect(rows[0]!.threads).toBe(1);
    expect(JSON.parse(await readFile(join(folder, "definition.json"), "utf8"))).toMatchObject({
      settings: { offset: 0.5 },
    });
  });

  test("failures and deaths are errors that name the run; a signal ends what hangs", async () => {
    const study = (how: string, signal?: AbortSignal) =>
      sensitivity({ ...input, vary: { a: [1], how: [how] }, seeds: [0], folder: null, signal });
    await expect(study("throws")).rejects.toThrow("the run with a 1, how throws, seed 0 failed: too far");
    await expect(study("dies")).rejects.toThrow("its process ended with code 7");
    expect(await study("hangs", AbortSignal.timeout(300))).toMatchObject({ interrupted: true, cells: [] });
  });

  test("a function cannot travel", async () => {
    const running = sensitivity({ vary: { a: [1] }, processes: 2, folder: null, run: () => ({ b: 1 }) });
    await expect(running).rejects.toThrow(/`run` is a function[^]*a module of its own/);
  });
});

test("times as a one-line change: real training, densities, losses and returns in one figure", async () => {
  const data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(2);
  const report = await sensitivity({
    vary: { times: { uniform: { type: "uniform" }, "logit-normal": { type: "logitNormal", mean: -1 } } },
    seeds: [0, 1],
    folder,
    threads: 1,
    run: async ({ times }, { seed, control }) => {
      const description = MeanFlow.improved()
        .withTimes(times)
        .withNetwork({ mlpDims: [16, 16, 16] });
      const base = await description.pretrain(data, { seed, epochs: 2, ...control });
      expect(base.policy.model.spec.options.times).toMatchObject(times);
      const { results } = await evaluate(base, { env: "hopper-v2", denoisingSteps: [1], episodes: 2, ...control });
      return {
        loss: { x: base.curve.map(({ epoch }) => epoch), y: base.curve.map(({ loss }) => loss) },
        "one-step return": results[0]!.statistics.return.mean,
      };
    },
  });
  expect(report.cells).toHaveLength(4);
  const figure = report.figure();
  const titles = (figure.layout.annotations as { text: string }[]).map(({ text }) => text);
  expect(titles).toEqual(["<b>density of the drawn times</b>", "<b>loss</b>", "<b>one-step return</b>"]);
  expect(figure.layout.title!.subtitle?.text).toContain("95 % confidence intervals");
  const show = (report as unknown as Record<symbol, () => Promise<MimeBundle>>)[Symbol.for("Jupyter.display")]!;
  const shown = await show.call(report);
  expect(shown["text/html"]).toMatch(/4 runs; ± is half of the 95 %[^]*logit-normal[^]*<img/);
  expect(shown["text/plain"]).toContain("one-step return");
  const density = figure.data.find(({ xaxis, x }) => xaxis === "x" && x!.length > 100)!;
  expect(density.y!.every((value) => value === 1)).toBe(true);
});
