// Demonstrations of the D3IL tasks (Jia et al. 2024): pickled recordings of a robot, cut into observations and actions as DPPO does,
// and the choice of demonstrations by the way they take around the obstacles of the avoiding task.
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { NumpyArray, numpyGlobals } from "../checkpoints/numpy-pickle.js";
import { readPickle } from "../checkpoints/pickle.js";
import { plainGlobals } from "../checkpoints/plain-pickle.js";
import { fail } from "../errors.js";
import { readDataFile } from "./data-file.js";
import type { Recording } from "./recording.js";

/** One demonstration of the avoiding task, T positions of the tool in the plane of the table (m). */
export interface Demonstration {
  /** File name without extension, e.g. "env_029_00". */
  readonly name: string;
  /** (T, 2), where the tool was told to be. */
  readonly desired: Float64Array;
  /** (T, 2), where it was. */
  readonly actual: Float64Array;
}

/**
 * Flags of the ways around the obstacles: 0 and 1 left and right of the first one, 2 to 4 the gaps of the second row, 5 to 8 those
 * of the third.
 */
export interface ModeFilter {
  /** A demonstration is kept if one of these occurs, */
  readonly desired: readonly number[];
  /** all of these, */
  readonly required?: readonly number[];
  /** and none of these. */
  readonly avoided?: readonly number[];
}

/** The published selections of the 96 avoiding demonstrations. */
export const avoidingSets: Readonly<Record<string, ModeFilter>> = {
  avoid_m1: { desired: [5, 6], required: [1, 2] },
  avoid_m2: { desired: [5, 7], required: [1, 2] },
  avoid_m3: { desired: [5, 8], required: [1, 2] },
};

/**
 * Reads all `*.pkl` of a folder in order of their names. Nothing in a file is executed.
 * @throws InputError `DMPO_DATA_NOT_FOUND`, `DMPO_DATA_FORMAT`, `DMPO_PICKLE` naming file and part.
 */
export async function readDemonstrations(folder: string): Promise<Demonstration[]> {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".pkl")) : [];
  if (files.length === 0) {
    fail("DMPO_DATA_NOT_FOUND", folder, "holds no .pkl file", "the folder of demonstrations env_000_00.pkl, ...");
  }
  const demonstrations: Demonstration[] = [];
  for (const file of files.sort()) demonstrations.push(await readDemonstration(join(folder, file)));
  return demonstrations;
}

async function readDemonstration(path: string): Promise<Demonstration> {
  const globals = { ...plainGlobals, ...numpyGlobals };
  const { value } = readPickle(await readDataFile(path), { source: path, globals });
  const robot: unknown = value instanceof Map ? value.get("robot") : undefined;
  const plane = (key: string): Float64Array => {
    const array: unknown = robot instanceof Map ? robot.get(key) : undefined;
    if (!(array instanceof NumpyArray) || array.shape.length !== 2 || array.shape[1]! < 2 || array.shape[0]! < 2) {
      fail("DMPO_DATA_FORMAT", `${path}: robot.${key}`, "is missing or no path", "positions (steps, 3), two or more");
    }
    const { data, shape } = array;
    return Float64Array.from({ length: 2 * shape[0]! }, (_, i) => data[Math.floor(i / 2) * shape[1]! + (i % 2)]!);
  };
  const [desired, actual] = [plane("des_c_pos"), plane("c_pos")];
  if (desired.length !== actual.length) {
    fail("DMPO_DATA_SHAPE", `${path}: robot`, "des_c_pos and c_pos differ in length", "one row per step in both");
  }
  return { name: basename(path, ".pkl"), desired, actual };
}

/** Every flag that occurs on the desired path but its last position, which is no observation; rows within 1 cm of the first two rows of obstacles, all beyond the third. */
export function modesOf({ desired }: Demonstration): Set<number> {
  const flags = new Set<number>();
  for (let i = 0; i + 2 < desired.length; i += 2) {
    const [x, y] = [desired[i]!, desired[i + 1]!];
    if (Math.abs(y + 0.1) <= 0.01 && x !== 0.5) flags.add(x < 0.5 ? 0 : 1);
    if (Math.abs(y - 0.08) <= 0.01) flags.add(x < 0.425 ? 2 : x < 0.575 ? 3 : 4);
    if (y >= 0.26) flags.add(x < 0.35 ? 5 : x < 0.5 ? 6 : x < 0.65 ? 7 : 8);
  }
  return flags;
}

/** The demonstrations that take a wanted way. @throws InputError `DMPO_DATA_EMPTY` if none does. */
export function filterAvoiding(
  demonstrations: readonly Demonstration[],
  { desired, required = [], avoided = [] }: ModeFilter,
): Demonstration[] {
  const kept = demonstrations.filter((demonstration) => {
    const modes = modesOf(demonstration);
    const has = (flag: number) => modes.has(flag);
    return desired.some(has) && required.every(has) && !avoided.some(has);
  });
  if (kept.length === 0) {
    const wrong = `none of ${demonstrations.length} has desired [${desired.join(", ")}], required [${required.join(", ")}]`;
    fail("DMPO_DATA_EMPTY", "demonstrations", `${wrong}, avoided [${avoided.join(", ")}]`, "at least one");
  }
  return kept;
}

/**
 * Observations (desired x, y, actual x, y) and actions (change of the desired x, y), a step less than there are positions; rewards
 * are zeros, as published.
 */
export function avoidingRecording(
  demonstrations: readonly Demonstration[],
  source: string,
): { recording: Recording; lengths: Int32Array } {
  const lengths = Int32Array.from(demonstrations, ({ desired }) => desired.length / 2 - 1);
  const steps = lengths.reduce((total, length) => total + length, 0);
  const observations = new Float32Array(4 * steps);
  const actions = new Float32Array(2 * steps);
  let row = 0;
  for (const { desired, actual } of demonstrations) {
    for (let i = 0; i + 2 < desired.length; i += 2, row++) {
      observations.set([desired[i]!, desired[i + 1]!, actual[i]!, actual[i + 1]!], 4 * row);
      actions.set([desired[i + 2]! - desired[i]!, desired[i + 3]! - desired[i + 1]!], 2 * row);
    }
  }
  const recording: Recording = {
    source,
    observations: { data: observations, shape: [steps, 4] },
    actions: { data: actions, shape: [steps, 2] },
    rewards: new Float32Array(steps),
  };
  return { recording, lengths };
}
