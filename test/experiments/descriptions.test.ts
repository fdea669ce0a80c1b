// The fluent API without any training: what descriptions and algorithms hand to a run.
import { beforeEach, expect, test, vi } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import * as algorithms from "../../sdk/src/experiments/algorithms.js";
import { Gaussian, MeanFlow } from "../../sdk/src/experiments/policies.js";
import { runFineTuning } from "../../sdk/src/experiments/runs/finetuning.js";
import { runPretraining } from "../../sdk/src/experiments/runs/pretraining.js";
import { scratchPolicy } from "../../sdk/src/experiments/scratch-policy.js";
import { pretrainOptions } from "../../sdk/src/pretrain/options.js";
import { ppo } from "../../sdk/src/rl/ppo.js";
import { ppoPresets } from "../../sdk/src/rl/ppo-presets.js";
import { sac } from "../../sdk/src/rl/sac.js";

vi.mock(import("../../sdk/src/experiments/runs/pretraining.js"), async (original) => ({
  ...(await original()),
  runPretraining: vi.fn(),
}));
vi.mock(import("../../sdk/src/experiments/runs/finetuning.js"), async (original) => ({
  ...(await original()),
  runFineTuning: vi.fn(),
}));
beforeEach(() => void vi.clearAllMocks());

const { GRPO, PPO, SAC } = algorithms;
const data = Dataset.from({
  observations: Array.from({ length: 6 }, () => Array<number>(11).fill(1)),
  actions: Array.from({ length: 6 }, () => [0, 1, 2]),
  episodeLengths: [6],
});
const small = MeanFlow.improved().withNetwork({ mlpDims: [8] });
const policy = await scratchPolicy(small, "hopper-v2", 3);

test("every with...() adds to what was said", () => {
  const described = MeanFlow.improved({ flowRatio: 0.5 })
    .withDispersive({ weight: 0.25 })
    .withTimes({ type: "beta", a: 2, b: 1 })
    .withObjective({ flowRatio: 0.75 })
    .withNetwork({ mlpDims: [8], horizonSteps: 2 })
    .withNetwork({ condSteps: 3 });
  const { spec } = described.for(data);
  expect(spec).toMatchObject({
    policy: "meanflow",
    options: {
      ...{ tangent: "predicted", flowRatio: 0.75, dispersive: { weight: 0.25 } },
      times: { type: "beta", a: 2, b: 1 },
    },
    network: { mlpDims: [8], horizonSteps: 2, actionDim: 3, condDim: 33 },
  });
  expect(MeanFlow.standard().for(data).spec.network).toMatchObject({ horizonSteps: 4, condDim: 11 });
  expect(() => MeanFlow.standard().withObjective({ flowRatio: 2 })).toThrow(/flowRatio/);
  expect(() => MeanFlow.improved({ flowRatio: 2 })).toThrow(/flowRatio/);
  expect(() => Gaussian.standard().withDispersive()).toThrow(/dispersive/);
});

test("a network that sees is as large as the pictures of the data, and as many as it is to see", () => {
  const network = { type: "vit", mlpDims: [8], backbone: { depth: 1, embedDim: 8, numHeads: 2 }, imgCondSteps: 2 };
  const seen = { observationDimension: 11, actionDimension: 3, images: { shape: [3, 32, 32] as const } };
  expect(MeanFlow.standard().withNetwork(network).for(seen).spec.network).toMatchObject({
    ...{ type: "vit", imgCondSteps: 2, imgChannels: 3, imgSize: 32, condDim: 11, actionDim: 3 },
  });
});

test("pre-training: its options, how tests are played, how the run is controlled", async () => {
  const control = { folder: null, threads: 1, device: "wasm" };
  await small.pretrain(data, { epochs: 3, seed: 5, ...control });
  expect(vi.mocked(runPretraining).mock.calls).toEqual([
    [
      {
        model: expect.objectContaining({ spec: small.for(data).spec }),
        data,
        training: pretrainOptions.parse({ epochs: 3, seed: 5 }),
        test: { env: data.name, episodes: 40, denoisingSteps: 1, initialNoise: "sampled", seed: 5 },
        resumePath: undefined,
      },
      control,
    ],
  ]);
  const test = { episodes: 2, initialNoise: "zero", denoisingSteps: 3 } as const;
  await small.pretrain(data, { env: "hopper-v2", test, resumePath: "x.safetensors" });
  expect(vi.mocked(runPretraining).mock.calls[1]![0]).toMatchObject({
    test: { env: "hopper-v2", seed: 42, ...test },
    resumePath: "x.safetensors",
  });
});

