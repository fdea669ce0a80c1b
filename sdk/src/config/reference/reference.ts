// Configurations of the PyTorch reference: its class names (reference-classes.ts) select parts of cfg/base, its other spellings of our keys are
// understood. Spellings count for overrides too: `model.dispersive_loss_weight=0.3` and `dispersive.weight=0.3` are the same.
import { InputError, nearest, type Problem } from "../../errors.js";
import { referenceClasses, type Meaning } from "./reference-classes.js";
import { asText, isMapping, type Setting, type Settings, type Value } from "../language/settings.js";

/** Their key or section -> ours; a section stands for everything below it. */
const renamed: Readonly<Record<string, string>> = {
  "env.name": "env_name",
  eval_env: "env",
  "env.wrappers.mujoco_locomotion_lowdim": "env.wrapper",
  "env.wrappers.robomimic_lowdim": "env.wrapper",
  "env.wrappers.robomimic_image": "env.wrapper",
  "env.wrappers.d3il_lowdim": "env.wrapper",
  "env.wrapper.normalization_path": "normalization_path",
  "env.wrapper.low_dim_keys": "env.low_dim_keys",
  "env.wrapper.image_keys": "env.image_keys",
  "env.wrapper.shape_meta": "shape_meta",
  "env.specific.normalization_path": "normalization_path",
  "env.specific.act_steps": "act_steps",
  "env.specific.obs_steps": "cond_steps",
  "env.wrappers.multi_step.reset_within_step": "env.reset_within_step",
  "env.wrappers.multi_step.pass_full_observations": "env.save_full_observations",
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
  "train_dataset.img_cond_steps": "img_cond_steps",
  "offline_dataset.dataset_path": "offline_dataset_path",
  "offline_dataset.horizon_steps": "horizon_steps",
  "offline_dataset.cond_steps": "cond_steps",
  "offline_dataset.max_n_episodes": "max_n_episodes",
  "offline_dataset.discount_factor": "train.gamma",
  "model.policy": "model.network",
  "model.actor": "model.network",
  "model.network.action_dim": "action_dim",
  "model.network.horizon_steps": "horizon_steps",
  "model.network.img_cond_steps": "img_cond_steps",
  "model.network.backbone.cfg": "model.network.backbone",
  "model.critic.img_cond_steps": "img_cond_steps",
  "model.critic.backbone.cfg": "model.critic.backbone",
  "model.network_path": "base_policy_path",
  num_modes: "model.network.num_modes",
  num_training_steps: "model.num_training_steps",
  teacher_model: "teacher",
  "teacher.network.backbone.cfg": "teacher.network.backbone",
  use_ddim: "model.use_ddim",
  ddim_steps: "model.ddim_steps",
  "model.denoising_steps": "denoising_steps",
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

/** Schedules of fine-tuning, which need a type here; where the reference says none it means cosine. */
const schedules = ["train.lr_scheduler", "train.actor_lr_scheduler", "train.critic_lr_scheduler"];

/** Our path for a path in either spelling. The reference's `env` is a name where its value is text. */
export function ourPath(path: string, value?: Value): string {
  if (path === "env" && (value === undefined || !isMapping(value))) return "env_name";
  let current = path;
  for (let next = renameOnce(current); next !== current; next = renameOnce(current)) current = next;
  return current;
}

function renameOnce(path: string): string {
  for (let end = path.length; end > 0; end = path.lastIndexOf(".", end - 1)) {
    const name = path.slice(0, end);
    if (Object.hasOwn(renamed, name)) return renamed[name]! + path.slice(end);
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
 * @throws InputError `DMPO_CONFIG_TARGET` with every class of the reference that has no counterpart.
 */
export function adaptReference(own: Settings): Adapted {
  const classes = [...own].filter(([path]) => path === "_target_" || path.endsWith("._target_"));
  const { parts, implied } = meaningOf(classes);
  const unused = parts.some((part) => part.endsWith("meanflow")) ? unusedByMeanFlow : [];
  const renamings = [...own]
    .filter(([path]) => !unused.includes(path) && !path.endsWith("_target_"))
    .map(([path, setting]) => ({ path, to: ourPath(path, setting.value), setting }))
    .filter(({ to, setting }) => !refersTo(setting.value, to));
  const ours = renamings.filter(({ path, to }) => path === to);
  const theirs = renamings.filter(({ path, to }) => path !== to && !ours.some((other) => other.to === to));
  const settings: Settings = new Map(implied);
  for (const { to, setting } of [...theirs, ...ours]) {
    settings.set(to, { ...setting, value: ourValue(to, setting.value) });
  }
  if (classes.length > 0) completeReference(settings);
  return { settings, parts, isReference: classes.length > 0 };
}

/** What the classes of a file select: parts of cfg/base, and single settings. */
function meaningOf(classes: readonly (readonly [string, Setting])[]): { parts: string[]; implied: Settings } {
  const parts: string[] = [];
  const implied: Settings = new Map();
  const problems: Problem[] = [];
  for (const [path, { value, origin }] of classes) {
    const name = asText(value);
    const meaning = referenceClasses.get(className(name));
    if (meaning === undefined || meaning.missing) {
      problems.push(unknownClass(name, origin, meaning));
      continue;
    }
    const section = ourPath(path.slice(0, -"._target_".length));
    const imply = (to: string, selected: Value) => implied.set(to, { value: selected, origin });
    const isSelection = path === "_target_" || section === "model";
    if (meaning.part && isSelection) parts.push(meaning.part);
    if (isSelection) for (const [to, selected] of Object.entries(meaning.set ?? {})) imply(to, selected);
    if (meaning.policy && section === "model") imply("policy.type", meaning.policy);
    if (meaning.policy && section === "teacher") imply("teacher.type", meaning.policy);
    // A critic that reads observations needs no type.
    if (meaning.network && (section !== "model.critic" || meaning.network === "vit") && hasType(section))
      imply(`${section}.type`, meaning.network);
  }
  if (problems.length > 0) throw new InputError("DMPO_CONFIG_TARGET", problems);
  return { parts, implied };
}

const hasType = (section: string) => ["model.network", "model.critic", "teacher.network"].includes(section);

const className = (target: string) => target.slice(target.lastIndexOf(".") + 1);

function unknownClass(target: string, origin: string, meaning: Meaning | undefined): Problem {
  const close = meaning === undefined ? nearest(className(target), referenceClasses.keys()) : undefined;
  return {
    path: origin,
    wrong: `the class ${target} ${meaning?.missing ?? "has no counterpart"}`,
    expected: "a class of the reference that has one",
    remedy: close && `did you mean ${close}?`,
  };
}

/** Says what the reference leaves to its classes: cosine schedules, and learning from scratch where no checkpoint is named. */
function completeReference(settings: Settings): void {
  const origin = "the reference's default";
  if (!settings.has("algorithm.type")) return;
  for (const schedule of schedules) {
    const written = [...settings.keys()].some((path) => path.startsWith(`${schedule}.`));
    if (written && !settings.has(`${schedule}.type`)) settings.set(`${schedule}.type`, { value: "cosine", origin });
  }
  const learns = settings.get("stage")?.value === "finetune";
  if (learns && settings.get("train.train_online")?.value === false) {
    settings.set("stage", { value: "offline", origin });
  } else if (learns && !settings.has("base_policy_path")) {
    settings.set("stage", { value: "scratch", origin });
  }
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
  const table = Object.hasOwn(renamedValues, path) ? renamedValues[path]! : {};
  return Object.hasOwn(table, asText(value)) ? table[asText(value)]! : value;
}

/** `model.seed: ${seed}` says nothing once model.seed is called seed. */
function refersTo(value: Value, path: string): boolean {
  const reference = typeof value === "string" ? /^\$\{([\w.]+)\}$/.exec(value)?.[1] : undefined;
  return reference !== undefined && ourPath(reference) === path;
}
