import { describe, expect, test } from "vitest";
import type { EnvironmentDefinition } from "../../sdk/src/envs/environment.js";
import {
  episodeRules,
  episodeStatistics,
  finishedEpisodes,
  type EpisodeRules,
  type RecordedRollout,
} from "../../sdk/src/evaluation/episode-statistics.js";
import { golden } from "../shared.js";

/** All environments begin an episode at step 0; flags tell after which steps it ends. */
function rollout(rewards: number[][], ends: number[][], executedSteps?: number[][]): RecordedRollout {
  return {
    rewards: Float32Array.from(rewards.flat()),
    firsts: Uint8Array.from([...rewards[0]!.map(() => 1), ...ends.flat()]),
    executedSteps: executedSteps && Int32Array.from(executedSteps.flat()),
    environments: rewards[0]!.length,
  };
}

const best = (threshold: number) => ({ by: "best-reward", threshold }) as const;

const either = (a: number[][], b: number[][]) => a.map((row, s) => row.map((flag, e) => flag | b[s]![e]!));

test("equals the reference's summary", () => {
  const g = golden("finetune").gae_and_summary;
  const rules = { actionSteps: g.act_steps, success: best(g.threshold), oneChunkEpisodes: "ignore" } as const;
  const got = episodeStatistics(finishedEpisodes(rollout(g.rewards, either(g.terminated, g.truncated)), rules));
  expect(got.episodes).toBe(g.summary.num_episode_finished);
  const close = (value: number, expected: number) => expect(value).toBeCloseTo(expected, 6);
  close(got.return.mean, g.summary.avg_episode_reward);
  close(got.bestReward.mean, g.summary.avg_best_reward);
  close(got.successRate!.mean, g.summary.success_rate);
  close(got.length.mean, g.summary.avg_episode_length);
  close(got.return.standardError, g.summary.std_episode_reward);
  close(got.bestReward.standardError, g.summary.std_best_reward);
  close(got.successRate!.standardError, g.summary.std_success_rate);
  close(got.length.standardError, g.summary.std_episode_length);
});

describe("the rollout of the agent's specification: two episodes of two chunks", () => {
  const record = rollout(
    [
      [1, 0],
      [0, 2],
      [3, -1],
    ],
    [
      [0, 0],
      [1, 1],
      [0, 0],
    ],
  );
  const rules = { actionSteps: 2, success: best(3) };

  test("training statistics", () => {
    const got = episodeStatistics(finishedEpisodes(record, rules));
    expect(got.episodes).toBe(2);
    expect(got.return).toEqual({
      mean: 1.5,
      standardError: expect.closeTo(0.5, 12) as number,
      standardDeviation: Math.SQRT1_2,
    });
    expect(got.bestReward.mean).toBe(0.75);
    expect(got.successRate).toEqual({ mean: 0, standardError: 0, standardDeviation: 0 });
    expect(got.length).toEqual({ mean: 4, standardError: 0, standardDeviation: 0 });
  });

  test("success by the best reward, by the sum, or none", () => {
    const of = (success?: EpisodeRules["success"]) => finishedEpisodes(record, { actionSteps: 2, success });
    const base = { firstStep: 0, length: 4 };
    expect(of(best(1))).toEqual([
      { ...base, environment: 0, return: 1, bestReward: 0.5, success: false },
      { ...base, environment: 1, return: 2, bestReward: 1, success: true },
    ]);
    expect(of({ by: "return", threshold: 1.5 }).map(({ success }) => success)).toEqual([false, true]);
    expect(of()).toEqual([
      { ...base, environment: 0, return: 1, bestReward: 0.5 },
      { ...base, environment: 1, return: 2, bestReward: 1 },
    ]);
    expect(episodeStatistics(of())).not.toHaveProperty("successRate");
  });

  test("the task says what succeeds; a threshold may take the place of its own", () => {
    const rules = (success: EnvironmentDefinition["success"], threshold?: number) =>
      episodeRules({ actionSteps: 2, success }, threshold).success;
    expect(rules({ by: "return", threshold: 4 })).toEqual({ by: "return", threshold: 4 });
    expect(rules({ by: "return", threshold: 4 }, 3)).toEqual({ by: "return", threshold: 3 });
    expect(rules(undefined, 3)).toEqual(best(3));
    expect(rules(undefined)).toBeUndefined();
    expect(rules("none", 3)).toBeUndefined();
  });

  test("lengths are exact where the executed steps are known", () => {
    const exact = { ...record, executedSteps: Int32Array.of(2, 2, 1, 2, 2, 2) };
    expect(finishedEpisodes(exact, rules).map(({ length }) => length)).toEqual([3, 4]);
  });
});

