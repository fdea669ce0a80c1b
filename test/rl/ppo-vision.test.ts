// PPO with pictures: it learns what only they tell, keeps them as bytes, moves them, sums gradients, and refuses what does not fit.
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { shifted } from "../../sdk/src/engine/operations.js";
import { tf } from "../../sdk/src/engine/tensor.js";
import { VectorEnv } from "../../sdk/src/envs/vector-env.js";
import { PolicyDescription } from "../../sdk/src/experiments/policy-description.js";
import { scratchPolicy } from "../../sdk/src/experiments/scratch-policy.js";
import type { StageSetup } from "../../sdk/src/learning/stage.js";
import { fillShifts, SHIFT } from "../../sdk/src/nn/vision-encoder.js";
import { ownCritic } from "../../sdk/src/nn/critic.js";
import { findPolicy, type PolicyName } from "../../sdk/src/policies/registry.js";
import { shiftPictures } from "../../sdk/src/rl/augmentation.js";
import { grpo } from "../../sdk/src/rl/grpo.js";
import { ppo } from "../../sdk/src/rl/ppo.js";
import looking from "../envs/fixtures/looking.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const COUNT = 16;
const eyes = { backbone: { embedStyle: "embed1", embedDim: 16, numHeads: 2 }, spatialEmb: 16 } as const;

async function setup(policy: PolicyName, network: object): Promise<StageSetup> {
  const described = new PolicyDescription(findPolicy(policy), {}, { horizonSteps: 1, mlpDims: [32], ...network });
  const base = await scratchPolicy(described, looking, 3);
  const imageSteps = base.space.rgb?.[0];
  const environments = await VectorEnv.create({
    ...{ env: looking, count: COUNT, seed: 5, actionSteps: 1, condSteps: 1, imageSteps, workers: 0 },
  });
  onTestFinished(() => environments.close());
  return { base, environments, seed: 7, compile: { threads: 1 } };
}

const quick = {
  ...{ iterations: 21, steps: 8, batchSize: 64, updateEpochs: 4, valFreq: 20, evaluationEpisodes: 32 },
  ...{ gamma: 0, gaeLambda: 0, actorLr: 5e-3, criticLr: 5e-3, targetKl: null, nCriticWarmupItr: 1, entCoef: 0 },
  ...{ critic: { mlpDims: [32], ...eyes } },
};
const gaussian = { type: "vit", ...eyes, fixedStd: 0.3, learnFixedStd: true, stdMin: 0.1 };

test("a Gaussian policy learns to point at what only it sees", async () => {
  const { curve, best } = await ppo.train(await setup("gaussian", gaussian), quick);
  expect(curve[0]!.episodes.return.mean).toBeLessThan(-4);
  // Four steps of an expected -2/3 each are the best that can be done without looking.
  expect(best!.episodes.return.mean).toBeGreaterThan(-1);
});

test("pictures are moved as networks move them, each its own way", () => {
  const [rows, shape] = [5, [2, 3, 8, 8]];
  const pictures = Uint8Array.from({ length: rows * 2 * 3 * 64 }, (_, i) => (i * i * 7) % 256);
  const offsets = fillShiftsOf(2 * rows * 2);
  const want = shifted(tf.tensor4d(pictures, [rows * 2, 3, 8, 8]), tf.tensor2d(offsets, [rows * 2, 2]), SHIFT);
  shiftPictures(pictures, shape, new Random(4).stream("moves"));
  expect([...pictures]).toEqual([...want.dataSync()]);
  expect(new Set(offsets).size).toBeGreaterThan(5);
});

function fillShiftsOf(count: number): Float32Array {
  const out = new Float32Array(count);
  fillShifts(out, new Random(4).stream("moves"));
  return out;
}

const once = { ...quick, iterations: 1, forceTrain: true, updateEpochs: 1, nCriticWarmupItr: 0 };

test.each([
  ["gaussian", gaussian, {}],
  ["meanflow", { type: "vit", ...eyes, timeDim: 4, rEmbeddingDim: 4 }, { noiseNet: { noiseHiddenDims: [8] } }],
] as const)(
  "moved pictures have densities of their own: %s begins with a ratio of 1",
  async (policy, network, more) => {
    const all = { ...once, ...more, batchSize: COUNT * 8, augment: true };
    const { curve } = await ppo.train(await setup(policy, network), all);
    const { ratio, approxKl } = curve[0]!.update as unknown as Record<string, number>;
    expect(ratio).toBeCloseTo(1, 4);
    expect(Math.abs(approxKl!)).toBeLessThan(1e-4);
  },
);

