// What finished runs and evaluations say, draw, tabulate and write, from numbers made by hand.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { openNpz } from "../../../sdk/src/data/npz.js";
import type { EvaluationResult, SettingResult } from "../../../sdk/src/evaluation/evaluate.js";
import { EvaluationReport } from "../../../sdk/src/experiments/runs/evaluation.js";
import { FineTuningRun } from "../../../sdk/src/experiments/runs/finetuning.js";
import { PretrainingRun } from "../../../sdk/src/experiments/runs/pretraining.js";
import type { RunResult } from "../../../sdk/src/learning/drive.js";
import type { PretrainRecord } from "../../../sdk/src/pretrain/pretrain.js";
import type { IterationRecord } from "../../../sdk/src/rl/iteration-record.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { scriptedPolicy } from "../scripted-policy.js";

// Pictures are tested elsewhere, and take seconds.
vi.mock(import("../../../sdk/src/figures/save-figure.js"), () => ({
  saveFigure: async (figure: object, path: string) => writeFileSync(path, JSON.stringify(figure)),
}));

const folder = temporaryFolder();
const policy = scriptedPolicy({ sample: (_, noise) => noise });

interface Drawn {
  readonly data: readonly { readonly name?: string; readonly x?: unknown; readonly y?: unknown }[];
  readonly layout: { readonly title: { readonly text: string; readonly subtitle?: { readonly text: string } } };
}
/** Lines of a figure by name, and its titles. */
function drawn(figure: unknown) {
  const { data, layout } = figure as Drawn;
  const lines = data.filter(({ name }) => name !== undefined).map(({ name, x, y }) => [name, x, y]);
  return { lines, title: layout.title.text, subtitle: layout.title.subtitle?.text };
}

/** The end of a run with this curve. */
function result<Row>(curve: readonly Row[], more: Partial<RunResult<Row>> = {}): RunResult<Row> {
  const sets = { ema: policy.weights, model: Float32Array.of(7) };
  return {
    ...{ policy, last: policy, best: undefined, curve, sets, handedOn: {}, environmentSteps: 0, seconds: 12.34 },
    interrupted: false,
    ...more,
  };
}

const epoch = (n: number, more: Partial<PretrainRecord> = {}): PretrainRecord => ({
  ...{ stage: "pretrain", epoch: n, step: 10 * n, loss: 2 ** (1 - n), learningRate: 1e-3, seconds: n },
  ...more,
});

test("a pre-training: policies, sentence, table", () => {
  const curve = [epoch(1), epoch(2, { testReturn: 123.45, testReturnStd: 6 })];
  const run = new PretrainingRun(result(curve), "log/x");
  expect(String(run)).toBe("pre-training: 2 epochs in 12.3 s, loss 0.5000, test return 123.5, files in log/x");
  expect(run.policy).toBe(policy);
  expect(Array.from(run.rawPolicy.weights)).toEqual([7]);
  expect(run.toTable().objects()).toEqual([{ ...curve[0], testReturn: undefined, testReturnStd: undefined }, curve[1]]);
  expect(String(new PretrainingRun(result([], { interrupted: true }), undefined))).toBe(
    "stopped pre-training: 0 epochs in 12.3 s",
  );
});

