// Settings of pre-training: defaults, ranges, and the key of each in a configuration.
import { expect, test } from "vitest";
import { pretrainKeys, pretrainOptions } from "../../sdk/src/pretrain/options.js";

test("every option but the seed has a key of the configuration, and defaults to the measured recipe", () => {
  const recipe = {
    epochs: 34,
    batchSize: 128,
    learningRate: 1e-3,
    minLearningRate: 1e-4,
    weightDecay: 1e-6,
    schedule: { per: "step", warmup: 250, cycle: null },
    ema: { decay: 0.995, startEpoch: 1, every: 1 },
    trainSplit: 1,
    validateEvery: 1,
    testEvery: null,
    testInMujoco: false,
    saveEvery: null,
    seed: 42,
  };
  expect(pretrainOptions.parse({})).toEqual(recipe);
  const { seed: _, schedule, ema, ...plain } = recipe;
  const paths = [
    ...Object.keys(plain),
    ...Object.keys(schedule).map((key) => `schedule.${key}`),
    ...Object.keys(ema).map((key) => `ema.${key}`),
  ];
  expect(Object.values(pretrainKeys).sort()).toEqual(paths.sort());
});

test.each([
  { epochs: 0 },
  { batchSize: 1.5 },
  { learningRate: 0 },
  { minLearningRate: -1 },
  { weightDecay: -1 },
  { schedule: { warmup: -1 } },
  { schedule: { per: "batch" } },
  { ema: { decay: 1.1 } },
  { ema: { decay: -0.1 } },
  { trainSplit: 0 },
  { trainSplit: 1.1 },
  { testEvery: 0 },
  { unknown: 1 },
])("%j is no setting", (input) => expect(pretrainOptions.safeParse(input).success).toBe(false));

test("the ends of ranges are settings", () => {
  const ends = { minLearningRate: 0, weightDecay: 0, schedule: { warmup: 0 }, ema: { decay: 0 }, trainSplit: 0.01 };
  expect(pretrainOptions.safeParse(ends).success).toBe(true);
  expect(pretrainOptions.safeParse({ ema: { decay: 1 } }).success).toBe(true);
});
