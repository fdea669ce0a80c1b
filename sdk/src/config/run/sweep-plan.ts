// From what a command line says of a sweep to its record: factors, points, checks, objective.
import { join, resolve } from "node:path";
import { fail } from "../../errors.js";
import { SweepRecord, type SweepDefinition } from "../../experiments/sweeps/record.js";
import { newSweepId } from "../../experiments/sweeps/sweep.js";
import { sweepsFolder } from "../../experiments/sweeps/sweeps-here.js";
import type { Objective } from "../../experiments/sweeps/trial.js";
import { objectiveOf } from "./configured-trial.js";
import { checkTrials, composedConfig, factorsOf, pointsOf, type Sampling } from "./factors.js";

export interface SweepInput {
  readonly configDir: string;
  readonly configName: string;
  readonly overrides: readonly string[];
  readonly search: Sampling["kind"];
  /** Points of a search. */
  readonly trials?: number;
  readonly searchSeed: number;
  /** Iterations of the first rung of successive halving. */
  readonly halving?: number;
  readonly eta: number;
  readonly metric?: string;
  readonly goal?: Objective["goal"];
  readonly folder?: string;
  /** Whether the checkpoints of a trial stay when it is done. */
  readonly checkpoints: boolean;
}

/**
 * Checks everything about a sweep; nothing is written before `create()`.
 * @throws InputError `DMPO_CONFIG_*`, `DMPO_OVERRIDE_*`, `DMPO_SWEEP` with every problem of any trial.
 */
export function plan({ configDir, configName, overrides, ...input }: SweepInput) {
  const { shared, domains } = factorsOf(overrides);
  const points = pointsOf(domains, { kind: input.search, count: input.trials, seed: input.searchSeed });
  const { stage, config, notices } = checkTrials({ configDir, configName, overrides: shared }, points);
  const usual = objectiveOf({ stage, config }, input.halving);
  const metric = input.metric ?? usual.metric;
  const goal = input.goal ?? (metric === usual.metric ? usual.goal : /loss/i.test(metric) ? "min" : "max");
  if (input.halving !== undefined && stage === "eval") {
    fail(
      "DMPO_SWEEP",
      "--halving",
      "an evaluation has no iterations",
      "a configuration that learns",
      "leave --halving out",
    );
  }
  if (input.eta < 2) fail("DMPO_SWEEP", "--eta", String(input.eta), "2 or more");
  const created = new Date().toISOString();
  return {
    points,
    objective: { metric, goal },
    notices,
    /** Writes the record. @throws InputError `DMPO_SWEEP_FOLDER` where there is one. */
    create({ threads, backEnd }: Pick<SweepDefinition, "threads" | "backEnd">): Promise<SweepRecord> {
      const time = created.slice(0, 19).replace("T", "_").replaceAll(":", "-");
      const folder = input.folder ?? join(sweepsFolder(), configName, time);
      const composed = composedConfig(configDir, configName);
      return SweepRecord.create(
        folder,
        {
          version: 1,
          id: newSweepId(),
          title: configName,
          created,
          // Without a folder of its own the record's config.yaml counts.
          work: {
            kind: "configuration",
            configDir: composed === undefined ? resolve(configDir) : "",
            configName,
            overrides: [...shared],
          },
          search:
            input.halving === undefined
              ? { kind: input.search }
              : { kind: "halving", eta: input.eta, first: input.halving },
          objective: { metric, goal },
          threads,
          keepsCheckpoints: input.checkpoints,
          backEnd,
          trials: points.map((labels) => ({ labels })),
        },
        composed,
      );
    },
  };
}
