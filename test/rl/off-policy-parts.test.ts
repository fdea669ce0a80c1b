// The parts of off-policy algorithms against closed forms, and golden numbers where the reference has them.
import { beforeAll, expect, test } from "vitest";
import { Random, type RandomStream } from "../../sdk/src/engine/random.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { Averages } from "../../sdk/src/rl/averages.js";
import { advantageWeights } from "../../sdk/src/rl/awr.js";
import { uphill } from "../../sdk/src/rl/dipo.js";
import { pull } from "../../sdk/src/rl/dql.js";
import { choose } from "../../sdk/src/rl/idql.js";
import { slope } from "../../sdk/src/rl/qsm.js";
import { ReplayBuffer } from "../../sdk/src/rl/replay-buffer.js";
import { returnWeights } from "../../sdk/src/rl/rwr.js";
import { tdLambda } from "../../sdk/src/rl/td-lambda.js";
import { policyValueLoss } from "../../sdk/src/rl/twin-critics.js";
import { effectiveShare, exponentialWeight, populationStandardized } from "../../sdk/src/rl/weighted-imitation.js";
import golden from "../golden/finetune.json" with { type: "json" };
import { expectClose } from "../nn/close.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const space = { actionDim: 1, state: [1, 1] } as const;

/** Steps (S, E) of rewards with flags of ends and time-outs, in a buffer of so many environments. */
function filled(rewards: number[][], terminated: number[][], truncated = terminated.map((row) => row.map(() => 0))) {
  const count = rewards[0]!.length;
  const buffer = new ReplayBuffer(rewards.length * count, { space, actionSteps: 1, count });
  const state = { state: new Float32Array(count) };
  rewards.forEach((row, step) =>
    buffer.add(state, new Float32Array(count), {
      ...{ count, space, actionSteps: 1, observations: state, finalObservations: state },
      ...{ rewards: Float32Array.from(row), executedSteps: new Int32Array(count).fill(1) },
      ...{ terminated: Uint8Array.from(terminated[step]!), truncated: Uint8Array.from(truncated[step]!) },
      reset: async () => {},
      step: async () => {},
    }),
  );
  return buffer;
}

test("TD(lambda) targets are the reference's", () => {
  const { gamma, alpha: rate, lam: lambda, rewards, terminated, values, td } = golden.td_lambda;
  const buffer = filled(rewards, terminated);
  // The reference goes on from the last value itself.
  const flat = values.flat();
  const got = tdLambda(buffer, flat, (i) => flat[i]!, { gamma, lambda, rate, rewardScale: 1 });
  td.flat().forEach((target, i) => expect(got[i]).toBeCloseTo(target, 5));
});

test("a time-out goes on with the value of its last observation, and nothing else crosses it", () => {
  const buffer = filled([[1], [2], [4]], [[0], [0], [1]], [[0], [1], [0]]);
  const o = { gamma: 0.5, lambda: 1, rate: 1, rewardScale: 2 };
  // Lambda 1: discounted sums of rewards, then the value of where the time was over.
  expect(Array.from(tdLambda(buffer, [7, 8, 9], () => 10, o))).toEqual([2 + 0.5 * (4 + 0.5 * 10), 4 + 0.5 * 10, 8]);
});

test("weights of returns: those of finished episodes, normalised, at most so great", () => {
  const buffer = filled(
    [
      [1, 0],
      [0, 5],
      [3, 0],
    ],
    [
      [0, 0],
      [1, 0],
      [0, 0],
    ],
  );
  const { indices, weights } = returnWeights(buffer, { gamma: 0.5, beta: 2, maxRewardWeight: 5 });
  expect(Array.from(indices)).toEqual([0, 2]);
  // Returns 1 and 0: deviation 1/2.
  const unit = 0.5 / (0.5 + 1e-3);
  expect(weights[0]).toBe(5);
  expect(weights[1]).toBeCloseTo(Math.exp(-2 * unit), 6);
  expect(populationStandardized([1, 2, 3], 0)).toEqual([-Math.sqrt(1.5), 0, Math.sqrt(1.5)]);
  expect(exponentialWeight(3, 2, 50)).toBe(50);
  expect(exponentialWeight(-1, 2, 50)).toBeCloseTo(Math.exp(-2), 12);
  // Advantages 2 and 0, then deviations 1 and -1.
  const [more, less] = advantageWeights(Float32Array.of(3, 1), Float32Array.of(1, 1), { beta: 2, maxAdvWeight: 20 });
  expect(more).toBeCloseTo(Math.exp(2), 4);
  expect(less).toBeCloseTo(Math.exp(-2), 4);
  expect(effectiveShare([1, 1, 1, 1])).toBe(1);
  expect(effectiveShare([1, 0, 0, 0])).toBe(0.25);
});