test("a pre-training: the losses that were measured, and the returns of its tests", () => {
  const curve = [
    epoch(1),
    epoch(2, { validationLoss: 0.75, testReturn: 10, testReturnStd: 2 }),
    epoch(3, { testReturn: 20 }),
  ];
  const figures = new PretrainingRun(result(curve), undefined).figures();
  expect(drawn(figures.loss)).toEqual({
    lines: [
      ["training loss", [1, 2, 3], [1, 0.5, 0.25]],
      ["validation loss", [2], [0.75]],
    ],
    title: "<b>Pre-training loss</b>",
    subtitle: undefined,
  });
  const returns = drawn(figures.return);
  expect(returns.title).toBe("<b>Return of the averaged policy</b>");
  expect(returns.subtitle).toBe("band: standard deviation over episodes");
  expect(returns.lines).toContainEqual(["test in the simulator", [2, 3], [10, 20]]);
  expect(JSON.stringify(figures.return)).toContain('"text":"epoch"');
  // The band: two above and below, none where no deviation is known.
  expect((figures.return as unknown as Drawn).data.map(({ y }) => y)).toContainEqual([12, 20, 20, 8]);

  const untested = new PretrainingRun(result([epoch(1)]), undefined).figures();
  expect(Object.keys(untested)).toEqual(["loss"]);
  expect(drawn(untested.loss).lines).toEqual([["training loss", [1], [1]]]);
  expect(new PretrainingRun(result([]), undefined).figures()).toEqual({});
});

const estimate = (mean: number, standardDeviation = 0) => ({ mean, standardDeviation, standardError: 0 });
const iteration = (
  n: number,
  mode: IterationRecord["mode"],
  environmentSteps: number,
  mean: number,
  episodes = 2,
): IterationRecord => ({
  ...{ stage: "finetune", iteration: n, mode, environmentSteps, seconds: 1 },
  episodes: {
    episodes,
    return: estimate(mean),
    length: estimate(3),
    bestReward: estimate(4),
    successRate: estimate(1),
  },
});

test("a fine-tuning: sentence, table, and the returns of evaluations and of training that had episodes", () => {
  const curve = [
    iteration(0, "evaluation", 0, 100),
    iteration(1, "training", 500, NaN, 0),
    iteration(2, "training", 1000, 90),
    iteration(3, "evaluation", 1000, 110.26),
  ];
  const run = new FineTuningRun(result(curve, { best: curve[3], environmentSteps: 1234567 }), "log/x", {});
  expect(String(run)).toBe(
    "fine-tuning: 4 iterations, 1,234,567 environment steps in 12.3 s, best return 110.3, files in log/x",
  );
  const { return: returns } = run.figures();
  expect(drawn(returns)).toEqual({
    lines: [
      ["evaluation", [0, 1000], [100, 110.26]],
      ["training episodes", [1000], [90]],
    ],
    title: "<b>Fine-tuning</b>",
    subtitle: undefined,
  });
  expect(run.toTable().array("step")).toEqual([0, 500, 1000, 1000]);
  const trained = new FineTuningRun(result([curve[2]!]), undefined, {}).figures().return;
  expect(drawn(trained).lines.map(([name]) => name)).toEqual(["training episodes"]);

  const stopped = new FineTuningRun(result([], { interrupted: true }), undefined, {});
  expect(String(stopped)).toBe("stopped fine-tuning: 0 iterations, 0 environment steps in 12.3 s");
  expect(stopped.figures()).toEqual({});
  expect(new FineTuningRun(result([curve[1]!]), undefined, {}).figures()).toEqual({});
});

const setting = (denoisingSteps: number, returns: readonly number[]): SettingResult => ({
  denoisingSteps,
  bestReturn: Math.max(...returns),
  episodes: returns.map((value) => ({
    environment: 0,
    firstStep: 0,
    return: value,
    length: 3,
    bestReward: 1,
    success: true,
  })),
  statistics: {
    ...{ episodes: returns.length, return: estimate(1234.5, 67.8), length: estimate(320.4, 5) },
    ...{ bestReward: estimate(4, 0.5), successRate: estimate(0.756, 0.4) },
  },
  inference: {
    calls: 9,
    seconds: { mean: 0.002, standardDeviation: 0.0001 },
    frequency: { mean: 500.4, standardDeviation: 25 },
  },
});
const evaluation: EvaluationResult = {
  ...{ initialNoise: "zero", environments: 2 },
  settings: [setting(1, [10, 20]), setting(5, [30.6, 25])],
};
const report = new EvaluationReport("meanflow", "hopper-v2", evaluation);
const row = {
  ...{ avg_single_step_freq: 500.4, avg_single_step_freq_std: 25 },
  ...{ avg_single_step_duration: 0.002, avg_single_step_duration_std: 0.0001 },
  ...{ avg_traj_length: 320.4, avg_traj_length_std: 5, avg_episode_reward: 1234.5, avg_episode_reward_std: 67.8 },
  ...{ avg_best_reward: 4, avg_best_reward_std: 0.5, success_rate: 0.756, success_rate_std: 0.4 },
  num_episodes_finished: 2,
};

