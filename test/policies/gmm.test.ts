import { afterAll, beforeAll, expect, test } from "vitest";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { Random } from "../../sdk/src/engine/random.js";
import { tf, type HostTensor, type Weights } from "../../sdk/src/engine/tensor.js";
import type { MixtureNetwork } from "../../sdk/src/nn/gaussian-network.js";
import { gaussianMlp, gaussianMlpFamily } from "../../sdk/src/nn/gaussian-mlp.js";
import { gmmMlp, gmmMlpFamily } from "../../sdk/src/nn/gmm-mlp.js";
import { gmm } from "../../sdk/src/policies/gmm.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { expectClose, wave } from "../nn/close.js";
import { expectCompiled } from "../nn/compiled.js";
import { expectFiniteDifferences, filledWeights, pretrainFormula } from "../nn/weights.js";
import { golden } from "../shared.js";
import { energyDistance, fit, sampled, type Batches } from "./fit.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const state = () => wave<tf.Tensor3D>([4, 1, 5], Math.cos, 0.3);
const action = () => wave<tf.Tensor3D>([4, 2, 3], Math.sin, 0.5, 0.2, 0.8);
const sizes = { horizonSteps: 2, actionDim: 3, condDim: 5 };

test("components, loss and entropy equal the reference", () => {
  const expected = golden("pretrain").gmm;
  const network = gmmMlp({ ...sizes, mlpDims: [8, 8, 8], residualStyle: true, fixedStd: 0.1, numModes: 3 });
  expect(network.parameters.map(({ name }) => name)).toEqual(expected.param_order);
  const weights = filledWeights(network.parameters, pretrainFormula);
  const condition = network.encoder.apply(weights, { state: state() });
  const { means, logits } = network.mixture(weights, condition);
  expectClose(means, expected.mean.flat(2));
  expectClose(logits, expected.logits.flat());
  const { rows } = gmm.training.loss(network, weights, { action: action(), state: state() }, gmm.configure());
  expectClose(rows.mean(), expected.loss);
  const path = gmm.path!.bind({ network, options: gmm.configure(), path: { logprobReduce: "sum" }, explorer: {} });
  const { entropy, logProbability } = path.density(weights, condition, { sample: action() }, {});
  expectClose(entropy.mean(), expected.entropy);
  expectClose(logProbability.mean().neg(), expected.loss);
});

/** A network whose answer is the same for all states: every matrix is zero, the last biases are the answer. */
function constantWeights(network: MixtureNetwork, answers: Readonly<Record<string, readonly number[]>>): Weights {
  return Object.fromEntries(
    network.parameters.map(({ name, shape }) => [
      name,
      name in answers ? tf.tensor([...answers[name]!], [...shape]) : tf.zeros([...shape]),
    ]),
  );
}

const constant = (means: readonly number[], logits: readonly number[], fixedStd: number, options: object = {}) => {
  const [numModes, actionDim] = [logits.length, means.length / logits.length];
  const network = { mlpDims: [1], horizonSteps: 1, actionDim, condDim: 1, tanhOutput: false, fixedStd, numModes };
  const model = new PolicyModel({ policy: "gmm", options: options as Record<string, unknown>, network });
  const weights = constantWeights(model.network as MixtureNetwork, {
    "network.mlp_mean.moduleList.1.linear_1.bias": means,
    "network.mlp_weights.moduleList.1.linear_1.bias": logits,
  });
  return { model, weights };
};

test("log-probability and entropy of fine-tuning equal the reference; or are divided by the chunk's entries", () => {
  const { means, sigma, logits, a, logprob, approx_entropy } = golden("finetune").gmm;
  const { model, weights } = constant(means.flat(), logits, sigma);
  const density = (path: Record<string, unknown>) =>
    model.path(path).density(weights, tf.zeros([1, 1]), { sample: tf.tensor3d([a]) }, {});
  const summed = density({});
  expectClose(summed.logProbability, logprob);
  expectClose(summed.entropy, approx_entropy);
  expectClose(summed.terms.noiseStd!, sigma);
  const reduced = density({ logprobReduce: "mean" });
  expectClose(reduced.logProbability, logprob[0] / 4);
  expectClose(reduced.entropy, approx_entropy / 4);
});

