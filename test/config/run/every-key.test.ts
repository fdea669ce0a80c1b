// Every key of a configuration that runs reaches the options of the run: each is set to another valid value, one at a time.
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { resolveExperiment, type Experiment } from "../../../sdk/src/config/run/experiment.js";
import { InputError } from "../../../sdk/src/errors.js";

const context = { now: new Date(2026, 2, 1), environment: {} };

/** What a key needs beside it to have an effect. */
const companions: Readonly<Record<string, readonly string[]>> = {
  "model.logprob_min": ["++model.logprob_max=2"],
  "model.logprob_max": ["++model.logprob_min=-2"],
  "model.times.mean": ["++model.times.type=logitNormal", "++model.times.std=1"],
  "model.times.std": ["++model.times.type=logitNormal", "++model.times.mean=-0.4"],
  render_num: ["++env.save_video=true"],
};

/** Keys that choose what the configuration is: another value makes it another configuration. */
const choices = new Set(["stage", "policy.type", "algorithm.type", "model.network.type", "model.network"]);
/** Where one override does not make another value. */
const together: Readonly<Record<string, readonly string[]>> = {
  wandb: ["++wandb.entity=us", "++wandb.project=hopper", "++wandb.run=first"],
  dispersive: ["++dispersive.weight=0.25"],
  ...Object.fromEntries(
    ["actor", "critic"].map((part) => {
      const schedule = `train.${part}_lr_scheduler`;
      return [
        `${schedule}.type`,
        [`~${schedule}`, `++${schedule}.type=constant_warmup`, `++${schedule}.warmup_steps=3`],
      ];
    }),
  ),
  "model.times.type": ["++model.times.type=beta", "++model.times.a=2", "++model.times.b=1"],
};

/** Keys with one value only, as a network of a policy may stand there too. */
const constants = new Set(["model.critic.augment", "model.critic.dropout"]);

/** Accepted because the reference's files have them. */
const unused = {
  always: ["sim_device"],
  "without demonstrations": ["max_n_episodes", "n_demonstrations", "offline_dataset_path"],
};

/** The same configurations with other networks and another policy. */
const transformer = ["model.network.type=transformer", "~model.network.mlp_dims", "~model.network.activation_type"];
const unet = [
  "model.network.type=unet",
  ...["mlp_dims", "residual_style", "time_dim", "activation_type"].map((key) => `~model.network.${key}`),
  ...["cond_mlp_dims=[8,8]", "dim_mults=[1,2]"].map((key) => `++model.network.${key}`),
];
const mixture = ["policy.type=gmm", "++model.network.num_modes=3"];
const asMixture = ["~model.randn_clip_value", "~train.likelihood"];

