// Targets and losses of action values, against numbers worked out by hand.
import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import { criticLoss, expectileLoss, least, valueTarget } from "../../sdk/src/rl/value-losses.js";
import { expectClose } from "../nn/close.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

test("the target is what follows, discounted, and nothing follows an end", () => {
  const [reward, value] = [tf.tensor1d([1, 2]), tf.tensor1d([11.5, 20])];
  const target = (o: Parameters<typeof valueTarget>[3]) => valueTarget(reward, tf.tensor1d([0, 1]), value, o);
  expectClose(target({ gamma: 0.9, rewardScale: 2 }), [2 + 0.9 * 11.5, 4]);
  expectClose(target({ gamma: tf.tensor1d([0.5, 0.5]), rewardScale: 1 }), [1 + 0.5 * 11.5, 2]);
  // No gradient flows into it.
  const through = tf.grad((v) => valueTarget(reward, tf.zeros([2]), v, { gamma: 1, rewardScale: 1 }).sum());
  expect(() => through(value)).toThrow(/Cannot compute gradient/);
});

test("the loss of critics is summed over them; the smallest value is taken row by row", () => {
  const [first, second, target] = [tf.tensor1d([1, -2]), tf.tensor1d([0, 5]), tf.tensor1d([2, 0])];
  const { loss, meanValue, minValue, maxValue, tdError } = criticLoss([first, second], target);
  expectClose(loss, [(1 + 4) / 2 + (4 + 25) / 2]);
  expectClose(tf.stack([meanValue, minValue, maxValue, tdError]), [-0.5, -2, 1, 1.5]);
  expectClose(least([first, second]), [0, -2]);
});

test("the expectile of numbers is where their weighted errors balance", () => {
  const samples = tf.tensor1d([0, 1, 2, 10]);
  const slope = (at: number, share: number) =>
    tf
      .grad((value: tf.Tensor) => expectileLoss(value, samples, share))(tf.scalar(at))
      .dataSync()[0]!;
  expect(slope(13 / 4, 0.5)).toBeCloseTo(0, 6);
  // 0.2 (v + v - 1 + v - 2) = 0.8 (10 - v).
  expect(slope(8.6 / 1.4, 0.8)).toBeCloseTo(0, 6);
  expectClose(expectileLoss(tf.tensor1d([0, 0]), tf.tensor1d([1, -2]), 0.8), [(0.8 + 0.2 * 4) / 2]);
});
