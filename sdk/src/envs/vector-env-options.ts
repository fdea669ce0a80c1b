// What a vector environment can be asked for, and what is wrong with a request.
import { InputError, type Problem } from "../errors.js";
import type { Normalization } from "../normalization.js";
import { unknownOption } from "../options.js";
import type { EnvironmentDefinition, EnvironmentSource, Inertia } from "./environment.js";
import type { MultiStepOptions } from "./multi-step.js";

/** E equal environments driven by action chunks, and the threads that step them. */
export interface VectorEnvOptions extends MultiStepOptions {
  /** Name, e.g. "hopper-v2" or "hopper-medium-v2", path of a module whose default export is a definition, or a definition. */
  readonly env: EnvironmentSource;
  /** Number of environments E, at least 1. */
  readonly count: number;
  /**
   * Of all, each with random numbers of its own, or of each (E), which then equals the first of a vector with that seed. Episodes
   * depend on it, whatever the number of workers.
   */
  readonly seed: number | readonly number[];
  /** Name of the random numbers: vectors of one seed and different names share nothing. Default "environment". */
  readonly streams?: string;
  /** Threads besides the main one, which works too; 0: none. Default: one per further core, as far as E goes. */
  readonly workers?: number;
  /** Actions per chunk, Te, at least 1. */
  readonly actionSteps: number;
  /** Observations of history, To, at least 1. */
  readonly condSteps: number;
  /** Pictures of history, Ti, of environments that have pictures. Default: none are taken. */
  readonly imageSteps?: number;
  /** How capsules are weighed; default: the environment's own, "legacy" for those of the data. */
  readonly inertia?: Inertia;
  /** A worker that stays with one environment for longer is given up; above 0, default 10. */
  readonly patienceSeconds?: number;
  /** JavaScript memory that a worker may use before it is given up; default 512. The engine's own is not counted. */
  readonly workerMemoryMiB?: number;
}

const names: Readonly<Record<keyof VectorEnvOptions, true>> = {
  ...{ env: true, count: true, seed: true, streams: true, workers: true, actionSteps: true, condSteps: true },
  ...{ imageSteps: true, inertia: true, patienceSeconds: true, workerMemoryMiB: true, maxEpisodeSteps: true },
  ...{ normalization: true, legacyTimeouts: true },
};

/** @throws InputError DMPO_ENV_OPTIONS with all that is wrong. */
export function checkVector(options: VectorEnvOptions, definition: EnvironmentDefinition): void {
  const known = Object.keys(names);
  const problems: Problem[] = Object.keys(options)
    .filter((name) => !known.includes(name))
    .map((name) => unknownOption(name, known));
  const integer = (
    path: "count" | "workers" | "actionSteps" | "condSteps" | "imageSteps" | "maxEpisodeSteps",
    least: number,
  ) => {
    const value = options[path];
    if (value === undefined && ["workers", "imageSteps", "maxEpisodeSteps"].includes(path)) return;
    if (Number.isSafeInteger(value) && value! >= least) return;
    problems.push({ path, wrong: String(value), expected: `an integer >= ${least}` });
  };
  integer("count", 1);
  problems.push(...seedProblems(options));
  integer("workers", 0);
  integer("actionSteps", 1);
  integer("condSteps", 1);
  integer("imageSteps", 1);
  integer("maxEpisodeSteps", 1);
  if (options.imageSteps !== undefined && !definition.pictures) {
    const wrong = `${definition.name} has no pictures`;
    problems.push({ path: "imageSteps", wrong, expected: "an environment whose definition has pictures" });
  }
  for (const path of ["patienceSeconds", "workerMemoryMiB"] as const) {
    const { [path]: value = 1 } = options;
    if (!(value > 0)) problems.push({ path, wrong: String(value), expected: "a positive number" });
  }
  if (options.normalization) problems.push(...normalizationProblems(options.normalization, definition));
  if (problems.length > 0) throw new InputError("DMPO_ENV_OPTIONS", problems);
}

function seedProblems({ seed, count }: VectorEnvOptions): Problem[] {
  if (typeof seed === "number") {
    return Number.isSafeInteger(seed) ? [] : [{ path: "seed", wrong: String(seed), expected: "an integer" }];
  }
  if (!Array.isArray(seed)) return [{ path: "seed", wrong: String(seed), expected: `an integer, or ${count} of them` }];
  if (seed.length === count && seed.every(Number.isSafeInteger)) return [];
  return [{ path: "seed", wrong: `[${seed.join(", ")}]`, expected: `an integer, or ${count} of them` }];
}

function normalizationProblems(normalization: Normalization, definition: EnvironmentDefinition): Problem[] {
  const { observationDimension, actionDimension } = definition;
  const sizes = {
    observationMin: observationDimension,
    observationMax: observationDimension,
    actionMin: actionDimension,
    actionMax: actionDimension,
  };
  return (Object.keys(sizes) as (keyof Normalization)[])
    .filter((name) => normalization[name].length !== sizes[name] || !normalization[name].every(Number.isFinite))
    .map((name) => ({
      path: `normalization.${name}`,
      wrong: `[${normalization[name].join(", ")}]`,
      expected: `${sizes[name]} finite numbers, as ${definition.name} has dimensions`,
      remedy: "use the statistics of a dataset recorded in this environment",
    }));
}
