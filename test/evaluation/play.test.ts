import { expect, test } from "vitest";
import { playEpisodes } from "../../sdk/src/evaluation/play.js";
import { EpisodeTracker } from "../../sdk/src/evaluation/episode-tracker.js";
import { FakeEnvironments } from "../rl/fake-environments.js";

const rules = { actionSteps: 1 };
const idle = (environments: FakeEnvironments) => async () => new Float32Array(environments.count);

test("plays exactly the asked number, fixed per environment: short episodes are not favoured", async () => {
  const environments = new FakeEnvironments({ count: 3, chunks: (i) => [1, 2, 50][i]! });
  const { episodes, callSeconds } = await playEpisodes(environments, idle(environments), 7, rules);
  expect(episodes.map(({ environment, length }) => [environment, length])).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
    [1, 2],
    [1, 2],
    [2, 50],
    [2, 50],
  ]);
  expect(callSeconds).toHaveLength(100);
});

test("with fewer episodes than environments only the first ones count", async () => {
  const environments = new FakeEnvironments({ count: 4, chunks: (i) => i + 1 });
  const { episodes } = await playEpisodes(environments, idle(environments), 2, rules);
  expect(episodes.map(({ environment }) => environment)).toEqual([0, 1]);
});

test("can be stopped", async () => {
  const environments = new FakeEnvironments({ chunks: () => 1e9 });
  const stop = new AbortController();
  const act = async () => (stop.abort(), new Float32Array(4));
  await expect(playEpisodes(environments, act, 1, rules, stop.signal)).rejects.toThrow("abort");
});

test("the tracker forgets what a restart cuts off, and obeys the rules of episodes", async () => {
  const environments = new FakeEnvironments({ count: 1, chunks: () => 3 });
  const tracker = new EpisodeTracker({ actionSteps: 1, success: { by: "return", threshold: 3 } });
  await environments.reset();
  const step = async () => {
    await environments.step(new Float32Array(1));
    return tracker.step(environments);
  };
  await step();
  await environments.reset();
  tracker.restart();
  expect([await step(), await step()]).toEqual([[], []]);
  expect(await step()).toEqual([{ environment: 0, firstStep: 0, return: 3, bestReward: 1, length: 3, success: true }]);
  await step();
  await step();
  expect(await step()).toMatchObject([{ firstStep: 3 }]);
});
