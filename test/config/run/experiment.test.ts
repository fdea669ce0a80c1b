// Configurations become experiments: the project's files, overrides, and what goes wrong with them.
import { expect, test } from "vitest";
import { resolveExperiment, type Experiment } from "../../../sdk/src/config/run/experiment.js";
import { showExperiment } from "../../../sdk/src/config/run/show.js";
import { meanFlowOptions } from "../../../sdk/src/policies/mean-flow.js";
import { ppoPresets } from "../../../sdk/src/rl/ppo-presets.js";
import { runOptions } from "../../../sdk/src/learning/run-options.js";
import { PolicyModel } from "../../../sdk/src/policies/policy-model.js";
import { ppo } from "../../../sdk/src/rl/ppo.js";
import { folderWith } from "../folder.js";
import { inputErrorOf } from "../input-error.js";

const context = { now: new Date(2026, 2, 1, 7, 5, 9), environment: {} };
const pretraining = "cfg/gym/pretrain/hopper-medium-v2";
const dmpo = "pre_improved_meanflow_dispersive_mlp";

function resolve<S extends Experiment["stage"]>(stage: S, directory: string, name: string, ...overrides: string[]) {
  const experiment = resolveExperiment(directory, name, overrides, context);
  expect(experiment.stage).toBe(stage);
  return experiment as Extract<Experiment, { stage: S }>;
}

const finetune = (name: string, ...overrides: string[]) =>
  resolve("finetune", "cfg/gym/finetune/hopper-v2", name, ...overrides).options;

test("the DMPO pre-training configuration", () => {
  const { options, notices } = resolve("pretrain", pretraining, dmpo);
  const name = "hopper-medium-v2_pre_improved_meanflow_dispersive_mlp_ta4_infonce_l2_w0.5_t0.5";
  expect(notices).toEqual([]);
  expect(options.run).toMatchObject({
    name,
    folder: `log/gym/pretrain/hopper-medium-v2/${name}/2026-03-01_07-05-09_42`,
    seed: 42,
    device: "cpu",
  });
  expect(options.objective).toEqual(
    meanFlowOptions.parse({ tangent: "predicted", dispersive: { weight: 0.5, temperature: 0.5 } }),
  );
  expect(options.training).toMatchObject({
    epochs: 40,
    batchSize: 128,
    learningRate: 1e-3,
    minLearningRate: 1e-4,
    schedule: { per: "epoch", cycle: 40, warmup: 5 },
    saveEvery: 10,
    testEvery: 10,
    testInMujoco: true,
  });
  expect(options.data).toMatchObject({ name: "hopper-medium-v2", useD4rl: true, path: null, maxEpisodes: null });
  expect(options.test).toMatchObject({
    denoisingSteps: 1,
    env: "hopper-medium-v2",
    environments: 40,
    actionSteps: 4,
    maxEpisodeSteps: 1000,
    episodes: 40,
  });
});

test.each([
  ["pre_meanflow_mlp", { tangent: "conditional", useAdaptiveLoss: true, dispersive: null }],
  ["pre_meanflow_dispersive_mlp", { tangent: "conditional", useAdaptiveLoss: false, dispersive: { weight: 0.5 } }],
  ["pre_improved_meanflow_mlp", { tangent: "predicted", useAdaptiveLoss: false, dispersive: null }],
])("%s differs in its objective", (name, objective) => {
  expect(resolve("pretrain", pretraining, name).options.objective).toMatchObject(objective);
});

test("fine-tuning is the measured recipe, or the reference's settings, as the presets of PPO state them", () => {
  const model = new PolicyModel({ network: { horizonSteps: 4, actionDim: 3, condDim: 11 } });
  const complete = (options: object) => runOptions(ppo, model).parse(options);
  expect(complete(finetune("ft_ppo_meanflow_mlp").learning)).toEqual(
    complete({ ...ppoPresets.thorough, ftDenoisingSteps: 1 }),
  );
  const reference = finetune("ft_ppo_meanflow_mlp_reference");
  expect(complete(reference.learning)).toEqual(
    complete({ ...ppoPresets.reference, ftDenoisingSteps: 5, noiseNet: { stdMap: "clamp" } }),
  );
  expect(reference.run.basePolicyPath).toMatch(/^hf:\/\/.*hopper-medium-v2_best.pt$/);
});

