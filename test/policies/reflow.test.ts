import { beforeAll, expect, test } from "vitest";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { Random } from "../../sdk/src/engine/random.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { flowMlp } from "../../sdk/src/nn/flow-mlp.js";
import { stepNoiseNet } from "../../sdk/src/nn/noise-net.js";
import type { TrainingBatch } from "../../sdk/src/policies/definition.js";
import { sampleFlow } from "../../sdk/src/policies/flow.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { reFlow, reFlowLoss, reFlowSteps } from "../../sdk/src/policies/reflow.js";
import { expectClose, wave } from "../nn/close.js";
import { expectCompiled } from "../nn/compiled.js";
import { expectFiniteDifferences, filledWeights, parameterCount, pretrainFormula } from "../nn/weights.js";
import { golden } from "../shared.js";
import { lossOf } from "./batches.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

/** `pretrain-golden.json`: B = 4, Ta = 2, Da = 3. */
const sizes = {
  horizonSteps: 2,
  actionDim: 3,
  condDim: 5,
  timeDim: 4,
  mlpDims: [8, 8, 8],
  activationType: "ReLU",
} as const;
const network = flowMlp({ ...sizes, mlpDims: [...sizes.mlpDims] });
const weights = () => filledWeights(network.parameters, pretrainFormula);
const noise = () => wave<tf.Tensor3D>([4, 2, 3], Math.cos, 1.1, 0.4);
const state = () => wave<tf.Tensor3D>([4, 1, 5], Math.cos, 0.3);
const batch = (): TrainingBatch => ({
  action: wave([4, 2, 3], Math.sin, 0.5, 0.2, 0.8),
  ...{ noise: noise(), state: state(), t: tf.tensor1d([0.2, 0.4, 0.6, 0.8]) },
});

test("velocity, loss and samples equal the reference", () => {
  const expected = golden("pretrain").reflow;
  expect(network.parameters.map(({ name }) => name)).toEqual(expected.param_order);
  const { action, t } = batch();
  const time = t!.reshape([-1, 1, 1]);
  const x: tf.Tensor3D = action.mul(time).add(noise().mul(tf.scalar(1).sub(time)));
  const condition = network.encoder.apply(weights(), { state: state() });
  expectClose(network.velocity(weights(), x, t as tf.Tensor1D, condition).velocity, expected.v);
  expectClose(lossOf(reFlowLoss(network, weights(), batch(), { dispersive: null })).loss, expected.loss);
  for (const [steps, sample] of Object.entries(expected.sample)) {
    const options = reFlow.configure();
    const got = sampleFlow(reFlowSteps, network, weights(), condition, noise(), options, { steps: Number(steps) });
    expectClose(got, sample as number[][][]);
  }
});

test("both grids of times", () => {
  const from = (steps: number, grid: "reference" | "even") =>
    reFlowSteps.times(steps, reFlow.configure({ grid })).map(([time]) => time);
  expect(from(1, "reference")).toEqual([0]);
  expect(from(5, "reference")).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(from(4, "even")).toEqual([0, 0.25, 0.5, 0.75]);
});

test("the loss of a row is its own, the dispersive term the batch's; gradients equal finite differences", () => {
  const { rows, batchwise } = reFlowLoss(network, weights(), batch(), reFlow.configure({ dispersive: {} }));
  expect(rows.shape).toEqual([4]);
  expect(batchwise!.dispersive.shape).toEqual([]);
  const alone = Object.fromEntries(Object.entries(batch()).map(([name, x]) => [name, x.slice(2, 1)])) as TrainingBatch;
  expectClose(reFlowLoss(network, weights(), alone, { dispersive: null }).rows, [rows.arraySync()[2]!]);
  const dispersive = reFlow.configure({ dispersive: { formulation: "paper", targetLayer: "late" } });
  // Smooth, so that differences converge.
  const smooth = flowMlp({ ...sizes, mlpDims: [...sizes.mlpDims], activationType: "Mish", condMlpDims: [6, 4] });
  const smoothWeights = filledWeights(smooth.parameters, pretrainFormula);
  expectFiniteDifferences((w) => lossOf(reFlowLoss(smooth, w, batch(), dispersive)).loss, smoothWeights);
});

test("times are uniform, logit-normal around a half, or beta towards noise", () => {
  const drawn = (times: Parameters<typeof reFlow.configure>[0]) => {
    const draws = reFlow.training.draws(reFlow.configure(times), network);
    const out = emptyDraws(draws, 4000);
    fillDraws(draws, out, new Random(2).stream("times"));
    return [...out.t!.data];
  };
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(drawn({}))).toBeCloseTo(0.5, 1);
  expect(mean(drawn({ times: { type: "logitNormal" } }))).toBeCloseTo(0.5, 1);
  // 0.999 (1 - b), b ~ Beta(1.5, 1) with mean 0.6; t = 0 is noise.
  const beta = drawn({ times: { type: "beta" } });
  expect(Math.abs(mean(beta) - 0.999 * 0.4)).toBeLessThan(0.02);
  expect(Math.max(...beta)).toBeLessThanOrEqual(0.999);
});

const model = new PolicyModel({ policy: "reflow", network: { ...sizes, condMlpDims: [6, 4] } });
const policyWeights = (path: ReturnType<typeof model.path>): Weights =>
  filledWeights([...model.network.parameters, ...path.parameters], (n, k) => 0.4 * Math.sin(1.3 * n + 0.7 * k + 0.1));
