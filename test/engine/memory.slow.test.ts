// Nothing leaks: resident memory stays flat over thousands of compiled calls, and sessions give theirs back.
import { expect, test } from "vitest";
import { compile } from "../../sdk/src/engine/compile.js";
import { Trainable } from "../../sdk/src/engine/optimizer.js";
import { Random } from "../../sdk/src/engine/random.js";
import { hostTensor, type Host, tf } from "../../sdk/src/engine/tensor.js";
import { compileTraining } from "../../sdk/src/engine/training-step.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import type { TrainingBatch } from "../../sdk/src/policies/definition.js";

const MiB = 2 ** 20;
const residentAfter = async (calls: number, call: (i: number) => Promise<unknown>) => {
  for (let i = 0; i < calls; i++) await call(i);
  return process.memoryUsage().rss / MiB;
};

const size = 32;
const model = new PolicyModel({ network: { horizonSteps: 4, actionDim: 3, condDim: 11, mlpDims: [64, 64, 64] } });
const random = new Random(0);
const initial = model.layout.initialise(random.stream("weights"));

test("10,000 training steps", async () => {
  const trainable = new Trainable(model.layout, initial);
  const step = compileTraining<TrainingBatch>((w, b) => model.loss(w, b), trainable, { threads: 1 });
  const draws = emptyDraws(model.trainingDraws, size);
  const batch = {
    ...draws,
    action: hostTensor(new Float32Array(size * 12).fill(0.1), [size, 4, 3]),
    state: hostTensor(new Float32Array(size * 11).fill(0.2), [size, 1, 11]),
  } as Host<TrainingBatch>;
  const call = async () => {
    fillDraws(model.trainingDraws, draws, random.stream("draws"));
    await step(batch);
    trainable.adamw({ learningRate: 1e-4 });
  };
  const before = await residentAfter(2000, call);
  const after = await residentAfter(10_000, call);
  await step.dispose();
  expect(after - before).toBeLessThan(30);
});

test("10,000 inference calls with new arrays each", async () => {
  const act = compile(({ state, noise }: { state: tf.Tensor3D; noise: tf.Tensor3D }) => noise.mul(state.sum()).tanh(), {
    threads: 1,
  });
  const call = () =>
    act({
      state: hostTensor(new Float32Array(11 * 40), [40, 1, 11]),
      noise: hostTensor(new Float32Array(12 * 40), [40, 4, 3]),
    });
  const before = await residentAfter(2000, call);
  const after = await residentAfter(10_000, call);
  await act.dispose();
  expect(after - before).toBeLessThan(30);
});

test("300 functions compiled, called and disposed of", async () => {
  const call = async (i: number) => {
    const fn = compile((x: tf.Tensor) => tf.matMul(x, x).add(i), { threads: 1 });
    await fn(hostTensor(new Float32Array(256 * 256), [256, 256]));
    await fn.dispose();
  };
  const before = await residentAfter(100, call);
  const after = await residentAfter(300, call);
  expect(after - before).toBeLessThan(40);
});