test("an evaluation as a table of text and as rows", () => {
  expect(
    String(report)
      .split("\n")
      .map((line) => line.trim().split(/ {2,}/)),
  ).toEqual([
    ["denoising steps", "return", "best", "length", "success", "calls/s"],
    expect.anything(),
    ["1", "1235 ± 68", "20", "320", "76 %", "500"],
    ["5", "1235 ± 68", "31", "320", "76 %", "500"],
  ]);
  expect(report.rows()).toEqual([
    { num_denoising_steps: 1, ...row },
    { num_denoising_steps: 5, ...row },
  ]);
  expect(report.toTable().objects()).toEqual(report.rows());
});

test("an evaluation as charts: one for each measure, and all in one", () => {
  const figures = report.figures();
  expect(Object.keys(figures)).toEqual([
    ...["success-rate", "episode-reward", "inference-duration", "best-reward"],
    ...["episode-length", "inference-frequency", "denoise_step"],
  ]);
  for (const figure of Object.values(figures)) {
    expect(JSON.stringify(figure)).toContain("hopper-v2, 2 episodes each, band: standard deviation");
    expect(JSON.stringify(figure)).toContain("meanflow, zero noise");
  }
  const shown = Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, JSON.stringify(figure)]));
  expect(report.chartResults()[0]).toEqual({
    denoisingSteps: 1,
    episodeReward: { mean: 1234.5, spread: 67.8 },
    successRate: { mean: 0.756, spread: 0.4 },
    episodeLength: { mean: 320.4, spread: 5 },
    bestReward: { mean: 4, spread: 0.5 },
    inferenceDuration: { mean: 0.002, spread: 0.0001 },
    inferenceFrequency: { mean: 500.4, spread: 25 },
  });
  expect(shown["episode-reward"]).toContain("1234.5");
});

test("an evaluation as files", async () => {
  const target = await report.save(join(folder, "evaluation"));
  expect(target).toBe(join(folder, "evaluation"));
  expect(readdirSync(target).sort()).toEqual([
    ...["best-reward.png", "denoise_step.png", "episode-length.png", "episode-reward.png"],
    ...["eval_statistics.csv", "eval_statistics.json", "eval_statistics.npz"],
    ...["inference-duration.png", "inference-frequency.png", "success-rate.png"],
  ]);
  const json = JSON.parse(readFileSync(join(target, "eval_statistics.json"), "utf8")) as object;
  expect(json).toEqual({
    ...{ env: "hopper-v2", initialNoise: "zero", rows: report.rows(), versions: expect.any(Object) },
    returns: [
      { denoisingSteps: 1, returns: [10, 20] },
      { denoisingSteps: 5, returns: [30.6, 25] },
    ],
  });
  const [first] = report.rows();
  const lines = readFileSync(join(target, "eval_statistics.csv"), "utf8").split("\n");
  expect(lines).toEqual([
    Object.keys(first!).join(","),
    ...report.rows().map((line) => Object.values(line).join(",")),
    "",
  ]);
  const npz = openNpz(readFileSync(join(target, "eval_statistics.npz")), "eval_statistics.npz");
  expect(npz.get("num_denoising_steps")).toMatchObject({ shape: [2], data: Float64Array.of(1, 5) });
  expect(npz.get("success_rate_std")).toMatchObject({ shape: [2], data: Float64Array.of(0.4, 0.4) });
});