test("components are drawn by their weights; draws of zero give the likeliest one's mean", () => {
  const { model, weights } = constant([-0.5, 0.1, 0.7], [Math.log(1), Math.log(2), Math.log(5)], 0.01);
  const rows = 4000;
  const draws = emptyDraws(model.actingDraws(), rows);
  expect(draws.gumbel!.shape).toEqual([rows, 3]);
  fillDraws(model.actingDraws(), draws, new Random(2).stream("acting"));
  const act = (of: PolicyModel, noise: tf.Tensor, gumbel: tf.Tensor) => [
    ...of.sample(weights, { state: tf.zeros([noise.shape[0], 1, 1]) }, { noise, gumbel }).dataSync(),
  ];
  const [noise, gumbel] = [tf.tensor(draws.noise!.data, [rows, 1, 1]), tf.tensor(draws.gumbel!.data, [rows, 3])];
  const drawn = act(model, noise, gumbel);
  const share = (mean: number) => drawn.filter((x) => Math.abs(x - mean) < 0.06).length / rows;
  // Five standard errors of a share of 4000.
  expect(Math.abs(share(-0.5) - 1 / 8)).toBeLessThan(0.027);
  expect(Math.abs(share(0.1) - 2 / 8)).toBeLessThan(0.035);
  expect(Math.abs(share(0.7) - 5 / 8)).toBeLessThan(0.039);
  expectClose(tf.tensor(act(model, tf.zeros([1, 1, 1]), tf.zeros([1, 3]))), 0.7);
  // A deviation of its own while acting leaves the choice: that is how the reference evaluates.
  const quiet = constant([-0.5, 0.1, 0.7], [0, 0, 0], 0.3, { actingStd: 1e-4 }).model;
  const near = act(quiet, noise, gumbel).map((x) => Math.min(...[-0.5, 0.1, 0.7].map((m) => Math.abs(x - m))));
  expect(Math.max(...near)).toBeLessThan(6e-4);
  expect(Math.max(...near)).toBeGreaterThan(1e-4);
});

const mlp = { ...sizes, mlpDims: [8, 8], numModes: 3 };
const transformer = {
  ...{ type: "transformer", ...sizes, numModes: 3 },
  ...{ transformerEmbedDim: 8, transformerNumHeads: 2, transformerNumLayers: 1 },
};
const strong = (model: PolicyModel) =>
  filledWeights(model.network.parameters, (n, k) => 0.4 * Math.sin(1.3 * n + 0.7 * k + 0.1));

test.each([
  ["fixed deviations", { ...mlp, fixedStd: 0.5 }],
  ["learned ones", { ...mlp, fixedStd: 0.5, learnFixedStd: true }],
  ["ones read off the state", mlp],
  ["a transformer", { ...transformer, fixedStd: 0.5 }],
  ["a transformer that reads them off the state", transformer],
])("a chunk's density is the one it was drawn with, and its gradients are finite differences: %s", (_, network) => {
  const model = new PolicyModel({ policy: "gmm", network });
  const [weights, path] = [strong(model), model.path()];
  const condition = model.network.encoder.apply(weights, { state: state() });
  const noise = wave<tf.Tensor3D>([4, 2, 3], Math.sin, 1.7, 0.4, 1.5);
  const gumbel = wave<tf.Tensor2D>([4, 3], Math.cos, 2.1, 0.4, 2);
  const { stored, logProbability } = path.sample(weights, condition, { noise, gumbel }, {});
  const again = path.density(weights, condition, stored, {});
  expectClose(again.logProbability, (logProbability as tf.Tensor1D).arraySync());
  // The mixture by its definition.
  const { means, logStds, logits } = (model.network as MixtureNetwork).mixture(weights, condition);
  const [m, s, w, x] = [means, logStds.exp(), tf.softmax(logits), stored.sample!].map((t) => [...t.dataSync()]);
  const expected = [0, 1, 2, 3].map((row) => {
    const components = [0, 1, 2].map((mode) =>
      Array.from({ length: 6 }, (_, i) => i).reduce(
        (product, i) => {
          const at = (row * 3 + mode) * 6 + i;
          const z = (x![row * 6 + i]! - m![at]!) / s![at]!;
          return (product * Math.exp(-0.5 * z * z)) / (s![at]! * Math.sqrt(2 * Math.PI));
        },
        w![row * 3 + mode]!,
      ),
    );
    return Math.log(components.reduce((sum, p) => sum + p, 0));
  });
  expectClose(again.logProbability, expected, 1e-4);
  expectFiniteDifferences((v) => model.loss(v, { action: action(), state: state() }).loss, weights, 2e-2);
});

const cleanups: (() => Promise<void>)[] = [];
afterAll(async () => void (await Promise.all(cleanups.map((dispose) => dispose()))));

test.each([
  ["mlp", { ...mlp, dropout: 0.5 }],
  ["transformer", { ...transformer, dropout: 0.25 }],
])("the same compiled: %s", async (_, network) => {
  const model = new PolicyModel({ policy: "gmm", network });
  const masks = emptyDraws(model.trainingDraws, 4);
  fillDraws(model.trainingDraws, masks, new Random(4).stream("masks"));
  const all = ({
    weights,
    rows,
    noise,
    gumbel,
    dropped,
  }: Record<"noise" | "gumbel", tf.Tensor> & {
    weights: Weights;
    rows: Record<"state" | "action", tf.Tensor3D>;
    dropped: Record<string, tf.Tensor>;
  }) => {
    const condition = model.network.encoder.apply(weights, rows);
    const { action: chosen, logProbability } = model.path().sample(weights, condition, { noise, gumbel }, {});
    return {
      chosen,
      logProbability,
      trained: valueAndGradients((w) => model.loss(w, { ...dropped, ...rows }), weights),
      acted: model.sampleFrom(weights, condition, { noise, gumbel }),
    };
  };
  const tensors = (of: Readonly<Record<string, HostTensor>>) =>
    Object.fromEntries(Object.entries(of).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]));
  const input = {
    weights: strong(model),
    rows: { state: state(), action: action() },
    noise: wave<tf.Tensor>([4, 2, 3], Math.sin, 1.7),
    gumbel: wave<tf.Tensor>([4, 3], Math.cos, 2.1),
    dropped: tensors(masks),
  };
  await expectCompiled(all, input, 1e-4);
});

