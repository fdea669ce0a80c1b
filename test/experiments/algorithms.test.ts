// Every policy of the fluent API goes through every algorithm that takes it: trained, saved, loaded again, played.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  ConsistencyModel,
  Dataset,
  Diffusion,
  evaluate,
  exportOnnx,
  Gaussian,
  GMM,
  loadPolicy,
  MeanFlow,
  PPO,
  ReFlow,
  SAC,
  ShortcutFlow,
} from "../../sdk/src/index.js";
import { tiny } from "./tiny-fine-tuning.js";

const control = { threads: 1, workers: 0, console: false } as const;
let folder: string;
let data: Dataset;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dmpo-algorithms-"));
  data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(2);
});
afterAll(() => rm(folder, { recursive: true }));

const attentive = { transformerEmbedDim: 8, transformerNumHeads: 2, transformerNumLayers: 1, fixedStd: 0.1 };

test.each([
  ["meanflow", MeanFlow.improved().withNetwork({ mlpDims: [16, 16, 16] })],
  ["reflow", ReFlow.standard().withNetwork({ mlpDims: [16, 16, 16] })],
  ["diffusion", Diffusion.standard({ denoisingSteps: 4 }).withNetwork({ mlpDims: [16, 16, 16] })],
  [
    "shortcut",
    ShortcutFlow.standard()
      .withTimes({ type: "beta" })
      .withNetwork({ mlpDims: [16, 16, 16] }),
  ],
  [
    "diffusion",
    Diffusion.ddim({ denoisingSteps: 4, ddimSteps: 2 }).withNetwork({
      type: "unet",
      dim: 8,
      dimMults: [1, 2],
      nGroups: 4,
    }),
  ],
  ["gaussian", Gaussian.standard().withNetwork({ mlpDims: [16, 16, 16] })],
  ["gmm", GMM.standard().withNetwork({ mlpDims: [16], numModes: 2, dropout: 0.1 })],
  ["gaussian", Gaussian.standard().withNetwork({ type: "transformer", ...attentive, dropout: 0.1 })],
])("%s is pre-trained, fine-tuned with PPO, and found again in the file", async (name, policy) => {
  const base = await policy.pretrain(data, { epochs: 1, folder: null, ...control });
  const tuned = await PPO.finetune(base, {
    ...{ env: "hopper-v2", folder: join(folder, name), ...tiny, ...control },
  });
  expect(tuned.curve).toHaveLength(tiny.iterations);
  expect(tuned.last.weights).not.toEqual(base.policy.weights);
  const loaded = await loadPolicy(join(tuned.folder!, "checkpoint/last.safetensors"));
  expect(loaded.model.definition.name).toBe(name);
  expect(loaded.weights).toEqual(tuned.last.weights);
});

test("a consistency model is distilled from a run or a file, played, exported, and refuses what is no teacher", async () => {
  const small = { mlpDims: [16, 16, 16] };
  const train = { epochs: 1, ...control };
  const flow = await ReFlow.standard()
    .withNetwork(small)
    .pretrain(data, { ...train, folder: join(folder, "teacher") });
  const file = join(folder, "teacher/checkpoint/last.safetensors");
  const [byRun, byFile] = [flow, file].map((teacher) =>
    ConsistencyModel.distil(teacher, { numTrainingSteps: 20 }).withTimes({ type: "beta" }).withNetwork(small),
  );
  const run = await byRun!.pretrain(data, { ...train, folder: join(folder, "student") });
  const again = await byFile!.pretrain(data, { ...train, folder: null });
  expect(again.policy.weights).toEqual(run.policy.weights);
  // Acting needs the teacher no more.
  const student = join(folder, "student/checkpoint/last.safetensors");
  const report = await evaluate(student, { episodes: 1, denoisingSteps: [1, 2], ...control });
  expect(report.toString()).toContain("return");
  const exported = await exportOnnx(student, join(folder, "student.onnx"), { steps: 2 });
  expect(exported.shapes).toEqual({ observation: [1, 11], noise: [4, 3], renoise: [1, 4, 3], action: [4, 3] });
  // Neither is it a teacher, nor does it explore.
  await expect(ConsistencyModel.distil(student).pretrain(data, { ...train, folder: null })).rejects.toThrow(
    /the teacher: is a consistency policy/,
  );
  await expect(ConsistencyModel.distil(join(folder, "none.safetensors")).pretrain(data, train)).rejects.toThrow(/none/);
  await expect(PPO.finetune(run, { env: "hopper-v2", folder: null, ...tiny, ...control })).rejects.toThrow(
    /policy consistency: has no density/,
  );
});

test("SAC begins without a policy", async () => {
  const run = await SAC.train({
    ...{ env: "hopper-v2", folder: join(folder, "sac"), iterations: 2, steps: 20, explorationSteps: 10 },
    ...{ batchSize: 16, evaluationEpisodes: 1, critic: { mlpDims: [16, 16] }, ...control },
  });
  expect(run.curve).toHaveLength(2);
  const report = await evaluate(run, { episodes: 1, ...control });
  expect(report.toString()).toContain("return");
});
