// The record of a small sweep over a module, in a folder whose name a shell has to quote.
import { join } from "node:path";
import { SweepRecord } from "../../../sdk/src/experiments/sweeps/record.js";

/** @param count of trials. */
export function smallSweep(folder: string, backEnd: string, count: number): Promise<SweepRecord> {
  return SweepRecord.create(join(folder, "it's a sweep"), {
    ...{
      version: 1,
      id: "0123abcd",
      title: "t",
      created: "2026-01-01T00:00:00.000Z",
      threads: 2,
      keepsCheckpoints: true,
      objective: null,
    },
    work: { kind: "module", module: "file:///m.mjs", store: "/s" },
    search: { kind: "grid" },
    backEnd: { name: backEnd, options: {} },
    trials: Array.from({ length: count }, (_, i) => ({ labels: { a: String(i + 1) } })),
  });
}
