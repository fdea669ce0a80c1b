import { expect, test } from "vitest";
import { chainOptions, chainSchema, samplingOptions } from "../../sdk/src/rl/chain-options.js";
import { Learner } from "../../sdk/src/rl/learner.js";
import type { InitialNoise } from "../../sdk/src/evaluation/evaluate.js";
import { gather, RolloutBuffer } from "../../sdk/src/rl/rollout-buffer.js";
import type { FakeOptions } from "./fake-environments.js";
import { smallSetup } from "./setup.js";

const range = { min: 0.05, max: 0.5 };

function learner(options: FakeOptions, steps: number, initialNoise: InitialNoise = "zero") {
  const settings = chainSchema.parse({ denoisingSteps: 2 });
  const setup = smallSetup(options);
  const made = new Learner(setup, {
    steps,
    gamma: 0.9,
    chain: chainOptions(settings),
    evaluation: { sampling: samplingOptions(settings), initialNoise },
  });
  return { learner: made, buffer: made.collector.buffer, environments: setup.environments };
}

test("a rollout holds what was seen and done", async () => {
  const rewards: number[] = [];
  const reward = (actions: Float32Array) => (rewards.push(actions[0]! + 2 * actions[3]!), rewards.at(-1)!);
  const { learner: l, buffer } = learner({ count: 2, actionSteps: 2, actionDimension: 2, chunks: () => 3, reward }, 4);
  const episodes = await l.collect(range, false);
  expect([...buffer.rewards]).toEqual(rewards.map(Math.fround));
  expect([...buffer.firsts]).toEqual([1, 1, 0, 0, 0, 0, 1, 1, 0, 0]);
  expect([...buffer.terminated]).toEqual([0, 0, 0, 0, 1, 1, 0, 0]);
  expect(buffer.observations[4]).toBeCloseTo(Math.sin(0.9), 6);
  // The chain ends in the executed actions.
  const chainEnd = buffer.chains.subarray(2 * 4, 3 * 4);
  expect(chainEnd[0]! + 2 * chainEnd[3]!).toBeCloseTo(rewards[0]!, 6);
  expect(buffer.chains.every((x) => x !== 0)).toBe(true);
  expect(buffer.logProbabilities.every((l) => l !== 0)).toBe(true);
  expect(episodes.map(({ environment, length }) => [environment, length])).toEqual([
    [0, 6],
    [1, 6],
  ]);
  expect(episodes[0]!.return).toBeCloseTo(rewards[0]! + rewards[2]! + rewards[4]!, 5);
  expect(l.progress.environmentSteps).toBe(16);
  await l.dispose();
});

test("episodes go on across rollouts, unless interrupted", async () => {
  const { learner: l, buffer, environments } = learner({ count: 1, chunks: () => 3 }, 2);
  expect(await l.collect(range, false)).toHaveLength(0);
  expect(await l.collect(range, false)).toMatchObject([{ return: 3, length: 3, firstStep: 0 }]);
  expect([...buffer.firsts]).toEqual([0, 1, 0]);
  expect(environments.resets).toBe(1);

  await l.evaluate(2);
  expect(await l.collect(range, false)).toHaveLength(0);
  expect([...buffer.firsts]).toEqual([1, 0, 0]);
  await l.collect(range, true);
  expect(environments.resets).toBe(4);
  await l.dispose();
});

test("a time-out has the value of its final observation", async () => {
  const { learner: l, buffer } = learner({ count: 2, chunks: (i) => i + 2, ends: "truncated" }, 3);
  await l.collect(range, false);
  expect([...buffer.truncated]).toEqual([0, 0, 1, 0, 0, 1]);
  // The fake's final observation is the next one it shows.
  expect(buffer.finalValues[2]).toBeCloseTo(buffer.values[4]!, 6);
  expect(buffer.finalValues[5]).toBeCloseTo(buffer.lastValues[1]!, 6);
  l.estimateAdvantages({ lambda: 0, scaleRewards: false });
  expect(buffer.returns[2]).toBeCloseTo(1 + 0.9 * buffer.finalValues[2]!, 5);
  await l.dispose();
});

test("evaluations repeat with zero initial noise only, and do not touch the weights", async () => {
  for (const initialNoise of ["zero", "sampled"] as const) {
    const { learner: l } = learner({ count: 2, reward: ([a]) => a! }, 2, initialNoise);
    const before = l.policyWeights();
    const [first, second] = [await l.evaluate(5), await l.evaluate(5)];
    expect(first).toHaveLength(5);
    if (initialNoise === "zero") expect(second).toEqual(first);
    else expect(second).not.toEqual(first);
    expect(l.policyWeights()).toEqual(before);
    await l.dispose();
  }
});

test("rows are views, gathered samples are copies", () => {
  const buffer = new RolloutBuffer({ steps: 3, environments: 2, observation: [1, 2], chain: [2, 1, 1] });
  buffer.row(buffer.observations, 1).fill(5);
  expect([...buffer.observations]).toEqual([0, 0, 0, 0, 5, 5, 5, 5, 0, 0, 0, 0]);
  buffer.values.set([0, 1, 2, 3, 4, 5]);
  expect(gather(buffer.values, Int32Array.of(4, 1))).toEqual({ data: Float32Array.of(4, 1), shape: [2] });
  expect(gather(buffer.observations, Int32Array.of(3, 0), [1, 2])).toEqual({
    data: Float32Array.of(5, 5, 0, 0),
    shape: [2, 1, 2],
  });
});
