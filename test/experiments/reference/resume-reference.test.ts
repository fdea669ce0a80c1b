// Checkpoints of the reference continue here as far as they go, and say what was not in them; own ones continue exactly.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readCheckpointFile, writeCheckpointFile } from "../../../sdk/src/checkpoints/checkpoint-file.js";
import { elementsOf, type RawTensor } from "../../../sdk/src/checkpoints/element-types.js";
import { encodeTorch } from "../../../sdk/src/checkpoints/torch-writer.js";
import { Dataset } from "../../../sdk/src/data/dataset.js";
import { loadPolicy } from "../../../sdk/src/experiments/load-policy.js";
import { MeanFlow } from "../../../sdk/src/experiments/policies.js";
import { PPO } from "../../../sdk/src/experiments/algorithms.js";
import { referenceResume } from "../../../sdk/src/experiments/reference/run.js";
import { Stage } from "../../../sdk/src/learning/stage.js";
import { pretraining } from "../../../sdk/src/pretrain/pretrain.js";
import { pretrainOptions } from "../../../sdk/src/pretrain/options.js";
import type { meanFlowMlpOptions } from "../../../sdk/src/nn/mean-flow-mlp.js";
import type { TrainedPolicy } from "../../../sdk/src/policies/trained-policy.js";
import { referenceFile } from "../../checkpoints/reference-files.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { hasShared } from "../../shared.js";

type NetworkOptions = z.output<typeof meanFlowMlpOptions>;

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
const control = { threads: 1, workers: 0 };

let said: string[];
beforeEach(() => {
  said = [];
  for (const run of ["pretrain", "tuned"]) rmSync(file(run), { recursive: true, force: true });
  vi.spyOn(console, "warn").mockImplementation((line: string) => void said.push(line));
});
afterEach(() => vi.restoreAllMocks());