test("fine-tuning: the preset, then what was said; where and how it acts, how the run is controlled", async () => {
  const settings = {
    ...{ environments: 2, actionSteps: 1, maxEpisodeSteps: 3, successThreshold: 4, seed: 5, saveEvery: 6 },
    ...{ films: { every: 1, episodes: 1 }, resumePath: "x.safetensors" },
  };
  const control = { folder: null, threads: 1 };
  await PPO.finetune(policy, { env: "walker2d-v2", iterations: 3, ...settings, ...control });
  expect(vi.mocked(runFineTuning).mock.calls).toEqual([
    [
      {
        ...{ algorithm: ppo, base: policy, env: "walker2d-v2", ...settings },
        learning: { ...ppoPresets.quick, iterations: 3 },
      },
      control,
    ],
  ]);
  await PPO.finetune(policy);
  expect(vi.mocked(runFineTuning).mock.calls[1]).toEqual([
    { algorithm: ppo, base: policy, env: "hopper-v2", learning: ppoPresets.quick },
    {},
  ]);
  await PPO.finetune(policy, { preset: "thorough" });
  expect(vi.mocked(runFineTuning).mock.calls[2]![0].learning).toEqual(ppoPresets.thorough);
});

test("a preset leaves out what the policy's path does not have", async () => {
  const gaussian = await scratchPolicy(Gaussian.standard().withNetwork({ mlpDims: [8] }), "hopper-v2", 3);
  await PPO.finetune(gaussian, { preset: "reference" });
  const { learning } = vi.mocked(runFineTuning).mock.calls[0]![0];
  const { denoisingSteps: _, ...others } = ppoPresets.reference;
  expect(learning).toEqual(others);
});

test.each([
  ["quik", '\n  did you mean "quick"?'],
  ["entirely else", ""],
])("the preset %s", async (preset, remedy) => {
  await expect(PPO.finetune(policy, { preset: preset as "quick" })).rejects.toMatchObject({
    code: "DMPO_OPTIONS",
    message: `preset: "${preset}"\n  expected one of quick, thorough, scratch, reference${remedy}`,
  });
});

test("SAC: a squashed Gaussian of one action, from scratch, in one environment", async () => {
  await SAC.train({ env: "hopper-v2", iterations: 3, folder: null });
  const [{ base, ...settings }, control] = vi.mocked(runFineTuning).mock.calls[0]!;
  expect(settings).toEqual({ algorithm: sac, env: "hopper-v2", environments: 1, learning: { iterations: 3 } });
  expect(control).toEqual({ folder: null });
  expect(base.model.spec).toMatchObject({
    policy: "gaussian",
    options: { tanhOutput: true },
    network: {
      ...{ horizonSteps: 1, mlpDims: [256, 256], activationType: "ReLU", tanhOutput: false },
      ...{ stdMin: 6.7e-3, stdMax: 7.3891, actionDim: 3, condDim: 11 },
    },
  });
  const own = Gaussian.standard().withNetwork({ mlpDims: [8] });
  await SAC.train({ env: "hopper-v2", policy: own, seed: 5, environments: 2 });
  const [second] = vi.mocked(runFineTuning).mock.calls[1]!;
  expect(second).toMatchObject({ seed: 5, environments: 2, learning: {} });
  expect(second.base.weights).toEqual((await scratchPolicy(own, "hopper-v2", 5)).weights);
  await SAC.train({ env: "hopper-v2", policy: own });
  const [third] = vi.mocked(runFineTuning).mock.calls[2]!;
  expect(third.base.weights).toEqual((await scratchPolicy(own, "hopper-v2", 42)).weights);
});

test.each([
  ["PPO", PPO, "gaussian", { horizonSteps: 1, learnFixedStd: true, activationType: "Tanh" }, 8, ppoPresets.scratch],
  ["GRPO", GRPO, "gaussian", { horizonSteps: 1, learnFixedStd: true }, 40, {}],
  ...(["AWR", "RWR", "DQL", "IDQL", "QSM", "DIPO"] as const).map(
    (name) => [name, algorithms[name], "diffusion", { horizonSteps: 4 }, 40, {}] as const,
  ),
] as const)("%s begins with fresh weights too", async (_, algorithm, policy, network, environments, learning) => {
  await algorithm.train({ env: "hopper-v2", iterations: 3, folder: null });
  const [{ base, ...settings }] = vi.mocked(runFineTuning).mock.calls[0]!;
  expect(settings).toMatchObject({ env: "hopper-v2", environments, learning: { ...learning, iterations: 3 } });
  expect(base.model.spec).toMatchObject({ policy, network });
});

test("fresh policies see and answer with raw numbers, or by the statistics that are given", async () => {
  expect(policy.environment).toBe("hopper-v2");
  const { observationMin, observationMax, actionMin, actionMax } = policy.normalization;
  expect([observationMin, observationMax, actionMin, actionMax].map((bound) => [bound.length, bound[0]])).toEqual([
    [11, -1],
    [11, 1],
    [3, -1],
    [3, 1],
  ]);
  const { normalization } = data;
  expect((await scratchPolicy(small, "hopper-v2", 3, normalization)).normalization).toBe(normalization);
});
