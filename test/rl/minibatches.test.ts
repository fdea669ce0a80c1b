import { describe, expect, test } from "vitest";
import { Trainable } from "../../sdk/src/engine/optimizer.js";
import { constant, ParameterLayout } from "../../sdk/src/engine/parameters.js";
import { Random } from "../../sdk/src/engine/random.js";
import { hostTensor, type tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { compileTraining } from "../../sdk/src/engine/training-step.js";
import { minibatches, minibatchGradient, standardized } from "../../sdk/src/rl/minibatches.js";
import { ppo } from "../../sdk/src/rl/ppo.js";
import { smallNetworks, smallSetup } from "./setup.js";

describe("minibatches", () => {
  const stream = () => new Random(3).stream("order");

  test("one epoch visits every sample once; the last minibatch may be smaller", () => {
    const batches = [...minibatches(10, { batchSize: 4 }, stream())];
    expect(batches.map(({ length }) => length)).toEqual([4, 4, 2]);
    const visited = batches.flatMap((batch) => [...batch]);
    expect(visited).not.toEqual([...visited].sort((a, b) => a - b));
    expect(visited.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("repeats every sample as often as asked", () => {
    const visited = [...minibatches(3, { batchSize: 7, repeatSamples: 4 }, stream())].flatMap((batch) => [...batch]);
    expect(visited.sort()).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
  });

  test("epochs differ", () => {
    const shared = stream();
    const [first, second] = [0, 1].map(() => [...minibatches(50, { batchSize: 50 }, shared)][0]!);
    expect(second).not.toEqual(first);
  });
});

test("standardised values have mean 0 and unbiased deviation 1, in the order of the indices", () => {
  expect(standardized(Float32Array.of(9, 1, 3, 2), Int32Array.of(2, 1))).toEqual(
    Float32Array.of(Math.SQRT1_2, -Math.SQRT1_2),
  );
  expect(standardized(Float32Array.of(5), Int32Array.of(0))).toEqual(Float32Array.of(0));
});

describe("micro-batches", () => {
  const layout = new ParameterLayout([{ name: "w", shape: [1, 2], initialise: constant(0.5) }]);
  const rows = Float32Array.from({ length: 14 }, (_, i) => Math.sin(i));

  async function gradientOf(microBatchSize: number) {
    const trainable = new Trainable(layout, Float32Array.of(0.3, -0.7), { accumulate: true });
    const loss = (weights: Weights, { x }: { x: tf.Tensor2D }) => {
      const y = x.matMul(weights.w as tf.Tensor2D, false, true).square();
      return { loss: y.mean(), greatest: y.max() };
    };
    const step = compileTraining<{ x: tf.Tensor2D }>(loss, trainable, { threads: 1 });
    const batch = (start: number, end: number) => ({ x: hostTensor(rows.slice(2 * start, 2 * end), [end - start, 2]) });
    await minibatchGradient(step, trainable, 7, microBatchSize, batch);
    const terms = await minibatchGradient(step, trainable, 7, microBatchSize, batch, { greatest: Math.max });
    await step.dispose();
    return { gradient: [...trainable.accumulated!], terms };
  }

  test("of any size give the undivided minibatch's gradient and terms", async () => {
    const whole = await gradientOf(7);
    for (const size of [1, 3, 5]) {
      const { gradient, terms } = await gradientOf(size);
      gradient.forEach((value, i) => expect(value).toBeCloseTo(whole.gradient[i]!, 6));
      expect(terms.loss).toBeCloseTo(whole.terms.loss!, 6);
      expect(terms.greatest).toBe(whole.terms.greatest);
    }
  });

  test("do not change PPO", async () => {
    const options = {
      forceTrain: true,
      nCriticWarmupItr: 0,
      iterations: 2,
      steps: 10,
      batchSize: 25,
      updateEpochs: 1,
      useBcLoss: true,
    };
    const [whole, divided] = await Promise.all(
      [25, 9].map((microBatchSize) =>
        ppo.train(smallSetup({ reward: ([a]) => a! }), { ...options, ...smallNetworks, microBatchSize }),
      ),
    );
    divided!.last.weights.forEach((value, i) => expect(value).toBeCloseTo(whole!.last.weights[i]!, 6));
    const [update, other] = [whole!.curve[1]!.update!, divided!.curve[1]!.update!];
    expect(Object.keys(other)).toEqual(Object.keys(update));
    for (const [name, value] of Object.entries(update)) {
      expect(other[name], name).toBeCloseTo(value, 4);
    }
  });
});