test("evaluation", () => {
  const { options } = resolve(
    "eval",
    "cfg/gym/eval/hopper-medium-v2",
    "eval_meanflow_mlp",
    "base_policy_path=a.pt",
    "load_ema=False",
    "denoising_step_list=[1,2,4]",
  );
  expect(options).toMatchObject({
    denoisingSteps: [1, 2, 4],
    averagedWeights: false,
    clipIntermediate: true,
    play: { episodes: 100 },
  });
  expect(options.run.basePolicyPath).toBe("a.pt");
});

test("times by a table of densities, or a mixture", () => {
  const table = { type: "table", density: [0, 1, 0.5] };
  const { options } = resolve(
    "pretrain",
    pretraining,
    dmpo,
    "model.times.type=table",
    "++model.times.density=[0,1,0.5]",
  );
  expect(options.objective.times).toEqual(table);
  const mixture = `{type: mixture, parts: [{weight: 2, times: {type: table, density: [0, 1, 0.5]}}, {times: {type: beta}}]}`;
  const folder = folderWith({
    "cfg/x.yaml": `defaults: [gym/pretrain/hopper-medium-v2/pre_meanflow_mlp]\nmodel: {times: ${mixture}}\n`,
  });
  const { options: mixed } = resolve("pretrain", `${folder}/cfg`, "x");
  expect(mixed.objective.times).toEqual({
    type: "mixture",
    parts: [
      { weight: 2, times: table },
      { weight: 1, times: { type: "beta", a: 1.5, b: 1 } },
    ],
  });
});

test("the overrides of the guide", () => {
  const { options } = resolve(
    "pretrain",
    pretraining,
    dmpo,
    "device=cuda:0",
    "sim_device=cuda:1",
    "seed=3407",
    "wandb=null",
    "wandb.offline_mode=True",
    "test_in_mujoco=False",
    "denoising_steps=20",
    "use_d4rl_dataset=False",
    "dispersive.weight=0.3",
    "dispersive.temperature=0.3",
    "dispersive.loss_type=hinge",
    "dispersive.target_layer=mid",
    "model.sample_t_type=logitnormal",
  );
  expect(options.run).toMatchObject({ device: "cuda:0", seed: 3407, wandb: { offlineMode: true } });
  expect(options.objective).toMatchObject({
    dispersive: { weight: 0.3, temperature: 0.3, type: "hinge", targetLayer: "mid" },
    times: { type: "logitNormal" },
  });
  expect(options.training).toMatchObject({ testInMujoco: false, seed: 3407 });
  expect(options.test.denoisingSteps).toBe(20);
  expect(options.run.name).toContain("hinge_w0.3_t0.3");

  const tuned = finetune(
    "ft_ppo_meanflow_mlp",
    "min_std=0.08",
    "max_std=0.16",
    "train.ent_coef=0.03",
    "denoising_steps=2",
    "ft_denoising_steps=2",
    "env.n_envs=10",
    "train.n_steps=50",
    "name=x",
    "resume_path=last.safetensors",
  );
  expect(tuned.learning).toMatchObject({
    noise: { minStd: 0.08, maxStd: 0.16 },
    entCoef: 0.03,
    denoisingSteps: 2,
    ftDenoisingSteps: 2,
    steps: 50,
  });
  expect(tuned.environments.environments).toBe(10);
  expect(tuned.run).toMatchObject({
    name: "x",
    resumePath: "last.safetensors",
    folder: "log/gym/finetune/hopper-medium-v2/x/2026-03-01_07-05-09_42",
  });
});

test("turning regularisation on and off", () => {
  const on = resolve("pretrain", pretraining, "pre_improved_meanflow_mlp", "dispersive.weight=0.1").options;
  expect(on.objective.dispersive).toMatchObject({ weight: 0.1, type: "infonce_l2" });
  const off = resolve("pretrain", pretraining, dmpo, "dispersive=null", "name=plain").options;
  expect(off.objective.dispersive).toBeNull();
});

test("without overrides and context: as the file says, now, with the folders in use", () => {
  const { options } = resolveExperiment(pretraining, dmpo);
  expect(options.run.seed).toBe(42);
  expect(options.run.folder).toContain(`/${new Date().getFullYear()}-`);
});

test("variables choose the folders", () => {
  const environment = { DMPO_LOG_DIR: "/logs" };
  const { options } = resolveExperiment(pretraining, dmpo, ["name=x"], { ...context, environment });
  expect(options.run.folder).toBe("/logs/gym/pretrain/hopper-medium-v2/x/2026-03-01_07-05-09_42");
});

