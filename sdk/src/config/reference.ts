// Configurations of the PyTorch reference: its class names select parts of cfg/base, its other spellings of our keys are
// understood. Spellings count for overrides too: `model.dispersive_loss_weight=0.3` and `dispersive.weight=0.3` are the same.
import { fail, nearest } from "../errors.js";
import { asText, isMapping, type Settings, type Value } from "./settings.js";

/** Their key or section -> ours; a section stands for everything below it. */
const renamed: Readonly<Record<string, string>> = {
  "env.name": "env_name",
  eval_env: "env",
  "env.wrappers.mujoco_locomotion_lowdim.normalization_path": "normalization_path",
  "env.wrappers.multi_step.n_obs_steps": "cond_steps",
  "env.wrappers.multi_step.n_action_steps": "act_steps",
  "env.wrappers.multi_step.max_episode_steps": "env.max_episode_steps",
  batch_size: "train.batch_size",
  flow_ratio: "model.flow_ratio",
  gamma: "model.gamma",
  c: "model.c",
  "train_dataset.dataset_path": "train_dataset_path",
  "train_dataset.horizon_steps": "horizon_steps",
  "train_dataset.cond_steps": "cond_steps",
  "train_dataset.max_n_episodes": "max_n_episodes",
  "model.policy": "model.network",
  "model.network.action_dim": "action_dim",
  "model.network.horizon_steps": "horizon_steps",
  "model.action_dim": "action_dim",
  "model.act_dim": "action_dim",
  "model.obs_dim": "obs_dim",
  "model.horizon_steps": "horizon_steps",
  "model.cond_steps": "cond_steps",
  "model.device": "device",
  "model.seed": "seed",
  "model.actor_policy_path": "base_policy_path",
  "model.sample_t_type": "model.times.type",
  "model.max_denoising_steps": "denoising_steps",
  "model.inference_steps": "denoising_steps",
  "model.ft_denoising_steps": "ft_denoising_steps",
  "model.min_sampling_denoising_std": "min_std",
  "model.min_logprob_denoising_std": "min_std",
  "model.max_logprob_denoising_std": "max_std",
  "model.dispersive_loss_weight": "dispersive.weight",
  "model.dispersive_loss_type": "dispersive.loss_type",
  "model.dispersive_temperature": "dispersive.temperature",
  "model.dispersive_margin": "dispersive.margin",
  "model.dispersive_target_layer": "dispersive.target_layer",
};

/** Their value -> ours, by our key. */
const renamedValues: Readonly<Record<string, Readonly<Record<string, Value>>>> = {
  "model.times.type": { logitnormal: "logitNormal", lognormal: "logitNormal" },
  "train.repeat_samples": { true: 10, false: 1 },
  max_n_episodes: { "-1": null },
};

/** MeanFlow classes of the reference read these keys and use none of them. */
const unusedByMeanFlow = ["model.sample_t_type"];

/** Class -> the part of cfg/base that means it. */
const targets: Readonly<Record<string, string>> = {
  "agent.pretrain.train_meanflow_agent.TrainMeanFlowAgent": "base/reference/pretrain",
  "agent.pretrain.train_shortcut_dispersive_agent.TrainMeanFlowDispersiveAgent": "base/reference/pretrain",
  "agent.pretrain.train_improved_meanflow_agent.TrainImprovedMeanFlowAgent": "base/reference/pretrain",
  "agent.pretrain.train_improved_meanflow_agent.TrainImprovedMeanFlowDispersiveAgent": "base/reference/pretrain",
  "agent.finetune.reinflow.train_ppo_meanflow_agent.TrainPPOMeanFlowAgent": "base/reference/ppo",
  "agent.eval.eval_meanflow_agent.EvalMeanFlowAgent": "base/eval",
  "model.flow.meanflow.MeanFlow": "base/policy/meanflow",
  "model.flow.shortcut_dispersive.MeanFlowDispersive": "base/policy/meanflow",
  "model.flow.improved_meanflow.ImprovedMeanFlow": "base/policy/improved_meanflow",
  "model.flow.improved_meanflow.ImprovedMeanFlowDispersive": "base/policy/improved_meanflow",
  "model.flow.ft_ppo.ppomeanflow.PPOMeanFlow": "base/policy/meanflow",
};