const controls = () => ({ minStd: tf.scalar(0.1), maxStd: tf.scalar(0.24) });

test.each([
  ["its embedding of time", {}, 4 + 4],
  ["a vector per step", { timeDimExplore: 6 }, 6 + 4],
  ["the condition alone", { useTimeIndependentNoise: true }, 4],
])("the noise net reads %s; a sampled chain has the density that it reports", (_, explorer, inputs) => {
  for (const [steps, ftDenoisingSteps] of [
    [1, 1],
    [4, 4],
    [4, 2],
  ] as const) {
    const path = model.path({ denoisingSteps: steps, ftDenoisingSteps }, explorer);
    const first = path.parameters.find(
      ({ name }) => name === "actor_ft.explore_noise_net.mlp_logvar.moduleList.0.linear_1.weight",
    );
    expect(first!.shape).toEqual([64, inputs]);
    const w = policyWeights(path);
    const condition = model.network.encoder.apply(w, { state: state() });
    const draws = { noise: wave([4, steps + 1, 2, 3], Math.sin, 1.7, 0.4, 2) };
    const sampled = path.sample(w, condition, draws, controls());
    const again = path.density(w, condition, sampled.stored, controls());
    expectClose(again.logProbability, (sampled.logProbability as tf.Tensor1D).arraySync(), 1e-5);
    expectClose(sampled.action, sampled.stored.chain!.slice([0, steps]).squeeze([1]).arraySync());
    const std = again.terms.noiseStd!.dataSync()[0]!;
    expect(std).toBeGreaterThan(0.1);
    expect(std).toBeLessThan(0.24);
  }
});

test("the density's gradients reach network, encoder and noise net, but not the embedding through the noise", () => {
  const path = model.path({ denoisingSteps: 2, clipIntermediateActions: false });
  const chain = wave([4, 3, 2, 3], Math.sin, 0.8, 0.1, 0.9);
  const density = (w: Weights) =>
    path.density(w, model.network.encoder.apply(w, { state: state() }), { chain }, controls());
  const { gradients } = valueAndGradients((w) => ({ loss: density(w).logProbability.mean() }), policyWeights(path));
  for (const [name, gradient] of Object.entries(gradients)) {
    expect(gradient.abs().sum().dataSync()[0], name).toBeGreaterThan(0);
  }
  const entropy = valueAndGradients((w) => ({ loss: density(w).entropy.mean() }), policyWeights(path)).gradients;
  expect(entropy["network.time_embedding.1.weight"]!.abs().sum().dataSync()[0]).toBe(0);
  expect(entropy["network.cond_mlp.moduleList.0.linear_1.weight"]!.abs().sum().dataSync()[0]).toBeGreaterThan(0);
});

test("compiled equals eager", async () => {
  const path = model.path({ denoisingSteps: 3 }, { timeDimExplore: 4 });
  const input = { weights: policyWeights(path), batch: batch(), noise: wave([4, 4, 2, 3], Math.sin, 1.7, 0.4, 2) };
  const all = ({ weights, batch, noise }: typeof input) => {
    const condition = model.network.encoder.apply(weights, batch);
    const { stored } = path.sample(weights, condition, { noise }, controls());
    return {
      loss: valueAndGradients((w) => model.loss(w, batch), weights),
      density: path.density(weights, condition, stored, controls()).logProbability,
      action: model.sample(weights, batch, { noise: batch.noise! }, { steps: 4 }),
    };
  };
  await expectCompiled(all, input, 1e-4);
});

test("hopper's network has as many parameters as the release's; weights tell their network", () => {
  const hopper = flowMlp({ horizonSteps: 4, actionDim: 3, condDim: 11, mlpDims: [512, 512, 512] }, "network.");
  const head = 512 * (12 + 16 + 11) + 512 + 2 * (512 * 512 + 512) + 12 * 512 + 12;
  expect(parameterCount(hopper.parameters)).toBe(32 * 16 + 32 + 16 * 32 + 16 + head);
  const shapes = new Map(hopper.parameters.map(({ name, shape }) => [name, shape]));
  expect(reFlow.networks.mlp!.infer(shapes, "network.", "file")).toEqual({
    chunk: { size: 12 },
    stateSize: 11,
    options: { timeDim: 16, condMlpDims: null, mlpDims: [512, 512, 512], useLayernorm: false, residualStyle: true },
  });
  const withR = new Map([...shapes, ["network.r_embedding.1.weight", [32, 16]]]);
  expect(() => reFlow.networks.mlp!.infer(withR, "network.", "file")).toThrow(/r_embedding/);
});

test("a noise net's vectors are chosen by the step of each row", () => {
  const net = stepNoiseNet({ timeDimExplore: 3, noiseHiddenDims: [5] }, network, 2);
  const w = filledWeights(net.parameters, (n, k) => Math.sin(n + k));
  const input = [wave<tf.Tensor3D>([2, 2, 3], Math.sin, 1), tf.tensor1d([0, 0]), tf.zeros<tf.Rank.R2>([2, 5])] as const;
  const at = (step: number[]) => net.logStd(w, ...input, { min: 0.1, max: 1 }, step).arraySync();
  const [both, first, second] = [at([0, 1]), at([0]), at([1])];
  expect(both[0]).toEqual(first[0]);
  expect(both[1]).toEqual(second[1]);
  expect(first[0]).not.toEqual(second[0]);
});
