// RLPD on the point mass, from demonstrations of a poor controller and its own steps: the optimum, the batches, resuming.
import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import { Stage } from "../../sdk/src/learning/stage.js";
import { demonstratedTransitions } from "../../sdk/src/rl/demonstrations.js";
import { rlpd } from "../../sdk/src/rl/rlpd.js";
import { bestReturn, demonstrations, idleReturn, pointMassSetup, squashedGaussian } from "./point-mass.js";
import { stateAfter } from "./stopped-run.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const model = squashedGaussian();

const quick = {
  ...{ iterations: 13, steps: 16, explorationSteps: 64, batchSize: 64, valFreq: 12, evaluationEpisodes: 8, gamma: 1 },
  ...{ criticNumUpdate: 2, nCritics: 3, targetRate: 0.02, initialTemperature: 0.05, targetEntropy: -2 },
  ...{ actorLr: 3e-3, criticLr: 3e-3, critic: { mlpDims: [32, 32], useLayernorm: true } },
};

test("demonstrations are transitions in the policy's own numbers", async () => {
  const data = await demonstrations(0.3, 2);
  const buffer = demonstratedTransitions(new Stage({ ...pointMassSetup(model, 2), demonstrations: data }));
  expect(buffer.size).toBe(16);
  const { observation, action, reward, nextObservation, terminated } = buffer.at(Int32Array.of(0, 7));
  const states = Array.from(observation.state.data);
  // Starts at -0.6; the last step begins with an eighth of the time left.
  expect(states[0]).toBeCloseTo(-0.6, 5);
  expect(states[1]).toBeCloseTo(1, 5);
  expect(states[3]).toBeCloseTo(1 / 8, 5);
  expect(action.data[0]).toBeCloseTo(0.18, 5);
  const next = -0.6 + 0.5 * 0.18;
  expect(nextObservation.state.data[0]).toBeCloseTo(next, 5);
  expect(reward.data[0]).toBeCloseTo(-(next ** 2) - 0.1 * 0.18 ** 2, 5);
  expect(Array.from(terminated.data)).toEqual([0, 1]);
  expect(() => demonstratedTransitions(new Stage(pointMassSetup(model, 2)))).toThrow(/demonstrations: are missing/);
});

test("the point mass is steered far better than the demonstrations do", async () => {
  const setup = { ...pointMassSetup(model, 8), demonstrations: await demonstrations() };
  const { curve } = await rlpd.train(setup, quick);
  const [best, idle] = [bestReturn(8), idleReturn(8)];
  expect(curve.at(-1)!.episodes.return.mean).toBeGreaterThan(best + 0.1 * (idle - best));
  const { meanValue, temperature, bufferSize } = curve.at(-2)!.update!;
  expect(meanValue).toBeLessThan(0.2);
  expect(meanValue).toBeGreaterThan(idle);
  expect(temperature).toBeGreaterThan(0);
  expect(bufferSize).toBe(11 * 16 * 8);
});

test("a resumed run equals an uninterrupted one; members of the ensemble differ", async () => {
  const demonstrated = await demonstrations(0.3, 4);
  const setup = () => ({ ...pointMassSetup(model, 4), demonstrations: demonstrated });
  const options = { ...quick, iterations: 6, steps: 6, explorationSteps: 16, batchSize: 16, valFreq: 3 };
  const state = await stateAfter(4, (context) => rlpd.train(setup(), options, context));
  const [whole, resumed] = [await rlpd.train(setup(), options), await rlpd.train(setup(), options, { resume: state })];
  expect(resumed.last.weights).toEqual(whole.last.weights);
  const weights = state.parts.critic!.vectors!.weights!;
  const size = weights.length / 3;
  expect(weights.slice(0, size)).not.toEqual(weights.slice(size, 2 * size));
});
