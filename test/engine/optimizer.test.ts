// The optimiser against golden values, and against the same formulas in double precision.
import { expect, test } from "vitest";
import { Trainable, type AdamOptions, type TrainableOptions } from "../../sdk/src/engine/optimizer.js";
import { ParameterLayout, zeros } from "../../sdk/src/engine/parameters.js";
import { Random } from "../../sdk/src/engine/random.js";
import { golden } from "../shared.js";

const stream = new Random(5).stream("optimizer test");
const normal = (size: number, std = 1) => stream.normal(new Float32Array(size), 0, std);

function trainable(initial: ArrayLike<number>, options?: TrainableOptions): Trainable {
  const layout = new ParameterLayout([
    { name: "first", shape: [1], initialise: zeros },
    { name: "rest", shape: [initial.length - 1], initialise: zeros },
  ]);
  return new Trainable(layout, Float32Array.from(initial), options);
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((largest, x, i) => Math.max(largest, Math.abs(x - b[i]!)), 0);

test("AdamW equals PyTorch", () => {
  const reference = golden("pretrain").adamw;
  const model = trainable(reference.init);
  reference.grads.forEach((gradient: number[], i: number) => {
    model.gradient.set(gradient);
    model.adamw({ learningRate: reference.lr, weightDecay: reference.weight_decay });
    expect(largestDifference(model.weights, reference.after_each[i])).toBeLessThan(6e-7); // printed with 7 digits
  });
});

/** Adam with both kinds of decay, written for plain numbers. */
function adamInDouble(gradients: Float32Array[], initial: Float32Array, kind: "adam" | "adamw", options: AdamOptions) {
  const { learningRate, weightDecay = 0, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, maxGradientNorm } = options;
  const weights = Array.from(initial);
  const m = weights.map(() => 0);
  const v = weights.map(() => 0);
  gradients.forEach((gradient, t) => {
    const norm = Math.hypot(...gradient);
    const clip = maxGradientNorm && norm > maxGradientNorm ? maxGradientNorm / (norm + 1e-6) : 1;
    weights.forEach((w, i) => {
      const g = clip * gradient[i]! + (kind === "adam" ? weightDecay * w : 0);
      m[i] = beta1 * m[i]! + (1 - beta1) * g;
      v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
      const decayed = kind === "adamw" ? w * (1 - learningRate * weightDecay) : w;
      const corrected = [m[i] / (1 - beta1 ** (t + 1)), v[i] / (1 - beta2 ** (t + 1))] as const;
      weights[i] = decayed - (learningRate * corrected[0]) / (Math.sqrt(corrected[1]) + epsilon);
    });
  });
  return weights;
}

test.each([
  ["adamw", 1000, { learningRate: 1e-3, weightDecay: 0.1, maxGradientNorm: 1 }],
  ["adamw", 17, { learningRate: 1e-2, maxGradientNorm: 100 }],
  ["adamw", 2, { learningRate: 1e-2, beta1: 0.5, beta2: 0.9, epsilon: 1e-3 }],
  ["adam", 1003, { learningRate: 1e-3, weightDecay: 0.1, maxGradientNorm: 0.5 }],
] as const)("%s of %i parameters equals double precision", (kind, size, options) => {
  const initial = normal(size);
  const gradients = Array.from({ length: 20 }, () => normal(size, 0.3));
  const model = trainable(initial);
  for (const gradient of gradients) {
    model.gradient.set(gradient);
    expect(model[kind](options).gradientNorm).toBeCloseTo(Math.hypot(...gradient), 5);
  }
  expect(largestDifference(model.weights, adamInDouble(gradients, initial, kind, options))).toBeLessThan(2e-6);
  expect(model.updateCount).toBe(20);
});

test("the average follows the weights, and can be set to them", () => {
  const [start, later] = [normal(9), normal(9)];
  const model = trainable(start, { ema: true });
  expect(model.ema).toEqual(start);
  model.weights.set(later);
  model.updateEma(0.995);
  const expected = start.map((x, i) => 0.995 * x + 0.005 * later[i]!);
  expect(largestDifference(model.ema!, expected)).toBeLessThan(1e-6);
  model.copyToEma();
  expect(model.ema).toEqual(later);
});

test("micro-batches: a step from the accumulated mean equals a step from the mean, and clears it", () => {
  const [initial, one, two] = [normal(7), normal(7), normal(7)];
  const parts = trainable(initial, { accumulate: true });
  for (const gradient of [one, two]) {
    parts.gradient.set(gradient);
    parts.accumulateGradient(0.5);
  }
  const whole = trainable(initial);
  whole.gradient.set(one.map((x, i) => (x + two[i]!) / 2));
  const options = { learningRate: 0.1 };
  expect(parts.adamw({ ...options, from: "accumulated" }).gradientNorm).toBeCloseTo(
    whole.adamw(options).gradientNorm,
    5,
  );
  expect(largestDifference(parts.weights, whole.weights)).toBeLessThan(1e-6);
  expect(parts.accumulated!.every((x) => x === 0)).toBe(true);
});

test("a restored state continues exactly", () => {
  const options = { learningRate: 0.01, weightDecay: 0.1 };
  const [initial, one, two] = [normal(6), normal(6), normal(6)];
  const model = trainable(initial, { ema: true });
  model.gradient.set(one);
  model.adamw(options);
  model.updateEma(0.5);
  const resumed = trainable(normal(6), { ema: true });
  resumed.restore(model.state());
  for (const each of [model, resumed]) {
    each.gradient.set(two);
    each.adamw(options);
    each.updateEma(0.5);
  }
  expect(resumed.state()).toEqual(model.state());
});

test.each([NaN, Infinity])("a gradient with %s is refused and changes nothing", (value) => {
  const model = trainable([1, 2, 3]);
  const before = model.state();
  model.gradient.set([0, value, 0]);
  expect(() => model.adamw({ learningRate: 1 })).toThrow(/gradient of rest: contains (NaN|Infinity)[^]*learning rate/);
  expect(model.state()).toEqual(before);
});

test("a huge finite gradient has a finite norm and is clipped", () => {
  const model = trainable([1, 2, 3]);
  model.gradient.set([3e30, 4e30, 0]);
  expect(model.adamw({ learningRate: 0.1, maxGradientNorm: 1 }).gradientNorm).toBeCloseTo(5e30, -25);
  expect(model.weights[0]).toBeCloseTo(0.9, 5);
});

test("errors say what is missing", () => {
  const model = trainable([1, 2, 3]);
  expect(() => model.updateEma(0.9)).toThrow("ema: true");
  expect(() => model.accumulateGradient(1)).toThrow("accumulate: true");
  expect(() => model.adamw({ learningRate: 1, from: "accumulated" })).toThrow("accumulate: true");
  expect(() => trainable([1, 2]).restore(model.state())).toThrow("weights: has 3 elements\n  expected 2");
  expect(() => trainable([1, 2, 3], { ema: true }).restore(model.state())).toThrow("ema: is missing");
});
