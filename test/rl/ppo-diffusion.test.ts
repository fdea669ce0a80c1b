// PPO over the steps of diffusion: several decisions per chunk, and a part of the policy that stays as it was.
import { expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { tf } from "../../sdk/src/engine/tensor.js";
import type { BoundPath } from "../../sdk/src/policies/definition.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { diffusionPath } from "../../sdk/src/policies/diffusion-path.js";
import { ppo, ppoLoss } from "../../sdk/src/rl/ppo.js";
import { FakeEnvironments } from "./fake-environments.js";
import { stateAfter } from "./stopped-run.js";

function basePolicy(options: Record<string, unknown> = {}): TrainedPolicy {
  const sizes = { horizonSteps: 1, actionDim: 1, condDim: 2, timeDim: 4, mlpDims: [16, 16, 16], condMlpDims: [8, 4] };
  const model = new PolicyModel({ policy: "diffusion", options: { denoisingSteps: 5, ...options }, network: sizes });
  const range = (size: number) => [new Float32Array(size).fill(-1), new Float32Array(size).fill(1)] as const;
  const [observationMin, observationMax] = range(2);
  const [actionMin, actionMax] = range(1);
  return new TrainedPolicy({
    model,
    weights: model.layout.initialise(new Random(1).stream("weights")),
    environment: "fake",
    normalization: { observationMin, observationMax, actionMin, actionMax },
  });
}

const setup = (options: Record<string, unknown> = {}) => ({
  base: basePolicy(options),
  environments: new FakeEnvironments({ reward: ([action]) => action! }),
  seed: 7,
  compile: { threads: 1 },
});
const short = {
  ...{ iterations: 3, steps: 6, batchSize: 16, updateEpochs: 2, nCriticWarmupItr: 0, forceTrain: true },
  ...{ critic: { mlpDims: [16] }, targetKl: null, actorLr: 1e-3 },
};

test.each([
  ["all steps", {}, {}],
  ["the last 2", {}, { ftDenoisingSteps: 2 }],
  ["DDIM with learned noise", { useDdim: true, ddimSteps: 2 }, { learnEta: true }],
  ["the density of the flow", {}, { density: "flow", ftDenoisingSteps: 3 }],
] as const)("every update begins with ratio 1: %s", async (_, options, path) => {
  for (const likelihood of ["summed", "reference"] as const) {
    const { curve } = await ppo.train(setup(options), { ...short, ...path, likelihood });
    for (const { update } of curve) expect(Math.abs(update!.firstRatio! - 1)).toBeLessThan(1e-4);
  }
});

test("the copy of the network stays as it was, whatever the decay; the rest learns", async () => {
  const { base } = setup();
  const { last } = await ppo.train(setup(), { ...short, ftDenoisingSteps: 2, actorWeightDecay: 0.5 });
  expect(last.model.spec.options).toMatchObject({ ftDenoisingSteps: 2 });
  const [before, after] = [base.model.views(base.weights), last.model.views(last.weights)];
  for (const [name, { data }] of Object.entries(before)) {
    expect(after[`pretrained.${name}`]!.data).toEqual(data);
    expect(after[name]!.data).not.toEqual(data);
  }
  // Trained on, it keeps the first copy; with other options it is the base again.
  const again = await ppo.train({ ...setup(), base: last }, { ...short, iterations: 1, ftDenoisingSteps: 2 });
  const copy = again.last.model.views(again.last.weights);
  for (const [name, { data }] of Object.entries(before)) expect(copy[`pretrained.${name}`]!.data).toEqual(data);
  expect(last.withOptions({ ftDenoisingSteps: null }).weights).toHaveLength(base.weights.length);
});

test("resumed equals uninterrupted", async () => {
  const options = { ...short, iterations: 4, ftDenoisingSteps: 2, resetAtIteration: true };
  const whole = await ppo.train(setup(), options);
  const saved = await stateAfter(2, (context) => ppo.train(setup(), options, context));
  const resumed = await ppo.train(setup(), options, { resume: saved });
  expect(resumed.last.weights).toEqual(whole.last.weights);
  expect(resumed.curve.map((row) => ({ ...row, seconds: 0 }))).toEqual(
    whole.curve.map((row) => ({ ...row, seconds: 0 })),
  );
});

test("each decision has its own clip in the loss", () => {
  const rows = {
    logProb: tf.tensor1d([0.3, 0.3]),
    oldLogProb: tf.tensor1d([0, 0]),
    advantage: tf.tensor1d([1, 1]),
    entropy: tf.zeros<tf.Rank.R1>([2]),
  };
  const options = { clipPlossCoef: 0.2, logProbRange: null, entCoef: 0 };
  const loss = (clip?: tf.Tensor) => ppoLoss({ ...rows, ...(clip && { clip }) }, options);
  expect(loss().policyLoss.dataSync()[0]).toBeCloseTo(-1.2, 5);
  expect(loss(tf.tensor1d([0.1, 0.3])).policyLoss.dataSync()[0]).toBeCloseTo(-(1.1 + 1.3) / 2, 5);
  expect(loss(tf.tensor1d([0.1, 0.5])).clipFraction.dataSync()[0]).toBe(0.5);
});

test("clips and discounts of the path reach the update", async () => {
  const weightsWith = async (path: object) => (await ppo.train(setup(), { ...short, ...path })).last.weights;
  const plain = await weightsWith({ gammaDenoising: 1 });
  expect(await weightsWith({ gammaDenoising: 1, clipPlossCoefBase: 0.2 })).toEqual(plain);
  expect(await weightsWith({ gammaDenoising: 0.5 })).not.toEqual(plain);
  expect(await weightsWith({ gammaDenoising: 1, clipPlossCoefBase: 1e-4 })).not.toEqual(plain);
  const path: BoundPath = basePolicy().model.path({ gammaDenoising: 0.5 });
  expect(path.unitDiscounts).toEqual([0.0625, 0.125, 0.25, 0.5, 1]);
  expect(diffusionPath.policyOptions!({})).toEqual({});
});
