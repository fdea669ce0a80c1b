import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCheckpoint } from "../../sdk/src/checkpoints/checkpoint.js";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { FlowModel } from "../../sdk/src/policies/flow-model.js";
import { policyFromRecord, type PolicyRecord } from "../../sdk/src/policies/trained-policy.js";
import { pretrainOptions } from "../../sdk/src/pretrain/options.js";
import { pretrain, type PretrainContext, type PretrainResult } from "../../sdk/src/pretrain/pretrain.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dmpo-pretrain-"));
});
afterAll(() => rm(folder, { recursive: true }));

const wave = (rows: number, columns: number, speed: number) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin(speed * i + j)));
const data = Dataset.from({
  observations: wave(90, 3, 0.13),
  actions: wave(90, 2, 0.29),
  rewards: Array<number>(90).fill(1),
  episodeLengths: [40, 50],
});
const model = new FlowModel({
  options: { tangent: "predicted", dispersive: { weight: 0.1 } },
  network: { horizonSteps: 4, actionDim: 2, condDim: 3, mlpDims: [16, 16, 16], condMlpDims: [8, 4] },
});
const options = pretrainOptions.parse({ epochs: 6, batchSize: 8, seed: 7, trainSplit: 0.8, validateEvery: 2 });
const run = (context: PretrainContext = {}, other: Partial<typeof options> = {}) =>
  pretrain(model, data, { ...options, ...other }, { compile: { threads: 1 }, ...context });
const withoutTimes = ({ curve }: PretrainResult) => curve.map(({ seconds: _, ...record }) => record);

test("the loss falls, and every epoch leaves a record with the validation loss where it is due", async () => {
  const epochs: number[] = [];
  const { curve, interrupted } = await run({ onEpoch: ({ epoch }) => epochs.push(epoch) }, { epochs: 20 });
  expect(interrupted).toBe(false);
  expect(epochs).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  expect(curve.at(-1)!.loss).toBeLessThan(curve[0]!.loss - 0.1);
  expect(curve[1]!.validationLoss).toBeGreaterThan(-10);
  expect(curve[2]!.validationLoss).toBeUndefined();
});

test("equal seeds give equal weights, other seeds others", async () => {
  const [a, b, c] = [await run(), await run(), await run({}, { seed: 8 })];
  expect(a.policy.weights).toEqual(b.policy.weights);
  expect(withoutTimes(a)).toEqual(withoutTimes(b));
  expect(a.policy.weights).not.toEqual(c.policy.weights);
});

describe("an interrupted run", () => {
  test("in the middle of an epoch is saved, and continues bit for bit", async () => {
    const whole = await run();
    const controller = new AbortController();
    const partial = await run({
      folder,
      signal: controller.signal,
      onProgress: ({ step }) => step === 20 && controller.abort(),
    });
    expect(partial.interrupted).toBe(true);
    expect(partial.curve.length).toBeLessThan(6);

    const resumed = await run({ folder, resumePath: join(folder, "checkpoint/last.safetensors") });
    expect(resumed.interrupted).toBe(false);
    expect(resumed.policy.weights).toEqual(whole.policy.weights);
    expect(resumed.rawPolicy.weights).toEqual(whole.rawPolicy.weights);
    expect(withoutTimes(resumed)).toEqual(withoutTimes(whole));
  });

  test("during a test in the simulator keeps the epoch before it", async () => {
    const controller = new AbortController();
    const { interrupted, curve } = await run(
      {
        folder: join(folder, "tested"),
        signal: controller.signal,
        test: async () => {
          controller.abort();
          return Promise.reject(controller.signal.reason as Error);
        },
      },
      { testInMujoco: true, testEvery: 2 },
    );
    expect(interrupted).toBe(true);
    expect(curve.map(({ epoch, testReturn }) => [epoch, testReturn])).toEqual([
      [1, undefined],
      [2, undefined],
    ]);
    expect((await loadCheckpoint(join(folder, "tested/checkpoint/last.safetensors"))).metadata).toMatchObject({
      progress: { epoch: 3, batch: 0 },
    });
  });

  test("does not continue with another network or from another kind of file", async () => {
    const resumePath = join(folder, "checkpoint/last.safetensors");
    const other = new FlowModel({ ...model.spec, network: { ...model.spec.network, mlpDims: [8, 8, 8] } });
    await expect(pretrain(other, data, options, { resumePath })).rejects.toThrow(
      /belongs to another policy or network/,
    );
    await expect(run({ resumePath: join(folder, "missing") })).rejects.toThrow(/does not exist/);
  });
});

test("the checkpoint holds both weight sets, the statistics and the description of the policy", async () => {
  const { policy, rawPolicy } = await run({ folder });
  const record: PolicyRecord = await loadCheckpoint(join(folder, "checkpoint/last.safetensors"));
  const averaged = policyFromRecord(record, ["ema", "model"], "last");
  expect(averaged.weights).toEqual(policy.weights);
  expect(policyFromRecord(record, ["model"], "last").weights).toEqual(rawPolicy.weights);
  expect(averaged.normalization).toEqual(data.normalization);
  expect(averaged.model.spec).toEqual(model.spec);
  expect(Object.keys(record.tensors)).toContain("ema.network.mlp_mean.layers.1.l1.weight");
});

test("tests in the simulator happen when due, and the best weights are kept", async () => {
  const tested: number[] = [];
  const returns = [10, 30, 20];
  const { curve } = await run(
    {
      folder,
      test: async (_policy, epoch) => {
        tested.push(epoch);
        return { meanReturn: returns[tested.length - 1]!, stdReturn: 1 };
      },
    },
    { testInMujoco: true, testEvery: 2 },
  );
  expect(tested).toEqual([2, 4, 6]);
  expect(curve.map(({ testReturn }) => testReturn)).toEqual([undefined, 10, undefined, 30, undefined, 20]);
  const best = await loadCheckpoint(join(folder, "checkpoint/best.safetensors"));
  expect((best.metadata as { progress: { bestReturn: number } }).progress.bestReturn).toBe(30);
});

test("data that does not fit is refused with what was expected", async () => {
  await expect(run({}, { batchSize: 1000 })).rejects.toThrow(/training windows.*\n.*one batch of 1000/);
  const wide = new FlowModel({ network: { ...model.spec.network, actionDim: 5 } });
  await expect(pretrain(wide, data, options)).rejects.toThrow(/2-dimensional actions/);
});
