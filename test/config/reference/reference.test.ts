// Configurations of the PyTorch reference load as they are and mean what ours say.
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { resolveConfig, resolveExperiment } from "../../../sdk/src/config/run/experiment.js";
import { ourPath, ourValue } from "../../../sdk/src/config/reference/reference.js";
import { assign, nest, type Settings, type Value } from "../../../sdk/src/config/language/settings.js";
import { golden, hasShared, sharedFile } from "../../shared.js";
import { folderWith } from "../folder.js";
import { inputErrorOf } from "../input-error.js";

const context = { now: new Date(2026, 2, 1), environment: {} };

/** The reference's configuration as the YAML it came from. */
function reference(file: "pretrain" | "finetune", name: string): string {
  return yamlOf(golden("reference-configs")[file][name]);
}

/** YAML of a table from dotted paths to values. */
function yamlOf(flat: object): string {
  const settings: Settings = new Map();
  for (const [path, value] of Object.entries(flat)) assign(settings, path, { value: value as Value, origin: "" });
  return stringify(nest(settings));
}

function load(file: "pretrain" | "finetune", name: string, ...overrides: string[]) {
  return resolveExperiment(folderWith({ "config.yaml": reference(file, name) }), "config", overrides, context);
}

const ours = (directory: string, name: string, ...overrides: string[]) =>
  resolveExperiment(directory, name, overrides, context).options;

