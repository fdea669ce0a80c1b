// IBRL on the point mass, from an imitation policy that steers poorly: the optimum, the choice between both proposals, resuming.
import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import type { RunState } from "../../sdk/src/learning/drive.js";
import { actionCritics } from "../../sdk/src/nn/critic.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { freshPolicy, pretraining } from "../../sdk/src/pretrain/pretrain.js";
import { ibrl, ownShare } from "../../sdk/src/rl/ibrl.js";
import {
  bestReturn,
  demonstrations,
  idleReturn,
  meanReturn,
  pointMassSetup,
  riccati,
  valueOfStaying,
} from "./point-mass.js";
import { stateAfter } from "./stopped-run.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const imitation = (dropout = 0) =>
  new PolicyModel({
    policy: "gaussian",
    network: {
      ...{ horizonSteps: 1, actionDim: 1, condDim: 2, mlpDims: [32, 32], activationType: "ReLU", dropout },
      ...{ fixedStd: 0.1 },
    },
  });

const quick = {
  ...{ iterations: 10, steps: 40, valFreq: 9, evaluationEpisodes: 16, batchSize: 64, gamma: 1, bufferSize: 4000 },
  ...{ nCritics: 3, criticNumUpdate: 2, critic: { mlpDims: [32, 32], useLayernorm: true }, targetRate: 0.05 },
  ...{ actorLr: 3e-3, criticLr: 3e-3, softActionSampleBeta: 10 },
};

test("the point mass is steered far better than by the policy that it imitates", async () => {
  const data = await demonstrations(0.3, 32, 0.5);
  const given = pointMassSetup(imitation(), 4);
  const cloned = await pretraining.train(
    { base: freshPolicy(imitation(), data, 1), demonstrations: data, compile: given.compile },
    { epochs: 20, batchSize: 64, learningRate: 3e-3 },
  );
  let state: RunState | undefined;
  const { curve } = await ibrl.train({ ...given, base: cloned.last, demonstrations: data }, quick, {
    onIteration: (_, run) => void (state = run.state()),
  });
  const [best, idle] = [bestReturn(4), idleReturn(4)];
  expect(curve[0]!.episodes.return.mean).toBeLessThan(0.5 * meanReturn(data));
  expect(curve.at(-1)!.episodes.return.mean).toBeGreaterThan(best + 0.1 * (idle - best));
  // The next reward is -0.25; then the best feedback of seven steps. A critic without a future would stop at the first.
  const value = valueOfStaying(state!, actionCritics(quick.critic, 3, 2, 1));
  expect(value).toBeLessThan(-0.27);
  expect(value).toBeGreaterThan(-0.25 * (1 + riccati(7).cost) - 0.1);
  const { imitationShare, bufferSize } = curve.at(-2)!.update!;
  // Where both are worth about the same, each is taken half of the time; the learner's is worth more.
  expect(imitationShare).toBeGreaterThan(0.2);
  expect(imitationShare).toBeLessThan(0.5);
  expect(bufferSize).toBe(32 * 8 + 8 * 40 * 4);
});

test("the better proposal is the likelier one, by the softmax of both values", () => {
  const [a, b] = [Math.exp(3 * 0.4), Math.exp(3 * -0.2)];
  expect(ownShare(0.4, -0.2, 3)).toBeCloseTo(a / (a + b), 12);
  expect(ownShare(-0.2, 0.4, 3)).toBeCloseTo(b / (a + b), 12);
  expect(ownShare(5, 5, 10)).toBe(0.5);
  expect(ownShare(1000, 0, 10)).toBe(1);
});

test.each([0, 0.5])("a resumed run equals an uninterrupted one (dropout %d)", async (dropout) => {
  const data = await demonstrations(0.3, 4);
  const setup = () => ({ ...pointMassSetup(imitation(dropout), 4), demonstrations: data });
  const options = { ...quick, iterations: 6, steps: 8, batchSize: 8, valFreq: 3, evaluationEpisodes: 4 };
  const state = await stateAfter(4, (context) => ibrl.train(setup(), options, context));
  const [whole, resumed] = [await ibrl.train(setup(), options), await ibrl.train(setup(), options, { resume: state })];
  expect(resumed.last.weights).toEqual(whole.last.weights);
  expect(resumed.curve.map(({ episodes }) => episodes)).toEqual(whole.curve.map(({ episodes }) => episodes));
});

test("dropout is for learning: it changes what is learned and not what is played", async () => {
  const data = await demonstrations(0.3, 4);
  const options = { ...quick, iterations: 3, steps: 8, batchSize: 8, valFreq: 2, evaluationEpisodes: 4 };
  const [plain, dropped] = await Promise.all(
    [0, 0.5].map((dropout) => ibrl.train({ ...pointMassSetup(imitation(dropout), 4), demonstrations: data }, options)),
  );
  expect(dropped!.curve[0]!.episodes).toEqual(plain!.curve[0]!.episodes);
  expect(dropped!.last.weights).not.toEqual(plain!.last.weights);
});

test("a memory smaller than the demonstrations is refused", async () => {
  const setup = { ...pointMassSetup(imitation(), 4), demonstrations: await demonstrations(0.3, 4) };
  await expect(ibrl.train(setup, { ...quick, bufferSize: 31 })).rejects.toThrow(/have 32 transitions[^]*at most 31/);
});
