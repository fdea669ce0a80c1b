import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import type { RunState } from "../../sdk/src/learning/drive.js";
import { actionCritics } from "../../sdk/src/nn/critic.js";
import { sac } from "../../sdk/src/rl/sac.js";
import { softValue } from "../../sdk/src/rl/soft-actor.js";
import { expectClose } from "../nn/close.js";
import { bestReturn, pointMassSetup, riccati, squashedGaussian, valueOfStaying } from "./point-mass.js";
import { stateAfter } from "./stopped-run.js";
import { smallPolicy } from "./setup.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const model = squashedGaussian();
const setup = (count = 8) => pointMassSetup(model, count);
const quick = {
  ...{
    steps: 50,
    explorationSteps: 200,
    batchSize: 64,
    bufferSize: 20_000,
    criticReplayRatio: 16,
    actorReplayRatio: 16,
  },
  ...{ actorLr: 3e-3, criticLr: 3e-3, temperatureLr: 3e-3, initialTemperature: 0.1, targetEntropy: -2, gamma: 1 },
  ...{ targetRate: 0.02, critic: { mlpDims: [32, 32] }, valFreq: 20, evaluationEpisodes: 8 },
};

test("the point mass is steered as the Riccati equation steers it", async () => {
  let state: RunState | undefined;
  const options = { ...quick, iterations: 41 };
  const onIteration = (_: unknown, run: { state: () => RunState }) => void (state = run.state());
  const { curve, policy, best } = await sac.train(setup(), options, { onIteration });
  const [before, reached] = [curve[0]!.episodes.return.mean, best!.episodes.return.mean];
  expect(before).toBeLessThan(2.5 * bestReturn(8));
  // Returns are costs: at most a tenth more than the least possible one.
  expect(reached).toBeGreaterThan(1.1 * bestReturn(8));
  expect(reached).toBeLessThanOrEqual(bestReturn(8) + 1e-3);
  // The first action is the feedback of eight steps to go.
  const observation = { state: tf.tensor3d([[[0.5, 1]]]) };
  const weights = Object.fromEntries(
    Object.entries(model.views(policy.weights)).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
  const action = model.sample(weights, observation, { noise: tf.zeros([1, 1, 1]) }).dataSync()[0]!;
  expect(Math.abs(action + 0.5 * riccati(8).feedback)).toBeLessThan(0.15);
  const { temperature, entropy, bufferSize } = curve.at(-2)!.update!;
  expect(temperature).toBeGreaterThan(0);
  expect(entropy).toBeGreaterThan(-4);
  expect(bufferSize).toBe(38 * 50 * 8);
  // The next reward is -0.25; then the best feedback of seven steps, and what the noise costs that entropy asks for. Targets that do not
  // follow would stop at the first.
  const value = valueOfStaying(state!, actionCritics(quick.critic, 2, 2, 1));
  const { cost } = riccati(7);
  expect(value).toBeLessThan(-0.25 - 0.25 * cost + 0.02);
  expect(value).toBeGreaterThan(-0.25 - 0.25 * cost - 0.25);
});

test("what follows is worth its value and its entropy", () => {
  const worth = softValue(tf.tensor1d([3, -1]), tf.tensor1d([2, -4]), tf.scalar(0.5));
  expectClose(worth, [3 - 1, -1 + 2]);
});

test("a resumed run equals an uninterrupted one, buffer and temperature included", async () => {
  const options = { ...quick, iterations: 6, steps: 20, explorationSteps: 50, valFreq: 3 };
  const state = await stateAfter(4, (context) => sac.train(setup(), options, context));
  expect(Object.keys(state.parts)).toEqual(["actor", "critic", "temperature", "buffer", "environments"]);
  expect(state.parts.buffer!.values).toEqual({ size: 2 * 20 * 8, position: 2 * 20 * 8 });
  // An evaluation begins new episodes, so that both runs go on from the same place.
  const [whole, resumed] = [await sac.train(setup(), options), await sac.train(setup(), options, { resume: state })];
  expect(resumed.last.weights).toEqual(whole.last.weights);
  expect(resumed.curve.map(({ episodes }) => episodes)).toEqual(whole.curve.map(({ episodes }) => episodes));
  for (const part of ["critic", "temperature", "buffer"]) {
    const damaged = structuredClone(state);
    for (const vector of Object.values(damaged.parts[part]!.vectors!)) vector.fill(0);
    const other = await sac.train(setup(), options, { resume: damaged });
    expect(other.last.weights, part).not.toEqual(whole.last.weights);
  }
});

test("a policy with a density is all it asks for; what it refuses is named", async () => {
  const { base } = setup();
  expect(sac.refuses!(base.model)).toBeUndefined();
  // Flows have one with their noise net, whose weights SAC has no part for.
  expect(sac.refuses!(smallPolicy().model)).toMatch(/explores with a part of its own/);
  await expect(sac.train({ ...setup(), base: smallPolicy({ observationDimension: 2 }) }, quick)).rejects.toThrow(
    /policy meanflow: explores with a part of its own[^]*a policy that SAC can train/,
  );
  await expect(sac.train(setup(), { ...quick, gamma: 2 })).rejects.toThrow(/gamma: is 2/);
});
