// Transitions that a user already has in memory: nested arrays, or flat ones with a shape.
import { z } from "zod";
import { fail } from "../errors.js";
import { checkOptions } from "../options.js";
import { imagesInMemory, type Images } from "./images.js";
import { toTrajectories, type RecordedTable } from "./recording.js";
import type { Trajectories } from "./trajectories.js";

/** N steps in order of time, not normalised: tables as N arrays of equal length, or flat with a shape. */
export interface RawTrajectories {
  readonly name?: string;
  /** (N, Do) */
  readonly observations: RecordedTable | readonly ArrayLike<number>[];
  /** (N, Da) */
  readonly actions: RecordedTable | readonly ArrayLike<number>[];
  /** (N) */
  readonly rewards?: ArrayLike<number>;
  /** (N), 0 or 1. */
  readonly terminals?: ArrayLike<number | boolean>;
  /** What cameras saw at each step: bytes of shape (N, C, H, W), C = 3 per camera, H = W a multiple of 8. */
  readonly images?: Images | { readonly data: Uint8Array; readonly shape: readonly number[] };
  /** Positive integers adding up to N. */
  readonly episodeLengths: ArrayLike<number>;
  /** A name for each number of an observation (Do); default: those of the built-in robot that `name` names. */
  readonly observationNames?: readonly string[];
  /** A name for each number of an action (Da). */
  readonly actionNames?: readonly string[];
}

const numbers = z.custom(
  (value) => typeof (value as ArrayLike<number> | null)?.length === "number",
  "a list of numbers",
);
const table = z.union(
  [z.looseObject({ shape: z.array(z.number()) }), z.array(numbers)],
  "rows of numbers, or { data, shape }",
);
const schema = z.strictObject({
  ...{ name: z.string().optional(), observations: table, actions: table, episodeLengths: numbers },
  ...{ rewards: numbers.optional(), terminals: numbers.optional(), images: z.looseObject({}).optional() },
  ...{ observationNames: z.array(z.string()).optional(), actionNames: z.array(z.string()).optional() },
  // What a Dataset has besides, where one is spread into this.
  ...{ observationDimension: z.unknown().optional(), actionDimension: z.unknown().optional() },
  normalization: z.unknown().optional(),
});

/** @throws InputError `DMPO_OPTIONS`, `DMPO_DATA_SHAPE`, `DMPO_DATA_VALUES`. */
export function fromArrays(raw: RawTrajectories): Trajectories {
  checkOptions(schema, raw);
  const source = raw.name ?? "Dataset.from";
  const observations = toTable(raw.observations, `${source}: observations`);
  const actions = toTable(raw.actions, `${source}: actions`);
  const terminals = raw.terminals && Uint8Array.from(raw.terminals, Number);
  const { observationNames, actionNames } = raw;
  const images = raw.images && imagesInMemory(raw.images, observations.shape[0]!, `${source}: images`);
  for (const [kind, names, { shape }] of [
    ["observationNames", observationNames, observations],
    ["actionNames", actionNames, actions],
  ] as const) {
    if (names && new Set(names).size !== shape[1]) {
      fail("DMPO_DATA_SHAPE", `${source}: ${kind}`, JSON.stringify(names), `${shape[1]} different names`);
    }
  }
  const trajectories = toTrajectories(
    { ...raw, source, observations, actions, terminals },
    checkedLengths(raw, observations, source),
  );
  return { ...trajectories, ...(images && { images }), observationNames, actionNames };
}

function toTable(values: RawTrajectories["observations"], where: string): RecordedTable {
  if ("shape" in values) return values;
  const width = values[0]?.length ?? 0;
  const ragged = values.findIndex((row) => row.length !== width);
  if (ragged >= 0) {
    fail("DMPO_DATA_SHAPE", where, `row ${ragged} has ${values[ragged]!.length} values`, `${width}, as row 0`);
  }
  const data = new Float64Array(values.length * width);
  values.forEach((row, i) => data.set(row, i * width));
  return { data, shape: [values.length, width] };
}

function checkedLengths({ episodeLengths }: RawTrajectories, { shape }: RecordedTable, source: string): Int32Array {
  const where = `${source}: episodeLengths`;
  const lengths = Array.from(episodeLengths);
  const bad = lengths.find((length) => !Number.isInteger(length) || length < 1);
  if (bad !== undefined) fail("DMPO_DATA_SHAPE", where, `contains ${bad}`, "positive integers");
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total !== shape[0]) {
    fail("DMPO_DATA_SHAPE", where, `adds up to ${total}`, `${shape[0]}, the rows of observations`);
  }
  return Int32Array.from(lengths);
}
