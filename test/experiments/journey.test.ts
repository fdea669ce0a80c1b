// The fluent API on the real simulator, with everything as small as it goes.
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dataset, evaluate, loadPolicy, MeanFlow, PPO, runJourney, type PretrainingRun } from "../../sdk/src/index.js";
import { comparisonTable } from "../../sdk/src/figures/text-table.js";
import { tiny } from "./tiny-fine-tuning.js";

let folder: string;
let data: Dataset;
let base: PretrainingRun;
const control = { threads: 1, workers: 0 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dmpo-experiments-"));
  data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(2);
  base = await MeanFlow.improved()
    .withDispersive({ weight: 0.1 })
    .withNetwork({ mlpDims: [16, 16, 16] })
    .pretrain(data, {
      epochs: 2,
      testInMujoco: true,
      test: { episodes: 2, environments: 2 },
      folder: join(folder, "pretrain"),
      ...control,
    });
});
afterAll(() => rm(folder, { recursive: true }));

test("a description is immutable, and each with...() adds to it", () => {
  const plain = MeanFlow.improved();
  const dispersive = plain.withDispersive({ weight: 0.3 }).withObjective({ flowRatio: 0.25 });
  expect(plain.for(data).spec.options).toMatchObject({ tangent: "predicted", flowRatio: 0.5, dispersive: null });
  expect(dispersive.for(data).spec.options).toMatchObject({
    tangent: "predicted",
    flowRatio: 0.25,
    dispersive: { weight: 0.3 },
  });
  expect(MeanFlow.standard().for(data).spec.options.tangent).toBe("conditional");
});

test("pre-training leaves metrics, a summary and checkpoints, and tests in the data's own environment", async () => {
  expect(await readdir(join(folder, "pretrain"))).toEqual(
    expect.arrayContaining(["metrics.jsonl", "result.json", "checkpoint"]),
  );
  expect(base.curve.at(-1)!.testReturn).toBeGreaterThan(0);
  const lines = (await readFile(join(folder, "pretrain/metrics.jsonl"), "utf8")).trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { epoch: number }).epoch)).toEqual([1, 2]);
  const loaded = await loadPolicy(join(folder, "pretrain/checkpoint/last.safetensors"));
  expect(loaded.weights).toEqual(base.policy.weights);
  expect(
    (await loadPolicy(join(folder, "pretrain/checkpoint/last.safetensors"), { averagedWeights: false })).weights,
  ).toEqual(base.rawPolicy.weights);
});

describe("fine-tuning", () => {
  test("yields evaluations and a best policy, whose checkpoint acts as it does", async () => {
    const run = await PPO.finetune(base, { ...tiny, folder: join(folder, "finetune"), ...control });
    expect(run.curve.map(({ mode }) => mode)).toEqual(["evaluation", "training", "training", "evaluation"]);
    expect(run.environmentSteps).toBeGreaterThan(100);
    expect(run.best!.episodes.episodes).toBe(2);
    const best = await loadPolicy(join(folder, "finetune/checkpoint/best.safetensors"));
    expect(best.weights).toEqual(run.policy.weights);
    expect(best.environment).toBe(base.policy.environment);
  });

  test("stops when asked, saves, and goes on from there", async () => {
    const controller = new AbortController();
    const input = { ...tiny, folder: join(folder, "stopped"), ...control };
    const partial = await PPO.finetune(base, {
      ...input,
      signal: controller.signal,
      onProgress: ({ itr }) => itr === 1 && controller.abort(),
    });
    expect(partial.interrupted).toBe(true);
    expect(partial.curve).toHaveLength(2);
    const resumed = await PPO.finetune(base, {
      ...input,
      resumePath: join(folder, "stopped/checkpoint/last.safetensors"),
    });
    expect(resumed.curve).toHaveLength(4);
    expect(resumed.curve.slice(0, 2)).toEqual(partial.curve);
    const pretraining = join(folder, "pretrain/checkpoint/last.safetensors");
    await expect(PPO.finetune(base, { ...input, resumePath: pretraining })).rejects.toThrow(
      /not a checkpoint of a fine-tuning run/,
    );
  });

  test("names wrong options, and the nearest right one", async () => {
    await expect(PPO.finetune(base, { clipPlosCoef: 0.1, gamma: 2 } as never)).rejects.toThrow(
      /clipPlosCoef.*clipPlossCoef/s,
    );
    await expect(PPO.finetune(base, { env: "hoper-v2", ...control, folder: null })).rejects.toThrow(
      /did you mean "hopper-v2"/,
    );
    await expect(PPO.finetune(join(folder, "nothing"))).rejects.toThrow(/does not exist/);
  });
});

test("an evaluation is a table, charts and files that agree with each other", async () => {
  const report = await evaluate(base, { denoisingSteps: [1, 3], episodes: 3, environments: 2, ...control });
  expect(report.results.map(({ episodes }) => episodes.length)).toEqual([3, 3]);
  expect(report.toString().split("\n")).toHaveLength(4);
  const target = await report.save(join(folder, "evaluation"));
  const files = await readdir(target);
  expect(files.filter((file) => file.endsWith(".png"))).toHaveLength(6);
  const page = await readFile(join(target, "rollouts.html"), "utf8");
  expect(page).toContain('alt="meanflow, 1 denoising step; meanflow, 3 denoising steps"');
  const { rows } = JSON.parse(await readFile(join(target, "eval_statistics.json"), "utf8")) as {
    rows: Record<string, number | null>[];
  };
  const csv = (await readFile(join(target, "eval_statistics.csv"), "utf8")).trim().split("\n");
  expect(csv[0]!.split(",")).toEqual(Object.keys(rows[0]!));
  // JSON has no NaN, which stands for what has no meaning: success in running.
  expect(csv[2]!.split(",").map(Number)).toEqual(Object.values(rows[1]!).map((value) => value ?? NaN));
  expect(await report.save(join(folder, "evaluation"))).toBe(`${target}-2`);
});

test("the same seed evaluates to the same returns, however many threads step the environments", async () => {
  const settings = { denoisingSteps: [1], episodes: 4, environments: 4, threads: 1 };
  const [a, b] = [await evaluate(base, { ...settings, workers: 0 }), await evaluate(base, { ...settings, workers: 1 })];
  expect(a.rows()[0]!.avg_episode_reward).toBe(b.rows()[0]!.avg_episode_reward);
});

test("the journey ends with a page and the numbers it shows", async () => {
  const said: string[] = [];
  const { report, finetuning, table } = await runJourney({
    data,
    env: "hopper-v2",
    episodes: 2,
    mlpDims: [16, 16, 16],
    pretrain: { epochs: 1 },
    finetune: tiny,
    folder: join(folder, "journey"),
    say: (sentence) => said.push(sentence),
    ...control,
  });
  expect(report).toBe(join(folder, "journey/index.html"));
  expect(existsSync(report!)).toBe(true);
  const result = JSON.parse(await readFile(join(folder, "journey/result.json"), "utf8")) as Record<string, unknown>;
  expect(result).toMatchObject({
    environmentSteps: finetuning.environmentSteps,
    device: "cpu",
    pretrained: { episodes: 2 },
    finetuned: { episodes: 2 },
  });
  expect(Object.keys(result.versions as object)).toContain("onnxruntime-node");
  expect(table).toContain("one step, sampled noise");
  expect(said[0]).toContain("Demonstrations");
});

test("tables are aligned", () => {
  expect(
    comparisonTable(
      ["name", "n"],
      [
        ["a", "10"],
        ["long name", "9"],
      ],
    ),
  ).toBe("name        n\n---------  --\na          10\nlong name   9");
});
