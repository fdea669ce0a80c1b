// The journey with stages of given results: what it asks of each, says, tabulates and reports.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { PPO } from "../../sdk/src/experiments/algorithms.js";
import { runJourney, type JourneyInput } from "../../sdk/src/experiments/journey.js";
import { PolicyDescription } from "../../sdk/src/experiments/policy-description.js";
import { rolloutPoses } from "../../sdk/src/experiments/rollout-poses.js";
import { rollout, type Rollout } from "../../sdk/src/experiments/rollouts/rollout.js";
import { evaluate, EvaluationReport } from "../../sdk/src/experiments/runs/evaluation.js";
import type { SettingResult } from "../../sdk/src/evaluation/evaluate.js";
import { histogram } from "../../sdk/src/figures/charts/histogram.js";
import { writeReport, type ReportFigure } from "../../sdk/src/figures/report/report-page.js";
import { temporaryFolder } from "../data/temporary-folder.js";

vi.mock(import("../../sdk/src/experiments/runs/evaluation.js"), async (original) => ({
  ...(await original()),
  evaluate: vi.fn(),
}));
vi.mock(import("../../sdk/src/experiments/rollout-poses.js"), () => ({ rolloutPoses: vi.fn() }));
vi.mock(import("../../sdk/src/experiments/rollouts/rollout.js"), async (original) => ({
  ...(await original()),
  rollout: vi.fn(),
}));
vi.mock(import("../../sdk/src/experiments/rollouts/player.js"), () => ({
  Player: class {
    constructor(
      readonly first: Rollout,
      readonly options: { compareWith: Rollout },
    ) {}
    html = () => `${this.first.title} | ${this.options.compareWith.title}`;
  } as never,
}));
vi.mock(import("../../sdk/src/figures/report/report-page.js"), () => ({ writeReport: vi.fn() }));
vi.mock(import("../../sdk/src/figures/charts/histogram.js"), async (original) => {
  const { histogram } = await original();
  return { histogram: vi.fn(histogram) };
});

const folder = temporaryFolder();
const data = Dataset.from({
  observations: Array.from({ length: 5 }, (_, i) => [i, 1]),
  actions: Array.from({ length: 5 }, (_, i) => [i]),
  rewards: [1, 2, 3, 4, 5],
  episodeLengths: [2, 3],
});

const curve = { data: [], layout: { title: { text: "curve" } } };
const pretraining = {
  policy: { model: { layout: { size: 12345 } } },
  seconds: 61.4,
  figures: () => ({ loss: { ...curve, name: "loss" } }),
};
const finetuning = {
  policy: { name: "tuned" },
  seconds: 30.6,
  environmentSteps: 1234567,
  figures: () => ({ return: { ...curve, name: "return" } }),
};

function setting(denoisingSteps: number, mean: number): SettingResult {
  const estimate = (value: number, standardDeviation: number) => ({ mean: value, standardDeviation, standardError: 0 });
  return {
    denoisingSteps,
    bestReturn: mean,
    episodes: [{ environment: 0, firstStep: 0, return: mean, length: 3, bestReward: 1, success: true }],
    statistics: {
      ...{ episodes: 7, return: estimate(mean, mean / 10), length: estimate(3, 1) },
      ...{ bestReward: estimate(1, 0), successRate: estimate(1, 0) },
    },
    inference: {
      calls: 1,
      seconds: { mean: 0.00251, standardDeviation: 0 },
      frequency: { mean: 400, standardDeviation: 0 },
    },
  };
}

const pretrain = vi.spyOn(PolicyDescription.prototype, "pretrain");
const finetune = vi.spyOn(PPO, "finetune");
beforeEach(() => {
  vi.clearAllMocks();
  rmSync(join(folder, "journey"), { recursive: true, force: true });
  pretrain.mockResolvedValue(pretraining as never);
  finetune.mockResolvedValue(finetuning as never);
  vi.mocked(rolloutPoses).mockResolvedValue(
    [0, 1].map((time) => ({ time, capsules: [{ from: [0, 0.1], to: [0, 0.9], radius: 0.1 }] })),
  );
  vi.mocked(rollout).mockImplementation(async (_, { title } = {}) => ({ title, scene: {} }) as Rollout);
  vi.mocked(writeReport).mockImplementation(async (where) => join(where, "index.html"));
  // Returns say who was evaluated how: 1000 more after fine-tuning, 100 more without noise, and the steps.
  vi.mocked(evaluate).mockImplementation(async (run, { initialNoise, denoisingSteps } = {}) => {
    const start = (run === (finetuning as never) ? 2000 : 1000) + (initialNoise === "zero" ? 100 : 0);
    const settings = denoisingSteps!.map((steps) => setting(steps, start + steps));
    return new EvaluationReport("meanflow", "hopper-v2", { initialNoise: initialNoise!, environments: 2, settings });
  });
});

const input: JourneyInput = { data, env: "hopper-v2", folder: join(folder, "journey"), progress: false };

