// Random streams: published vectors, moments, quantiles, and exact continuation.
import { expect, test } from "vitest";
import { philox } from "../../sdk/src/engine/philox.js";
import { Random, type RandomStream } from "../../sdk/src/engine/random.js";

// Known-answer vectors published with Random123.
test.each([
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
] as { counter: number[]; key: [number, number]; words: number[] }[])(
  "Philox of $counter",
  ({ counter, key, words }) => {
    const out = new Uint32Array(4);
    philox(out, counter, key);
    expect([...out]).toEqual(words);
  },
);

test("consecutive blocks count up with carry into the second word", () => {
  const both = new Uint32Array(8);
  philox(both, [0xffffffff, 7, 1, 2], [3, 4]);
  const second = new Uint32Array(4);
  philox(second, [0, 8, 1, 2], [3, 4]);
  expect(both.subarray(4)).toEqual(second);
});

const stream = (name = "test"): RandomStream => new Random(42).stream(name);
const many = () => new Float32Array(200_000);
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;
const variance = (values: ArrayLike<number>) => mean(Array.from(values, (x) => x ** 2)) - mean(values) ** 2;

test("the numbers of a seed and a name are those of an independent implementation", () => {
  expect(stream().state().key).toEqual([406667828, 322300739]);
  expect(stream().integer(1000)).toBe(345);
  expect(stream().nextUniform()).toBe(0.17962636169829804);
});

test("streams are independent of each other and of the order of drawing", () => {
  const random = new Random(1);
  const first = random.stream("a").nextUniform();
  const other = new Random(1);
  other.stream("b").nextUniform();
  expect(other.stream("a").nextUniform()).toBe(first);
  expect(new Random(2).stream("a").nextUniform()).not.toBe(first);
  expect(random.stream("b").nextUniform()).not.toBe(first);
});

test("uniform: range, mean and variance", () => {
  const values = stream().uniform(many(), -1, 3);
  expect(values.every((x) => x >= -1 && x < 3)).toBe(true);
  expect(mean(values)).toBeCloseTo(1, 1);
  expect(variance(values)).toBeCloseTo(16 / 12, 1);
});

test("normal: four moments, tail share and independence of partners", () => {
  const values = stream().normal(many());
  expect(Math.abs(mean(values))).toBeLessThan(0.01);
  expect(Math.abs(variance(values) - 1)).toBeLessThan(0.015);
  expect(Math.abs(mean(values.map((x) => x ** 3)))).toBeLessThan(0.03);
  expect(Math.abs(mean(values.map((x) => x ** 4)) - 3)).toBeLessThan(0.1);
  expect(mean(Array.from(values, (x) => Number(Math.abs(x) > 1.959964)))).toBeCloseTo(0.05, 2);
  const products = Array.from({ length: values.length / 2 }, (_, i) => values[2 * i]! * values[2 * i + 1]!);
  expect(Math.abs(mean(products))).toBeLessThan(0.015);
  const shifted = stream().normal(new Float32Array(3), 10, 0.5);
  expect(shifted[2]).toBeCloseTo(10 + 0.5 * stream().normal(new Float32Array(3))[2]!, 5);
});

test.each([
  [1.5, 1],
  [0.3, 2],
  [5, 3],
])("beta(%f, %f): mean and variance", (a, b) => {
  const values = stream().beta(many(), a, b);
  expect(mean(values)).toBeCloseTo(a / (a + b), 2);
  expect(variance(values)).toBeCloseTo((a * b) / ((a + b) ** 2 * (a + b + 1)), 2);
});

test("beta with tiny parameters does not underflow to NaN", () => {
  expect(
    stream()
      .beta(new Float32Array(1000), 1e-3, 1e-3)
      .every((x) => x >= 0 && x <= 1),
  ).toBe(true);
});

test("logitNormal has its median at sigmoid(mean)", () => {
  const values = stream().logitNormal(many(), -0.4, 1).sort();
  expect(values[values.length / 2]).toBeCloseTo(1 / (1 + Math.exp(0.4)), 2);
});

test("integers are unbiased and permutations contain each number once", () => {
  const counts = new Int32Array(7);
  for (const k of stream().integers(new Int32Array(70_000), 7)) counts[k]!++;
  expect(counts.every((count) => Math.abs(count - 10_000) < 400)).toBe(true);
  const [large, bound] = [stream(), 3 * 2 ** 30];
  const share = mean(Array.from({ length: 10_000 }, () => Number(large.integer(bound) < bound / 2)));
  expect(Math.abs(share - 0.5)).toBeLessThan(0.02);
  const order = stream().permutation(1000);
  expect([...order].sort((i, j) => i - j)).toEqual([...Array(1000).keys()]);
  expect(order[0] === 0 && order[1] === 1).toBe(false);
});

test.each([0, 1, 255, 256, 257, 1000])("continues exactly after %i words, through JSON", (words) => {
  const random = new Random(9);
  const noise = random.stream("noise");
  noise.uniform(new Float32Array(words));
  const saved = JSON.parse(JSON.stringify(random.state())) as ReturnType<Random["state"]>;
  const expected = noise.normal(new Float32Array(300));
  const resumed = new Random(0);
  const early = resumed.stream("noise");
  const late = resumed.stream("late");
  late.nextUniform();
  resumed.restore(saved);
  expect(early.normal(new Float32Array(300))).toEqual(expected);
  expect(late.nextUniform()).toBe(new Random(9).stream("late").nextUniform());
});

test("errors name the value", () => {
  expect(() => new Random(0.5)).toThrow("0.5");
  expect(() => stream().integer(0)).toThrow("bound: 0");
  expect(() => stream().beta(new Float32Array(1), 0, 1)).toThrow("a = 0");
  expect(() => stream().restore({ key: [0, 0], position: -1 })).toThrow("-1");
});
