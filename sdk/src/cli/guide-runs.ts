// What happened when the guide's commands were run from beginning to end (`npm run test:guide`), as docs/guide-runs.json keeps it.
import { z } from "zod";

const outcome = z.enum(["ran", "failed", "waits"]);

const runSchema = z.strictObject({
  outcome,
  /** Of the whole process. */
  seconds: z.number().nonnegative(),
  /** What it was given beside the guide's words, e.g. "the checkpoint of pre_gaussian_mlp". */
  given: z.array(z.string()).default([]),
  /** What it ended with, or waits for. */
  problem: z.string().optional(),
});
export type GuideRun = z.output<typeof runSchema>;

export const guideRunsSchema = z.strictObject({
  /** Where, for the seconds. */
  machine: z.string(),
  /** By the arguments of `dmpo run`, as the guide has them. */
  runs: z.record(z.string(), runSchema),
  /** Pre-training that commands of the guide begin with and that is no command of the guide, likewise. */
  before: z.record(z.string(), runSchema),
  /** The guide's other commands, by the arguments of `dmpo`. */
  others: z.record(z.string(), runSchema),
});
export type GuideRuns = z.output<typeof guideRunsSchema>;
