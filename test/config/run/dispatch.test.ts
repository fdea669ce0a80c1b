// What runs receive of a configuration: each override changes what it names, and nothing else.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import { saveCheckpoint } from "../../../sdk/src/checkpoints/checkpoint.js";
import { runExperiment } from "../../../sdk/src/config/run/dispatch.js";
import { resolveExperiment } from "../../../sdk/src/config/run/experiment.js";
import { Dataset } from "../../../sdk/src/data/dataset.js";
import { Random } from "../../../sdk/src/engine/random.js";
import { MeanFlow } from "../../../sdk/src/experiments/policies.js";
import { evaluate } from "../../../sdk/src/experiments/runs/evaluation.js";
import { filmMaker } from "../../../sdk/src/experiments/runs/films.js";
import { runFineTuning } from "../../../sdk/src/experiments/runs/finetuning.js";
import { runPretraining } from "../../../sdk/src/experiments/runs/pretraining.js";
import { policyRecord, TrainedPolicy } from "../../../sdk/src/policies/trained-policy.js";
import { temporaryFolder } from "../../data/temporary-folder.js";

vi.mock(import("../../../sdk/src/experiments/runs/pretraining.js"), async (original) => ({
  ...(await original()),
  runPretraining: vi.fn(),
}));
vi.mock(import("../../../sdk/src/experiments/runs/finetuning.js"), async (original) => ({
  ...(await original()),
  runFineTuning: vi.fn(),
}));
vi.mock(import("../../../sdk/src/experiments/runs/evaluation.js"), async (original) => ({
  ...(await original()),
  evaluate: vi.fn(),
}));
vi.mock(import("../../../sdk/src/experiments/runs/films.js"), async (original) => ({
  ...(await original()),
  filmMaker: vi.fn(),
}));

const folder = temporaryFolder();
const checkpoint = join(folder, "policy.safetensors");

beforeAll(async () => {
  const data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(3);
  await data.save(join(folder, "data"));
  const twoSteps = (width: number) => [0, 1].map((value) => Array<number>(width).fill(value));
  const other = Dataset.from({ observations: twoSteps(11), actions: twoSteps(3), episodeLengths: [2] });
  await other.save(join(folder, "other"));
  const model = MeanFlow.standard()
    .withNetwork({ mlpDims: [8] })
    .for(data);
  const [trained, averaged] = [1, 2].map((seed) => model.layout.initialise(new Random(seed).stream("weights")));
  const policy = new TrainedPolicy({
    model,
    weights: trained!,
    normalization: data.normalization,
    environment: "hopper-v2",
  });
  await saveCheckpoint(checkpoint, policyRecord(policy, { model: trained!, ema: averaged! }));
});
beforeEach(() => {
  vi.clearAllMocks();
  vi.mocked(evaluate).mockResolvedValue({
    save: async (target: string) => (mkdirSync(target, { recursive: true }), target),
  } as never);
  vi.mocked(filmMaker).mockReturnValue(async () => {});
});

let runs = 0;

/** Everything that the room of the stage was called with, by dotted path. */
async function received(directory: string, name: string, overrides: readonly string[]) {
  const target = join(folder, `run-${++runs}`);
  vi.clearAllMocks();
  const experiment = resolveExperiment(directory, name, [`logdir=${target}`, ...overrides], { environment: {} });
  await runExperiment(experiment, { signal: undefined });
  const calls = [runPretraining, runFineTuning, evaluate, filmMaker].flatMap(
    (room) => vi.mocked<(...all: never[]) => unknown>(room).mock.calls,
  );
  const found = new Map<string, unknown>();
  calls.forEach((call, i) => [...call].forEach((argument, j) => collect(found, `${i}.${j}`, argument, target)));
  return found;
}

