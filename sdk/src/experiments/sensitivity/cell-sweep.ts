// Cells of a sensitivity analysis as the trials of a sweep, so that they run wherever sweeps do.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SweepRecord, type SweepWork } from "../sweeps/record.js";
import { dueTrials } from "../sweeps/coordinate.js";
import { newSweepId, runSweep, type SweepOptions } from "../sweeps/sweep.js";
import type { BackEnd } from "../sweeps/back-end.js";
import { cellName, type Cell } from "./grid.js";

interface CellsControl extends Pick<SweepOptions, "signal"> {
  readonly backEnd: BackEnd;
  readonly threads: number;
}

/**
 * Runs cells, after what an earlier sweep of this analysis has left: its jobs may still be running on a cluster.
 * @throws what the first failed cell threw, with its name.
 */
export async function runCells(
  cells: readonly Cell[],
  work: Omit<Extract<SweepWork, { kind: "module" }>, "kind">,
  { backEnd, threads, signal }: CellsControl,
): Promise<void> {
  const root = join(work.store, "sweeps");
  const begun = new Set<string>();
  for (const name of existsSync(root) ? (await readdir(root)).sort() : []) {
    const earlier = await SweepRecord.open(join(root, name));
    if (dueTrials(earlier).length === 0) continue;
    for (const { labels, seed = 0 } of earlier.definition.trials) begun.add(cellName({ labels, seed }));
    await runSweep(earlier, { backEnd, signal });
    failWithCell(earlier);
  }
  const left = cells.filter((cell) => !begun.has(cellName(cell)));
  if (left.length === 0 || signal?.aborted) return;
  const created = new Date().toISOString();
  const sweep = await SweepRecord.create(join(root, created.replaceAll(":", "-")), {
    ...{
      version: 1,
      id: newSweepId(),
      created,
      threads,
      objective: null,
      search: { kind: "grid" },
      keepsCheckpoints: true,
    },
    title: basename(fileURLToPath(work.module)),
    work: { kind: "module", ...work },
    backEnd: { name: backEnd.name, options: {} },
    trials: left.map(({ labels, values, seed }) => ({ labels: { ...labels }, values: { ...values }, seed })),
  });
  await runSweep(sweep, { backEnd, signal });
  failWithCell(sweep);
}

function failWithCell(sweep: SweepRecord): void {
  for (const [trial, { state, error }] of sweep.results()) {
    if (state !== "failed") continue;
    const { labels, seed = 0 } = sweep.definition.trials[trial]!;
    throw new Error(`the run with ${cellName({ labels, seed })} failed: ${error}`);
  }
}
