// What a recorded rollout of S chunk steps in E environments says about episodes: the reference's log entries, restated.
// Pure functions of arrays, in double precision. An episode counts if it both starts and ends inside the rollout.
import { fail } from "../errors.js";

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
  /** An episode succeeds if its score is at least this. */
  readonly successThreshold: number;
  /**
   * Best reward: of a chunk, divided by Te (`per-step`, default: the reference's training), undivided (`per-chunk`: its
   * evaluation), or the episode's sum (`return`: furniture). With Te > 1 the first two give different success rates.
   */
  readonly bestReward?: "per-step" | "per-chunk" | "return";
  /** What is held against the threshold: the best reward (default) or the episode's sum (kitchen). */
  readonly successBy?: "best-reward" | "return";
  /** `count` (default), or `ignore` as the reference does, which overlooks episodes that fail within one chunk. */
  readonly oneChunkEpisodes?: "count" | "ignore";
}

export interface FinishedEpisode {
  readonly environment: number;
  /** Row of the first chunk, 0 to S - 1. */
  readonly firstStep: number;
  /** Sum of all rewards. */
  readonly return: number;
  readonly bestReward: number;
  /** Environment steps: exact with `executedSteps`, otherwise chunks times Te. */
  readonly length: number;
  readonly success: boolean;
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
  { actionSteps, successThreshold, bestReward: rule = "per-step", successBy = "best-reward" }: EpisodeRules,
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
  const bestReward = { "per-step": best / actionSteps, "per-chunk": best, return: sum }[rule];
  const success = (successBy === "return" ? sum : bestReward) >= successThreshold;
  return { environment, firstStep: start, return: sum, bestReward, length, success };
}

/** A mean over n episodes and how far it, or one episode, strays. */
export interface Estimate {
  readonly mean: number;
  /** Of the mean: unbiased deviation / sqrt(n), 0 if n = 1. For a rate p: sqrt(p (1 - p) / n). */
  readonly standardError: number;
  /** Of one episode: the population's (dividing by n). For a rate p: sqrt(p (1 - p)). */
  readonly standardDeviation: number;
}

export interface EpisodeStatistics {
  readonly episodes: number;
  readonly return: Estimate;
  readonly bestReward: Estimate;
  readonly length: Estimate;
  readonly successRate: Estimate;
}

/** Means and spreads over episodes; all zero where there are none, as in the reference: look at `episodes` first. */
export function episodeStatistics(episodes: readonly FinishedEpisode[]): EpisodeStatistics {
  const of = (value: (episode: FinishedEpisode) => number) => estimate(episodes.map(value));
  const rate = of(({ success }) => Number(success));
  return {
    episodes: episodes.length,
    return: of((episode) => episode.return),
    bestReward: of(({ bestReward }) => bestReward),
    length: of(({ length }) => length),
    // The reference uses the binomial's error here, not the unbiased one.
    successRate: { ...rate, standardError: rate.standardDeviation / Math.sqrt(Math.max(1, episodes.length)) },
  };
}

function estimate(values: readonly number[]): Estimate {
  const count = Math.max(1, values.length);
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    standardError: count === 1 ? 0 : Math.sqrt(squares / (count - 1) / count),
    standardDeviation: Math.sqrt(squares / count),
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