function collect(found: Map<string, unknown>, path: string, value: unknown, target: string): void {
  if (typeof value === "string") found.set(path, value.replaceAll(target, "<logdir>"));
  else if (value instanceof Dataset) {
    found.set(path, `${value.episodeLengths.length} episodes`);
    found.set(`${path}.statistics`, value.normalization.observationMin[0]);
  } else if (value instanceof TrainedPolicy) found.set(path, value.weights[0]);
  else if (typeof value === "function") found.set(path, "function");
  else if (typeof value !== "object" || value === null) found.set(path, value);
  // Compiled networks and option schemas have no settings of their own.
  else if ("spec" in value) collect(found, path, value.spec, target);
  else if ("options" in value && "run" in value) found.set(path, (value as { name?: string }).name);
  else for (const [key, inner] of Object.entries(value)) collect(found, `${path}.${key}`, inner, target);
}

/** What differs, and its new value. */
function changes(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  const differing = paths.filter((path) => !Object.is(before.get(path), after.get(path)));
  return Object.fromEntries(differing.map((path) => [path, after.get(path)]));
}

const pretrain = "cfg/gym/pretrain/hopper-medium-v2 pre_improved_meanflow_dispersive_mlp";
const finetune = "cfg/gym/finetune/hopper-v2 ft_ppo_meanflow_mlp";
const evaluation = "cfg/gym/eval/hopper-medium-v2 eval_meanflow_mlp";
const always: Readonly<Record<string, readonly string[]>> = {
  [pretrain]: ["name=x", `train_dataset_path=${folder}/data/train.npz`],
  [finetune]: ["name=x", `base_policy_path=${checkpoint}`],
  [evaluation]: ["name=x", `base_policy_path=${checkpoint}`, "env.save_video=True"],
};

