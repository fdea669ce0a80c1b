// A trial of a sweep over a module: one cell of a sensitivity analysis, stored in the folder of the analysis.
import type { RunTrial } from "../sweeps/work.js";
import { fail } from "../../errors.js";
import { CellStore } from "./cell-store.js";
import { cellName, type Cell } from "./grid.js";
import { checkedMeasures, type Measures } from "./measures.js";

export const runCellTrial: RunTrial = async (
  { folder, definition: { work, trials, objective } },
  trial,
  { threads, signal },
) => {
  if (work.kind !== "module") return fail("DMPO_SWEEP_FOLDER", folder, "holds no module", "one");
  const { labels, values = {}, seed = 0 } = trials[trial]!;
  const cell: Cell = { labels, values, seed };
  const store = CellStore.reopen(work.store);
  const known = await store.read(cell);
  const best = (measures: Measures) => {
    const numbers = Object.entries(measures).filter((entry): entry is [string, number] => typeof entry[1] === "number");
    return { best: (numbers.find(([name]) => name === objective?.metric) ?? numbers[0])?.[1] };
  };
  if (known) return { state: "done", seconds: known.seconds, ...best(known.measures) };
  const began = performance.now();
  const { default: run } = (await import(work.module)) as { default?: unknown };
  if (!isRun(run)) {
    return fail(
      "DMPO_SENSITIVITY",
      work.module,
      `exports ${typeof run} by default`,
      "the function `run` as default export",
    );
  }
  const control = { device: work.device, threads, workers: threads - 1, folder: null, progress: false, signal };
  const measured = await run(values, { seed, settings: work.settings, control });
  // A run that was stopped returns what it has, which is no measurement.
  if (signal.aborted) return { state: "stopped" };
  const measures = checkedMeasures(measured, cellName(cell));
  const seconds = (performance.now() - began) / 1000;
  await store.write({ ...cell, measures, seconds });
  return { state: "done", seconds, ...best(measures) };
};

type Run = (values: Cell["values"], context: object) => unknown;
const isRun = (value: unknown): value is Run => typeof value === "function";
