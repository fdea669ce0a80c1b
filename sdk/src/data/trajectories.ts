// Normalised transitions stored end to end, episode after episode: what every data family is turned into.
import type { Normalization } from "../normalization.js";
import type { Images } from "./images.js";

/** Rows are steps in order of time. N steps, E episodes, observations of Do and actions of Da numbers. */
export interface Trajectories {
  /** (N, Do), min-max normalised to [-1, 1]. */
  readonly observations: Float32Array;
  /** (N, Da), min-max normalised to [-1, 1]. */
  readonly actions: Float32Array;
  /** (N), raw. */
  readonly rewards?: Float32Array;
  /** (N), 1 where the episode ended in failure or success rather than by a time limit. */
  readonly terminals?: Uint8Array;
  /** Pictures of the N steps. */
  readonly images?: Images;
  /** (E), all positive, adding up to N. */
  readonly episodeLengths: Int32Array;
  /** Numbers Do per observation. */
  readonly observationDimension: number;
  /** Numbers Da per action. */
  readonly actionDimension: number;
  /** A name for each number of an observation (Do), where they are known. */
  readonly observationNames?: readonly string[];
  /** A name for each number of an action (Da). */
  readonly actionNames?: readonly string[];
  /** Statistics of the whole source, including steps and episodes that were dropped. */
  readonly normalization: Normalization;
}

/** One episode: rows `start` to `start + length`. `return` is its sum of raw rewards, `best` the highest; NaN without rewards. */
export interface Episode {
  readonly index: number;
  readonly start: number;
  readonly length: number;
  readonly return: number;
  readonly best: number;
}

export function listEpisodes({ episodeLengths, rewards }: Pick<Trajectories, "episodeLengths" | "rewards">): Episode[] {
  let end = 0;
  return Array.from(episodeLengths, (length, index) => {
    const start = end;
    end += length;
    const values = rewards?.subarray(start, end);
    const best = values ? values.reduce((most, value) => Math.max(most, value), -Infinity) : NaN;
    return { index, start, length, return: values ? sum(values) : NaN, best };
  });
}

/** The given episodes, in the given order; the statistics stay those of the source. */
export function selectEpisodes(from: Trajectories, episodes: readonly Episode[]): Trajectories {
  const steps = episodes.reduce((total, { length }) => total + length, 0);
  const rows = <T extends Float32Array | Uint8Array>(source: T, width: number, out: T): T => {
    let at = 0;
    for (const { start, length } of episodes) {
      out.set(source.subarray(start * width, (start + length) * width), at);
      at += length * width;
    }
    return out;
  };
  const { observationDimension, actionDimension } = from;
  return {
    ...from,
    observations: rows(from.observations, observationDimension, new Float32Array(steps * observationDimension)),
    actions: rows(from.actions, actionDimension, new Float32Array(steps * actionDimension)),
    rewards: from.rewards && rows(from.rewards, 1, new Float32Array(steps)),
    images: from.images?.select(episodes),
    terminals: from.terminals && rows(from.terminals, 1, new Uint8Array(steps)),
    episodeLengths: Int32Array.from(episodes, ({ length }) => length),
  };
}

function sum(values: Float32Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