test.each<[string, string, Record<string, unknown>]>([
  [pretrain, "max_n_episodes=2", { "0.0.data": "2 episodes" }],
  [pretrain, `normalization_path=${folder}/other/normalization.npz`, { "0.0.data.statistics": 0 }],
  [pretrain, "train.update_ema_freq=7", { "0.0.training.ema.every": 7 }],
  [pretrain, "train.epoch_start_ema=3", { "0.0.training.ema.startEpoch": 3 }],
  [pretrain, "ema.decay=0.5", { "0.0.training.ema.decay": 0.5 }],
  [pretrain, "train.learning_rate=0.5", { "0.0.training.learningRate": 0.5 }],
  [pretrain, "train.lr_scheduler.warmup_steps=2", { "0.0.training.schedule.warmup": 2 }],
  [pretrain, "train.save_model_freq=3", { "0.0.training.saveEvery": 3 }],
  [pretrain, "test_in_mujoco=False", { "0.0.training.testInMujoco": false }],
  [pretrain, "seed=1", { "0.0.training.seed": 1, "0.0.test.seed": 1 }],
  [pretrain, "n_episodes=5", { "0.0.test.episodes": 5 }],
  [pretrain, "initial_noise=zero", { "0.0.test.initialNoise": "zero" }],
  [pretrain, "denoising_steps=3", { "0.0.test.denoisingSteps": 3 }],
  [pretrain, "act_steps=2", { "0.0.test.actionSteps": 2 }],
  [pretrain, "env.n_envs=3", { "0.0.test.environments": 3 }],
  [pretrain, "env.max_episode_steps=9", { "0.0.test.maxEpisodeSteps": 9 }],
  [pretrain, "env.best_reward_threshold_for_success=5", { "0.0.test.successThreshold": 5 }],
  [pretrain, "dispersive.weight=0.125", { "0.0.model.options.dispersive.weight": 0.125 }],
  [pretrain, "model.flow_ratio=0.25", { "0.0.model.options.flowRatio": 0.25 }],
  [pretrain, "model.network.time_dim=8", { "0.0.model.network.timeDim": 8 }],
  [pretrain, "horizon_steps=6", { "0.0.model.network.horizonSteps": 6, "0.0.test.actionSteps": 6 }],
  [pretrain, "cond_steps=2", { "0.0.model.network.condDim": 22 }],
  [pretrain, `resume_path=${checkpoint}`, { "0.0.resumePath": checkpoint }],
  [pretrain, "device=cuda:1", { "0.1.device": "cuda:1" }],

  [finetune, "env.n_envs=3", { "0.0.environments": 3 }],
  [finetune, "env.max_episode_steps=9", { "0.0.maxEpisodeSteps": 9 }],
  [finetune, "env.best_reward_threshold_for_success=5", { "0.0.successThreshold": 5 }],
  [finetune, "act_steps=2", { "0.0.actionSteps": 2 }],
  [finetune, "env_name=hopper-v2", { "0.0.env": "hopper-v2" }],
  [finetune, "seed=1", { "0.0.seed": 1 }],
  [finetune, "train.save_model_freq=3", { "0.0.saveEvery": 3 }],
  [finetune, "train.gamma=0.5", { "0.0.learning.gamma": 0.5 }],
  [finetune, "train.n_train_itr=5", { "0.0.learning.iterations": 5 }],
  [finetune, "min_std=0.125", { "0.0.learning.noise.minStd": 0.125 }],
  [finetune, "denoising_steps=2", { "0.0.learning.denoisingSteps": 2 }],
  [finetune, "model.noise_std_map=clamp", { "0.0.learning.noiseNet.stdMap": "clamp" }],
  [finetune, "env.save_video=True", { "0.0.films": undefined, "0.0.films.every": 10, "0.0.films.episodes": 1 }],
  [finetune, `resume_path=${checkpoint}`, { "0.0.resumePath": checkpoint }],
  [finetune, "device=wasm", { "0.1.device": "wasm" }],

  [evaluation, "clip_intermediate_actions=False", { "0.1.clipIntermediate": false, "1.1.clipIntermediate": false }],
  [evaluation, "n_episodes=5", { "0.1.episodes": 5 }],
  [evaluation, "render_num=3", { "1.1.episodes": 3 }],
  [evaluation, "initial_noise=zero", { "0.1.initialNoise": "zero", "1.1.initialNoise": "zero" }],
  [evaluation, "act_steps=2", { "0.1.actionSteps": 2, "1.1.actionSteps": 2 }],
  [evaluation, "env.n_envs=3", { "0.1.environments": 3, "1.1.environments": 3 }],
  [evaluation, "env.max_episode_steps=9", { "0.1.maxEpisodeSteps": 9, "1.1.maxEpisodeSteps": 9 }],
  [evaluation, "env.best_reward_threshold_for_success=5", { "0.1.successThreshold": 5, "1.1.successThreshold": 5 }],
  [evaluation, "seed=1", { "0.1.seed": 1, "1.1.seed": 1 }],
  [evaluation, "device=webgpu", { "0.1.device": "webgpu", "1.2.device": "webgpu" }],
])("%s %s", async (file, override, expected) => {
  const [directory, name] = file.split(" ") as [string, string];
  const before = await received(directory, name, always[file]!);
  expect(before.size).toBeGreaterThan(10);
  expect(changes(before, await received(directory, name, [...always[file]!, override]))).toEqual(expected);
});

test("load_ema chooses between the averaged weights and those as trained", async () => {
  const [directory, name] = evaluation.split(" ") as [string, string];
  const [averaged, trained] = [
    await received(directory, name, always[evaluation]!),
    await received(directory, name, [...always[evaluation]!, "load_ema=False"]),
  ];
  expect(Object.keys(changes(averaged, trained))).toEqual(["0.0"]);
});

test("the steps of an evaluation: a list, or one number; films show the first", async () => {
  const [directory, name] = evaluation.split(" ") as [string, string];
  const stepsOf = async (...overrides: string[]) => {
    const found = await received(directory, name, [...always[evaluation]!, ...overrides]);
    const steps = [...found].filter(([path]) => path.startsWith("0.1.denoisingSteps.")).map(([, value]) => value);
    return [...steps, found.get("1.1.denoisingSteps")];
  };
  expect(await stepsOf("denoising_step_list=[3,1]")).toEqual([3, 1, 3]);
  expect(await stepsOf("denoising_step_list=null", "denoising_steps=4")).toEqual([4, 4]);
});
