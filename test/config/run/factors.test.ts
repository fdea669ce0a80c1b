// From overrides to trials that are known to be valid: factors, points, everything wrong at once, before anything is written.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { experimentOf, objectiveOf } from "../../../sdk/src/config/run/configured-trial.js";
import { factorsOf, pointsOf } from "../../../sdk/src/config/run/factors.js";
import { resolveConfig } from "../../../sdk/src/config/run/experiment.js";
import { plan, type SweepInput } from "../../../sdk/src/config/run/sweep-plan.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { inputErrorOf } from "../input-error.js";

const hopper = { configDir: "cfg/gym/pretrain/hopper-medium-v2", configName: "pre_reflow_mlp" };
const input = (overrides: readonly string[], more: Partial<SweepInput> = {}): SweepInput => ({
  ...{ ...hopper, overrides, search: "grid", searchSeed: 0, eta: 3, checkpoints: true },
  ...more,
});

test("lists and counted numbers are factors, one value is shared, ranges are for searches", () => {
  const { shared, domains } = factorsOf([
    "seed=0..2",
    "model.times.type=uniform,beta",
    "train.n_epochs=3",
    "~wandb",
    "model.network.mlp_dims=[16],[8]",
  ]);
  expect(shared).toEqual(["train.n_epochs=3", "~wandb"]);
  expect(domains).toEqual({
    seed: { kind: "choices", values: ["0", "1", "2"] },
    "model.times.type": { kind: "choices", values: ["uniform", "beta"] },
    "model.network.mlp_dims": { kind: "choices", values: ["[16]", "[8]"] },
  });
  expect(factorsOf(["train.learning_rate=loguniform(1e-4, 1e-2)", "x=integer(1,8)"]).domains).toEqual({
    "train.learning_rate": { kind: "range", low: 1e-4, high: 1e-2, scale: "log", whole: false },
    x: { kind: "range", low: 1, high: 8, scale: "linear", whole: true },
  });
});

test.each([
  ["logdir=x", /is chosen by the sweep/],
  ["seed=1,1", /has "1" twice/],
  ["seed=9..0", /counts from 9 to 0/],
  ["x=loguniform(0,1)", /is no range/],
  ["x=uniform(2,1)", /is no range/],
  ["x=integer(1.5,2)", /is no range/],
])("%s is refused", (override, wrong) => {
  expect(inputErrorOf(() => factorsOf([override])).problems[0]!.wrong).toMatch(wrong);
});

test("a grid goes seed by seed; a search gives every point every seed", () => {
  const { domains } = factorsOf(["x=1,2", "seed=0,1"]);
  const grid = pointsOf(domains, { kind: "grid", seed: 0 });
  expect(grid.map(({ seed, x }) => `${seed}${x}`)).toEqual(["01", "02", "11", "12"]);
  const searched = pointsOf(factorsOf(["x=uniform(0,1)", "seed=0,1"]).domains, { kind: "random", count: 3, seed: 0 });
  expect(searched.map(({ seed }) => seed)).toEqual(["0", "0", "0", "1", "1", "1"]);
  expect(searched.slice(0, 3).map(({ x }) => x)).toEqual(searched.slice(3).map(({ x }) => x));
  expect(() => pointsOf(domains, { kind: "latin", seed: 0 })).toThrow("--trials");
});

test("every wrong factor and value of any trial is said before anything is written", () => {
  const folder = join(temporaryFolder(), "sweep");
  const wrong = inputErrorOf(() =>
    plan(
      input(["seed=0..3", "model.times.type=uniform,bata", "train.n_epoch=1,2", "train.batch_size=-1,8"], { folder }),
    ),
  );
  expect(wrong.code).toMatch(/^DMPO_CONFIG/);
  expect(wrong.message).toMatch(/model\.times\.type: "bata"[^]*did you mean beta/);
  expect(wrong.message).toMatch(/train\.n_epoch: unknown key[^]*did you mean "train\.n_epochs"/);
  expect(wrong.message).toMatch(/train\.batch_size: -1/);
  expect(existsSync(folder)).toBe(false);
  expect(() =>
    plan(
      input(["seed=0,1"], { configDir: "cfg/gym/eval/hopper-medium-v2", configName: "eval_meanflow_mlp", halving: 2 }),
    ),
  ).toThrow("no iterations");
});

test("a record says what its trials are wherever it lies: without the configuration's files, and whenever", async () => {
  const folder = join(temporaryFolder(), "sweep");
  const planned = plan(input(["seed=0,1", "model.times.type=uniform,beta", "train.n_epochs=2"], { folder }));
  expect(planned.objective).toEqual({ metric: "testReturn", goal: "max" });
  const record = await planned.create({ threads: 1, backEnd: { name: "local", options: {} } });
  expect(readFileSync(join(folder, "config.yaml"), "utf8")).toContain("${env_name}_pre");
  const { config, options } = experimentOf(record, 3, ["logdir=x"]);
  const direct = resolveConfig(
    hopper.configDir,
    hopper.configName,
    ["seed=1", "model.times.type=beta", "train.n_epochs=2", "logdir=x"],
    {
      now: new Date(record.definition.created),
    },
  );
  expect(config).toEqual(direct.config);
  expect(options).toEqual(direct.experiment().options);
});

test("what trials are compared by follows from what they do, unless somebody says otherwise", () => {
  const of = (configDir: string, configName: string, ...overrides: string[]) =>
    objectiveOf(resolveConfig(configDir, configName, overrides));
  expect(of(hopper.configDir, hopper.configName, "test_in_mujoco=False")).toEqual({ metric: "loss", goal: "min" });
  expect(of(hopper.configDir, hopper.configName, "test_in_mujoco=False", "train.train_split=0.9").metric).toBe(
    "validationLoss",
  );
  expect(of("cfg/gym/finetune/hopper-v2", "ft_ppo_meanflow_mlp")).toEqual({
    metric: "eval/avg episode reward",
    goal: "max",
  });
  // A rung must have something to choose by: tests that come later do not count.
  const tested = ["test_in_mujoco=True", "train.test_freq=10"];
  const within = (iterations?: number) =>
    objectiveOf(resolveConfig(hopper.configDir, hopper.configName, tested), iterations).metric;
  expect([within(), within(10), within(5)]).toEqual(["testReturn", "testReturn", "loss"]);
  expect(plan(input(["seed=0,1", ...tested], { halving: 5 })).objective).toEqual({ metric: "loss", goal: "min" });
  expect(plan(input(["seed=0,1"], { metric: "loss" })).objective).toEqual({ metric: "loss", goal: "min" });
});
