// Sensitivity analysis: one experiment over a grid of variations with several seeds each, stored run by run.
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { z } from "zod";
import { fail, InputError } from "../../errors.js";
import { callback, checkOptions, count, optionsSchema, pathText } from "../../options.js";
import { controlShape, folderOf, sinkOf, stoppable, type RunControl } from "../runs/control.js";
import { backEndOf } from "../sweeps/back-ends.js";
import type { BackEnd } from "../sweeps/back-end.js";
import { runCells } from "./cell-sweep.js";
import { CellProcesses } from "./cell-processes.js";
import { CellStore, type FinishedCell } from "./cell-store.js";
import { cellName, gridOf, variationName, type Cell, type Variation, type Vary } from "./grid.js";
import { checkedMeasures, type Measures } from "./measures.js";
import { SensitivityReport } from "./report.js";

/** What `run` is told beside the variation. */
export interface CellContext<Settings = unknown> {
  /** The seed of this run, to be given to all calls. */
  readonly seed: number;
  /** The `settings` of the analysis. */
  readonly settings: Settings;
  /** Spread it into every call of the SDK: signal, device and threads; no files, no progress of its own. */
  readonly control: Pick<RunControl, "signal" | "device" | "threads" | "workers" | "progress"> & {
    readonly folder: null;
  };
}

/** One run: trains or evaluates a combination with a seed, and returns what it measured. */
export type SensitivityRun<V extends Vary, Settings> = (
  variation: Variation<V>,
  context: CellContext<Settings>,
) => Measures | Promise<Measures>;

/** A grid of runs: what is varied, how often, and how a run is made. */
export interface SensitivityInput<V extends Vary, Settings> extends Pick<
  RunControl,
  Exclude<keyof RunControl, "workers">
> {
  /** Factors and their values: `{ flowRatio: [0.25, 0.5] }`, or by name: `{ times: { flat: { type: "uniform" } } }`. */
  readonly vary: V;
  /** Different integers; every combination runs with each of them. Default [0, 1, 2]. */
  readonly seeds?: readonly number[];
  /**
   * One run: measures of a combination with a seed. A function runs in this process, one cell after the other, because
   * native calls hold its thread. The path or URL of a module with such a function as default export runs in `processes`.
   */
  readonly run: SensitivityRun<V, Settings> | string | URL;
  /** Plain data that the runs depend on, handed to each; part of the definition that a continued analysis must repeat. */
  readonly settings?: Settings;
  /** Runs at the same time, where `run` is a module. Default: one per core. */
  readonly processes?: number;
  /** Share of the intervals, in (0, 1). Default 0.95. */
  readonly confidence?: number;
  /**
   * Where the runs of a module run as the trials of a sweep, with exact records below `folder`, which all machines must see:
   * "local", "ray", "slurm", or what `localProcesses()`, `rayCluster()`, `slurmCluster()` make. Default: processes of this program.
   */
  readonly on?: "local" | "ray" | "slurm" | BackEnd;
}

const schema = optionsSchema<SensitivityInput<Vary, unknown> & Pick<RunControl, "workers">>(
  {
    ...controlShape,
    vary: z.looseObject({}),
    seeds: z.array(z.number()),
    run: z.union([callback, pathText, z.instanceof(URL)]),
    settings: z.unknown(),
    processes: count,
    confidence: z.number().gt(0).lt(1),
    on: z.union([z.enum(["local", "ray", "slurm"]), z.looseObject({ name: z.string(), submit: callback })]),
  },
  ["vary", "run"],
);

/**
 * Runs every cell that `folder` does not hold already, and reports all of them. Stopping it (`signal`, the stop button of a
 * notebook) drops the runs in progress and returns the others; the same call with the same folder continues. More seeds or
 * values may be asked for then.
 *
 * @throws InputError DMPO_SENSITIVITY for a grid without cells, DMPO_SENSITIVITY_CHANGED if the folder belongs to another
 *   analysis, DMPO_SENSITIVITY_RESULT for measures that are no finite numbers; what `run` throws, with the cell's name.
 */
