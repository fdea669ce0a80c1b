// Every policy of the fluent API goes through every algorithm that takes it: trained, saved, loaded again, played.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  Dataset,
  Diffusion,
  evaluate,
  Gaussian,
  GMM,
  loadPolicy,
  MeanFlow,
  PPO,
  ReFlow,
  SAC,
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
  const loaded = await loadPolicy(join(folder, name, "checkpoint/last.safetensors"));
  expect(loaded.model.definition.name).toBe(name);
  expect(loaded.weights).toEqual(tuned.last.weights);
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
