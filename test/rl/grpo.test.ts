// GRPO: who is compared with whom, its loss in closed form, and that it finds the optimum of the point mass without a critic.
import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { groupAdvantages, grpo, grpoLoss } from "../../sdk/src/rl/grpo.js";
import { expectClose } from "../nn/close.js";
import { bestReturn, idleReturn, pointMassSetup } from "./point-mass.js";
import { stateAfter } from "./stopped-run.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const COUNT = 32;
const model = new PolicyModel({
  policy: "gaussian",
  network: {
    ...{ horizonSteps: 1, actionDim: 1, condDim: 2, mlpDims: [32, 32], activationType: "Mish", residualStyle: false },
    ...{ fixedStd: 0.2 },
  },
});
const quick = {
  ...{ iterations: 31, steps: 32, nGroups: 4, batchSize: 256, updateEpochs: 4, valFreq: 30, evaluationEpisodes: 32 },
  ...{ actorLr: 5e-3, targetKl: null, evaluationNoise: "zero" as const },
};

test("an episode is compared with those of the same number in its group; what is not over counts for nothing", () => {
  // Four environments in two groups, three steps; environment 3 has not finished, so that 1 has nobody.
  const rewards = [
    [1, 5, 2, 0],
    [3, 0, 0, 0],
    [7, 0, 1, 0],
  ].flat();
  const firsts = [
    [1, 1, 1, 1],
    [0, 0, 0, 0],
    [1, 1, 1, 0],
    [1, 0, 0, 0],
  ].flat();
  const shape = { steps: 3, environments: 4 };
  const rollout = { rewards: Float32Array.from(rewards), firsts: Uint8Array.from(firsts), shape };
  const got = groupAdvantages(rollout as unknown as Parameters<typeof groupAdvantages>[0], 2);
  // Returns 4 and 2 of environments 0 and 2.
  expect(Array.from(got)).toEqual([1, NaN, -1, NaN, 1, NaN, -1, NaN, NaN, NaN, NaN, NaN]);
});

test("the loss is the clipped surrogate and the divergence from the starting policy", () => {
  const columns = {
    logProb: tf.tensor1d([Math.log(1.5), Math.log(0.5)]),
    oldLogProb: tf.zeros([2]),
    startLogProb: tf.tensor1d([Math.log(3), Math.log(0.5)]),
    advantage: tf.tensor1d([2, -1]),
  };
  const { loss, policyLoss, startKl, clipFraction } = grpoLoss(columns, { clipPlossCoef: 0.1, klCoef: 4 });
  // Ratios 1.5 and 0.5 are clipped to 1.1 and 0.9 where that is worse.
  expectClose(policyLoss, [-(2 * 1.1 - 0.9) / 2]);
  expectClose(startKl, [(2 - Math.LN2 - 1) / 2]);
  expectClose(loss, [-(2 * 1.1 - 0.9) / 2 + 2 * (1 - Math.LN2)]);
  expectClose(clipFraction, [1]);
});

test("the point mass is steered, from starts that its groups share", async () => {
  const { curve } = await grpo.train(pointMassSetup(model, COUNT), quick);
  const [best, idle] = [bestReturn(COUNT), idleReturn(COUNT)];
  expect(curve[0]!.episodes.return.mean).toBeLessThan(idle + 0.5 * (best - idle));
  expect(curve.at(-1)!.episodes.return.mean).toBeGreaterThan(best + 0.1 * (idle - best));
  expect(curve.at(-2)!.update!.comparedShare).toBe(1);
});

test("a resumed run equals an uninterrupted one; groups need members; the divergence holds the policy back", async () => {
  const options = { ...quick, iterations: 4, steps: 16, valFreq: 3, updateEpochs: 1 };
  const state = await stateAfter(2, (context) => grpo.train(pointMassSetup(model, 8), options, context));
  const start = (context: object, more: object = {}) =>
    grpo.train(pointMassSetup(model, 8), { ...options, ...more }, context);
  const [whole, resumed] = [await start({}), await start({ resume: state })];
  expect(resumed.last.weights).toEqual(whole.last.weights);
  await expect(start({}, { nGroups: 5 })).rejects.toThrow(/n_groups\): is 5\n.*at most half of the 8/);
  const moved = ({ last }: typeof whole) =>
    Math.hypot(...last.weights.map((w, i) => w - pointMassSetup(model, 8).base.weights[i]!).slice(0, 2000));
  expect(moved(await start({}, { klCoef: 100 }))).not.toBe(moved(whole));
});
