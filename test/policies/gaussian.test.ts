import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import { gaussianMlp, gaussianMlpFamily } from "../../sdk/src/nn/gaussian-mlp.js";
import { gaussian } from "../../sdk/src/policies/gaussian.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { expectClose, wave } from "../nn/close.js";
import { expectFiniteDifferences, filledWeights, pretrainFormula } from "../nn/weights.js";
import { golden } from "../shared.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const state = () => wave<tf.Tensor3D>([4, 1, 5], Math.cos, 0.3);
const action = () => wave<tf.Tensor3D>([4, 2, 3], Math.sin, 0.5, 0.2, 0.8);
const sizes = { horizonSteps: 2, actionDim: 3, condDim: 5 };

test("a fixed deviation: means, loss and entropy equal the reference", () => {
  const { param_order, mean, loss, entropy } = golden("pretrain").gaussian;
  const network = gaussianMlp({ ...sizes, mlpDims: [8, 8, 8], residualStyle: true, fixedStd: 0.1 });
  expect(network.parameters.map(({ name }) => name)).toEqual(param_order);
  const weights = filledWeights(network.parameters, pretrainFormula);
  const distribution = network.distribution(weights, network.encoder.apply(weights, { state: state() }));
  expectClose(distribution.mean.reshape([4, 6]), tf.tensor(mean).reshape([4, 6]).arraySync());
  const { rows } = gaussian.training.loss(network, weights, { action: action(), state: state() }, gaussian.configure());
  expectClose(rows.mean(), loss);
  expectClose(distribution.logStd.add(0.5 + 0.5 * Math.log(2 * Math.PI)).mean(), entropy);
});

test("learned deviations: means and scales equal the reference", () => {
  const { param_order, mean, scale } = golden("pretrain").gaussian_learned_std;
  const network = gaussianMlp({ ...sizes, mlpDims: [8, 8] });
  expect(network.parameters.map(({ name }) => name)).toEqual(param_order);
  const weights = filledWeights(network.parameters, pretrainFormula);
  const distribution = network.distribution(weights, network.encoder.apply(weights, { state: state() }));
  expectClose(distribution.mean.reshape([4, 6]), tf.tensor(mean).reshape([4, 6]).arraySync());
  expectClose(distribution.logStd.exp().reshape([4, 6]), tf.tensor(scale).reshape([4, 6]).arraySync());
});

const network = { ...sizes, mlpDims: [8, 8] };
const weightsOf = (model: PolicyModel) =>
  filledWeights(model.network.parameters, (n, k) => 0.4 * Math.sin(1.3 * n + 0.7 * k + 0.1));

test.each([
  ["as drawn", {}],
  ["squashed", { tanhOutput: true }],
])("a sample's density is the one of its distribution, %s", (_, options) => {
  const model = new PolicyModel({ policy: "gaussian", options, network });
  const [weights, path] = [weightsOf(model), model.path()];
  const condition = model.network.encoder.apply(weights, { state: state() });
  const noise = wave<tf.Tensor3D>([4, 2, 3], Math.sin, 1.7, 0.4, 1.5);
  const { action, stored, logProbability } = path.sample(weights, condition, { noise }, {});
  const again = path.density(weights, condition, stored, {});
  expectClose(again.logProbability, (logProbability as tf.Tensor1D).arraySync());
  // ln N by its definition, and the change of variables by the slope of tanh.
  const std = again.terms.noiseStd!;
  expect(std.dataSync()[0]).toBeGreaterThan(0.01);
  const { mean, logStd } = (model.network as ReturnType<typeof gaussianMlp>).distribution(weights, condition);
  const [x, m, s, a] = [stored.sample!, mean, logStd.exp(), action].map((t) => [...t.dataSync()]);
  const expected = [0, 1, 2, 3].map((row) =>
    Array.from({ length: 6 }, (_, i) => row * 6 + i).reduce((sum, i) => {
      const density = -0.5 * ((x![i]! - m![i]!) / s![i]!) ** 2 - Math.log(s![i]!) - 0.5 * Math.log(2 * Math.PI);
      return sum + density - ("tanhOutput" in options ? Math.log(1 - a![i]! ** 2 + 1e-6) : 0);
    }, 0),
  );
  expectClose(again.logProbability, expected, 1e-4);
  const mean_ = model.path({ likelihood: "reference" }).density(weights, condition, stored, {}).logProbability;
  expectClose(mean_, again.logProbability.div(6).arraySync());
});

test("noise is clipped; draws of zero give the mean; gradients equal finite differences", () => {
  const model = new PolicyModel({ policy: "gaussian", options: { randnClipValue: 2 }, network });
  const weights = weightsOf(model);
  const at = (noise: number) =>
    model.sample(weights, { state: state() }, { noise: tf.fill([4, 2, 3], noise) }).arraySync();
  expect(at(5)).toEqual(at(2));
  const { mean } = (model.network as ReturnType<typeof gaussianMlp>).distribution(
    weights,
    model.network.encoder.apply(weights, { state: state() }),
  );
  expectClose(mean, at(0));
  expectFiniteDifferences((w) => model.loss(w, { action: action(), state: state() }).loss, weights);
  const path = new PolicyModel({ policy: "gaussian", options: { tanhOutput: true }, network }).path();
  const sample = wave([4, 2, 3], Math.sin, 0.9, 0.2, 0.7);
  expectFiniteDifferences(
    (w) => path.density(w, model.network.encoder.apply(w, { state: state() }), { sample }, {}).logProbability.mean(),
    weights,
  );
});

test.each([
  { mlpDims: [8, 8] },
  { mlpDims: [8, 8], useLayernorm: true },
  { mlpDims: [16, 16, 16], residualStyle: true, fixedStd: 0.1 },
  { mlpDims: [8, 8], fixedStd: 0.1, learnFixedStd: true },
])("weights tell their network: %o", (options) => {
  const { parameters } = gaussianMlp({ ...sizes, ...options }, "network.");
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  const { chunkSize, stateSize, options: inferred } = gaussianMlpFamily.infer(shapes, "network.", "file");
  expect([chunkSize, stateSize]).toEqual([6, 5]);
  expect(inferred).toMatchObject(options);
  const foreign = new Map([["network.time_embedding.1.weight", [8, 4]]]);
  expect(() => gaussianMlpFamily.infer(foreign, "network.", "file")).toThrow(/file: holds network.time_embedding/);
});
