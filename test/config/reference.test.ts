// Configurations of the PyTorch reference load as they are and mean what ours say.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { resolveExperiment } from "../../sdk/src/config/experiment.js";
import { ourPath, ourValue } from "../../sdk/src/config/reference.js";
import { assign, nest, type Settings, type Value } from "../../sdk/src/config/settings.js";
import { hasShared, sharedFile } from "../shared.js";
import { folderWith } from "./folder.js";
import { inputErrorOf } from "./input-error.js";

const context = { now: new Date(2026, 2, 1), environment: {} };

/** The reference's configuration as the YAML it came from. */
function reference(file: "pretrain" | "finetune", name: string): string {
  const all = JSON.parse(readFileSync(sharedFile(`spec/${file}-defaults.json`), "utf8")) as Record<string, object>;
  const settings: Settings = new Map();
  for (const [path, value] of Object.entries(all[name]!)) assign(settings, path, { value: value as Value, origin: "" });
  return stringify(nest(settings));
}

function load(file: "pretrain" | "finetune", name: string, ...overrides: string[]) {
  return resolveExperiment(folderWith({ "config.yaml": reference(file, name) }), "config", overrides, context);
}

const ours = (directory: string, name: string, ...overrides: string[]) =>
  resolveExperiment(directory, name, overrides, context).options;

test
  .skipIf(!hasShared)
  .each([
    "pre_meanflow_mlp",
    "pre_meanflow_dispersive_mlp",
    "pre_improved_meanflow_mlp",
    "pre_improved_meanflow_dispersive_mlp",
  ])("pre-training: %s", (name) => {
  const theirs = load("pretrain", `gym/hopper-medium-v2/${name}`);
  // What differs on purpose: names, the moving average, five test steps, and data from a file.
  const data = "data/gym/hopper-medium-v2";
  const { run, ...rest } = ours(
    "cfg/gym/pretrain/hopper-medium-v2",
    name,
    "train.epoch_start_ema=20",
    "train.update_ema_freq=10",
    "denoising_steps=5",
    `train_dataset_path=${data}/train.npz`,
    `normalization_path=${data}/normalization.npz`,
  );
  expect(theirs.options).toMatchObject(rest);
  expect(theirs.options.run).toMatchObject({
    seed: run.seed,
    folder: expect.stringContaining("log/gym/pretrain/hopper"),
  });
  expect(theirs.notices).toEqual([
    expect.stringMatching(/^these keys of the reference have no effect here: .*env_suite/),
  ]);
});

test.skipIf(!hasShared)("fine-tuning equals our file with the reference's settings", () => {
  const { options } = load(
    "finetune",
    "gym/finetune/hopper-v2/ft_ppo_meanflow_mlp",
    "train.actor_lr_scheduler={}".replace("={}", "=null"),
    "~train.actor_lr_scheduler",
  );
  const expected = ours("cfg/gym/finetune/hopper-v2", "ft_ppo_meanflow_mlp_reference") as unknown as Record<
    string,
    object
  >;
  for (const section of ["learning", "critic", "noiseNet", "shapes", "algorithm", "saveEvery"]) {
    expect((options as unknown as Record<string, object>)[section], section).toEqual(expected[section]);
  }
  expect(options.run.basePolicyPath).toBe((expected.run as { basePolicyPath: string }).basePolicyPath);
});

test.skipIf(!hasShared)("evaluation", () => {
  const { options } = load("finetune", "gym/eval/hopper-medium-v2/eval_meanflow_mlp", "base_policy_path=x.pt");
  expect(options).toMatchObject({
    denoisingSteps: [1, 2, 3, 4, 5],
    averagedWeights: true,
    run: { device: "cuda:2" },
  });
});

test.skipIf(!hasShared)("overrides may use either spelling; mistakes in them are not ignored", () => {
  const name = "gym/hopper-medium-v2/pre_improved_meanflow_dispersive_mlp";
  const weight = (...overrides: string[]) => load("pretrain", name, ...overrides).options;
  expect(weight("dispersive.weight=0.1")).toMatchObject({ objective: { dispersive: { weight: 0.1 } } });
  expect(weight("model.dispersive_loss_weight=0.1")).toMatchObject({ objective: { dispersive: { weight: 0.1 } } });
  expect(weight("flow_ratio=0.25")).toMatchObject({ objective: { flowRatio: 0.25 } });
  const { problems } = inputErrorOf(() => load("pretrain", name, "train.n_epoch=3", "model.gama=1"));
  expect(problems.map(({ remedy }) => remedy)).toEqual([
    'did you mean "train.n_epochs"?',
    'did you mean "model.gamma"?',
  ]);
});

test("a class without counterpart is an error that names the nearest", () => {
  const folder = folderWith({ "a.yaml": "_target_: agent.pretrain.train_meanflow_agent.TrainMeanFlowAgnt\n" });
  expect(() => resolveExperiment(folder, "a", [], context)).toThrow(
    /a.yaml:1: the class [^]*did you mean TrainMeanFlowAgent\?/,
  );
});

test.each<[string, Value, string]>([
  ["env", "hopper-v2", "env_name"],
  ["env", { n_envs: 1 }, "env"],
  ["env.name", "x", "env_name"],
  ["eval_env.n_envs", 1, "env.n_envs"],
  ["model.policy.mlp_dims", [1], "model.network.mlp_dims"],
  ["model.policy.action_dim", 3, "action_dim"],
  ["model.policyholder", 1, "model.policyholder"],
  ["train.gamma", 1, "train.gamma"],
])("%s = %j is our %s", (path, value, expected) => expect(ourPath(path, value)).toBe(expected));

test("values that are spelled differently", () => {
  expect(ourValue("train.repeat_samples", true)).toBe(10);
  expect(ourValue("max_n_episodes", -1)).toBeNull();
  expect(ourValue("model.times.type", "beta")).toBe("beta");
});
