// What runs receive of a configuration: each override changes what it names, and nothing else.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { saveCheckpoint } from "../../../sdk/src/checkpoints/checkpoint.js";
import { runExperiment } from "../../../sdk/src/config/run/dispatch.js";
import { resolveExperiment } from "../../../sdk/src/config/run/experiment.js";
import { showExperiment } from "../../../sdk/src/config/run/show.js";
import { bundledDatasets } from "../../../sdk/src/data/data-folder.js";
import { Dataset } from "../../../sdk/src/data/dataset.js";
import { demonstrationsFor } from "../../../sdk/src/data/demonstrations/make.js";
import { Random } from "../../../sdk/src/engine/random.js";
import { loadPolicy } from "../../../sdk/src/experiments/load-policy.js";
import { Gaussian, MeanFlow } from "../../../sdk/src/experiments/policies.js";
import { evaluate } from "../../../sdk/src/experiments/runs/evaluation.js";
import { filmMaker } from "../../../sdk/src/experiments/runs/films.js";
import { runFineTuning } from "../../../sdk/src/experiments/runs/finetuning.js";
import { runPretraining } from "../../../sdk/src/experiments/runs/pretraining.js";
import { policyRecord, TrainedPolicy } from "../../../sdk/src/policies/trained-policy.js";
import { wandbSink } from "../../../sdk/src/tracking/wandb-sink.js";
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
vi.mock(import("../../../sdk/src/experiments/load-policy.js"), async (original) => {
  const { loadPolicy: load } = await original();
  return { loadPolicy: vi.fn(load) };
});
vi.mock(import("../../../sdk/src/data/demonstrations/make.js"), async (original) => ({
  ...(await original()),
  demonstrationsFor: vi.fn(),
}));
vi.mock(import("../../../sdk/src/tracking/wandb-sink.js"), () => ({ wandbSink: vi.fn() }));

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
    toString: () => "a table",
  } as never);
  vi.mocked(filmMaker).mockReturnValue(async () => {});
  vi.stubEnv("DMPO_DATA_DIR", join(folder, "absent"));
});
afterEach(() => vi.unstubAllEnvs());

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

