// Numbers of a data set in raw units: by step, by episode, by name.
import { fail, nearest } from "../errors.js";
import { denormalize, type Bounds } from "../normalization.js";
import type { Episode, Trajectories } from "./trajectories.js";

/** Which number of an observation or action: its name, or its index from 0. */
export type Dimension = string | number;

/** The rows from `start` on of one dimension, raw. @throws InputError `DMPO_DATA_COLUMN` with the names that there are. */
export function columnOf(
  data: Trajectories,
  kind: "observation" | "action",
  dimension: Dimension,
  { start = 0, length }: Partial<Pick<Episode, "start" | "length">> = {},
): Float64Array {
  const { values, width, min, max, names } = tableOf(data, kind);
  const at = indexOf(kind, dimension, width, names);
  const read = rawValue(min, max);
  return Float64Array.from({ length: length ?? values.length / width }, (_, row) =>
    read(values[(start + row) * width + at]!, at),
  );
}

/** The rows, each raw and an array of its own. */
export function rowsOf(data: Trajectories, kind: "observation" | "action", { start, length }: Episode): Float64Array[] {
  const { values, width, min, max } = tableOf(data, kind);
  const read = rawValue(min, max);
  return Array.from({ length }, (_, row) =>
    Float64Array.from({ length: width }, (_, at) => read(values[(start + row) * width + at]!, at)),
  );
}

function tableOf(data: Trajectories, kind: "observation" | "action") {
  const { normalization } = data;
  return kind === "observation"
    ? {
        values: data.observations,
        width: data.observationDimension,
        min: normalization.observationMin,
        max: normalization.observationMax,
        names: data.observationNames,
      }
    : {
        values: data.actions,
        width: data.actionDimension,
        min: normalization.actionMin,
        max: normalization.actionMax,
        names: data.actionNames,
      };
}

/** The inverse of `normalize`, which adds an epsilon to the range. */
const rawValue = (min: Bounds, max: Bounds) => (value: number, at: number) =>
  denormalize(value, min[at]!, max[at]! + 1e-6);

function indexOf(kind: string, dimension: Dimension, width: number, names: readonly string[] | undefined): number {
  if (typeof dimension === "number") {
    if (Number.isInteger(dimension) && dimension >= 0 && dimension < width) return dimension;
    return fail("DMPO_DATA_COLUMN", kind, String(dimension), `0 to ${width - 1}`);
  }
  const index = names?.indexOf(dimension) ?? -1;
  if (index >= 0) return index;
  const guess = names && nearest(dimension, names);
  const expected = names
    ? `one of ${names.join(", ")}`
    : `a number from 0 to ${width - 1}: its dimensions have no names`;
  return fail("DMPO_DATA_COLUMN", kind, `"${dimension}"`, expected, guess && `did you mean "${guess}"?`);
}

/** One episode of a data set, in raw units. */
export class EpisodeView implements Episode {
  /** Number of the episode, from 0. */
  readonly index: number;
  /** Its first row in the data set. */
  readonly start: number;
  /** Steps. */
  readonly length: number;
  /** Sum of its rewards; NaN without rewards. */
  readonly return: number;
  /** Highest reward of a step; NaN without rewards. */
  readonly best: number;
  /** Of each step; absent without rewards. */
  readonly rewards?: Float32Array;
  readonly #data: Trajectories;

  constructor(data: Trajectories, episode: Episode) {
    this.#data = data;
    this.index = episode.index;
    this.start = episode.start;
    this.length = episode.length;
    this.return = episode.return;
    this.best = episode.best;
    this.rewards = data.rewards?.slice(episode.start, episode.start + episode.length);
  }

  /** The observation of each step, (Do) each. */
  get observations(): Float64Array[] {
    return rowsOf(this.#data, "observation", this);
  }

  /** The action of each step, (Da) each. */
  get actions(): Float64Array[] {
    return rowsOf(this.#data, "action", this);
  }

  /** One number of the observation at each step. @throws InputError `DMPO_DATA_COLUMN` with the names that there are. */
  observation(dimension: Dimension): Float64Array {
    return columnOf(this.#data, "observation", dimension, this);
  }

  /** One number of the action at each step. @throws InputError `DMPO_DATA_COLUMN` with the names that there are. */
  action(dimension: Dimension): Float64Array {
    return columnOf(this.#data, "action", dimension, this);
  }
}
