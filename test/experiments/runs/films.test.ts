// Films beside a run: where they lie, that they change nothing, and what is said where there are none.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { resolveExperiment } from "../../../sdk/src/config/run/experiment.js";
import { Random } from "../../../sdk/src/engine/random.js";
import { filmMaker } from "../../../sdk/src/experiments/runs/films.js";
import { MeanFlow } from "../../../sdk/src/experiments/policies.js";
import { PPO } from "../../../sdk/src/experiments/algorithms.js";
import { TrainedPolicy } from "../../../sdk/src/policies/trained-policy.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { tiny } from "../tiny-fine-tuning.js";

const folder = temporaryFolder();
const control = { threads: 1, workers: 0 };
const filmsIn = (run: string) => readdirSync(join(folder, run, "render")).sort();
const isGif = (path: string) => readFileSync(path).subarray(0, 3).toString() === "GIF";

/** A policy that was never trained, for an environment with so many observations and actions. */
function untrained(environment: string, observationDimension: number, actionDimension: number): TrainedPolicy {
  const dimensions = { observationDimension, actionDimension };
  const model = MeanFlow.improved()
    .withNetwork({ mlpDims: [8] })
    .for(dimensions);
  const weights = model.layout.initialise(new Random(1).stream("weights"));
  const filled = (length: number, value: number) => new Float32Array(length).fill(value);
  const normalization = {
    observationMin: filled(observationDimension, -1),
    observationMax: filled(observationDimension, 1),
    actionMin: filled(actionDimension, -1),
    actionMax: filled(actionDimension, 1),
  };
  return new TrainedPolicy({ model, weights, normalization, environment });
}

const played = { seed: 1, denoisingSteps: 1, episodes: 1 };

describe("a fine-tuning", () => {
  const input = { ...tiny, maxEpisodeSteps: 12, ...control };
  const base = untrained("hopper-v2", 11, 3);
  let filmed: Awaited<ReturnType<typeof PPO.finetune>>;
  beforeAll(async () => {
    filmed = await PPO.finetune(base, { ...input, folder: join(folder, "filmed"), films: { every: 2, episodes: 2 } });
  });

  test("films episodes at every so many iterations", () => {
    const names = ["itr-0_trial-0.gif", "itr-0_trial-1.gif", "itr-2_trial-0.gif", "itr-2_trial-1.gif"];
    expect(filmsIn("filmed")).toEqual(names);
    expect(names.every((name) => isGif(join(folder, "filmed/render", name)))).toBe(true);
  });

  test("is the same without films", async () => {
    const plain = await PPO.finetune(base, { ...input, folder: null });
    expect(plain.last.weights).toEqual(filmed.last.weights);
    const numbers = ({ curve }: typeof plain) => curve.map(({ seconds, ...record }) => record);
    expect(numbers(plain)).toEqual(numbers(filmed));
    expect(filmed.last.weights).not.toEqual(base.weights);
  });
});

test("the avoiding table is filmed too", async () => {
  const run = join(folder, "avoiding");
  const settings = { ...played, env: "avoiding-v0", maxEpisodeSteps: 4 };
  await filmMaker(run, settings, control)(untrained("avoiding-v0", 4, 2), "eval");
  expect(filmsIn("avoiding")).toEqual(["eval_trial-0.gif"]);
  expect(isGif(join(run, "render/eval_trial-0.gif"))).toBe(true);
});

test("an environment without pictures is one line, once", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const env = new URL("../../envs/fixtures/scripted.ts", import.meta.url).href;
  const film = filmMaker(folder, { ...played, env, episodes: 2 }, control);
  const policy = untrained(env, 3, 1);
  await film(policy, "itr-0");
  await film(policy, "itr-1");
  expect(warn.mock.calls).toHaveLength(1);
  expect(warn.mock.calls[0]![0]).toMatch(/^no films: .*has no pictures.*$/);
  expect(readFileSync(join(folder, "run.log"), "utf8")).toBe(`${warn.mock.calls[0]![0]}\n`);
  warn.mockRestore();
});

describe("the guide's options", () => {
  const context = { now: new Date(0), environment: {} };
  const films = (name: string, ...overrides: string[]) => {
    const { stage, options } = resolveExperiment(...(name.split(" ") as [string, string]), overrides, context);
    return stage === "pretrain" ? undefined : options.films;
  };
  const finetune = "cfg/gym/finetune/hopper-v2 ft_ppo_meanflow_mlp";
  const evaluation = "cfg/gym/eval/hopper-medium-v2 eval_meanflow_mlp";

  test.each([
    [finetune, [], null],
    [finetune, ["env.save_video=True", "train.render.freq=10", "train.render.num=3"], { every: 10, episodes: 3 }],
    [finetune, ["env.save_video=True", "train.val_freq=7"], { every: 7, episodes: 1 }],
    [finetune, ["+env.render=True", "train.render.num=1"], { every: 1, episodes: 1 }],
    [evaluation, [], 0],
    [evaluation, ["env.save_video=True", "+render_num=2"], 2],
  ])("%s %j", (name, overrides, expected) => {
    expect(films(name, ...overrides)).toEqual(expected);
  });
});