test("what each stage is asked for", async () => {
  const { signal } = new AbortController();
  const control = { signal, progress: false, device: "wasm", threads: 3, workers: 2 };
  await runJourney({
    ...{ ...input, ...control, seed: 9, episodes: 7, mlpDims: [8], console: true },
    ...{ pretrain: { epochs: 3 }, finetune: { iterations: 4 } },
  });
  const own = (name: string) => ({ ...control, console: true, folder: join(folder, "journey", name) });
  const description = pretrain.mock.contexts[0] as PolicyDescription;
  expect(description.objective).toMatchObject({ tangent: "predicted" });
  expect(description.network).toEqual({ mlpDims: [8] });
  expect(pretrain.mock.calls).toEqual([[data, { seed: 9, env: "hopper-v2", epochs: 3, ...own("pretrain") }]]);
  expect(finetune.mock.calls).toEqual([
    [pretraining, { seed: 9, env: "hopper-v2", iterations: 4, ...own("finetune") }],
  ]);
  const examined = (run: unknown, initialNoise: string) => [
    run,
    { ...control, env: "hopper-v2", episodes: 7, seed: 10, denoisingSteps: [1, 2, 5], initialNoise },
  ];
  expect(vi.mocked(evaluate).mock.calls).toEqual([
    examined(pretraining, "sampled"),
    examined(pretraining, "zero"),
    examined(finetuning, "sampled"),
    examined(finetuning, "zero"),
  ]);
  expect(vi.mocked(rolloutPoses).mock.calls).toEqual([[finetuning.policy, { env: "hopper-v2" }]]);
});

test("by default: the data's environment, seed 42, 40 episodes, three layers of 256; nothing written without a folder", async () => {
  const { report } = await runJourney({ data, folder: null, progress: false });
  expect((pretrain.mock.contexts[0] as PolicyDescription).network).toEqual({ mlpDims: [256, 256, 256] });
  expect(pretrain.mock.calls[0]![1]).toMatchObject({ seed: 42, env: data.name, folder: null });
  expect(vi.mocked(evaluate).mock.calls[0]![1]).toMatchObject({ episodes: 40, seed: 43 });
  expect(report ?? undefined).toBeUndefined();
  expect(writeReport).not.toHaveBeenCalled();
});

test("what is said, and the table", async () => {
  const said: string[] = [];
  const { table, before, after, seconds } = await runJourney({ ...input, say: (line) => void said.push(line) });
  expect(said).toEqual([
    `1. Demonstrations: ${data.toString()}`,
    "2. Pre-training: improved MeanFlow learns to produce an action chunk in one network call",
    before.sampled.toString(),
    "3. Fine-tuning: PPO in the simulator, hopper-v2",
    after.sampled.toString(),
    "4. Report",
  ]);
  expect(table.split("\n").map((line) => line.trim().split(/ {2,}/))).toEqual([
    ["mean return of an episode", "pre-trained", "fine-tuned", "ratio"],
    expect.anything(),
    ["one step, sampled noise", "1001 ± 100", "2001 ± 200", "2.00x"],
    ["five steps, sampled noise", "1005 ± 101", "2005 ± 201", "2.00x"],
    ["one step, zero noise", "1101 ± 110", "2101 ± 210", "1.91x"],
  ]);
  expect(seconds).toBeGreaterThanOrEqual(0);
  expect(seconds).toBeLessThan(60);
});

