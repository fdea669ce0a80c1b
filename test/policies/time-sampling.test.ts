import { expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { MeanFlow, ReFlow } from "../../sdk/src/experiments/policies.js";
import {
  drawTimes,
  equalRows,
  fillTimes,
  quantilesOf,
  timeDistribution,
} from "../../sdk/src/policies/time-sampling.js";

const size = 40_000;

function drawn(type: "logitNormal" | "uniform" | "beta", flowRatio = 0.25) {
  const [t, r] = [new Float32Array(size), new Float32Array(size)];
  fillTimes(t, r, new Random(7).stream("times"), { times: timeDistribution.parse({ type }), flowRatio });
  return { t, r };
}
const mean = (x: Float32Array) => x.reduce((sum, value) => sum + value, 0) / x.length;

test("the first floor(flowRatio B) rows have r = t, the others r < t", () => {
  for (const type of ["logitNormal", "uniform", "beta"] as const) {
    const { t, r } = drawn(type);
    const equal = t.map((value, i) => (value === r[i] ? 1 : 0));
    expect(equal.indexOf(0)).toBe(10_000);
    expect(mean(equal.subarray(10_000))).toBeLessThan(1e-3);
    expect(t.every((value, i) => 0 <= r[i]! && r[i]! <= value && value <= 1)).toBe(true);
  }
  expect([equalRows(0.5, 5), equalRows(0, 8), equalRows(1, 8)]).toEqual([2, 0, 8]);
});

test("each distribution has its mean; t and r are the larger and the smaller of two draws", () => {
  const averages = (type: Parameters<typeof drawn>[0]) => {
    const { t, r } = drawn(type, 0);
    return [mean(t), mean(r)];
  };
  const [t, r] = averages("uniform");
  expect(t).toBeCloseTo(2 / 3, 2);
  expect(r).toBeCloseTo(1 / 3, 2);
  // E sigmoid(N(-0.4, 1)) by quadrature.
  let expected = 0;
  for (let z = -8; z < 8; z += 1e-3)
    expected += (1e-3 * Math.exp(-z * z * 0.5)) / Math.sqrt(2 * Math.PI) / (1 + Math.exp(0.4 - z));
  const [highest, lowest] = averages("logitNormal");
  expect((highest! + lowest!) / 2).toBeCloseTo(expected, 2);
  const [noisy, clean] = averages("beta");
  expect((noisy! + clean!) / 2).toBeCloseTo(1.5 / 2.5, 2);
});

test("the default is the reference's logit-normal", () => {
  expect(timeDistribution.parse(undefined)).toEqual({ type: "logitNormal", mean: -0.4, std: 1 });
});

/** Largest distance between two distribution functions, of which `inverse` is one's inverse, at the table's own points and between. */
function distance(values: readonly number[], cumulative: (x: number) => number): number {
  const steps = values.length - 1;
  const gaps = values
    .slice(0, -1)
    .flatMap((low, i) =>
      [0, 0.25, 0.5, 0.75].map((part) =>
        Math.abs((i + part) / steps - cumulative(low + part * (values[i + 1]! - low))),
      ),
    );
  return Math.max(...gaps);
}

test("a function's quantiles are as exact as is said, and always the same", () => {
  const square = quantilesOf((u) => u * u);
  expect(square.values).toHaveLength(513);
  expect(distance(square.values, Math.sqrt)).toBeLessThan(6e-4);
  // The larger of two uniform numbers has the distribution function x^2.
  expect(distance(quantilesOf((u, v) => Math.max(u, v)).values, (x) => x * x)).toBeLessThan(6e-4);
  expect(quantilesOf((u) => u * u)).toEqual(square);
  expect(JSON.stringify(square).length).toBeLessThan(6000);
});

test("a table's draws have its mean and its zeros", () => {
  const times = new Float32Array(size);
  const random = new Random(11).stream("times");
  drawTimes(times, random, timeDistribution.parse({ type: "table", density: [0, 0, 1, 0, 0] }));
  expect(mean(times)).toBeCloseTo(0.5, 2);
  expect(times.every((time) => time > 0.25 && time < 0.75)).toBe(true);
  drawTimes(times, random, timeDistribution.parse({ type: "table", density: [1, 0] }));
  expect(mean(times)).toBeCloseTo(1 / 3, 2);
});

test("a mixture draws its parts by their weights", () => {
  const times = new Float32Array(size);
  const low = { type: "table", density: [1, 0, 0, 0, 0] } as const;
  const high = { type: "table", density: [0, 0, 0, 0, 1] } as const;
  const parts = [{ weight: 3, times: low }, { times: high }];
  drawTimes(times, new Random(11).stream("times"), timeDistribution.parse({ type: "mixture", parts }));
  expect(times.filter((time) => time < 0.25).length / size).toBeCloseTo(0.75, 1);
  expect(times.every((time) => time <= 0.25 || time >= 0.75)).toBe(true);
});

test("a policy takes a function and keeps a table that files can hold", () => {
  const sizes = { observationDimension: 2, actionDimension: 1 };
  for (const policy of [MeanFlow, ReFlow]) {
    const { spec } = policy
      .standard()
      .withTimes((u) => u * u)
      .for(sizes);
    expect(spec.options.times).toEqual(quantilesOf((u) => u * u));
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
  }
  const part = { weight: 2, times: (u: number) => u * u };
  const { spec } = MeanFlow.standard({ times: { type: "mixture", parts: [part] } }).for(sizes);
  expect(spec.options.times).toMatchObject({ parts: [{ weight: 2, times: { type: "quantiles" } }] });
});