export async function sensitivity<const V extends Vary, Settings = undefined>(
  input: SensitivityInput<V, Settings>,
): Promise<SensitivityReport> {
  checkOptions(schema, input);
  const { vary, seeds = [0, 1, 2], run, settings, confidence, device } = input;
  const { signal } = stoppable(input);
  const cells = gridOf(vary, seeds);
  const module = typeof run === "function" ? undefined : moduleUrl(run);
  const processes = processesOf(typeof run === "function", input.processes, cells.length);
  const threads = input.threads ?? Math.max(1, Math.floor(availableParallelism() / processes));
  const folder = await folderOf(input, { task: "sensitivity", seed: seeds[0]!, continues: true });
  const source = module ? await readFile(fileURLToPath(module), "utf8") : String(run);
  const store = folder && (await CellStore.open(folder, { run: source.replaceAll(/\s+/g, " "), settings }));
  // Before anything runs, so that a changed definition is known at once.
  const stored = await Promise.all(cells.map(async (cell) => store && store.read(cell)));
  const finished = new Map<Cell, FinishedCell>(cells.flatMap((cell, i) => (stored[i] ? [[cell, stored[i]]] : [])));
  const waiting = cells.filter((cell) => !finished.has(cell));
  if (input.on !== undefined) {
    const backEnd = typeof input.on === "string" ? backEndOf(input.on, { threads, jobs: input.processes }) : input.on;
    if (!module || !store || !folder) {
      const remedy =
        "put the function into a module of its own, give its path as `run`, and a `folder` that all machines see";
      fail("DMPO_SENSITIVITY", "on", "needs runs that can travel", "a module and a folder", remedy);
    }
    const run = { module: module.href, settings, device, store: resolve(folder) };
    await runCells(waiting, run, { backEnd, threads, signal });
    for (const cell of waiting) {
      const done = await store.read(cell);
      if (done) finished.set(cell, done);
    }
    const done = cells.flatMap((cell) => finished.get(cell) ?? []);
    return new SensitivityReport(done, { interrupted: done.length < cells.length, folder, confidence });
  }
  const sink = sinkOf(input, undefined, { counter: "run", total: cells.length, start: finished.size });
  const team = module && new CellProcesses(module);
  let failure: { readonly cell: Cell; readonly cause: unknown } | undefined;

  const measure = async (cell: Cell): Promise<Measures> => {
    const { values, seed } = cell;
    const name = cellName(cell);
    const control = { device, threads, workers: threads - 1, folder: null, progress: false };
    if (team) return team.run({ name, values, seed, settings, control });
    const context = { seed, settings: settings as Settings, control: { ...control, signal } };
    return checkedMeasures(await (run as SensitivityRun<V, Settings>)(values as Variation<V>, context), name);
  };
  const work = async () => {
    for (let cell; !failure && !signal?.aborted && (cell = waiting.shift());) {
      const started = performance.now();
      try {
        const measures = await measure(cell);
        // A run that was stopped returns what it has, which is no measurement.
        if (signal?.aborted) return;
        const done = { ...cell, measures, seconds: (performance.now() - started) / 1000 };
        if (store) await store.write(done);
        finished.set(cell, done);
        sink.log({ run: finished.size, variation: variationName(cell), seed: cell.seed, ...numbersOf(measures) });
      } catch (cause) {
        if (!signal?.aborted) failure ??= { cell, cause };
      }
    }
  };
  const stop = () => team?.close();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await Promise.all(Array.from({ length: processes }, work));
  } finally {
    signal?.removeEventListener("abort", stop);
    stop();
    await sink.close();
  }
  if (failure) throw named(failure);
  const done = cells.flatMap((cell) => finished.get(cell) ?? []);
  return new SensitivityReport(done, { interrupted: done.length < cells.length, folder, confidence });
}

const numbersOf = (measures: Measures) =>
  Object.fromEntries(
    Object.entries(measures).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );

/** Paths are relative to the working folder. */
const moduleUrl = (module: string | URL) =>
  module instanceof URL || module.startsWith("file:") ? new URL(module) : pathToFileURL(resolve(module));

function processesOf(isFunction: boolean, wanted: number | undefined, cells: number): number {
  if (isFunction && (wanted ?? 1) > 1) {
    const remedy = "put the function into a module of its own and give its path as `run`";
    fail("DMPO_SENSITIVITY", "processes", `${wanted}, but \`run\` is a function`, "1", remedy);
  }
  return isFunction ? 1 : Math.min(cells, wanted ?? availableParallelism());
}

/** The error of a run, saying which one. */
function named({ cell, cause }: { readonly cell: Cell; readonly cause: unknown }): unknown {
  if (cause instanceof InputError && cause.code === "DMPO_SENSITIVITY_RESULT") return cause;
  return new Error(`the run with ${cellName(cell)} failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  });
}