test("origins name file and line, the command line, or the default", () => {
  const { origins } = resolveExperiment(pretraining, dmpo, ["train.batch_size=64"], context);
  expect(origins("train.batch_size")).toBe("command line: train.batch_size=64");
  expect(origins("train.n_epochs")).toBe("cfg/base/gym/pretrain/hopper.yaml:4");
  expect(origins("model.tangent")).toBe("cfg/base/policy/improved_meanflow.yaml:4");
  expect(origins("model.gamma")).toBe("default");
});

test("a shown configuration means the same when it is loaded again", () => {
  const first = resolveExperiment(pretraining, dmpo, ["seed=3", "max_n_episodes=-1"], context);
  const folder = folderWith({ "shown.yaml": showExperiment(first) });
  expect(resolveExperiment(folder, "shown", [], context).options).toEqual(first.options);
});

test("what concerns pictures is shown where there are some, or where it was written", () => {
  const [hopper, can] = ["cfg/gym/finetune/hopper-v2", "cfg/robomimic/finetune/can"];
  const critic = (...[folder, name, ...overrides]: [string, string, ...string[]]) =>
    Object.keys((resolveExperiment(folder, name, overrides, context).config.model as { critic: object }).critic);
  const always = ["mlp_dims", "activation_type", "use_layernorm", "residual_style", "out_bias_init"];
  expect(critic(hopper, "ft_ppo_meanflow_mlp")).toEqual(always);
  expect(critic(hopper, "ft_ppo_meanflow_mlp", "model.critic.backbone.depth=2", "model.critic.num_img=1")).toEqual([
    ...[...always, "backbone", "num_img"],
  ]);
  expect(critic(can, "ft_ppo_meanflow_mlp_img")).toEqual(
    expect.arrayContaining(["backbone", "spatial_emb", "dropout"]),
  );
});

test("every problem is reported at once, with value, place, expectation and the nearest valid key", () => {
  const error = inputErrorOf(() =>
    resolveExperiment(
      pretraining,
      dmpo,
      [
        "train.bach_size=64",
        "train.n_epochs=0",
        "device=gpu",
        "dispersive.loss_type=infonce",
        "seed=x",
        "train.nEpochs=1",
        "model.network.mlp_dims=[512,a]",
      ],
      context,
    ),
  );
  expect(error.code).toBe("DMPO_CONFIG_INVALID");
  expect(Object.fromEntries(error.problems.map(({ path, ...problem }) => [path, problem]))).toMatchObject({
    "train.nEpochs": {
      wrong: "unknown key (command line: train.nEpochs=1)",
      expected: "a key in snake_case",
      remedy: 'did you mean "train.n_epochs"?',
    },
    seed: { wrong: '"x" (command line: seed=x)', expected: "a number" },
    device: { wrong: '"gpu" (command line: device=gpu)', expected: expect.stringContaining("cpu, cuda:N") },
    "train.n_epochs": { wrong: "0 (command line: train.n_epochs=0)", expected: "a number > 0" },
    "train.bach_size": {
      wrong: "unknown key (command line: train.bach_size=64)",
      expected: expect.stringContaining("n_epochs, batch_size"),
      remedy: 'did you mean "train.batch_size"?',
    },
    "dispersive.loss_type": {
      wrong: '"infonce" (command line: dispersive.loss_type=infonce)',
      expected: "one of infonce_l2, infonce_cosine, hinge, covariance",
      remedy: "did you mean infonce_l2?",
    },
    "model.network.mlp_dims.1": { wrong: expect.stringContaining('"a" (command line'), expected: "a number" },
  });
});

test("problems in a file name its lines, and missing values how to set them", () => {
  const folder = folderWith({
    "a.yaml": "defaults: [base/gym/pretrain, base/policy/meanflow]\nname: x\ntrain:\n  batch_size: -1\n  epochs: 3\n",
  });
  expect(inputErrorOf(() => resolveExperiment(folder, "a", [], context)).problems).toEqual([
    expect.objectContaining({
      path: "logdir",
      wrong: expect.stringContaining("refers to ${env_name}, which does not exist"),
    }),
    { path: "env_name", wrong: "missing", expected: "a text", remedy: "set it in the YAML file or with env_name=..." },
    { path: "train.batch_size", wrong: `-1 (${folder}/a.yaml:4)`, expected: "a number > 0" },
    expect.objectContaining({
      path: "train.epochs",
      wrong: `unknown key (${folder}/a.yaml:5)`,
      remedy: 'did you mean "train.n_epochs"?',
    }),
  ]);
});