test("one-chunk episodes count, or not as in the reference", () => {
  const record = rollout([[5], [1], [2], [7]], [[1], [0], [1], [1]]);
  const rules = { actionSteps: 1, success: best(0) };
  const returns = (oneChunkEpisodes?: "count" | "ignore") =>
    finishedEpisodes(record, { ...rules, oneChunkEpisodes }).map((episode) => episode.return);
  expect(returns()).toEqual([5, 3, 7]);
  expect(returns("ignore")).toEqual([3]);
});

test("episodes begun before or not ended within the rollout are left out", () => {
  const record = { ...rollout([[1], [2], [4], [8]], [[1], [0], [1], [0]]), firsts: Uint8Array.of(0, 1, 0, 1, 0) };
  const got = finishedEpisodes(record, { actionSteps: 1, success: best(0) });
  expect(got.map(({ firstStep, return: sum }) => [firstStep, sum])).toEqual([[1, 6]]);
});

test("negative rewards have a best one too", () => {
  const [episode] = finishedEpisodes(rollout([[-4], [-2]], [[0], [1]]), { actionSteps: 2, success: best(0) });
  expect(episode!.bestReward).toBe(-1);
});

test("spreads follow their definitions", () => {
  const episodes = [1, 2, 6].map((value) => ({
    environment: 0,
    firstStep: 0,
    return: value,
    bestReward: value,
    length: value,
    success: value > 1,
  }));
  const { return: got, successRate } = episodeStatistics(episodes);
  expect(got.mean).toBe(3);
  expect(got.standardDeviation).toBeCloseTo(Math.sqrt(14 / 2), 12);
  expect(got.standardError).toBeCloseTo(Math.sqrt(14 / 2 / 3), 12);
  expect(successRate!.standardDeviation).toBeCloseTo(Math.sqrt(1 / 3), 12);
  expect(successRate!.standardError).toBeCloseTo(Math.sqrt(2 / 9 / 3), 12);
  expect(episodeStatistics(episodes.slice(0, 1)).return).toEqual({ mean: 1, standardError: 0, standardDeviation: 0 });
});

test("no finished episode gives zeros", () => {
  const zero = { mean: 0, standardError: 0, standardDeviation: 0 };
  const got = episodeStatistics(
    finishedEpisodes(rollout([[1], [1]], [[0], [0]]), { actionSteps: 1, success: best(0) }),
  );
  expect(got).toEqual({ episodes: 0, return: zero, bestReward: zero, length: zero });
});

test("arrays that do not belong together are refused", () => {
  const sound = rollout(
    [
      [1, 2],
      [3, 4],
    ],
    [
      [0, 0],
      [1, 1],
    ],
  );
  const reading = (changes: Partial<RecordedRollout>) => () =>
    finishedEpisodes({ ...sound, ...changes }, { actionSteps: 1, success: best(0) });
  expect(reading({ firsts: [1, 1] })).toThrow("firsts: holds 2 numbers\n  expected 6, one row of 2 more than rewards");
  expect(reading({ rewards: [1, 2, 3] })).toThrow("rewards: holds 3 numbers\n  expected a multiple of 2 environments");
  expect(reading({ executedSteps: [1] })).toThrow("executedSteps: holds 1 numbers\n  expected 4, as rewards");
  expect(reading({ environments: 0 })).toThrow("environments: 0\n  expected a positive integer");
});