test.each([
  ["gym/pretrain/hopper-medium-v2", "pre_improved_meanflow_dispersive_mlp", 60, unused.always],
  ["gym/pretrain/hopper-medium-v2", "pre_reflow_mlp", 48, unused.always],
  ["gym/pretrain/hopper-medium-v2", "pre_diffusion_mlp", 50, unused.always],
  ["gym/pretrain/hopper-medium-v2", "pre_diffusion_mlp", 50, unused.always, unet],
  ["gym/pretrain/hopper-medium-v2", "pre_gaussian_mlp", 46, unused.always],
  ["gym/pretrain/hopper-medium-v2", "pre_gaussian_mlp", 45, unused.always, transformer],
  ["gym/pretrain/hopper-medium-v2", "pre_gaussian_mlp", 45, unused.always, mixture],
  ["gym/finetune/hopper-v2", "ft_ppo_meanflow_mlp", 80, Object.values(unused).flat()],
  ["gym/finetune/hopper-v2", "ft_ppo_reflow_mlp", 90, Object.values(unused).flat()],
  ["gym/finetune/hopper-v2", "ft_ppo_diffusion_mlp", 80, Object.values(unused).flat()],
  ["gym/finetune/hopper-v2", "ft_ppo_ddim_mlp", 80, Object.values(unused).flat()],
  ["gym/finetune/hopper-v2", "ft_ppo_exact_diffusion_mlp", 80, Object.values(unused).flat()],
  ["gym/scratch/hopper-v2", "ppo_diffusion_mlp", 80, Object.values(unused).flat()],
  ["gym/pretrain/hopper-medium-v2", "pre_shortcut_mlp", 50, unused.always],
  ["gym/pretrain/hopper-medium-v2", "pre_consistency_mlp", 47, unused.always],
  ["gym/finetune/hopper-v2", "ft_ppo_shortcut_mlp", 90, Object.values(unused).flat()],
  ["gym/scratch/hopper-v2", "ppo_gaussian_mlp", 65, Object.values(unused).flat()],
  ["gym/scratch/hopper-v2", "ppo_gaussian_mlp", 65, Object.values(unused).flat(), [...mixture, ...asMixture]],
  ["gym/eval/hopper-medium-v2", "eval_meanflow_mlp", 22, [...unused.always, "denoising_steps"]],
  ["gym/eval/hopper-medium-v2", "eval_diffusion_mlp", 24, unused.always],
] satisfies [string, string, number, readonly string[], (readonly string[])?][])(
  "%s/%s: at least %i keys",
  (directory, name, atLeast, expectedIdle, chosen: readonly string[] = []) => {
    const resolve = (...overrides: string[]) =>
      resolveExperiment(`cfg/${directory}`, name, [...chosen, ...overrides], context);
    const base = resolve();
    const idle: string[] = [];
    const unchanged: string[] = [];
    const keys = leavesOf(base.config).filter(([path]) => !choices.has(path) && !constants.has(path));
    expect(keys.length).toBeGreaterThanOrEqual(atLeast);
    for (const [path, value] of keys) {
      const beside = companions[path] ?? [];
      const changed = together[path]
        ? resolve(...together[path])
        : withAnother(path, value, (override) => resolve(override, ...beside));
      if (!changed) unchanged.push(`${path}=${JSON.stringify(value)}`);
      else if (isDeepStrictEqual(changed.options, (beside.length > 0 ? resolve(...beside) : base).options))
        idle.push(path);
    }
    expect(unchanged).toEqual([]);
    expect(idle.sort()).toEqual([...expectedIdle].sort());
  },
);

/** The experiment with some other valid value; names that a choice may take are read from its error. */
function withAnother(path: string, value: unknown, resolve: (override: string) => Experiment): Experiment | undefined {
  const waiting = candidatesFor(value);
  const tried = new Set([JSON.stringify(value), String(value)]);
  for (let candidate = waiting.shift(); candidate !== undefined; candidate = waiting.shift()) {
    if (tried.has(candidate)) continue;
    tried.add(candidate);
    try {
      return resolve(`++${path}=${candidate}`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const own = error.problems.find((problem) => problem.path === path);
      waiting.push(...(own?.expected.match(/[A-Za-z]\w+/g) ?? []));
    }
  }
  return undefined;
}

function candidatesFor(value: unknown): string[] {
  if (typeof value === "boolean") return [String(!value)];
  if (typeof value === "number") return [value + 1, value * 2, value / 2, 0.5, 1].map(String);
  if (typeof value === "string") return ["other", "constant"];
  if (Array.isArray(value)) return [JSON.stringify([...(value as unknown[]), 1]), "[2]"];
  return ["1", "0.5", "other", "true", "[1, 2]"];
}

function leavesOf(config: object, prefix = ""): [string, unknown][] {
  return Object.entries(config).flatMap(([key, value]): [string, unknown][] => {
    if (value === undefined) return [];
    const isSection = typeof value === "object" && value !== null && !Array.isArray(value);
    return isSection ? leavesOf(value as object, `${prefix}${key}.`) : [[prefix + key, value]];
  });
}
