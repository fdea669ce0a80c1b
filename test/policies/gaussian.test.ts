import { beforeAll, expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { tf } from "../../sdk/src/engine/tensor.js";
import { gaussianMlp, gaussianMlpFamily } from "../../sdk/src/nn/gaussian-mlp.js";
import { rawNumbers } from "../../sdk/src/normalization.js";
import { gaussian } from "../../sdk/src/policies/gaussian.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
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

test("log-probability and entropy of fine-tuning equal the reference; the deviation may change while weights stay", () => {
  const { mu, sigma, a, logprob_mean, entropy_mean } = golden("finetune").gaussian;
  const wide = { horizonSteps: 1, actionDim: 4, condDim: 1, mlpDims: [1], tanhOutput: false };
  const model = new PolicyModel({ policy: "gaussian", network: { ...wide, fixedStd: 0.1 } });
  const normalization = rawNumbers(1, 4);
  const weights = new Float32Array(model.layout.size);
  weights.set(mu[0], weights.length - 4);
  const stored = new TrainedPolicy({ model, weights, normalization, environment: "test" });
  const tuned = stored.withNetwork({ learnFixedStd: true, fixedStd: 0.2, stdMin: 0.05, stdMax: 0.5 });
  expect(tuned.model.spec.network).toMatchObject({ learnFixedStd: true, stdMax: 0.5, mlpDims: [1] });
  const views = tuned.model.views(tuned.weights);
  expectClose(tf.tensor(views["network.logvar"]!.data), Array<number>(4).fill(Math.log(0.04)));
  expect([...views["network.mlp_mean.moduleList.1.linear_1.bias"]!.data]).toEqual([...Float32Array.from(mu[0])]);

  const at = Object.fromEntries(
    Object.entries(views).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
  at["network.logvar"] = tf.tensor1d(sigma[0]).log().mul(2);
  const path = tuned.model.path({ likelihood: "reference" });
  const { logProbability, entropy } = path.density(at, tf.zeros([1, 1]), { sample: tf.tensor3d([a]) }, {});
  expectClose(logProbability, logprob_mean);
  expectClose(entropy, entropy_mean);

  // Whether the deviation is read off the state is a matter of weights, as all the rest is.
  expect(() => stored.withNetwork({ fixedStd: null })).toThrow(
    /fixedStd: cannot change while the weights stay\s+expected one of dropout\s/,
  );
  expect(() => stored.withNetwork({ mlpDims: [2] })).toThrow(/mlpDims: cannot change/);
  expect(() => stored.withNetwork({ stdMax: -1 })).toThrow(/stdMax/);
});

test("acting may have a deviation of its own; pre-training may reward entropy", () => {
  const quiet = new PolicyModel({ policy: "gaussian", options: { actingStd: 1e-4 }, network });
  const [weights, loud] = [weightsOf(quiet), new PolicyModel({ policy: "gaussian", network })];
  const noise = wave<tf.Tensor3D>([4, 2, 3], Math.sin, 1.7, 0.4, 1.5);
  const act = (model: PolicyModel, by: tf.Tensor) => model.sample(weights, { state: state() }, { noise: by });
  const mean = act(loud, tf.zeros([4, 2, 3]));
  expectClose(act(quiet, noise).sub(mean), noise.mul(1e-4).arraySync(), 1e-2);
  // Exploring keeps the distribution's own.
  const condition = quiet.network.encoder.apply(weights, { state: state() });
  const explored = [quiet, loud].map((model) =>
    model.path().sample(weights, condition, { noise }, {}).action.arraySync(),
  );
  expect(explored[0]).toEqual(explored[1]);

  const lossOf = (entCoef: number) => {
    const model = new PolicyModel({ policy: "gaussian", options: { entCoef }, network });
    return model.loss(weights, { action: action(), state: state() }).loss.dataSync()[0]!;
  };
  const entropy = loud.path().density(weights, condition, { sample: action() }, {}).entropy.mean().dataSync()[0]! / 6;
  expect(lossOf(0.5)).toBeCloseTo(lossOf(0) - 0.5 * entropy, 4);
});

test("dropout is drawn for training, zeroes so many entries, and leaves acting alone", () => {
  const dropping = { ...network, mlpDims: [400, 8], dropout: 0.25 };
  const model = new PolicyModel({ policy: "gaussian", network: dropping });
  const [draws, weights] = [model.trainingDraws, weightsOf(model)];
  const [wide, narrow] = [0, 1].map((layer) => `network.mlp_base.moduleList.${layer}.dropout`) as [string, string];
  expect(draws.shapes).toEqual({ [wide]: [400], [narrow]: [8] });
  expect(draws.onlyTraining).toEqual([wide, narrow]);
  expect(Object.keys(model.actingDraws().shapes)).toEqual(["noise"]);
  const drawn = emptyDraws(draws, 4);
  fillDraws(draws, drawn, new Random(1).stream("masks"));
  const mask = [...drawn[wide]!.data];
  expect(new Set(mask)).toEqual(new Set([0, Math.fround(4 / 3)]));
  // Four standard errors of a share of 1600.
  expect(Math.abs(mask.filter((factor) => factor === 0).length / 1600 - 0.25)).toBeLessThan(0.044);

  const batch = { action: action(), state: state() };
  const without = new PolicyModel({ policy: "gaussian", network: { ...dropping, dropout: 0 } });
  const plain = model.loss(weights, batch).loss.arraySync();
  expect(plain).toBe(without.loss(weights, batch).loss.arraySync());
  const masks = Object.fromEntries(
    Object.entries(drawn).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
  expect(model.loss(weights, { ...batch, ...masks }).loss.arraySync()).not.toBe(plain);
  // Masks of a fixed pattern are what columns of the next layer become.
  const halved = {
    [wide]: tf
      .tile(tf.tensor1d([0, 2]), [200])
      .expandDims(0)
      .tile([4, 1]),
    [narrow]: tf.ones([4, 8]),
  };
  const next = "network.mlp_base.moduleList.1.linear_1.weight";
  // ReLU is homogeneous, so a factor may move behind it.
  const relu = new PolicyModel({ policy: "gaussian", network: { ...dropping, activationType: "ReLU" } });
  const moved = { ...weights, [next]: weights[next]!.mul(tf.tile(tf.tensor1d([0, 2]), [200]).expandDims(0)) };
  expectClose(relu.loss(weights, { ...batch, ...halved }).loss, relu.loss(moved, batch).loss.arraySync());
  const small = new PolicyModel({ policy: "gaussian", network: { ...network, dropout: 0.5 } });
  const few = { [wide]: tf.tile(tf.tensor1d([0, 2]), [16]).reshape([4, 8]), [narrow]: tf.ones([4, 8]) };
  expectFiniteDifferences((w) => small.loss(w, { ...batch, ...few }).loss, weightsOf(small));

  expect(
    () =>
      new PolicyModel({ policy: "gaussian", network: { ...network, mlpDims: [8], residualStyle: true, dropout: 0.1 } }),
  ).toThrow(/dropout: is 0.1 in residual blocks/);
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
  const { chunk, stateSize, options: inferred } = gaussianMlpFamily.infer(shapes, "network.", "file");
  expect([chunk, stateSize]).toEqual([{ size: 6 }, 5]);
  expect(inferred).toMatchObject(options);
  const foreign = new Map([["network.time_embedding.1.weight", [8, 4]]]);
  expect(() => gaussianMlpFamily.infer(foreign, "network.", "file")).toThrow(/file: holds network.time_embedding/);
});