test.each([
  { mlpDims: [8, 8] },
  { mlpDims: [8, 8], useLayernorm: true },
  { mlpDims: [16, 16, 16], residualStyle: true, fixedStd: 0.1 },
  { mlpDims: [8, 8], fixedStd: 0.1, learnFixedStd: true },
])("weights tell their network: %o", (options) => {
  const { parameters } = gmmMlp({ ...sizes, ...options, numModes: 3 }, "network.");
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  const { chunk, stateSize, options: inferred } = gmmMlpFamily.infer(shapes, "network.", "file");
  expect([chunk, stateSize]).toEqual([{ size: 6 }, 5]);
  expect(inferred).toMatchObject({ ...options, numModes: 3 });
  // The reference clamps what it reads off the state.
  expect(inferred.stdMap).toBe("fixedStd" in options ? undefined : "clamp");
  // A mixture is no Gaussian, and the other way round.
  expect(() => gaussianMlpFamily.infer(shapes, "network.", "file")).toThrow(/holds network.mlp_weights/);
  const single = gaussianMlp({ ...sizes, mlpDims: [8, 8] }, "network.").parameters;
  const other = new Map(single.map(({ name, shape }) => [name, shape]));
  expect(() => gmmMlpFamily.infer(other, "network.", "file")).toThrow(/weights of a mixture of Gaussians/);
});

/** Left and right of an obstacle: half the actions are near s (0.5, 0.5), half near -s (0.5, 0.5), s = 1 or 0.5 by the state. */
const twoModes: Batches = ({ state, action }, random) => {
  const draws = random.stream("data");
  const [side, place] = [new Float32Array(state.length), new Float32Array(state.length)];
  draws.uniform(side);
  draws.uniform(place);
  draws.normal(action, 0, 0.1);
  state.forEach((_, row) => {
    state[row] = place[row]! < 0.5 ? 1 : 0.5;
    const centre = (side[row]! < 0.5 ? 0.5 : -0.5) * state[row];
    action[2 * row]! += centre;
    action[2 * row + 1]! += centre;
  });
};
const pairs = (flat: Float32Array) =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
const training = { steps: 250, batchSize: 256, learningRate: 3e-3 };
const toy = { horizonSteps: 1, actionDim: 2, condDim: 1, stdMin: 0.02, stdMax: 1 };

test.each([
  ["mlp", { ...toy, mlpDims: [32, 32], numModes: 2 }],
  [
    "transformer",
    {
      ...{ type: "transformer", ...toy, numModes: 2 },
      ...{ transformerEmbedDim: 16, transformerNumHeads: 2, transformerNumLayers: 1 },
    },
  ],
])("a mixture finds both modes of a distribution that has two: %s", async (_, network) => {
  const model = new PolicyModel({ policy: "gmm", network });
  const weights = await fit(model, twoModes, training);
  const rows = 400;
  const truth = { state: new Float32Array(rows), action: new Float32Array(2 * rows) };
  twoModes(truth, new Random(21));
  for (const scale of [1, 0.5]) {
    const acted = pairs(sampled(model, weights, Array<number[]>(rows).fill([scale])));
    const right = acted.filter(([x]) => x! > 0).length / rows;
    expect(right).toBeGreaterThan(0.4);
    expect(right).toBeLessThan(0.6);
    // Of the same scale, twice as many points as there are on average.
    const wanted = pairs(truth.action).filter((_, row) => truth.state[row] === scale);
    expect(energyDistance(acted, wanted)).toBeLessThan(0.02);
    // Nothing lies between the modes.
    expect(acted.filter(([x]) => Math.abs(x!) < 0.15 * scale).length / rows).toBeLessThan(0.05);
  }
});

test("one Gaussian cannot: it has the right mean and deviation, and acts between the modes", async () => {
  const model = new PolicyModel({ policy: "gaussian", network: { ...toy, mlpDims: [32, 32] } });
  const weights = await fit(model, twoModes, training);
  for (const scale of [1, 0.5]) {
    const acted = pairs(sampled(model, weights, Array<number[]>(2000).fill([scale])));
    const mean = acted.reduce((sum, [x]) => sum + x!, 0) / 2000;
    const std = Math.sqrt(acted.reduce((sum, [x]) => sum + (x! - mean) ** 2, 0) / 2000);
    expect(Math.abs(mean)).toBeLessThan(0.06);
    expect(std / Math.sqrt((0.5 * scale) ** 2 + 0.1 ** 2)).toBeCloseTo(1, 1);
    expect(acted.filter(([x]) => Math.abs(x!) < 0.15 * scale).length / 2000).toBeGreaterThan(0.1);
  }
});
