// What a recorded rollout of S chunk steps in E environments says about episodes: the reference's log entries, restated.
// Pure functions of arrays, in double precision. An episode counts if it both starts and ends inside the rollout.
import type { SuccessRule } from "../envs/environment.js";
import { fail } from "../errors.js";
import type { Environments } from "./environments.js";

/** All (S, E) row-major unless said otherwise. */
export interface RecordedRollout {
  /** 1 where a step begins an episode (S + 1, E); the last row tells which episodes ended with the last step. */
  readonly firsts: ArrayLike<number>;
  /** Raw rewards, summed over the chunk. */
  readonly rewards: ArrayLike<number>;
  /** Environment steps executed in each chunk, 1 to Te. Without it every chunk counts Te, as in the reference. */
  readonly executedSteps?: ArrayLike<number>;
  /** Number E of environments. */
  readonly environments: number;
}

export interface EpisodeRules {
  /** Actions Te of a complete chunk. */
  readonly actionSteps: number;
  /** Which episodes succeed; absent where that has no meaning. */
  readonly success?: SuccessRule;
  /** `count` (default), or `ignore` as the reference does, which overlooks episodes that fail within one chunk. */
  readonly oneChunkEpisodes?: "count" | "ignore";
}

/** The rules of training and evaluation in these environments; `threshold` takes the place of the task's own. */
export function episodeRules(
  { actionSteps, success }: Pick<Environments, "actionSteps" | "success">,
  threshold?: number,
): EpisodeRules {
  if (success === "none") return { actionSteps };
  if (success) return { actionSteps, success: { ...success, threshold: threshold ?? success.threshold } };
  return { actionSteps, ...(threshold !== undefined && { success: { by: "best-reward", threshold } }) };
}

export interface FinishedEpisode {
  readonly environment: number;
  /** Row of the first chunk, 0 to S - 1. */
  readonly firstStep: number;
  /** Sum of all rewards. */
  readonly return: number;
  /** Highest reward of a chunk, divided by Te. */
  readonly bestReward: number;
  /** Environment steps: exact with `executedSteps`, otherwise chunks times Te. */
  readonly length: number;
  /** Absent where success has no meaning. */
  readonly success?: boolean;
}

/**
 * The episodes of a rollout, by environment, then in order of time.
 * @throws InputError `DMPO_ROLLOUT_SHAPE` if the arrays do not belong together.
 */
export function finishedEpisodes(rollout: RecordedRollout, rules: EpisodeRules): FinishedEpisode[] {
  const { firsts, rewards, environments } = rollout;
  checkShapes(rollout);
  const shortest = rules.oneChunkEpisodes === "ignore" ? 2 : 1;
  const steps = rewards.length / environments;
  const episodes: FinishedEpisode[] = [];
  for (let environment = 0; environment < environments; environment++) {
    let start: number | undefined;
    for (let step = 0; step <= steps; step++) {
      if (firsts[step * environments + environment] !== 1) continue;
      if (start !== undefined && step - start >= shortest)
        episodes.push(episode(rollout, rules, environment, start, step));
      start = step;
    }
  }
  return episodes;
}

function episode(
  { rewards, executedSteps, environments }: RecordedRollout,
  { actionSteps, success: rule }: EpisodeRules,
  environment: number,
  start: number,
  end: number,
): FinishedEpisode {
  let [sum, best, length] = [0, -Infinity, 0];
  for (let step = start; step < end; step++) {
    const i = step * environments + environment;
    sum += rewards[i]!;
    best = Math.max(best, rewards[i]!);
    length += executedSteps?.[i] ?? actionSteps;
  }
  const bestReward = best / actionSteps;
  const success = rule && { success: (rule.by === "return" ? sum : bestReward) >= rule.threshold };
  return { environment, firstStep: start, return: sum, bestReward, length, ...success };
}

/** A mean over n episodes and how far it, or one episode, strays. */
export interface Estimate {
  readonly mean: number;
  /** Of the mean: unbiased deviation / sqrt(n), 0 if n = 1. For a rate p: sqrt(p (1 - p) / n). */
  readonly standardError: number;
  /** Of one episode: unbiased (dividing by n - 1), 0 if n = 1. */
  readonly standardDeviation: number;
}

export interface EpisodeStatistics {
  readonly episodes: number;
  readonly return: Estimate;
  readonly bestReward: Estimate;
  readonly length: Estimate;
  /** Absent where success has no meaning, or no episode ended. */
  readonly successRate?: Estimate;
}

/** Means and spreads over episodes; all zero where there are none, as in the reference: look at `episodes` first. */
export function episodeStatistics(episodes: readonly FinishedEpisode[]): EpisodeStatistics {
  const of = (value: (episode: FinishedEpisode) => number) => estimate(episodes.map(value));
  const rate = episodes.some(({ success }) => success !== undefined) && of(({ success }) => Number(success));
  return {
    episodes: episodes.length,
    return: of((episode) => episode.return),
    bestReward: of(({ bestReward }) => bestReward),
    length: of(({ length }) => length),
    // The reference uses the binomial's error here, not the unbiased one.
    ...(rate && {
      successRate: { ...rate, standardError: Math.sqrt((rate.mean * (1 - rate.mean)) / episodes.length) },
    }),
  };
}

/** Of any numbers; zero where there are none. */
export function estimate(values: readonly number[]): Estimate {
  const count = Math.max(1, values.length);
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const standardDeviation = count === 1 ? 0 : Math.sqrt(squares / (count - 1));
  return {
    mean,
    standardError: standardDeviation / Math.sqrt(count),
    standardDeviation,
  };
}

function checkShapes({ firsts, rewards, executedSteps, environments }: RecordedRollout): void {
  if (!Number.isInteger(environments) || environments < 1) {
    fail("DMPO_ROLLOUT_SHAPE", "environments", String(environments), "a positive integer");
  }
  if (rewards.length % environments !== 0) {
    fail(
      "DMPO_ROLLOUT_SHAPE",
      "rewards",
      `holds ${rewards.length} numbers`,
      `a multiple of ${environments} environments`,
    );
  }
  if (firsts.length !== rewards.length + environments) {
    const expected = `${rewards.length + environments}, one row of ${environments} more than rewards`;
    fail("DMPO_ROLLOUT_SHAPE", "firsts", `holds ${firsts.length} numbers`, expected);
  }
  if (executedSteps && executedSteps.length !== rewards.length) {
    fail(
      "DMPO_ROLLOUT_SHAPE",
      "executedSteps",
      `holds ${executedSteps.length} numbers`,
      `${rewards.length}, as rewards`,
    );
  }
}