const data = async () => (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(2);
const contentsOf = async (path: string) => (await readCheckpointFile(path)).object as Map<string, unknown>;
const written = (name: string, entries: Iterable<readonly [string, unknown]>) => {
  writeFileSync(file(name), encodeTorch(new Map(entries)));
  return file(name);
};

/** By name, the vector at `path` in a file's contents. */
function at(object: unknown, ...path: readonly (string | number)[]): Float32Array {
  const found = path.reduce<unknown>((node, key) => (node as Map<unknown, unknown>).get(key), object);
  return elementsOf(found as RawTensor, path.join(".")) as Float32Array;
}

describe.skipIf(!hasShared)("a pre-training of the reference", () => {
  const small = () => referenceFile("pretrain_small/state_6.pt");

  async function resumed(path: string) {
    const { normalization } = await data();
    const base = await loadPolicy(small(), { normalization });
    const stage = new Stage({ base });
    const parts = pretraining.parts(stage, pretrainOptions.parse({}));
    const lines: string[] = [];
    const { state } = referenceResume(await contentsOf(path), path, pretraining, (line) => lines.push(line));
    const progress = state(parts, stage);
    const { trainable } = parts;
    trainable.restore(progress.parts.trainable as ReturnType<typeof trainable.state>);
    return { model: base.model, trainable, progress, line: lines.join("\n") };
  }

  test("weights, averages, moments and the number of updates are taken over", async () => {
    const { model, trainable, progress, line } = await resumed(small());
    const { normalization } = await data();
    expect(trainable.ema).toEqual((await loadPolicy(small(), { normalization })).weights);
    expect(trainable.weights).toEqual((await loadPolicy(small(), { normalization, averagedWeights: false })).weights);
    const object = await contentsOf(small());
    const [first, second] = [trainable.firstMoment, trainable.secondMoment].map((vector) => model.layout.views(vector));
    const parameter = "network.mlp_mean.layers.2.bias";
    expect(first![parameter]!.data).toEqual(at(object, "optimizer", "state", 19, "exp_avg"));
    expect(second![parameter]!.data).toEqual(at(object, "optimizer", "state", 19, "exp_avg_sq"));
    expect(trainable.updateCount).toBe(at(object, "optimizer", "state", 19, "step")[0]);
    expect(progress).toMatchObject({ iteration: 6, parts: { place: { values: { batch: 0 } } }, curve: [] });
    expect(line).toContain("resumed after 6 epochs");
    expect(line).toMatch(/not in the file, so started anew: learning curve, best test, random streams$/);
  });

  test.each([
    ["the optimizer", ["epoch", "model", "ema"], "anew: moments of the optimizer, learning curve"],
    ["the averages", ["epoch", "model", "optimizer"], "anew: averaged weights, learning curve"],
    ["the trained weights", ["epoch", "ema"], "anew: trained weights, moments of the optimizer, learning"],
    ["the epoch", ["model", "ema", "optimizer"], "anew: epoch and place in the schedule, learning"],
  ])("a file without %s, written by this program, begins that anew", async (_, keys, expected) => {
    const object = await contentsOf(small());
    const { trainable, progress, line } = await resumed(
      written(
        "part.pt",
        keys.map((key) => [key, object.get(key)] as const),
      ),
    );
    expect(line).toContain(expected);
    expect(progress.iteration).toBe(keys.includes("epoch") ? 6 : 0);
    expect(trainable.updateCount > 0).toBe(keys.includes("optimizer") && keys.includes("model"));
    expect(trainable.ema![0]).toBe(at(object, keys.includes("ema") ? "ema" : "model", firstParameter)[0]);
    expect(trainable.weights[0]).toBe(at(object, keys.includes("model") ? "model" : "ema", firstParameter)[0]);
  });

  test("trains on from its epoch, and says so in run.log too", async () => {
    const { normalization } = await data();
    const { model } = await loadPolicy(small(), { normalization });
    const { timeDim, rEmbeddingDim, mlpDims, condMlpDims } = model.spec.network as NetworkOptions;
    const run = await MeanFlow.improved()
      .withNetwork({ timeDim, rEmbeddingDim, mlpDims, condMlpDims })
      .pretrain(await data(), { epochs: 7, batchSize: 512, resumePath: small(), folder: file("pretrain"), ...control });
    expect(run.curve.map(({ epoch }) => epoch)).toEqual([7]);
    expect(said).toHaveLength(1);
    expect(readFileSync(join(file("pretrain"), "run.log"), "utf8")).toContain(said[0]);
  });

  test("another network, or a fine-tuning, is refused", async () => {
    const input = { epochs: 7, folder: null, ...control };
    const other = MeanFlow.improved().withNetwork({ mlpDims: [16] });
    await expect(other.pretrain(await data(), { ...input, resumePath: small() })).rejects.toThrow(
      /mlp_mean.layers.0.bias: has shape \[96\]/,
    );
    const tuned = referenceFile("finetune_small/state_100.pt");
    await expect(other.pretrain(await data(), { ...input, resumePath: tuned })).rejects.toThrow(
      /is not a checkpoint of a pre-training run; it holds itr, cnt_train_steps, model.*base_policy_path/s,
    );
  });
});

test("what is refused is told by the first of what it holds", () => {
  const keys = ["policy", ...Array.from({ length: 9 }, (_, i) => `k${i}`)];
  const object = new Map(keys.map((key) => [key, 1]));
  expect(() => referenceResume(object, "run.pt", pretraining, () => {})).toThrow(
    "run.pt: is not a checkpoint of a pre-training run; it holds policy, k0, k1, k2, k3, k4, k5, k6\n  expected one of",
  );
});

const firstParameter = "network.time_embedding.1.weight";

const tiny = {
  steps: 5,
  batchSize: 20,
  updateEpochs: 1,
  valFreq: 3,
  evaluationEpisodes: 2,
  environments: 4,
  ...control,
};

describe.skipIf(!hasShared)("a fine-tuning of the reference", () => {
  const small = () => referenceFile("finetune_small/state_100.pt");
  const nets = { noiseNet: { noiseHiddenDims: [32, 32] }, critic: { mlpDims: [48, 48, 48] } };
  let base: TrainedPolicy;
  beforeEach(async () => {
    const { normalization } = await data();
    base = await loadPolicy(referenceFile("pretrain_small/state_6.pt"), { normalization, environment: "hopper-v2" });
  });
  const resume = (resumePath: string, iterations: number) =>
    PPO.finetune(base, { ...tiny, ...nets, iterations, resumePath, folder: file("tuned") });

  test("actor, critic, both optimizers and the counts are taken over", async () => {
    const run = await resume(small(), 102);
    // The last iteration is always an evaluation: nothing is learned in it.
    expect(run.curve.map(({ iteration, mode }) => [iteration, mode])).toEqual([[101, "evaluation"]]);
    expect(run.environmentSteps).toBe(7_200_000);
    const object = await contentsOf(small());
    const { normalization } = base;
    expect(run.last.weights).toEqual((await loadPolicy(small(), { normalization })).weights);
    const { contents } = await readCheckpointFile(join(file("tuned"), "checkpoint/last.safetensors"));
    const vector = (name: string) => elementsOf(contents.tensors[`state.${name}`]!, name) as Float32Array;
    const lastBias = (name: string, length: number) => vector(name).slice(-length);
    expect(lastBias("actor.weights", 12)).toEqual(
      at(object, "model", "actor_ft.mlp_logvar.moduleList.2.linear_1.bias"),
    );
    expect(lastBias("actor.first_moment", 12)).toEqual(at(object, "actor_optimizer", "state", 31, "exp_avg"));
    expect(lastBias("critic.weights", 1)).toEqual(at(object, "model", "critic.Q1.layers.2.bias"));
    expect(lastBias("critic.second_moment", 1)).toEqual(at(object, "critic_optimizer", "state", 7, "exp_avg_sq"));
    expect(said[0]).toMatch(
      /resumed after 101 iterations; not in the file, so started anew: reward scaler, curve and best policy, random streams$/,
    );
    expect(readFileSync(join(file("tuned"), "run.log"), "utf8")).toContain(said[0]);
  });

  test("of a file with the policy alone, the policy is taken, and it learns", async () => {
    const object = await contentsOf(small());
    const run = await resume(written("policy.pt", [["policy", object.get("policy")]]), 2);
    expect(run.curve.map(({ iteration }) => iteration)).toEqual([0, 1]);
    expect(said[0]).toMatch(
      /unknown iterations; .* anew: exploration noise, moments of the actor's optimizer, critic, iteration and place in the schedules, count of environment steps/,
    );
    expect((await resume(small(), 104)).curve.map(({ mode }) => mode)).toEqual([
      "training",
      "evaluation",
      "evaluation",
    ]);
  });

  test("other networks, or a pre-training, are refused", async () => {
    const input = { ...tiny, iterations: 102, folder: null };
    await expect(PPO.finetune(base, { ...input, resumePath: small() })).rejects.toThrow(
      /actor_ft.mlp_logvar.moduleList.0.linear_1.weight: has shape/,
    );
    const pretraining = referenceFile("pretrain_small/state_6.pt");
    await expect(resume(pretraining, 102)).rejects.toThrow(
      /is not a checkpoint of a fine-tuning run; it holds epoch, model, ema.*give it as base_policy_path/s,
    );
  });
});

describe("an own fine-tuning", () => {
  const network = { mlpDims: [16, 16, 16] };
  const pretrained = async (widths = network.mlpDims) =>
    MeanFlow.improved()
      .withNetwork({ mlpDims: widths })
      .pretrain(await data(), { epochs: 1, batchSize: 512, folder: null, ...control });

  test("continues to the same weights from its file, and from that file in PyTorch's format", async () => {
    const base = await pretrained();
    const input = { ...tiny, iterations: 4, nCriticWarmupItr: 0 };
    await PPO.finetune(base, { ...input, saveEvery: 1, folder: file("own") });
    const from = join(file("own"), "checkpoint/state_0.safetensors");
    await writeCheckpointFile(file("own.pt"), await readCheckpointFile(from));
    const run = (resumePath: string) => PPO.finetune(base, { ...input, resumePath, folder: null });
    const [own, torch] = [await run(from), await run(file("own.pt"))];
    expect(torch.last.weights).toEqual(own.last.weights);
    expect(own.curve.map(({ iteration }) => iteration)).toEqual([0, 1, 2, 3]);
    expect(own.last.weights).not.toEqual(base.policy.weights);
    expect(said).toEqual([]);
  });

  test("is not continued by another algorithm, nor with another policy", async () => {
    const base = await pretrained();
    const from = join(file("own"), "checkpoint/state_0.safetensors");
    const contents = await readCheckpointFile(from);
    const text = contents.contents.metadata.dmpo!;
    const metadata = { ...contents.contents.metadata, dmpo: text.replace('"algorithm":"ppo"', '"algorithm":"awr"') };
    await writeCheckpointFile(file("awr.safetensors"), { ...contents, contents: { ...contents.contents, metadata } });
    const input = { ...tiny, iterations: 4, folder: null };
    await expect(PPO.finetune(base, { ...input, resumePath: file("awr.safetensors") })).rejects.toThrow(
      /is a run of "awr"\s+expected one of "ppo"/,
    );
    await expect(PPO.finetune(await pretrained([24]), { ...input, resumePath: from })).rejects.toThrow(
      /belongs to another policy or network/,
    );
  });
});
