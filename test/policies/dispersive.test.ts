import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import { dispersiveFeatures, dispersiveLoss, dispersiveOptions } from "../../sdk/src/policies/dispersive.js";
import type { z } from "zod";
import { expectClose, wave } from "../nn/close.js";
import { expectFiniteDifferences } from "../nn/weights.js";
import { golden } from "../shared.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

type Options = z.input<typeof dispersiveOptions>;
const types = ["infonce_l2", "infonce_cosine", "hinge", "covariance"] as const;
const formulations = ["reference", "paper"] as const;
const every = formulations.flatMap((formulation) => types.map((type) => [formulation, type] as const));

const loss = (h: tf.Tensor2D, options: Options) => dispersiveLoss([h], dispersiveOptions.parse(options));
const gradient = (h: tf.Tensor2D, options: Options) => tf.grad((h) => loss(h as tf.Tensor2D, options))(h);
const features = () => wave<tf.Tensor2D>([4, 3], Math.sin, 1.7, 0.3, 1.5);

test.each(types)("reference form of %s: value and gradient", (type) => {
  const expected = golden("pretrain").dispersive.values[type];
  const options = { type, weight: 1, temperature: 0.5, margin: 2 };
  expectClose(loss(features(), options), expected.loss);
  expectClose(gradient(features(), options), expected.grad, 1e-4);
});

test.each([
  ["infonce_l2_sq_T0p5", { type: "infonce_l2", perDimension: false }],
  ["infonce_l2_sq_div_dim_T0p5", { type: "infonce_l2" }],
  ["infonce_cosine_T0p5", { type: "infonce_cosine" }],
  ["hinge_sq_eps1", { type: "hinge" }],
  ["covariance_sum_sq", { type: "covariance" }],
] as const)("paper form %s", (entry, options) => {
  const expected = golden("pretrain").dispersive.paper_form[entry];
  expectClose(loss(features(), { ...options, formulation: "paper", weight: 1 }), expected);
});

// dmpo-reference.md 9.1, computed in float64: B, D, scale and the losses at temperature 0.5 and 0.1, weight 0.5.
test.each([
  [
    4,
    3,
    0.7,
    {
      infonce_l2: [-5.001518986, -5.5493861292],
      infonce_cosine: [-5.0003216558, -5.4744401058],
      hinge: [0.1273640255],
      covariance: [0.3732653756],
    },
  ],
  [4, 3, 5, { infonce_l2: [-5.5495258627, -5.6931471806], hinge: [0], covariance: [113.7919467262] }],
  [
    6,
    5,
    1,
    {
      infonce_l2: [-5.0479353661, -5.7082172353],
      infonce_cosine: [-5.0004668302, -5.5620063193],
      hinge: [0.0890320323],
      covariance: [0.3747621936],
    },
  ],
])("reference form on %i x %i features of scale %f", (rows, columns, scale, expected) => {
  const at = (_: unknown, k: number) => scale * Math.sin(1 + 3 * Math.floor(k / columns) + (k % columns));
  const h = tf.tensor2d(Array.from({ length: rows * columns }, at), [rows, columns]);
  for (const [type, values] of Object.entries(expected)) {
    values.forEach((value, i) => expectClose(loss(h, { type: type as "hinge", temperature: [0.5, 0.1][i]! }), value));
  }
});

test("beyond ten temperatures the reference form has no gradient", () => {
  const h = wave<tf.Tensor2D>([4, 3], Math.sin, 1, 1, 50);
  expectClose(gradient(h, { temperature: 0.1 }), [...new Float32Array(12)]);
});

test.each(every)("the gradient of the %s form of %s equals finite differences", (formulation, type) => {
  const h = wave<tf.Tensor2D>([5, 4], Math.sin, 2.3, 0.3, 0.4);
  // A low temperature, as the reference's InfoNCE has next to no gradient at the usual one.
  expectFiniteDifferences((w) => loss(w.h as tf.Tensor2D, { formulation, type, temperature: 0.15, weight: 1 }), { h });
});

test.each(every)("the %s form of %s is finite where rows coincide", (formulation, type) => {
  const row = [0.3, -1.2, 0.7];
  for (const h of [
    [row, row, [0.1, 0.2, 0.3], row],
    [row, row, row],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
  ]) {
    const x = tf.tensor2d(h);
    const values = [...loss(x, { formulation, type }).dataSync(), ...gradient(x, { formulation, type }).dataSync()];
    expect(values.every(Number.isFinite)).toBe(true);
  }
});

test("distances survive a common offset", () => {
  const h = wave<tf.Tensor2D>([6, 4], Math.sin, 2.3, 0.3, 0.4);
  expectClose(loss(h.add(16), { type: "hinge" }), loss(h, { type: "hinge" }).dataSync()[0]!, 1e-4);
});

/** Mean over pairs of the Euclidean distance, or of one minus the cosine. */
function meanDistance(h: tf.Tensor2D, cosine: boolean): number {
  const rows = h.arraySync();
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  const between = (a: number[], b: number[]) =>
    cosine ? 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)) : Math.hypot(...a.map((x, i) => x - b[i]!));
  return rows.flatMap((a, i) => rows.slice(i + 1).map((b) => between(a, b))).reduce((sum, d) => sum + d, 0);
}

const near = () => wave<tf.Tensor2D>([6, 4], Math.sin, 2.3, 0.3, 0.4);

test.each(every)("the %s form of %s scales with its weight", (formulation, type) => {
  const options = { formulation, type, temperature: 0.2, margin: 2 };
  const value = (weight: number) => loss(near(), { ...options, weight }).dataSync()[0]!;
  expect(value(3)).toBeCloseTo(3 * value(1), 4);
});

// The paper's covariance removes correlations, not closeness.
const spreading = every.filter(([formulation, type]) => formulation !== "paper" || type !== "covariance");
test.each(spreading)("the %s form of %s spreads the rows", (formulation, type) => {
  const options = { formulation, type, temperature: 0.2, margin: 2 };
  const spread: tf.Tensor2D = near().sub(gradient(near(), { ...options, weight: 1 }).mul(0.1));
  const cosine = type === "infonce_cosine";
  expect(meanDistance(spread, cosine)).toBeGreaterThan(meanDistance(near(), cosine));
});

test("no loss for a single row, no weight, or a single constant feature", () => {
  expectClose(loss(tf.ones([1, 4]), {}), 0);
  expectClose(loss(features(), { weight: 0 }), 0);
  expectClose(loss(tf.ones([3, 1]), { type: "covariance", weight: 1 }), 1);
});

test("target layers", () => {
  const layers = [1, 2, 3, 4].map((width) => tf.zeros<tf.Rank.R2>([2, width]));
  const widths = (targetLayer: z.input<typeof dispersiveOptions>["targetLayer"] & {}) =>
    dispersiveFeatures(layers[0]!, layers.slice(1), { targetLayer }).map(({ shape }) => shape[1]);
  expect(dispersiveFeatures(layers[0]!, layers.slice(1), { targetLayer: null })).toEqual([layers[0]]);
  expect([widths("early"), widths("mid"), widths("late"), widths("all")]).toEqual([[1], [3], [4], [1, 2, 3, 4]]);
});