// A run's own folder would give each test another name every time.
test.each<[string, string, Record<string, unknown>]>([
  [pretrain, "max_n_episodes=2", { "0.0.data": "2 episodes" }],
  [pretrain, "normalization_path=<folder>/other/normalization.npz", { "0.0.data.statistics": 0 }],
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
  [pretrain, "resume_path=<folder>/policy.safetensors", { "0.0.resumePath": checkpoint }],
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
  [finetune, "resume_path=<folder>/policy.safetensors", { "0.0.resumePath": checkpoint }],
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
  expect(
    changes(before, await received(directory, name, [...always[file]!, override.replace("<folder>", folder)])),
  ).toEqual(expected);
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

/** Runs it; what it said, and its folder. */
async function run(file: string, overrides: readonly string[], signal?: AbortSignal) {
  const [directory, name] = file.split(" ") as [string, string];
  const target = join(folder, `run-${++runs}`);
  const experiment = resolveExperiment(directory, name, [`logdir=${target}`, ...overrides], { environment: {} });
  const lines: string[] = [];
  await runExperiment(experiment, { signal, onProgress: (line) => void lines.push(line) });
  return { experiment, target, lines };
}

const refusal = (file: string, ...overrides: string[]) =>
  run(file, [...(always[file] ?? []), ...overrides]).catch((error: unknown) => error as Error);

test.each([
  [pretrain, runPretraining],
  [finetune, runFineTuning],
])("%s: a run keeps its configuration and what it said, and is watched and stopped as asked", async (file, room) => {
  const { signal } = new AbortController();
  const { experiment, target, lines } = await run(file, always[file]!, signal);
  expect(vi.mocked(room).mock.calls[0]![1]).toEqual({
    signal,
    folder: target,
    device: "cpu",
    console: true,
    sinks: [],
  });
  expect(lines).toEqual([`x: writing to ${target}`]);
  expect(readFileSync(join(target, "run.log"), "utf8")).toBe(`x: writing to ${target}\n`);
  expect(readFileSync(join(target, "config.yaml"), "utf8")).toBe(`${showExperiment(experiment)}\n`);
});

test("an evaluation shows its progress, keeps what each setting gave, and says its table before the files are drawn", async () => {
  vi.mocked(evaluate).mockImplementationOnce(async (_, input) => {
    input!.onProgress!({ denoisingSteps: 2, meanReturn: 12.34, stdReturn: 0.56 });
    return { save: async (to: string) => (mkdirSync(to), to), toString: () => "a table" } as never;
  });
  const { signal } = new AbortController();
  const { experiment, target, lines } = await run(evaluation, always[evaluation]!, signal);
  expect(lines).toEqual(["a table", `written to ${target}`]);
  const kept = ["denoising steps 2: return 12.3 ± 0.6", ...lines];
  expect(readFileSync(join(target, "run.log"), "utf8")).toBe(`${kept.join("\n")}\n`);
  expect(vi.mocked(evaluate).mock.calls[0]![1]!.console).toBe(true);
  expect(readFileSync(join(target, "config.yaml"), "utf8")).toBe(`${showExperiment(experiment)}\n`);
  expect(vi.mocked(evaluate).mock.calls[0]![1]!.signal).toBe(signal);
  expect(vi.mocked(filmMaker).mock.calls[0]![2].signal).toBe(signal);
});

const tracked = ["wandb.project=hops", "wandb.offline_mode=True"];
test.each([
  [pretrain, [], { counter: "epoch", name: "x", entity: null }],
  [finetune, ["wandb.entity=us", "wandb.run=first"], { counter: "itr", name: "first", entity: "us" }],
])("%s: Weights & Biases %j", async (file, overrides, expected) => {
  const sink = { log: vi.fn() };
  vi.mocked(wandbSink).mockReturnValueOnce(sink as never);
  const { experiment, lines, target } = await run(file, [
    ...always[file]!,
    "wandb.entity=null",
    "wandb.run=null",
    ...tracked,
    ...overrides,
  ]);
  const { notify, ...given } = vi.mocked(wandbSink).mock.calls[0]![0];
  expect(given).toEqual({ project: "hops", offline: true, config: experiment.config, ...expected });
  notify!("a notice");
  expect(lines).toEqual([`x: writing to ${target}`, "a notice"]);
  const room = file === pretrain ? runPretraining : runFineTuning;
  expect(vi.mocked(room).mock.calls[0]![1]!.sinks).toEqual([sink]);
});

test("Weights & Biases: the user's own entity stands in, and what fails is said and stops nothing", async () => {
  vi.stubEnv("DMPO_WANDB_ENTITY", "ours");
  vi.mocked(wandbSink).mockImplementationOnce(() => {
    throw new Error("no space");
  });
  const { lines } = await run(pretrain, [...always[pretrain]!, ...tracked, "wandb.entity=null"]);
  expect(vi.mocked(wandbSink).mock.calls[0]![0].entity).toBe("ours");
  expect(lines[1]).toBe("Weights & Biases: nothing is recorded, Error: no space");
  expect(vi.mocked(runPretraining).mock.calls[0]![1]!.sinks).toEqual([]);
});

test.each([
  [pretrain, "resume_path=absent.safetensors"],
  [pretrain, "base_policy_path=absent.safetensors"],
  [finetune, "resume_path=absent.safetensors"],
])("%s %s: refused before a folder is made", async (file, override) => {
  expect(await refusal(file, override)).toMatchObject({
    code: "DMPO_CONFIG_CHECKPOINT",
    message: "absent.safetensors: does not exist\n  expected a checkpoint of a run\n  check the path",
  });
  expect(existsSync(join(folder, `run-${runs}`))).toBe(false);
});

test("no data named", async () => {
  expect(await refusal(pretrain, "train_dataset_path=null", "use_d4rl_dataset=False")).toMatchObject({
    code: "DMPO_CONFIG_DATA",
    message: "train_dataset_path: null while use_d4rl_dataset is false\n  expected a train.npz or .hdf5 file",
  });
});

const dataOf = () => vi.mocked(runPretraining).mock.calls[0]![0].data;

test("data: a recording by its suffix, else normalised steps; by name, the recording before the published files", async () => {
  const recording = bundledDatasets["hopper-medium-mini"];
  await run(pretrain, ["name=x", `train_dataset_path=${recording}`]);
  const episodes = dataOf().episodeLengths.length;
  expect(episodes).toBeGreaterThan(3);
  expect(dataOf().name).toBe("hopper-medium-v2");

  const steps = join(folder, "data", "from.hdf5.npz");
  copyFileSync(join(folder, "data", "train.npz"), steps);
  vi.clearAllMocks();
  await run(pretrain, ["name=x", `train_dataset_path=${steps}`]);
  expect(dataOf().episodeLengths).toHaveLength(3);
  expect(dataOf().name).toBe("hopper-medium-v2");

  const home = join(folder, "named", "gym", "hopper-medium-v2");
  mkdirSync(home, { recursive: true });
  for (const file of ["train.npz", "normalization.npz"]) copyFileSync(join(folder, "data", file), join(home, file));
  copyFileSync(recording, join(home, "recording.hdf5"));
  vi.stubEnv("DMPO_DATA_DIR", join(folder, "named"));
  vi.clearAllMocks();
  await run(pretrain, ["name=x", "train_dataset_path=null"]);
  expect(dataOf().episodeLengths).toHaveLength(episodes);
});

test("the data stand in a notice where they are the bundled ones", async () => {
  const { lines } = await run(pretrain, ["name=x", "train_dataset_path=null"]);
  expect(lines[0]).toMatch(/^hopper-medium-v2 is not in the data folder: using the bundled hopper-medium-mini instead/);
});

test("a task's usual place stands for demonstrations made here; a file that is named and missing is an error", async () => {
  const home = join(folder, "robots");
  vi.stubEnv("DMPO_DATA_DIR", home);
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  vi.mocked(demonstrationsFor).mockImplementation(async () => bundledDatasets["hopper-medium-mini"]);
  const askedBy = async (name: string, ...overrides: string[]) => {
    const given = [`logdir=${folder}/run-${++runs}`, "obs_dim=11", "action_dim=3", ...overrides];
    const context = { environment: { DMPO_DATA_DIR: home } };
    await runExperiment(resolveExperiment("cfg/robomimic/pretrain/lift", name, given, context));
  };
  const asked = (...overrides: string[]) => askedBy("pre_gaussian_mlp", ...overrides);
  await asked("n_demonstrations=7");
  expect(vi.mocked(demonstrationsFor).mock.calls).toMatchObject([["robomimic/lift", { episodes: 7, folder: home }]]);
  expect(dataOf().actionDimension).toBe(3);

  // A policy that sees needs what its cameras saw.
  vi.mocked(demonstrationsFor).mockClear();
  const cameras = ["agentview", "birdview"];
  const keys = `env.image_keys=[${cameras.map((camera) => `${camera}_image`).join(",")}]`;
  // What stands in for them here has none.
  await expect(askedBy("pre_meanflow_mlp_img", keys)).rejects.toThrow(/pictures/);
  expect(vi.mocked(demonstrationsFor).mock.calls).toMatchObject([["robomimic/lift-img", { episodes: 100, cameras }]]);

  vi.mocked(demonstrationsFor).mockClear();
  const named = `train_dataset_path=${home}/robomimic/lift/train.npz`;
  for (const override of [named, "n_demonstrations=0"]) {
    await expect(asked(override)).rejects.toMatchObject({ code: "DMPO_DATA_NOT_FOUND" });
  }
  expect(demonstrationsFor).not.toHaveBeenCalled();
});

const scratch = "cfg/gym/scratch/hopper-v2 ppo_gaussian_mlp";
const baseOf = () => vi.mocked(runFineTuning).mock.calls[0]![0].base;

test("a policy with fresh weights: as described, with the statistics that are there", async () => {
  const described = ["name=x", "horizon_steps=2", "cond_steps=3", "model.network.mlp_dims=[8]"];
  const none = await run(scratch, [...described, "normalization_path=null"]);
  expect(none.lines).toEqual([`x: writing to ${none.target}`]);
  expect(baseOf().space).toEqual({ horizonSteps: 2, actionDim: 3, state: [3, 11] });
  expect(baseOf().model.spec).toMatchObject({ policy: "gaussian", network: { mlpDims: [8], condDim: 33 } });
  expect(Array.from(baseOf().normalization.observationMin)).toEqual(Array<number>(11).fill(-1));

  vi.clearAllMocks();
  const absent = await run(scratch, [...described, "normalization_path=absent.npz"]);
  expect(absent.lines[0]).toBe("absent.npz does not exist: observations and actions are not normalised");
  expect(Array.from(baseOf().normalization.observationMin)).toEqual(Array<number>(11).fill(-1));

  for (const [name, value] of Object.entries({ HF_HUB_OFFLINE: "1", DMPO_CACHE_DIR: folder })) vi.stubEnv(name, value);
  expect(await refusal(scratch, "name=x", "normalization_path=https://localhost/normalization.npz")).toMatchObject({
    code: "DMPO_HUB_OFFLINE",
  });

  vi.clearAllMocks();
  const given = await run(scratch, [...described, `normalization_path=${folder}/other/normalization.npz`]);
  expect(given.lines).toEqual([`x: writing to ${given.target}`]);
  expect(baseOf().normalization.observationMin[0]).toBe(0);
});

test("an evaluation must be given its checkpoint; fine-tuning may take a released one", async () => {
  const missing = "base_policy_path: missing\n  expected the checkpoint of a policy\n";
  expect(await refusal(evaluation, "base_policy_path=null")).toMatchObject({
    message: expect.stringContaining(missing),
  });
  for (const [name, value] of Object.entries({ HF_HUB_OFFLINE: "1", HF_HOME: folder, HF_HUB_CACHE: undefined })) {
    vi.stubEnv(name, value);
  }
  expect(await refusal(finetune, "base_policy_path=null")).toMatchObject({
    message: expect.stringContaining("the released checkpoint could not be fetched"),
  });
});

test("a checkpoint is read with what only the configuration says of it", async () => {
  await run(evaluation, [
    ...always[evaluation]!,
    `normalization_path=${folder}/other/normalization.npz`,
    "load_ema=False",
  ]);
  expect(vi.mocked(loadPolicy).mock.calls).toEqual([
    [
      checkpoint,
      {
        averagedWeights: false,
        normalization: `${folder}/other/normalization.npz`,
        environment: "hopper-medium-v2",
        policy: "meanflow",
        objective: {},
        network: { type: undefined },
      },
    ],
  ]);
  vi.clearAllMocks();
  const activations = ["++model.network.activation_type=ReLU", "++model.network.out_activation_type=Tanh"];
  await refusal(finetune, ...activations);
  expect(vi.mocked(loadPolicy).mock.calls[0]![1]).toMatchObject({
    averagedWeights: undefined,
    normalization: undefined,
    network: { activationType: "ReLU", outActivationType: "Tanh" },
  });
});

test("a checkpoint of another policy", async () => {
  const reflow = "cfg/gym/finetune/hopper-v2 ft_ppo_reflow_mlp";
  expect(await refusal(reflow, "name=x", `base_policy_path=${checkpoint}`)).toMatchObject({
    code: "DMPO_CONFIG_MISMATCH",
    message:
      `policy.type: "reflow" in the configuration\n  expected "meanflow" as in ${checkpoint}\n` +
      "  choose the configuration of meanflow, or a checkpoint of reflow",
  });
});

const ofAnotherTask = "choose the configuration of its task, or data and checkpoints of this one";

test("everything that a checkpoint has and a configuration states otherwise", async () => {
  const wrong = ["horizon_steps=8", "cond_steps=2", "obs_dim=12", "action_dim=4", "++model.network.mlp_dims=[16]"];
  const differs = (path: string, stated: string, actual: string, remedy = `override it with ${path}=${actual}`) => ({
    path,
    wrong: `${stated} in the configuration`,
    expected: `${actual} as in ${checkpoint}`,
    remedy,
  });
  expect(await refusal(finetune, ...wrong)).toMatchObject({
    code: "DMPO_CONFIG_MISMATCH",
    problems: [
      differs("horizon_steps", "8", "4"),
      differs("cond_steps", "2", "1"),
      differs("obs_dim", "12", "11", ofAnotherTask),
      differs("action_dim", "4", "3", ofAnotherTask),
      differs("model.network.mlp_dims", "[16]", "[8]"),
    ],
  });
});

test("data and environments with other dimensions than a configuration states", async () => {
  expect(await refusal(pretrain, "obs_dim=12")).toMatchObject({
    message: `obs_dim: 12 in the configuration\n  expected 11 as in hopper-medium-v2\n  ${ofAnotherTask}`,
  });
  expect(await refusal(scratch, "name=x", "action_dim=4")).toMatchObject({
    message: `action_dim: 4 in the configuration\n  expected 3 as in hopper-medium-v2\n  ${ofAnotherTask}`,
  });
});

test("what a configuration leaves to its data is not held against them", async () => {
  await run(pretrain, [...always[pretrain]!, "~obs_dim", "~action_dim"]);
  expect(vi.mocked(runPretraining).mock.calls[0]![0].model.network.actionDim).toBe(3);
});

test("how a policy acts is the configuration's, the rest the checkpoint's", async () => {
  const normalization = (await Dataset.bundled("hopper-medium-mini")).normalization;
  const model = Gaussian.standard()
    .withNetwork({ mlpDims: [8] })
    .for({ observationDimension: 11, actionDimension: 3 });
  const weights = model.layout.initialise(new Random(1).stream("weights"));
  const policy = new TrainedPolicy({ model, weights, normalization, environment: "hopper-v2" });
  const file = join(folder, "gaussian.safetensors");
  await saveCheckpoint(file, policyRecord(policy, { policy: weights }));
  const gaussianEvaluation = "cfg/gym/eval/hopper-medium-v2 eval_gaussian_mlp";
  const played = async (...overrides: string[]) => {
    vi.clearAllMocks();
    await run(gaussianEvaluation, [
      "name=x",
      `base_policy_path=${file}`,
      "~model.network",
      "horizon_steps=4",
      ...overrides,
    ]);
    return vi.mocked(evaluate).mock.calls[0]![0] as TrainedPolicy;
  };
  const [plain, squashed] = [await played(), await played("++model.tanh_output=true")];
  expect(plain.model.spec.options).toMatchObject({ tanhOutput: false });
  expect(squashed.model.spec).toEqual({
    ...plain.model.spec,
    options: { ...plain.model.spec.options, tanhOutput: true },
  });
  expect(squashed.weights).toEqual(weights);
});

test("fine-tuning may set the deviation of a Gaussian anew; what the weights decide must agree", async () => {
  const data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(3);
  const model = Gaussian.standard()
    .withNetwork({ horizonSteps: 1, mlpDims: [8, 8], fixedStd: 0.1, dropout: 0.5 })
    .for(data);
  const weights = model.layout.initialise(new Random(1).stream("weights"));
  const { normalization } = data;
  const policy = new TrainedPolicy({ model, weights, normalization, environment: "hopper-v2" });
  const path = join(folder, "gaussian.safetensors");
  await saveCheckpoint(path, policyRecord(policy, { model: weights, ema: weights }));
  const stated = ["model.network.mlp_dims=[8,8]", "model.network.activation_type=Mish", "horizon_steps=1"];
  const resolve = (...overrides: string[]) => {
    const all = [`logdir=${folder}/tuned`, "stage=finetune", `base_policy_path=${path}`, ...stated, ...overrides];
    return resolveExperiment("cfg/gym/scratch/hopper-v2", "ppo_gaussian_mlp", all, { environment: {} });
  };
  const lines: string[] = [];
  const overrides = ["model.network.learn_fixed_std=true", "model.network.fixed_std=0.2", "model.network.std_max=0.3"];
  await runExperiment(resolve(...overrides), { onProgress: (line) => void lines.push(line) });
  const [{ base }] = vi.mocked(runFineTuning).mock.calls.at(-1)!;
  const changed = { learnFixedStd: true, fixedStd: 0.2, stdMax: 0.3, dropout: 0 };
  expect(base.model.spec.network).toMatchObject(changed);
  expect(base.model.views(base.weights)["network.logvar"]!.data[0]).toBeCloseTo(2 * Math.log(0.2), 5);
  expect(base.weights.slice(3)).toEqual(weights);
  expect(lines.join("\n")).toContain("the weights are kept with model.network.dropout=0 (was 0.5), ");
  await expect(runExperiment(resolve("model.network.mlp_dims=[8]"))).rejects.toThrow(
    /model.network.mlp_dims: \[8\] in the configuration\s+expected \[8,8\]/,
  );
  // Without a fixed one the deviation would need weights of its own.
  await expect(runExperiment(resolve("model.network.fixed_std=null"))).rejects.toThrow(
    /model.network.fixed_std: null in the configuration\s+expected 0.1/,
  );
});