test("the report: text, tables, figures, and the numbers as a file", async () => {
  vi.spyOn(performance, "now").mockReturnValueOnce(1000).mockReturnValueOnce(121_500);
  const { report } = await runJourney(input);
  expect(report).toBe(join(folder, "journey/index.html"));
  const [where, page] = vi.mocked(writeReport).mock.calls[0]!;
  expect(where).toBe(join(folder, "journey"));
  expect(page.title).toBe("One-step MeanFlow policy on hopper-v2");
  expect(page.summary).toEqual([
    "A policy of 12,345 parameters was pre-trained on 5 recorded transitions, then fine-tuned with PPO for 1,234,567 " +
      "environment steps. With one network call per action chunk its mean return went from 1001 to 2001, in 2.0 minutes.",
  ]);
  expect(page.tables).toEqual([
    {
      title: "Before and after",
      columns: ["mean return ± deviation over episodes", "pre-trained", "fine-tuned"],
      rows: [
        ["one step, sampled noise", "1001 ± 100", "2001 ± 200"],
        ["five steps, sampled noise", "1005 ± 101", "2005 ± 201"],
        ["one step, zero noise", "1101 ± 110", "2101 ± 210"],
      ],
    },
    {
      title: "Where the time went",
      columns: ["stage", "seconds"],
      // 120.5 s in all.
      rows: [
        ["pre-training", 61],
        ["fine-tuning", 31],
        ["evaluation and pictures", 29],
      ],
    },
    {
      title: "Inference",
      columns: ["measure", "value"],
      rows: [["one call for all environments, one step", "2.51 ms"]],
    },
  ]);
  const result = JSON.parse(readFileSync(join(folder, "journey/result.json"), "utf8")) as {
    versions: Record<string, string>;
    evaluations: Record<string, Record<string, { avg_episode_reward: number }[]>>;
  };
  expect(result).toMatchObject({
    pretrained: { meanReturn: 1001, stdReturn: 100.1, episodes: 7 },
    finetuned: { meanReturn: 2001, stdReturn: 200.1, episodes: 7 },
    ...{ environmentSteps: 1234567, seconds: 120.5, device: "cpu" },
  });
  const returns = Object.entries(result.evaluations).flatMap(([time, evaluations]) =>
    Object.entries(evaluations).map(([noise, rows]) => [time, noise, rows.map((row) => row.avg_episode_reward)]),
  );
  expect(returns).toEqual([
    ["before", "sampled", [1001, 1002, 1005]],
    ["before", "zero", [1101, 1102, 1105]],
    ["after", "sampled", [2001, 2002, 2005]],
    ["after", "zero", [2101, 2102, 2105]],
  ]);
  expect(page.footer).toBe(
    Object.entries(result.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
  );
});

const namesIn = (figure: ReportFigure) => {
  const { data: traces } = figure.figure as { data: readonly { name?: string }[] };
  return [...new Set(traces.flatMap(({ name }) => name ?? []))];
};

test("the figures of the report, with their captions", async () => {
  await runJourney(input);
  const { figures } = vi.mocked(writeReport).mock.calls[0]![1];
  expect(figures!.map(({ title, caption }) => [title, caption])).toEqual([
    [
      "Return before and after fine-tuning",
      "Bars: mean over episodes, whiskers: standard deviation. Sampled and zero initial noise are two different policies.",
    ],
    ["Fine-tuning", "Evaluations act without exploration noise; training episodes with it."],
    ["Pre-training", "Mean MeanFlow loss of each epoch."],
    ["How it hops", "One episode of the fine-tuned policy, side view."],
    ["One step against few", "Return over the number of denoising steps; band: standard deviation over episodes."],
    ["Time of one call to the policy", "For all environments at once, on the CPU with one thread."],
    ["Demonstrations and policy", "Distribution of episode returns."],
  ]);
  const [bars, , , , steps, time] = figures as ReportFigure[];
  expect(namesIn(bars!)).toEqual(["pre-trained", "fine-tuned"]);
  expect(JSON.stringify(bars!.figure)).toContain("five steps, sampled noise");
  const both = ["pre-trained", "fine-tuned"].flatMap((name) => [`${name}, sampled noise`, `${name}, zero noise`]);
  expect(namesIn(steps!)).toEqual(both);
  expect(namesIn(time!)).toEqual(["fine-tuned"]);
  expect(vi.mocked(histogram).mock.calls[0]![0]).toEqual([
    { name: "demonstrations", values: data.episodes.map((episode) => episode.return) },
    { name: "fine-tuned policy", values: [2001] },
  ]);
});

test("both policies play from one start, side by side", async () => {
  await runJourney(input);
  expect(vi.mocked(rollout).mock.calls).toEqual([
    [pretraining.policy, { env: "hopper-v2", title: "pre-trained" }],
    [finetuning.policy, { env: "hopper-v2", title: "fine-tuned" }],
  ]);
  const { players } = vi.mocked(writeReport).mock.calls[0]![1];
  expect(players).toEqual([
    {
      title: "Before and after, from the same start",
      caption: "One episode of each policy. Drag to turn, click and scroll to zoom.",
      html: "pre-trained | fine-tuned",
    },
  ]);
});

test("what there is no curve and no picture of is left out", async () => {
  vi.mocked(rollout).mockResolvedValue({ scene: undefined } as Rollout);
  pretrain.mockResolvedValue({ ...pretraining, figures: () => ({}) } as never);
  finetune.mockResolvedValue({ ...finetuning, figures: () => ({}) } as never);
  vi.mocked(rolloutPoses).mockResolvedValue([{ time: 0, capsules: [] }]);
  await runJourney(input);
  const { figures, players } = vi.mocked(writeReport).mock.calls[0]![1];
  expect(players).toEqual([]);
  expect(figures!.map(({ title }) => title)).toEqual([
    "Return before and after fine-tuning",
    "One step against few",
    "Time of one call to the policy",
    "Demonstrations and policy",
  ]);
});

test.each([
  ["pre-training", pretrain, 0],
  ["fine-tuning", finetune, 2],
])("stopped in %s, it ends with the signal's reason", async (_, stage, evaluations) => {
  const controller = new AbortController();
  const reason = new Error("stopped");
  (stage as typeof pretrain).mockImplementation(async () => {
    controller.abort(reason);
    return pretraining as never;
  });
  await expect(runJourney({ ...input, signal: controller.signal })).rejects.toBe(reason);
  expect(evaluate).toHaveBeenCalledTimes(evaluations);
});