test("gradients of several minibatches are summed before a step, and those that are left are dropped", async () => {
  const settings = { ...once, critic: { mlpDims: [8], ...eyes } };
  const trained = async (more: object) => {
    const stage = await setup("gaussian", gaussian);
    const { sets } = await ppo.train(stage, { ...settings, ...more });
    return { before: stage.base.weights, after: sets.policy! };
  };
  const never = await trained({ batchSize: 64, gradAccumulate: 3 });
  expect(never.after).toEqual(never.before);
  const [two, one] = [await trained({ batchSize: 64, gradAccumulate: 2 }), await trained({ batchSize: 64 })];
  expect(two.after).not.toEqual(two.before);
  expect(two.after).not.toEqual(one.after);
});

test("a frozen encoder stays as it is to the bit, and what it sees is learned from", async () => {
  const stage = await setup("gaussian", gaussian);
  const frozen = { ...quick, iterations: 11, valFreq: 10, freezeEncoder: true, critic: { mlpDims: [32] } };
  const { sets, curve } = await ppo.train(stage, frozen);
  const { layout, network } = stage.base.model;
  const eyesOf = new Set(network.encoder.parameters.map(({ name }) => name));
  const [before, after] = [stage.base.weights, sets.policy!].map((weights) => layout.views(weights));
  const changed = layout.specs.filter(({ name }) =>
    before![name]!.data.some((value, i) => value !== after![name]!.data[i]),
  );
  expect(eyesOf.size).toBeGreaterThan(5);
  expect(changed.map(({ name }) => name).filter((name) => eyesOf.has(name))).toEqual([]);
  expect(changed.length).toBeGreaterThan(2);
  expect(curve.at(-1)!.episodes.return.mean).toBeGreaterThan(curve[0]!.episodes.return.mean);
});

test.each([
  ["gaussian", gaussian, {}],
  ["meanflow", { type: "vit", ...eyes, timeDim: 4, rEmbeddingDim: 4 }, { noiseNet: { noiseHiddenDims: [8] } }],
] as const)(
  "kept encodings are what the encoder makes of the pictures: %s begins with a ratio of 1",
  async (policy, network, more) => {
    const all = { ...once, ...more, batchSize: COUNT * 8, critic: { mlpDims: [32] } };
    const stage = await setup(policy, network);
    const { curve, sets } = await ppo.train(stage, { ...all, maxGradNorm: null, freezeEncoder: true });
    const { ratio, approxKl } = curve[0]!.update as unknown as Record<string, number>;
    expect(ratio).toBeCloseTo(1, 4);
    expect(Math.abs(approxKl!)).toBeLessThan(1e-4);
    expect(sets.policy).not.toEqual(stage.base.weights);
  },
);

test("the critic has eyes of its own, named as the reference's, and may begin elsewhere than at 0", () => {
  const seen = { state: [1, 9], rgb: [1, 6, 96, 96] } as const;
  const { parameters } = ownCritic({ numImg: 2, outBiasInit: 4 }, seen, "critic.");
  const names = parameters.map(({ name }) => name);
  expect(names.slice(0, 4)).toEqual(["weight", "bias"].flatMap((kind) => [`critic.Q1.layers.0.${kind}`]).concat(["critic.Q1.layers.1.l1.weight", "critic.Q1.layers.1.l1.bias"])); // prettier-ignore
  expect(names).toEqual(expect.arrayContaining(["critic.backbone.vit.pos_embed", "critic.compress1.weight", "critic.compress2.input_proj.0.weight"])); // prettier-ignore
  const shapes = Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]));
  expect(shapes["critic.Q1.layers.0.weight"]).toEqual([256, 2 * 128 + 9]);
  const bias = new Float32Array(1);
  parameters.find(({ name }) => name === "critic.Q1.layers.2.bias")!.initialise(bias, [1], new Random(0).stream("x"));
  expect(bias[0]).toBe(4);
});

test("what does not fit is refused", async () => {
  const [seeing, blind] = [await setup("gaussian", gaussian), await setup("gaussian", { fixedStd: 0.3 })];
  await expect(ppo.train(blind, { ...once, augment: true })).rejects.toThrow(/augment: is true[^]*sees? no pictures/);
  const frozen = { ...once, freezeEncoder: true };
  await expect(ppo.train(blind, frozen)).rejects.toThrow(/freezeEncoder: is true[^]*sees? no pictures/);
  await expect(ppo.train(seeing, { ...frozen, augment: true })).rejects.toThrow(
    /augment: is true[^]*each picture once/,
  );
  await expect(ppo.train(seeing, { ...frozen, actorWeightDecay: 0.1 })).rejects.toThrow(
    /actorWeightDecay: 0.1[^]*0 with/,
  );
  const wrong = { ...once, critic: { ...once.critic, type: "mlp" } } as const;
  await expect(ppo.train(seeing, wrong)).rejects.toThrow(/critic: is "mlp"[^]*"vit", as the policy sees pictures/);
  await expect(grpo.train(seeing, {})).rejects.toThrow(/sees pictures/);
});
