import { describe, expect, test } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { splitWindows, WindowSampler } from "../../sdk/src/data/windows.js";
import { Random } from "../../sdk/src/engine/random.js";

const lengths = [5, 2, 1, 7];
const steps = 15;
const dataset = Dataset.from({
  observations: Array.from({ length: steps }, (_, row) => [row, 100 - row]),
  actions: Array.from({ length: steps }, (_, row) => [row * row, row, -row]),
  episodeLengths: lengths,
});

/** The specification restated plainly: nested loops, clamped indices, no index arrays. */
function everyWindow(horizonSteps: number, condSteps: number) {
  const row = (values: Float32Array, width: number, at: number) => [...values.subarray(at * width, (at + 1) * width)];
  const windows: { actions: number[]; observations: number[] }[] = [];
  let start = 0;
  for (const length of lengths) {
    for (let i = start; i + horizonSteps <= start + length; i++) {
      const actions = Array.from({ length: horizonSteps }, (_, k) => row(dataset.actions, 3, i + k)).flat();
      const history = Array.from({ length: condSteps }, (_, k) => Math.max(i - (condSteps - 1 - k), start));
      windows.push({ actions, observations: history.flatMap((at) => row(dataset.observations, 2, at)) });
    }
    start += length;
  }
  return windows;
}

describe.each([1, 2, 4, 7])("horizon %i", (horizonSteps) => {
  test.each([1, 2, 3, 9])("history %i equals the brute-force restatement", (condSteps) => {
    const sampler = new WindowSampler(dataset, { horizonSteps, condSteps });
    const expected = everyWindow(horizonSteps, condSteps);
    expect(sampler.count).toBe(expected.length);
    const order = Array.from(expected.keys()).reverse();
    const actions = new Float32Array(order.length * horizonSteps * 3);
    const observations = new Float32Array(order.length * condSteps * 2);
    sampler.fill(order, actions, observations);
    expect([...actions]).toEqual(order.flatMap((i) => expected[i]!.actions));
    expect([...observations]).toEqual(order.flatMap((i) => expected[i]!.observations));
  });
});

test("the bundled set has 30,278 - 72 * 3 windows of four actions", async () => {
  const bundled = await Dataset.bundled("hopper-medium-mini");
  expect(new WindowSampler(bundled, { horizonSteps: 4 }).count).toBe(30_278 - 72 * 3);
});

test("refuses what cannot be filled", () => {
  expect(() => new WindowSampler(dataset, { horizonSteps: 8 })).toThrow(
    "horizonSteps: 8\n  expected at most 7, the length of the longest episode",
  );
  expect(() => new WindowSampler(dataset, { horizonSteps: 0 })).toThrow(
    "horizonSteps: 0\n  expected a positive integer",
  );
  expect(() => new WindowSampler(dataset, { horizonSteps: 1, condSteps: 1.5 })).toThrow(/condSteps: 1\.5/);
  const sampler = new WindowSampler(dataset, { horizonSteps: 7 });
  const [actions, observations] = [new Float32Array(21), new Float32Array(2)];
  expect(() => sampler.fill([1], actions, observations)).toThrow("indices[0]: 1\n  expected 0 to 0");
  expect(() => sampler.fill([-1], actions, observations)).toThrow(/indices\[0\]: -1/);
  expect(() => sampler.fill([0], new Float32Array(20), observations)).toThrow(
    "actions: holds 20 numbers\n  expected 21",
  );
  expect(() => sampler.fill([0], actions, actions)).toThrow("observations: holds 21 numbers\n  expected 2");
});

test("a split is a partition, random, and the same for the same seed", () => {
  const split = () => splitWindows(100, 0.8, new Random(3).stream("split"));
  const { train, validation } = split();
  expect([train.length, validation.length]).toEqual([80, 20]);
  expect([...train, ...validation].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect([...train]).not.toEqual([...train].sort((a, b) => a - b));
  expect(split()).toEqual({ train, validation });
  expect(splitWindows(10, 1, new Random(3).stream("split")).validation.length).toBe(0);
  expect(() => splitWindows(10, 0, new Random(3).stream("split"))).toThrow(
    "trainSplit: 0\n  expected a share in (0, 1]",
  );
});
