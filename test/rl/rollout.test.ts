import { expect, test } from "vitest";
import { Trainable } from "../../sdk/src/engine/optimizer.js";
import { ParameterLayout } from "../../sdk/src/engine/parameters.js";
import type { InitialNoise } from "../../sdk/src/evaluation/evaluate.js";
import { generalizedAdvantages } from "../../sdk/src/rl/gae.js";
import { Stage } from "../../sdk/src/learning/stage.js";
import { critic } from "../../sdk/src/nn/critic.js";
import { gather, gatherObservations, RolloutBuffer } from "../../sdk/src/rl/rollout-buffer.js";
import { Collector } from "../../sdk/src/rl/rollout.js";
import type { FakeOptions } from "./fake-environments.js";
import { smallNetworks, smallSetup } from "./setup.js";

const controls = { minStd: 0.05, maxStd: 0.5 };

/** What PPO acts with, without its updates. */
function learner(options: FakeOptions, steps: number, initialNoise: InitialNoise = "zero") {
  const setup = smallSetup(options);
  const stage = new Stage(setup);
  const { base, arena, random, compile } = stage;
  const { model } = base;
  const path = model.path({ denoisingSteps: 2 }, smallNetworks.noiseNet);
  const layout = new ParameterLayout([...model.network.parameters, ...path.parameters]);
  const actor = new Trainable(layout, layout.initialise(random.stream("weights")));
  actor.weights.set(base.weights);
  const network = critic(smallNetworks.critic, model.network.encoder.stateSize, "critic.");
  const values = new ParameterLayout(network.parameters);
  const criticWeights = new Trainable(values, values.initialise(random.stream("critic weights")));
  const players = { network: model.network, path, actor, critic: network, criticWeights, arena, compile };
  const collector = new Collector(players, steps);
  const acting = { model, weights: actor.weights.subarray(0, base.weights.length), space: base.space };
  return {
    collect: (restart: boolean) => collector.collect(controls, random.stream("exploration"), restart),
    evaluate: stage.evaluator(acting, { sampling: path.sampling, initialNoise }),
    ...{ buffer: collector.buffer, arena, actor, environments: setup.environments },
    dispose: async () => void (await Promise.all([collector.dispose(), stage.dispose()])),
  };
}

test("a rollout holds what was seen and done", async () => {
  const rewards: number[] = [];
  const reward = (actions: Float32Array) => (rewards.push(actions[0]! + 2 * actions[3]!), rewards.at(-1)!);
  const { buffer, ...l } = learner({ count: 2, actionSteps: 2, actionDimension: 2, chunks: () => 3, reward }, 4);
  const episodes = await l.collect(false);
  expect([...buffer.rewards]).toEqual(rewards.map(Math.fround));
  expect([...buffer.firsts]).toEqual([1, 1, 0, 0, 0, 0, 1, 1, 0, 0]);
  expect([...buffer.terminated]).toEqual([0, 0, 0, 0, 1, 1, 0, 0]);
  expect(buffer.observations.state[4]).toBeCloseTo(Math.sin(0.9), 6);
  // The chain ends in the executed actions.
  const chainEnd = buffer.stored.chain!.subarray(2 * 4, 3 * 4);
  expect(chainEnd[0]! + 2 * chainEnd[3]!).toBeCloseTo(rewards[0]!, 6);
  expect(buffer.stored.chain!.every((x) => x !== 0)).toBe(true);
  expect(buffer.logProbabilities.every((l) => l !== 0)).toBe(true);
  expect(episodes.map(({ environment, length }) => [environment, length])).toEqual([
    [0, 6],
    [1, 6],
  ]);
  expect(episodes[0]!.return).toBeCloseTo(rewards[0]! + rewards[2]! + rewards[4]!, 5);
  expect(l.arena.environmentSteps).toBe(16);
  await l.dispose();
});

test("episodes go on across rollouts, unless interrupted", async () => {
  const { buffer, environments, ...l } = learner({ count: 1, chunks: () => 3 }, 2);
  expect(await l.collect(false)).toHaveLength(0);
  expect(await l.collect(false)).toMatchObject([{ return: 3, length: 3, firstStep: 0 }]);
  expect([...buffer.firsts]).toEqual([0, 1, 0]);
  expect(environments.resets).toBe(1);

  await l.evaluate(2);
  expect(await l.collect(false)).toHaveLength(0);
  expect([...buffer.firsts]).toEqual([1, 0, 0]);
  await l.collect(true);
  expect(environments.resets).toBe(4);
  await l.dispose();
});

test("a time-out has the value of its final observation", async () => {
  const { buffer, ...l } = learner({ count: 2, chunks: (i) => i + 2, ends: "truncated" }, 3);
  await l.collect(false);
  expect([...buffer.truncated]).toEqual([0, 0, 1, 0, 0, 1]);
  // The fake's final observation is the next one it shows.
  expect(buffer.finalValues[2]).toBeCloseTo(buffer.values[4]!, 6);
  expect(buffer.finalValues[5]).toBeCloseTo(buffer.lastValues[1]!, 6);
  generalizedAdvantages(buffer, { gamma: 0.9, lambda: 0 }, buffer);
  expect(buffer.returns[2]).toBeCloseTo(1 + 0.9 * buffer.finalValues[2]!, 5);
  await l.dispose();
});

test("evaluations repeat with zero initial noise only, and do not touch the weights", async () => {
  for (const initialNoise of ["zero", "sampled"] as const) {
    const l = learner({ count: 2, reward: ([a]) => a! }, 2, initialNoise);
    const before = l.actor.weights.slice();
    const [first, second] = [await l.evaluate(5), await l.evaluate(5)];
    expect(first).toHaveLength(5);
    if (initialNoise === "zero") expect(second).toEqual(first);
    else expect(second).not.toEqual(first);
    expect(l.actor.weights.slice()).toEqual(before);
    await l.dispose();
  }
});

test("rows are views, gathered samples are copies", () => {
  const buffer = new RolloutBuffer({
    ...{ steps: 3, environments: 2, units: 1, space: { state: [1, 2], rgb: [2] } },
    stored: { chain: [2, 1, 1] },
  });
  const { state, rgb } = buffer.observations;
  buffer.row(state, 1).fill(5);
  expect([...state]).toEqual([0, 0, 0, 0, 5, 5, 5, 5, 0, 0, 0, 0]);
  buffer.values.set([0, 1, 2, 3, 4, 5]);
  expect(gather(buffer.values, Int32Array.of(4, 1))).toEqual({ data: Float32Array.of(4, 1), shape: [2] });
  expect(gather(state, Int32Array.of(3, 0), [1, 2])).toEqual({
    data: Float32Array.of(5, 5, 0, 0),
    shape: [2, 1, 2],
  });
  // Pictures stay bytes.
  rgb!.set([1, 2, 3, 4], 4);
  expect(gatherObservations(buffer.observations, Int32Array.of(2), buffer.shape.space)).toEqual({
    state: { data: Float32Array.of(5, 5), shape: [1, 1, 2] },
    rgb: { data: Uint8ClampedArray.of(1, 2), shape: [1, 2] },
  });
});
