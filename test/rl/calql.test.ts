// Cal-QL on the point mass: better than a fixed data set without acting, near the optimum with; the conservative term in closed form.
import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import type { RunState } from "../../sdk/src/learning/drive.js";
import { actionCritics } from "../../sdk/src/nn/critic.js";
import { Stage } from "../../sdk/src/learning/stage.js";
import { calql, conservativeGap } from "../../sdk/src/rl/calql.js";
import { demonstratedRows } from "../../sdk/src/rl/demonstrations.js";
import { expectClose } from "../nn/close.js";
import {
  bestReturn,
  demonstrations,
  idleReturn,
  meanReturn,
  pointMassSetup,
  riccati,
  squashedGaussian,
  valueOfStaying,
} from "./point-mass.js";
import { stateAfter } from "./stopped-run.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const model = squashedGaussian();

const quick = {
  ...{ iterations: 4, numUpdate: 200, valFreq: 3, evaluationEpisodes: 16, batchSize: 64, gamma: 1, cqlMinQWeight: 0.1 },
  ...{ nRandomActions: 4, cqlNActions: 4, critic: { mlpDims: [32, 32], useLayernorm: true }, targetRate: 0.05 },
  ...{ actorLr: 3e-3, criticLr: 3e-3, initialTemperature: 0.05, targetEntropy: -2 },
};

test("better than the data without acting; a second run begins with its critics and ends near the best feedback", async () => {
  const data = await demonstrations(0.3, 32, 0.5);
  const setup = { ...pointMassSetup(model, 4), demonstrations: data };
  const offline = await calql.train(setup, quick);
  expect(offline.curve.map(({ mode }) => mode)).toEqual(["evaluation", "offline", "offline", "evaluation"]);
  const [best, idle] = [bestReturn(4), idleReturn(4)];
  const learned = offline.curve.at(-1)!.episodes.return.mean;
  expect(learned).toBeGreaterThan(meanReturn(data) + 0.5 * (best - meanReturn(data)));
  const [first, second] = offline.curve.slice(1, 3).map(({ update }) => update!);
  expect(second!.conservativeGap).toBeLessThan(first!.conservativeGap!);
  expect(second!.boundedShare).toBeGreaterThan(first!.boundedShare!);
  let state: RunState | undefined;
  const online = await calql.train(
    { ...setup, base: offline.last, handedOn: offline.handedOn },
    {
      ...quick,
      ...{ trainOnline: true, iterations: 5, valFreq: 4, nEpisodePerEpoch: 8, onlineUtdRatio: 3, cqlMinQWeight: 0.01 },
    },
    { onIteration: (_, run) => void (state = run.state()) },
  );
  // Nothing is forgotten in between.
  expect(online.curve[0]!.episodes.return.mean).toBeCloseTo(learned, 6);
  expect(online.curve[1]!.update!.tdError).toBeLessThan(0.5 * first!.tdError!);
  expect(online.curve.at(-1)!.episodes.return.mean).toBeGreaterThan(best + 0.1 * (idle - best));
  expect(online.curve.at(-2)!.update!.bufferSize).toBe(3 * 64);
  // The next reward is -0.25; then the best feedback of seven steps. A critic without a future would stop at the first.
  const value = valueOfStaying(state!, actionCritics(quick.critic, 2, 2, 1));
  expect(value).toBeLessThan(-0.28);
  expect(value).toBeGreaterThan(-0.25 * (1 + riccati(7).cost) - 0.1);
});

test("the conservative term: proposals against the data, those of the policy at least what the data earned", () => {
  const [data, returns] = [
    [0.5, -1],
    [0.2, 2],
  ];
  const random = [
    [0.1, -0.3],
    [1, 0.4],
  ];
  const proposed = [
    { value: [0.9, -2], logProbability: [-0.5, 0.3] },
    { value: [-0.4, 3], logProbability: [0.1, -0.2] },
  ];
  const density = -2 * Math.LN2;
  const want = [0, 1].map((row) => {
    const entries = [
      ...random[row]!.map((value) => value - density),
      ...proposed.map(({ value, logProbability }) => Math.max(value[row]!, returns[row]!) - logProbability[row]!),
    ];
    return Math.log(entries.reduce((sum, entry) => sum + Math.exp(entry), 0)) - data[row]!;
  });
  const given = proposed.map(({ value, logProbability }) => ({
    value: tf.tensor1d(value),
    logProbability: tf.tensor1d(logProbability),
  }));
  const gap = conservativeGap(tf.tensor1d(data), tf.tensor1d(returns), tf.tensor2d(random), density, given);
  expectClose(gap, want);
});

test("what demonstrations earned is discounted per chunk, and scaled with rewards", async () => {
  const data = await demonstrations(0.3, 2);
  const { returnsToGo, rewards } = demonstratedRows(
    new Stage({ ...pointMassSetup(model, 2), demonstrations: data }),
    0.5,
  );
  const want = Array.from(rewards.subarray(0, 8)).reduceRight((after, reward) => reward + 0.5 * after, 0);
  expect(returnsToGo[0]).toBeCloseTo(want, 6);
  expect(returnsToGo[7]).toBeCloseTo(rewards[7]!, 6);
});

test.each([false, true])("a resumed run equals an uninterrupted one (acting: %s)", async (trainOnline) => {
  const data = await demonstrations(0.3, 4);
  const setup = () => ({ ...pointMassSetup(model, 4), demonstrations: data });
  const options = { ...quick, trainOnline, iterations: 6, numUpdate: 6, batchSize: 8, valFreq: 3, nEpisodePerEpoch: 4 };
  const state = await stateAfter(4, (context) => calql.train(setup(), options, context));
  expect(Object.keys(state.parts)).toEqual(["actor", "critic", "temperature", "buffer", "environments"]);
  const [whole, resumed] = [
    await calql.train(setup(), options),
    await calql.train(setup(), options, { resume: state }),
  ];
  expect(resumed.last.weights).toEqual(whole.last.weights);
  expect(resumed.curve.map(({ episodes }) => episodes)).toEqual(whole.curve.map(({ episodes }) => episodes));
});

test("what is handed on must fit", async () => {
  const setup = { ...pointMassSetup(model, 4), demonstrations: await demonstrations(0.3, 4) };
  const options = { ...quick, iterations: 1, evaluationEpisodes: 4 };
  const { handedOn } = await calql.train(setup, options);
  expect(Object.keys(handedOn)).toEqual(["actor", "critic", "temperature"]);
  const other = { ...options, critic: { mlpDims: [16, 16], useLayernorm: true } };
  await expect(calql.train({ ...setup, handedOn }, other)).rejects.toThrow(/weights: has [^]*the same options/);
});
