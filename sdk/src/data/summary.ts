// A data set in numbers, for people to look at.
import type { Bounds } from "../normalization.js";
import { listEpisodes, type Trajectories } from "./trajectories.js";

/** Population statistics. */
export interface Distribution {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
}

/** A data set in numbers: N steps of E episodes, rewards and ranges in raw units. */
export interface DatasetSummary {
  /** Of the data set, see `Dataset.name`. */
  readonly name: string;
  /** Number of steps N. */
  readonly steps: number;
  /** Number of episodes E. */
  readonly episodes: number;
  /** Numbers Do per observation. */
  readonly observationDimension: number;
  /** Numbers Da per action. */
  readonly actionDimension: number;
  /** Steps of each episode (E). */
  readonly episodeLengths: readonly number[];
  /** Sum of raw rewards of each episode (E); absent without rewards, as is `returns`. */
  readonly episodeReturns?: readonly number[];
  /** Of `episodeLengths`, over the episodes. */
  readonly lengths: Distribution;
  /** Of `episodeReturns`, over the episodes. */
  readonly returns?: Distribution;
  /** Range of the raw observations per dimension (Do), over the whole source. */
  readonly observationRanges: readonly (readonly [min: number, max: number])[];
  /** Range of the raw actions per dimension (Da), over the whole source. */
  readonly actionRanges: readonly (readonly [min: number, max: number])[];
}

export function summarize(dataset: Trajectories & { readonly name: string; readonly steps: number }): DatasetSummary {
  const { name, steps, observationDimension, actionDimension, rewards, normalization } = dataset;
  const episodes = listEpisodes(dataset);
  const episodeLengths = episodes.map(({ length }) => length);
  const episodeReturns = rewards && episodes.map((episode) => episode.return);
  const ranges = (min: Bounds, max: Bounds) => Array.from(min, (low, i) => [low, max[i]!] as const);
  return {
    name,
    steps,
    episodes: episodes.length,
    observationDimension,
    actionDimension,
    episodeLengths,
    episodeReturns,
    lengths: distribution(episodeLengths),
    returns: episodeReturns && distribution(episodeReturns),
    observationRanges: ranges(normalization.observationMin, normalization.observationMax),
    actionRanges: ranges(normalization.actionMin, normalization.actionMax),
  };
}

/** "hopper: 72 episodes, 30,278 steps, 11 observations, 3 actions, return 1424.8 ± 489.2 (842.4 to 3274.2)". */
export function describeDataset({ name, steps, episodes, returns, ...dimensions }: DatasetSummary): string {
  const count = (number: number, noun: string) => `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
  const parts = [
    count(episodes, "episode"),
    count(steps, "step"),
    count(dimensions.observationDimension, "observation"),
    count(dimensions.actionDimension, "action"),
  ];
  if (returns) {
    const [mean, std, min, max] = [returns.mean, returns.std, returns.min, returns.max].map((value) =>
      value.toFixed(1),
    );
    parts.push(`return ${mean} ± ${std} (${min} to ${max})`);
  }
  return `${name}: ${parts.join(", ")}`;
}

export function distribution(values: readonly number[]): Distribution {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const [min, max] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
  return { mean, std: Math.sqrt(variance), min, max };
}
