// In a notebook: progress is shown by itself, and the stop button ends long calls with what they have.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Dataset, evaluate, loadPolicy, MeanFlow, play, PPO, type PretrainingRun } from "../../sdk/src/index.js";
import type { MimeBundle, Notebook } from "../../sdk/src/tracking/notebook.js";

const place = Symbol.for("dmpo.notebook");
const holder = globalThis as { [key: symbol]: Notebook | undefined };
const control = { threads: 1, workers: 0 };
const endless = 100_000;

let folder: string;
let data: Dataset;
let base: PretrainingRun;
let stop: AbortController;
let shown: { text: string; id: string | undefined }[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dmpo-notebook-"));
  data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(2);
  base = await describe().pretrain(data, { epochs: 1, folder: null, ...control });
});
afterAll(() => rm(folder, { recursive: true }));

beforeEach(() => {
  stop = new AbortController();
  shown = [];
  holder[place] = {
    display: (bundle: MimeBundle, { id } = {}) => void shown.push({ text: String(bundle["text/plain"]), id }),
    clear: () => {},
    signal: stop.signal,
  };
});
afterEach(() => delete holder[place]);

const describe = () => MeanFlow.improved().withNetwork({ mlpDims: [16, 16, 16] });

/** Presses the button once a loop is under way, and tells how long that took to have an effect (seconds). */
async function stopped<T>(call: () => Promise<T>, afterMilliseconds: number) {
  const result = call();
  let pressed = 0;
  setTimeout(() => {
    pressed = performance.now();
    stop.abort(new Error("stopped"));
  }, afterMilliseconds);
  const value = await result.catch((error: Error) => error);
  return { value: value as T, seconds: (performance.now() - pressed) / 1000 };
}

test("a stopped pre-training saves, returns what it has, and goes on from there", async () => {
  const input = { folder: join(folder, "pretrain"), ...control };
  const { value: run, seconds } = await stopped(() => describe().pretrain(data, { ...input, epochs: endless }), 1500);
  expect(seconds).toBeLessThan(2);
  expect(run.interrupted).toBe(true);
  const checkpoint = join(folder, "pretrain/checkpoint/last.safetensors");
  expect((await loadPolicy(checkpoint)).weights).toEqual(run.policy.weights);
  expect(new Set(shown.map(({ id }) => id)).size).toBe(1);
  expect(shown.at(-1)!.text).toMatch(new RegExp(`^epoch ${run.curve.length}/${endless} 0:0\\d`));
});

test("fine-tuning stops within an iteration, whose work is dropped: its state is that of the last complete one", async () => {
  const input = { environments: 4, evaluationEpisodes: 2, batchSize: 500, valFreq: endless, ...control };
  const target = join(folder, "finetune");
  // One iteration collects for minutes, so that the button is pressed within the second one.
  const { value: run, seconds } = await stopped(
    () => PPO.finetune(base, { ...input, iterations: 9, steps: 20_000, folder: target }),
    4000,
  );
  expect(seconds).toBeLessThan(2);
  expect(run).toMatchObject({ interrupted: true, environmentSteps: 0 });
  expect(run.curve.map(({ mode }) => mode)).toEqual(["evaluation"]);
  expect(run.last.weights).toEqual(base.policy.weights);
  const checkpoint = join(target, "checkpoint/last.safetensors");
  expect((await loadPolicy(checkpoint)).weights).toEqual(run.last.weights);
  delete holder[place];
  const resumed = await PPO.finetune(base, { ...input, iterations: 2, steps: 5, resumePath: checkpoint, folder: null });
  expect(resumed.curve).toHaveLength(2);
  expect(resumed.curve[0]).toEqual(run.curve[0]);
});

test("evaluating and playing end with the reason", async () => {
  const settings = { episodes: endless, environments: 4, denoisingSteps: [1] };
  const { value, seconds } = await stopped(() => evaluate(base, { ...settings, ...control }), 1000);
  expect(value).toEqual(new Error("stopped"));
  expect(seconds).toBeLessThan(2);
  expect(shown.at(-1)!.text).toMatch(/^episodes \d+\/100000/);
  const playing = { env: "hopper-v2", episodes: 3, denoisingSteps: 1, initialNoise: "zero", seed: 1 } as const;
  await expect(play(base.policy, playing, control)).rejects.toThrow("stopped");
});

test("a signal of one's own stops a run, too", async () => {
  const own = new AbortController();
  const run = await describe().pretrain(data, {
    epochs: endless,
    signal: own.signal,
    onProgress: ({ epoch }) => epoch === 2 && own.abort(),
    folder: null,
    ...control,
  });
  expect(run.curve).toHaveLength(2);
  expect(stop.signal.aborted).toBe(false);
});

test("progress can be left out, and there is none outside a notebook", async () => {
  const quiet = { epochs: 1, folder: join(folder, "quiet"), ...control };
  await describe().pretrain(data, { ...quiet, progress: false });
  delete holder[place];
  await describe().pretrain(data, { ...quiet, folder: join(folder, "outside") });
  expect(shown).toEqual([]);
  expect(existsSync(join(folder, "outside/metrics.jsonl"))).toBe(true);
});