test("a key of another type of a union says so", () => {
  const overrides = ["train.actor_lr_scheduler.type=constant", "train.actor_lr_scheduler.warmup_steps=3"];
  const { problems } = inputErrorOf(() => finetune("ft_ppo_meanflow_mlp", ...overrides));
  expect(problems).toEqual([
    {
      path: "train.actor_lr_scheduler.warmup_steps",
      wrong: 'does not apply with type "constant" (command line: train.actor_lr_scheduler.warmup_steps=3)',
      expected: "no such key",
      remedy: "remove it with ~train.actor_lr_scheduler.warmup_steps",
    },
  ]);
});

test.each([
  ["stage: pretrian\n", "stage", '"pretrian"'],
  ["stage: pretrain\npolicy: {type: meanflo}\n", "policy.type", '"meanflo"'],
  ["stage: finetune\npolicy: {type: meanflow}\n", "algorithm", "missing"],
  ["name: x\n", "stage", "missing"],
])("%j cannot be judged further", (text, path, wrong) => {
  const folder = folderWith({ "a.yaml": text });
  const { problems } = inputErrorOf(() => resolveExperiment(folder, "a", [], context));
  expect(problems).toEqual([expect.objectContaining({ path, wrong: expect.stringContaining(wrong) })]);
});

test("a folder is found from elsewhere in the project's cfg, with a notice; unknown ones name the nearest", () => {
  expect(resolveExperiment("gym/pretrain/hopper-medium-v2", dmpo, [], context).notices).toEqual([
    '"gym/pretrain/hopper-medium-v2" is not below the working directory; using cfg/gym/pretrain/hopper-medium-v2',
  ]);
  expect(() => resolveExperiment("cfg/gym/pretrain/hoper-medium-v2", dmpo)).toThrow(
    "did you mean --config-dir=cfg/gym/pretrain/hopper-medium-v2?",
  );
  expect(() => resolveExperiment(pretraining, "pre_meanflw_mlp")).toThrow('did you mean "pre_meanflow_mlp"?');
});

test("a type that a union does not have is answered with those that it has", () => {
  const error = inputErrorOf(() => finetune("ft_ppo_meanflow_mlp", "train.actor_lr_scheduler.type=cosin"));
  expect(error.problems).toEqual([
    {
      path: "train.actor_lr_scheduler.type",
      wrong: '"cosin" (command line: train.actor_lr_scheduler.type=cosin)',
      expected: "one of constant, cosine, constant_warmup, cosine_custom",
      remedy: "did you mean cosine?",
    },
  ]);
});

test("the schema gives values their types: what YAML or the command line would read as another", () => {
  const written = ["007", "2024_", "1.50", "true", "1e3", "0x10"];
  const text = (name: string) => {
    const folder = folderWith({
      "cfg/x.yaml": `defaults: [gym/pretrain/hopper-medium-v2/pre_meanflow_mlp]\nname: ${name}\nwandb: {project: ${name}}\n`,
    });
    const inFile = resolveExperiment(`${folder}/cfg`, "x", [], context);
    const overrides = [`name=${name}`, `wandb.project=${name}`];
    const onCommandLine = resolveExperiment(pretraining, "pre_meanflow_mlp", overrides, context);
    for (const { config, options } of [inFile, onCommandLine]) {
      expect(config).toMatchObject({ name, wandb: { project: name } });
      expect(options.run.folder).toContain(`/${name}/`);
    }
  };
  written.forEach(text);

  const numbers = (value: string) => {
    const folder = folderWith({
      "cfg/x.yaml": `defaults: [gym/pretrain/hopper-medium-v2/pre_meanflow_mlp]\nseed: ${value}\nmodel: {network: {mlp_dims: [${value}, 8]}}\n`,
    });
    const overrides = [`seed=${value}`, `model.network.mlp_dims=[${value},8]`];
    return [
      resolveExperiment(`${folder}/cfg`, "x", [], context),
      resolveExperiment(pretraining, "pre_meanflow_mlp", overrides, context),
    ].map(({ config }) => config);
  };
  for (const [value, number] of [
    ["1_000", 1000],
    ["2024_", 2024],
    ["12", 12],
  ] as const) {
    for (const config of numbers(value)) {
      expect(config).toMatchObject({ seed: number, model: { network: { mlp_dims: [number, 8] } } });
    }
  }
  expect(() => numbers("x1")).toThrow(/seed: "x1"/);
});
