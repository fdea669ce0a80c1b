import { expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { equalRows, fillTimes, timeDistribution } from "../../sdk/src/policies/time-sampling.js";

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
