// Which episodes of a data set to keep, and other statistics for the same steps.
import { Random } from "../engine/random.js";
import { fail } from "../errors.js";
import { denormalize, normalize, type Bounds, type Normalization } from "../normalization.js";
import { RunningRange } from "./running-range.js";
import type { Episode, Trajectories } from "./trajectories.js";

/** Bounds that an episode must meet, each inclusive; absent ones do not matter. */
export interface EpisodeBounds {
  /** Sum of raw rewards. */
  readonly minReturn?: number;
  readonly maxReturn?: number;
  /** Steps. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Whether some step's reward reaches 1, as tasks with sparse rewards report success; a number is another threshold. */
  readonly success?: boolean | number;
}

const bounds = ["minReturn", "maxReturn", "minLength", "maxLength", "success"];

/** @throws InputError `DMPO_DATA_FILTER` for an unknown bound, or one on rewards where there are none. */
export function meets(wanted: EpisodeBounds, hasRewards: boolean): (episode: Episode) => boolean {
  const unknown = Object.keys(wanted).find((key) => !bounds.includes(key));
  if (unknown !== undefined)
    fail("DMPO_DATA_FILTER", "filter", `unknown bound "${unknown}"`, `one of ${bounds.join(", ")}`);
  const { minReturn = -Infinity, maxReturn = Infinity, minLength = 0, maxLength = Infinity, success } = wanted;
  const onRewards = wanted.minReturn !== undefined || wanted.maxReturn !== undefined || success !== undefined;
  if (onRewards && !hasRewards) fail("DMPO_DATA_FILTER", "filter", "there are no rewards", "bounds on length only");
  const threshold = typeof success === "number" ? success : 1;
  return (episode) =>
    episode.length >= minLength &&
    episode.length <= maxLength &&
    (!onRewards || (episode.return >= minReturn && episode.return <= maxReturn)) &&
    (success === undefined || episode.best >= threshold === (success !== false));
}

/**
 * How converters choose training episodes: of how many episodes, and then which of them are for training.
 * @param validationSplit share of the others. @throws InputError `DMPO_DATA_SPLIT` at once.
 */
export function trainingChoice(validationSplit: number, seed: number): (count: number) => (episode: number) => boolean {
  if (!(validationSplit >= 0 && validationSplit < 1)) {
    fail("DMPO_DATA_SPLIT", "validation split", String(validationSplit), "a share in [0, 1)");
  }
  return (count) => {
    const order = new Random(seed).stream("training episodes").permutation(count);
    const chosen = new Set(order.subarray(0, Math.floor(count * (1 - validationSplit))));
    return (episode) => chosen.has(episode);
  };
}

/** The same raw values, normalised by other statistics; by default the minima and maxima of these very steps. */
export function renormalize(data: Trajectories, statistics?: Normalization): Trajectories {
  const { observations, actions, observationDimension, actionDimension, normalization: old } = data;
  // The inverse of `normalize`, which adds an epsilon; actions in use are scaled back without it, a millionth apart.
  const raw = (values: Float32Array, min: Bounds, max: Bounds) =>
    Float64Array.from(values, (value, i) => {
      const [low, high] = [min[i % min.length]!, max[i % min.length]!];
      return denormalize(value, low, high + 1e-6);
    });
  const rawObservations = raw(observations, old.observationMin, old.observationMax);
  const rawActions = raw(actions, old.actionMin, old.actionMax);
  const ofObservations = new RunningRange(observationDimension, "observations").add(rawObservations);
  const ofActions = new RunningRange(actionDimension, "actions").add(rawActions);
  const normalization = statistics ?? {
    observationMin: like(old.observationMin, ofObservations.min),
    observationMax: like(old.observationMax, ofObservations.max),
    actionMin: like(old.actionMin, ofActions.min),
    actionMax: like(old.actionMax, ofActions.max),
  };
  const [wide, narrow] = [normalization.observationMin.length, normalization.actionMin.length];
  if (wide !== observationDimension || narrow !== actionDimension) {
    const expected = `${observationDimension} observations and ${actionDimension} actions`;
    fail("DMPO_DATA_SHAPE", "statistics", `are of ${wide} observations and ${narrow} actions`, expected);
  }
  const scaled = (values: Float64Array, min: Bounds, max: Bounds) =>
    Float32Array.from(values, (value, i) => normalize(value, min[i % min.length]!, max[i % min.length]!));
  return {
    ...data,
    observations: scaled(rawObservations, normalization.observationMin, normalization.observationMax),
    actions: scaled(rawActions, normalization.actionMin, normalization.actionMax),
    normalization,
  };
}

/** Statistics of values that float32 held are float32 again: scaling there and back adds digits that mean nothing. */
const like = (old: Bounds, bounds: Bounds): Bounds =>
  old instanceof Float32Array ? Float32Array.from(bounds) : bounds;