test.each([
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

test("fine-tuning equals our file with the reference's settings", () => {
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

test("evaluation", () => {
  const { options } = load("finetune", "gym/eval/hopper-medium-v2/eval_meanflow_mlp", "base_policy_path=x.pt");
  expect(options).toMatchObject({
    denoisingSteps: [1, 2, 3, 4, 5],
    averagedWeights: true,
    run: { device: "cuda:2" },
  });
});

test("overrides may use either spelling; mistakes in them are not ignored", () => {
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

test.skipIf(!hasShared)("all configurations of the reference load, or say exactly why not", () => {
  const all = JSON.parse(readFileSync(sharedFile("spec/configs.json"), "utf8")) as Record<string, object>;
  const names = Object.keys(all);
  expect(names).toHaveLength(469);
  const folder = folderWith(Object.fromEntries(names.map((name, index) => [`c${index}.yaml`, yamlOf(all[name]!)])));
  const differing: string[] = [];
  const refused = names.flatMap((name, index) => {
    try {
      const theirs = resolveConfig(folder, `c${index}`, [], { ...context, environment: { REINFLOW_DIR: "." } });
      differing.push(...differencesFromOurs(name, theirs.config));
      return [];
    } catch (error) {
      return [[name, (error as Error).message]] as const;
    }
  });
  // These name classes that were never published.
  expect(refused.map(([name]) => name)).toEqual([
    "gym/finetune/hopper-v2/else/ft_awr_reflow_mlp",
    "gym/finetune/hopper-v2/else/ft_ifql_mlp",
    "gym/finetune/hopper-v2/ft_ppo_reflow_direct_likelihood_mlp",
    "gym/scratch/hopper-v2/scratch_ppo_mlp",
  ]);
  for (const [, message] of refused) expect(message).toContain("exists in no version of the reference");
  // Iterations of SAC, RLPD, IBRL and FQL are of a thousand chunks, not of one, so that each can be saved; as many chunks in all.
  const isRescaled = (line: string) => /\/(sac_mlp|rlpd_mlp|ibrl_mlp|ft_fql_mlp)/.test(line);
  const [rescaled, others] = [true, false].map((wanted) => differing.filter((line) => isRescaled(line) === wanted));
  const factors = rescaled!
    .map((line) => line.split(" "))
    .map(([, key, was, is]) => `${key} ${Number((Number(is) / Number(was)).toPrecision(3))}`);
  expect(new Set(factors)).toEqual(new Set(["train.n_train_itr 0.001", "train.n_steps 1000"]));
  // Sizes that contradicted the pre-training of the same task are corrected in our files.
  expect([...new Set(others!.map((line) => line.split(" ")[1]))]).toEqual(["model.network.mlp_dims"]);
  expect(others!.filter((line) => !line.includes("_stage2"))).toEqual([]);
});

/** Settings that decide what a run computes. */
const decisive = [
  ...["horizon_steps", "cond_steps", "denoising_steps", "ft_denoising_steps", "min_std", "max_std", "env.n_envs"],
  ...[
    "n_epochs",
    "batch_size",
    "learning_rate",
    "weight_decay",
    "actor_lr",
    "critic_lr",
    "lr",
    "n_train_itr",
    "n_steps",
  ].map((key) => `train.${key}`),
  ...["gamma", "update_epochs", "target_kl", "ent_coef", "max_grad_norm", "replay_ratio"].map((key) => `train.${key}`),
  ...["mlp_dims", "time_dim", "fixed_std", "transformer_embed_dim", "dim"].map((key) => `model.network.${key}`),
  ...["clip_ploss_coef", "gamma_denoising", "n_critics", "cql_min_q_weight"].map((key) => `model.${key}`),
];

/** Lines "name key theirs ours" for the decisive settings that our file of the same name, or of that name + _reference, has otherwise. */
function differencesFromOurs(name: string, theirs: Readonly<Record<string, unknown>>): string[] {
  // Hopper has its own measured recipe; MeanFlow's evaluations and fine-tunings take the network from the checkpoint.
  if (/else|hopper.*meanflow/.test(name)) return [];
  const slash = name.lastIndexOf("/");
  const [home, file] = [`cfg/${name.slice(0, slash)}`, name.slice(slash + 1)];
  const ownName = existsSync(`${home}/${file}_reference.yaml`) ? `${file}_reference` : file;
  const own = resolveConfig(home, ownName, [], context);
  const at = (config: object, path: string) =>
    path.split(".").reduce<unknown>((node, key) => (node as Record<string, unknown> | null | undefined)?.[key], config);
  const keys = decisive.filter((key) => {
    // What was fine-tuned stands in the checkpoint.
    if (key === "ft_denoising_steps" && own.stage === "eval") return false;
    if (key === "denoising_steps" && own.policy === "meanflow" && own.stage === "pretrain") return false;
    return !(
      key.startsWith("model.network") &&
      own.policy === "meanflow" &&
      own.stage !== "pretrain" &&
      own.network === "mlp"
    );
  });
  return keys.flatMap((key) => {
    const [a, b] = [JSON.stringify(at(theirs, key)), JSON.stringify(at(own.config, key))];
    return a === b ? [] : [`${name} ${key} ${a} ${b}`];
  });
}

test.each([
  ["pretrain", "robomimic/can/pre_shortcut_dispersive_hinge_mlp_img", []],
  ["finetune", "robomimic/finetune/can/ft_ppo_gmm_transformer", ["environment can"]],
  ["finetune", "gym/scratch/hopper-v2/awr_diffusion_mlp", []],
  ["finetune", "gym/finetune/kitchen-mixed-v0/calql_mlp_online", []],
] as const)("%s %s selects the same parts as our file", (file, name, parts) => {
  const folder = folderWith({ "config.yaml": reference(file, name) });
  const theirs = resolveConfig(folder, "config", [], context);
  const path = file === "pretrain" ? name.replace("/", "/pretrain/") : name;
  const slash = path.lastIndexOf("/");
  const own = resolveConfig(`cfg/${path.slice(0, slash)}`, path.slice(slash + 1), [], context);
  expect(theirs.missing).toEqual(own.missing);
  expect(own.missing.filter((part) => !part.startsWith("environment"))).toEqual(
    parts.filter((part) => !part.startsWith("environment")),
  );
  expect([theirs.stage, theirs.policy, theirs.network, theirs.algorithm]).toEqual([
    own.stage,
    own.policy,
    own.network,
    own.algorithm,
  ]);
});
