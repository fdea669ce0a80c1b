// The policy of one step: its network in closed form, its loss against where a teacher's steps end, and its file.
import { beforeAll, expect, test } from "vitest";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { oneStepMlp, oneStepMlpFamily } from "../../sdk/src/nn/one-step-mlp.js";
import type { Teacher, TrainingBatch } from "../../sdk/src/policies/definition.js";
import { oneStep, oneStepLoss } from "../../sdk/src/policies/one-step.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { expectClose, wave } from "../nn/close.js";
import { expectCompiled } from "../nn/compiled.js";
import { expectFiniteDifferences, filledWeights, pretrainFormula } from "../nn/weights.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const sizes = { horizonSteps: 2, actionDim: 3, condDim: 5 };
const network = oneStepMlp({ ...sizes, hiddenDim: 7 });
const weights = () => filledWeights(network.parameters, pretrainFormula);
const noise = () => wave<tf.Tensor3D>([4, 2, 3], Math.cos, 1.1, 0.4);
const state = () => wave<tf.Tensor3D>([4, 1, 5], Math.cos, 0.3);
const batch = (): TrainingBatch => ({
  action: wave([4, 2, 3], Math.sin, 0.5, 0.2, 0.8),
  ...{ noise: noise(), state: state() },
});
const chunk = (w: Weights) => network.chunk(w, noise(), network.encoder.apply(w, { state: state() }));

/** The error function by its power series, exact to 1e-9 where |x| < 3. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= -(x ** 2) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

test("three linear maps of [state, noise] with GELU between, under the reference's names", () => {
  expect(network.parameters.map(({ name, shape }) => [name, shape])).toEqual([
    ["net.0.weight", [7, 11]],
    ["net.0.bias", [7]],
    ["net.2.weight", [7, 7]],
    ["net.2.bias", [7]],
    ["net.4.weight", [6, 7]],
    ["net.4.bias", [6]],
  ]);
  const values = Object.fromEntries(Object.entries(weights()).map(([name, tensor]) => [name, tensor.arraySync()]));
  const linear = (x: readonly number[], i: number) =>
    (values[`net.${i}.weight`] as number[][]).map((row, k) =>
      row.reduce((sum, factor, j) => sum + factor * x[j]!, (values[`net.${i}.bias`] as number[])[k]!),
    );
  const gelu = (x: readonly number[]) => x.map((value) => 0.5 * value * (1 + erf(value / Math.SQRT2)));
  const [states, noises] = [state().arraySync(), noise().arraySync()];
  const want = states.map((seen, row) =>
    linear(gelu(linear(gelu(linear([...seen[0]!, ...noises[row]!.flat()], 0)), 2)), 4),
  );
  expectClose(chunk(weights()).reshape([4, 6]), want);
});

const pulled: Teacher = (x, from, to) =>
  x.add(
    to
      .sub(from)
      .reshape([-1, 1, 1])
      .mul(x.mul(-0.7).add(from.reshape([-1, 1, 1]))),
  );

test("the loss is the squared distance from where even steps of the teacher end, clipped there", () => {
  const options = oneStep.configure({ teacherSteps: 4, actMin: -0.3, actMax: 0.5 });
  const { rows } = oneStepLoss(network, weights(), batch(), options, pulled);
  const own = chunk(weights()).arraySync().flat(2);
  const end = (x: number) => {
    for (let i = 0; i < 4; i++) x += (-0.7 * x + i / 4) / 4;
    return Math.max(-0.3, Math.min(0.5, x));
  };
  const errors = noise()
    .arraySync()
    .flat(2)
    .map((start, k) => (own[k]! - end(start)) ** 2);
  const want = [0, 1, 2, 3].map((row) => errors.slice(6 * row, 6 * row + 6).reduce((sum, error) => sum + error) / 6);
  expectClose(rows, want);
  expectFiniteDifferences((w) => oneStepLoss(network, w, batch(), options, pulled).rows.mean(), weights());
});

test("it acts in one call, within its range, eagerly and compiled", async () => {
  const model = new PolicyModel({ policy: "onestep", options: { actMax: 0.1 }, network: { ...sizes, hiddenDim: 7 } });
  expect(model.defaultSteps).toBe(1);
  const own = filledWeights(model.layout.specs, pretrainFormula);
  const sample = ({ weights, state, noise }: { weights: Weights; state: tf.Tensor; noise: tf.Tensor }) => ({
    action: model.sample(weights, { state }, { noise }),
  });
  expectClose(
    sample({ weights: own, state: state(), noise: noise() }).action,
    chunk(weights()).clipByValue(-1, 0.1).arraySync(),
  );
  await expectCompiled(sample, { weights: own, state: state(), noise: noise() });
});

test("what weights tell of the network", () => {
  const shapes = new Map(network.parameters.map(({ name, shape }) => [`network.${name}`, shape]));
  expect(oneStepMlpFamily.infer(shapes, "network.", "file")).toEqual({
    ...{ chunk: { size: 6 }, stateSize: 5, options: { hiddenDim: 7 } },
  });
  expect(() => oneStepMlpFamily.infer(new Map(), "network.", "file")).toThrow(/file: has no matrices network.net.0/);
});