test("critics learn from the smallest target value of what the policy does next", () => {
  const critics = { count: 2, parameters: [], values: ({ q1, q2 }: Weights) => [q1, q2] as tf.Tensor1D[] };
  const sample = () => tf.zeros<tf.Rank.R3>([1, 1, 1]);
  const valued = policyValueLoss(
    critics,
    { draws: { shapes: {}, fill: () => {} }, sample },
    { gamma: 0.5, rewardScale: 1 },
  );
  const observation = { state: tf.zeros<tf.Rank.R3>([1, 1, 1]) };
  const { loss } = valued(
    { q1: tf.tensor1d([0]), q2: tf.tensor1d([1]) },
    {
      ...{ observation, nextObservation: observation, action: sample(), draws: {} },
      ...{ reward: tf.tensor1d([1]), terminated: tf.tensor1d([0]) },
      others: { actor: {}, target: { q1: tf.tensor1d([4]), q2: tf.tensor1d([2]) } },
    },
  );
  expectClose(loss, [2 ** 2 + 1 ** 2]);
});

test("the pull of one critic is in units of the other's size, whose gradient is left out", () => {
  const [q1, q2] = [tf.tensor1d([1, 3]), tf.tensor1d([-4, 8])];
  expectClose(pull([q1, q2], tf.scalar(1)), [-2 / 6]);
  expectClose(pull([q1, q2], tf.scalar(0)), [-2 / 2]);
  const by = tf.grad((x: tf.Tensor) => pull([x, x.mul(2)], tf.scalar(1)))(tf.tensor1d([1, 3]));
  expectClose(by, [-1 / 2 / 4, -1 / 2 / 4]);
});

const observation = { state: tf.zeros([2, 1, 1]) };
/** Q1 = -(a - 0.5)^2, Q2 = Q1 - a. */
const bowls = {
  ...{ count: 2, parameters: [] },
  values: (_: unknown, __: unknown, action: tf.Tensor) => {
    const a = action.reshape<tf.Tensor1D>([-1]);
    const bowl = a.sub(0.5).square().neg() as tf.Tensor1D;
    return [bowl, bowl.sub<tf.Tensor1D>(a)];
  },
};

test("the slope is the critics' mean gradient, and a constant", () => {
  const action = tf.tensor3d([[[0]], [[1]]]);
  expectClose(slope(bowls, {}, observation, action), [1 - 0.5, -1 - 0.5]);
  const through = tf.grad((a: tf.Tensor) => slope(bowls, {}, observation, a as tf.Tensor3D).sum());
  expect(() => through(action)).toThrow(/Cannot compute gradient/);
});

test("actions climb the smaller critic by steps of Adam, and stay within the limits", () => {
  const move = (steps: number, lr: number, ...from: number[]) =>
    uphill(bowls, {}, observation, tf.tensor3d(from, [2, 1, 1]), { actionGradientSteps: steps, actionLr: lr });
  // The first step of Adam is the rate times g / (|g| + epsilon), whatever the norm is clipped to. Above 0 the second is the smaller,
  // whose slope is -2 (a - 0.5) - 1, below 0 the first.
  expectClose(move(1, 0.1, -1, 1), [-0.9, 0.9], 1e-4);
  expectClose(move(400, 0.01, -1, 0.8).add(1), [1, 1], 0.02);
  expectClose(move(1, 5, -1, 1), [1, -1]);
});

test("choosing takes the best, or at random, what is better than expected more often", () => {
  const q = Float32Array.of(0, 3, 1, 2);
  expect(choose(q, 1.5, { expectile: 0.8 }, null)).toBe(1);
  const random = new Random(1).stream("choice");
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 8000; i++) counts[choose(q, 1.5, { expectile: 0.8 }, random)]!++;
  [0.1, 0.4, 0.1, 0.4].forEach((share, i) => expect(counts[i]! / 8000).toBeCloseTo(share, 1.5));
  const last = { uniform: () => Float32Array.of(1) } as unknown as RandomStream;
  expect(choose(q, 1.5, { expectile: 0.8 }, last)).toBe(3);
});

test("numbers of many updates are means, or extremes where they are extremes", () => {
  const averages = new Averages();
  expect(averages.record()).toEqual({});
  averages.add({ loss: 1, maxValue: 2, minValue: -1 });
  averages.add({ loss: 3, maxValue: 5, minValue: 0, policyLoss: 7 });
  expect(averages.record()).toEqual({ loss: 2, maxValue: 5, minValue: -1, policyLoss: 7 });
});