/** Our path for a path in either spelling. The reference's `env` is a name where its value is text. */
export function ourPath(path: string, value?: Value): string {
  if (path === "env" && (value === undefined || !isMapping(value))) return "env_name";
  let current = path;
  for (let next = renameOnce(current); next !== current; next = renameOnce(current)) current = next;
  return current;
}

function renameOnce(path: string): string {
  for (let end = path.length; end > 0; end = path.lastIndexOf(".", end - 1)) {
    const to = renamed[path.slice(0, end)];
    if (to !== undefined) return to + path.slice(end);
  }
  return path;
}

export interface Adapted {
  readonly settings: Settings;
  /** Parts of cfg/base to put below these settings. */
  readonly parts: readonly string[];
  /** Whether the file belongs to the reference: it names classes. */
  readonly isReference: boolean;
}

/**
 * The settings of one file under our names. Where a value is written under both names, ours counts.
 * @throws InputError `DMPO_CONFIG_TARGET` for a class of the reference that has no counterpart.
 */
export function adaptReference(own: Settings): Adapted {
  const classes = ["_target_", "model._target_"].flatMap((path) => own.get(path) ?? []);
  const parts = classes.map(({ value, origin }) => partOf(asText(value), origin));
  const unused = parts.some((part) => part.endsWith("meanflow")) ? unusedByMeanFlow : [];
  const renamings = [...own]
    .filter(([path]) => !unused.includes(path))
    .map(([path, setting]) => ({ path, to: ourPath(path, setting.value), setting }))
    .filter(({ to, setting }) => !refersTo(setting.value, to));
  const ours = renamings.filter(({ path, to }) => path === to);
  const theirs = renamings.filter(({ path, to }) => path !== to && !ours.some((other) => other.to === to));
  const settings: Settings = new Map();
  for (const { to, setting } of [...theirs, ...ours]) {
    settings.set(to, { ...setting, value: ourValue(to, setting.value) });
  }
  return { settings, parts, isReference: classes.length > 0 };
}

/** What the reference's variables mean where they are not set. */
export function referenceEnvironment(own: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const { DMPO_DATA_DIR = "data", DMPO_LOG_DIR = "log", DMPO_WANDB_ENTITY = "" } = own;
  const variables = { DATA_DIR: DMPO_DATA_DIR, LOG_DIR: DMPO_LOG_DIR, WANDB_ENTITY: DMPO_WANDB_ENTITY };
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      ["REINFLOW", "DPPO"].map((owner) => [`${owner}_${name}`, value]),
    ),
  );
}

/** Our spelling of a value at one of our paths. */
export function ourValue(path: string, value: Value): Value {
  const table = renamedValues[path] ?? {};
  return Object.hasOwn(table, asText(value)) ? table[asText(value)]! : value;
}

/** `model.seed: ${seed}` says nothing once model.seed is called seed. */
function refersTo(value: Value, path: string): boolean {
  const reference = typeof value === "string" ? /^\$\{([\w.]+)\}$/.exec(value)?.[1] : undefined;
  return reference !== undefined && ourPath(reference) === path;
}

function partOf(target: string, origin: string): string {
  if (Object.hasOwn(targets, target)) return targets[target]!;
  const close = nearest(target, Object.keys(targets));
  fail(
    "DMPO_CONFIG_TARGET",
    origin,
    `the class ${target} has no counterpart`,
    `one of ${Object.keys(targets).join(", ")}`,
    close && `did you mean ${close}?`,
  );
}
