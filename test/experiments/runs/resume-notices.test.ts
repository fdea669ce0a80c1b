// What a resumed run says, word for word.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Dataset, MeanFlow, PPO } from "../../../sdk/src/index.js";
import { resumeNotices, threadsOf } from "../../../sdk/src/experiments/runs/resume-notices.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { tiny } from "../tiny-fine-tuning.js";

const state = {
  iteration: 3,
  options: { learningRate: 1e-3, noise: { minStd: 0.1 }, gone: true },
  random: { seed: 7, streams: {} },
};
const same = { options: { learningRate: 1e-3, noise: { minStd: 0.1 } }, seed: 7, threads: 2, iterations: 5 };

test("the same settings are not worth a line", () => {
  expect(resumeNotices(state, 2, same)).toEqual([]);
  expect(resumeNotices(state, undefined, same)).toEqual([]);
  expect(resumeNotices({ ...state, options: {} }, 2, same)).toEqual([]);
});

test("a finished run, another seed, other options, other threads", () => {
  const now = { options: { learningRate: 1e-4, noise: { minStd: 0.2 } }, seed: 8, threads: 1, iterations: 3 };
  expect(resumeNotices(state, 2, now)).toEqual([
    "resumed: all 3 iterations are done; ask for more to go on",
    "resumed: the run keeps its seed 7; 8 is not used",
    "resumed: learningRate is 0.0001 from here on, it was 0.001",
    "resumed: noise.minStd is 0.2 from here on, it was 0.1",
    "resumed: 1 compute threads instead of 2, so the last bits of numbers may differ",
  ]);
});

test("threads of a checkpoint", () => {
  const checkpoint = (metadata: unknown) => ({ tensors: {}, metadata });
  expect(threadsOf(checkpoint({ threads: 2 }))).toBe(2);
  for (const metadata of [null, {}, { threads: -1 }, { threads: "2" }]) {
    expect(threadsOf(checkpoint(metadata))).toBeUndefined();
  }
});

test("a run keeps its seed; where nothing is left, its checkpoint is written all the same", async () => {
  const control = { threads: 1, workers: 0 };
  const data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(2);
  const policy = MeanFlow.improved().withNetwork({ mlpDims: [8], timeDim: 4 });
  const base = await policy.pretrain(data, { epochs: 1, folder: null, ...control });
  const [first, again] = [temporaryFolder(), temporaryFolder()];
  const input = { ...tiny, env: "hopper-v2", ...control };
  const whole = await PPO.finetune(base, { ...input, seed: 3, saveEvery: 1, folder: first });
  expect(JSON.parse(readFileSync(join(first, "run.json"), "utf8"))).toMatchObject({ seed: 3, threads: 1 });

  const resumePath = join(first, "checkpoint/state_1.safetensors");
  const resumed = await PPO.finetune(base, { ...input, seed: 4, resumePath, folder: null });
  expect(resumed.last.weights).toEqual(whole.last.weights);

  const finished = join(first, "checkpoint/last.safetensors");
  const nothing = await PPO.finetune(base, { ...input, seed: 4, batchSize: 10, resumePath: finished, folder: again });
  expect(nothing.last.weights).toEqual(whole.last.weights);
  expect(existsSync(join(again, "checkpoint/last.safetensors"))).toBe(true);
  const log = readFileSync(join(again, "run.log"), "utf8");
  expect(log).toContain("resumed: all 4 iterations are done; ask for more to go on\n");
  expect(log).toContain("resumed: the run keeps its seed 3; 4 is not used\n");
  expect(log).toContain("resumed: batchSize is 10 from here on, it was 20\n");
});
