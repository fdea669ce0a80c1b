// fast_dev_run: the same run with few of everything, in a temporary folder.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveConfig, resolveExperiment } from "../../../sdk/src/config/run/experiment.js";
import { configNames, projectConfigRoot } from "../../../sdk/src/config/run/locations.js";
import { fastDevRunData, shortenedKeys } from "../../../sdk/src/config/schema/fast-dev-run.js";

const context = { now: new Date(2026, 2, 1), environment: {} };
const short = (directory: string, name: string, ...overrides: string[]) =>
  resolveConfig(`cfg/${directory}`, name, ["fast_dev_run=True", ...overrides], context);

test("pre-training: two epochs of three short episodes, everything else as it is", () => {
  const [real, tried] = [[], ["fast_dev_run=True"]].map((overrides) =>
    resolveConfig("cfg/robomimic/pretrain/can", "pre_gaussian_mlp", overrides, context),
  );
  const changed = differences(real!.config, tried!.config);
  expect(changed).toMatchObject({
    fast_dev_run: [false, true],
    max_n_episodes: [null, 3],
    n_demonstrations: [100, 3],
    "train.n_epochs": [expect.any(Number), 2],
    "train.batch_size": [expect.any(Number), 32],
    "env.n_envs": [expect.any(Number), 4],
  });
  expect(Object.keys(changed).filter((path) => path.startsWith("model"))).toEqual([]);
  for (const path of Object.keys(changed).filter((key) => key !== "fast_dev_run")) {
    expect(tried!.origins(path), path).toBe("fast_dev_run");
  }
  expect(tried!.origins("train.learning_rate")).not.toBe("fast_dev_run");
  expect(tried!.notices.at(-1)).toContain("results mean nothing");
  expect(real!.notices).toEqual([]);
});

test("learning: two iterations between two that evaluate, in which episodes of eight chunks end", () => {
  const { config } = short("gym/finetune/kitchen-mixed-v0", "ft_ppo_meanflow_mlp");
  expect(config.train).toMatchObject({ n_train_itr: 4, n_steps: 8, update_epochs: expect.toSatisfy(atMost(2)) });
  const chunk = Number(config.act_steps ?? config.horizon_steps);
  expect(config.env).toMatchObject({ n_envs: 4, max_episode_steps: 8 * chunk });
});

test("what is less already stays, also from the command line", () => {
  const { config } = short("gym/finetune/hopper-v2", "ft_ppo_meanflow_mlp", "env.n_envs=1", "train.n_train_itr=3");
  expect([(config.env as { n_envs: number }).n_envs, (config.train as { n_train_itr: number }).n_train_itr]).toEqual([
    1, 3,
  ]);
  expect(short("gym/finetune/hopper-v2", "ft_ppo_meanflow_mlp", "train.n_train_itr=50").config.train).toMatchObject({
    n_train_itr: 4,
  });
});

test("its files go to a temporary folder, unless another is asked for; nothing is uploaded", () => {
  const base = ["gym/pretrain/hopper-medium-v2", "pre_meanflow_mlp"] as const;
  const { config } = short(...base, "++wandb.project=x");
  const end = join("log", String(config.name), "2026-03-01_00-00-00_42");
  expect(config.logdir).toSatisfy((path: string) => path.startsWith(tmpdir()) && path.endsWith(end));
  expect(config.wandb).toBeNull();
  const kept = short(...base, "++wandb.offline_mode=True", "logdir=here").config;
  expect(kept).toMatchObject({ logdir: "here", wandb: { offline_mode: true } });
});

test("demonstrations that are made for it stay apart from those of real runs; none are where none are wanted", () => {
  const of = (...overrides: string[]) =>
    resolveExperiment("cfg/robomimic/pretrain/can", "pre_gaussian_mlp", overrides, context).options;
  expect(of("fast_dev_run=True")).toMatchObject({ data: { make: { episodes: 3, folder: fastDevRunData } } });
  expect(of("n_demonstrations=20")).toMatchObject({ data: { make: { episodes: 20 } } });
  expect(of("n_demonstrations=0")).toMatchObject({ data: { make: false } });
});

test("every key that it shortens is a key of some configuration", () => {
  const chosen = configNames(projectConfigRoot).filter((name) =>
    /pretrain.can.pre_gaussian|finetune.can|ft_fql|sac|scratch.(can|hopper)|eval.hopper/.test(name),
  );
  const keys = chosen.flatMap((name) => {
    const slash = name.lastIndexOf("/");
    const { config } = resolveConfig(
      `cfg/${name.slice(0, slash)}`,
      name.slice(slash + 1),
      ["++env.save_video=True"],
      context,
    );
    return Object.keys(differences({}, config));
  });
  const known = new Set([...keys, "train.render.num"]);
  expect(shortenedKeys.filter((key) => !known.has(key))).toEqual([]);
});

const atMost = (limit: number) => (value: unknown) => typeof value === "number" && value <= limit;

/** Dotted paths of the values that differ, with both. */
function differences(first: object, second: object, prefix = ""): Record<string, [unknown, unknown]> {
  return Object.fromEntries(
    Object.entries(second).flatMap(([key, value]): [string, [unknown, unknown]][] => {
      const before = (first as Record<string, unknown>)[key];
      const isSection = typeof value === "object" && value !== null && !Array.isArray(value);
      if (isSection) return Object.entries(differences(before ?? {}, value as object, `${prefix}${key}.`));
      return JSON.stringify(before) === JSON.stringify(value) ? [] : [[prefix + key, [before, value]]];
    }),
  );
}
