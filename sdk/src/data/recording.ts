// Raw transitions as a simulator wrote them, and what the converter makes of them: episodes, min-max statistics, [-1, 1].
import { fail, InputError, type Problem } from "../errors.js";
import { normalize, type Bounds, type Normalization } from "../normalization.js";
import { RunningRange } from "./running-range.js";
import { listEpisodes, selectEpisodes, type Trajectories } from "./trajectories.js";

/** Numbers in row-major order with their shape, e.g. `{ data: new Float32Array(6), shape: [3, 2] }`. */
export interface RecordedTable {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

/** N steps in order of time, not normalised. Flags are zero or not zero. */
export interface Recording {
  /** How errors name it, e.g. the file. */
  readonly source: string;
  /** (N, Do) */
  readonly observations: RecordedTable;
  /** (N, Da) */
  readonly actions: RecordedTable;
  readonly rewards?: ArrayLike<number>;
  /** The episode ended here in failure or success. */
  readonly terminals?: ArrayLike<number>;
  /** The episode ended here by a time limit. */
  readonly timeouts?: ArrayLike<number>;
}

/**
 * Episodes end where a terminal or time-out flag is set (both on one step count once).
 * @returns their lengths; steps after the last end belong to none.
 * @throws InputError `DMPO_DATA_EMPTY` if no episode ends.
 */
export function episodeLengths({ source, observations, terminals, timeouts }: Recording): Int32Array {
  const lengths: number[] = [];
  let start = 0;
  for (let row = 0; row < observations.shape[0]!; row++) {
    if (!terminals?.[row] && !timeouts?.[row]) continue;
    lengths.push(row + 1 - start);
    start = row + 1;
  }
  if (lengths.length === 0) {
    const wrong = (terminals ?? timeouts) ? "no episode ends: all flags are 0" : "has neither terminals nor timeouts";
    fail("DMPO_DATA_EMPTY", source, wrong, "a 1 in terminals or timeouts at the last step of each episode");
  }
  return Int32Array.from(lengths);
}

/**
 * Measures minima and maxima over all N steps, normalises, and cuts into episodes; steps beyond them are dropped.
 * @param lengths (E), positive, adding up to at most N.
 * @throws InputError `DMPO_DATA_SHAPE`, `DMPO_DATA_VALUES` (NaN or infinite, with row and column).
 */
export function toTrajectories(recording: Recording, lengths: Int32Array): Trajectories {
  checkShapes(recording);
  const { source, observations, actions, rewards, terminals } = recording;
  const [observationMin, observationMax] = range(observations, `${source}: observations`);
  const [actionMin, actionMax] = range(actions, `${source}: actions`);
  if (rewards) range({ data: rewards, shape: [rewards.length, 1] }, `${source}: rewards`);
  const steps = lengths.reduce((total, length) => total + length, 0);
  return {
    observations: scaled(observations, steps, observationMin, observationMax),
    actions: scaled(actions, steps, actionMin, actionMax),
    rewards: rewards && Float32Array.from({ length: steps }, (_, i) => rewards[i]!),
    terminals: terminals && Uint8Array.from({ length: steps }, (_, i) => (terminals[i] ? 1 : 0)),
    episodeLengths: lengths,
    observationDimension: observations.shape[1]!,
    actionDimension: actions.shape[1]!,
    normalization: { observationMin, observationMax, actionMin, actionMax } satisfies Normalization,
  };
}

/**
 * Drops episodes whose return is not positive, as the D4RL converter does. Without rewards all stay.
 * @throws InputError `DMPO_DATA_EMPTY` if none is left.
 */
export function dropUnrewarded(trajectories: Trajectories, source: string): Trajectories {
  if (!trajectories.rewards) return trajectories;
  const episodes = listEpisodes(trajectories);
  const kept = episodes.filter((episode) => episode.return > 0);
  if (kept.length === 0) {
    const remedy = "keepUnrewarded: true keeps them all";
    fail(
      "DMPO_DATA_EMPTY",
      source,
      `none of ${episodes.length} episodes has a positive return`,
      "at least one",
      remedy,
    );
  }
  return kept.length === episodes.length ? trajectories : selectEpisodes(trajectories, kept);
}

function checkShapes({ source, observations, actions, rewards, terminals, timeouts }: Recording): void {
  const steps = observations.shape[0]!;
  const problems: Problem[] = [];
  for (const [key, { data, shape }] of Object.entries({ observations, actions })) {
    const sound =
      shape.length === 2 && shape[0] === steps && steps > 0 && shape[1]! > 0 && data.length === steps * shape[1]!;
    if (sound) continue;
    const wrong = `has shape (${shape.join(", ")}) and ${data.length} values`;
    const expected =
      key === "observations"
        ? "shape (steps, dimensions), neither 0"
        : `shape (${steps}, dimensions), a row per observation`;
    problems.push({ path: `${source}: ${key}`, wrong, expected });
  }
  for (const [key, column] of Object.entries({ rewards, terminals, timeouts })) {
    if (!column || column.length === steps) continue;
    problems.push({
      path: `${source}: ${key}`,
      wrong: `has ${column.length} values`,
      expected: `${steps}, one per observation`,
    });
  }
  if (problems.length > 0) throw new InputError("DMPO_DATA_SHAPE", problems);
}

function range({ data, shape }: RecordedTable, where: string): readonly [Bounds, Bounds] {
  const { min, max } = new RunningRange(shape[1]!, where).add(data);
  return [min, max];
}

function scaled({ data, shape }: RecordedTable, steps: number, min: Bounds, max: Bounds): Float32Array {
  const width = shape[1]!;
  const out = new Float32Array(steps * width);
  for (let i = 0, column = 0; i < out.length; i++, column = column + 1 === width ? 0 : column + 1) {
    out[i] = normalize(data[i]!, min[column]!, max[column]!);
  }
  return out;
}
