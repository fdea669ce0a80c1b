import { describe, expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { timeDensity, type DrawnTime } from "../../sdk/src/policies/time-density.js";
import { fillTimes, timeDistribution, type TimeDistributionInput } from "../../sdk/src/policies/time-sampling.js";

const distributions: TimeDistributionInput[] = [
  { type: "uniform" },
  { type: "beta" },
  { type: "beta", a: 2, b: 5 },
  { type: "logitNormal" },
  { type: "logitNormal", mean: 0.8, std: 0.6 },
  { type: "table", density: [0, 1, 4, 2, 2] },
  { type: "table", density: [3, 0] },
  { type: "quantiles", values: [0.1, 0.3, 0.4, 0.9] },
  { type: "mixture", parts: [{ weight: 3, times: { type: "beta", a: 2, b: 5 } }, { times: { type: "uniform" } }] },
  (u, v) => Math.sqrt(u * v),
];
const cells = 1000;
/** Midpoint rule over (from, to). */
function integral(f: (x: number) => number, from = 0, to = 1): number {
  const width = (to - from) / cells;
  return Array.from({ length: cells }, (_, i) => f(from + (i + 0.5) * width)).reduce((sum, y) => sum + y * width, 0);
}

describe.each(distributions.map((distribution) => ({ distribution })))("$distribution", ({ distribution }) => {
  test.each(["draw", "t", "r"] as const)("the density of %s integrates to one", (time) => {
    for (const flowRatio of [0, 0.3, 1]) expect(integral(timeDensity(distribution, time, flowRatio))).toBeCloseTo(1, 3);
  });

  test("agrees with sampled times", () => {
    const size = 200_000;
    const [t, r] = [new Float32Array(size), new Float32Array(size)];
    fillTimes(t, r, new Random(3).stream("times"), { times: timeDistribution.parse(distribution), flowRatio: 0.3 });
    const share = (values: Float32Array, from: number, to: number) =>
      values.reduce((count, value) => count + Number(value >= from && value < to), 0) / size;
    const check = (values: Float32Array, time: DrawnTime) => {
      for (const from of [0, 0.2, 0.4, 0.6, 0.8]) {
        const expected = integral(timeDensity(distribution, time, 0.3), from, from + 0.2);
        // Four standard errors of a share.
        expect(Math.abs(share(values, from, from + 0.2) - expected)).toBeLessThan(2 / Math.sqrt(size));
      }
    };
    check(t, "t");
    check(r, "r");
  });
});

test("textbook values", () => {
  expect(timeDensity({ type: "beta", a: 2, b: 2 })(0.25)).toBeCloseTo(6 * 0.25 * 0.75, 12);
  expect(timeDensity({ type: "logitNormal", mean: 0, std: 1 })(0.5)).toBeCloseTo(4 / Math.sqrt(2 * Math.PI), 12);
  expect(timeDensity({ type: "uniform" }, "t")(0.7)).toBeCloseTo(1.4, 12);
  expect(timeDensity({ type: "uniform" }, "r", 0)(0.7)).toBeCloseTo(0.6, 12);
});

test("tables are linear in between and scaled", () => {
  const constants = { type: "mixture", parts: [{ times: { type: "table", density: [1, 1] } }] } as const;
  expect(timeDensity(constants)(0.3)).toBe(1);
  const density = timeDensity({ type: "table", density: [0, 3, 0] });
  expect([0, 0.25, 0.5, 0.75, 1].map(density)).toEqual([0, 1, 2, 1, 0]);
  const mixed = timeDensity({
    type: "mixture",
    parts: [{ times: { type: "uniform" } }, { times: { type: "table", density: [2, 0] } }],
  });
  expect(mixed(0.25)).toBeCloseTo(0.5 + 0.75, 12);
});

test("a wrong parameter is named", () => {
  expect(() => timeDensity({ type: "beta", a: -1 })(0.5)).toThrow(/times\.a: is -1/);
  expect(() => timeDensity({ type: "table", density: [0, 0] })).toThrow(/times\.density/);
  expect(() => timeDensity({ type: "table", density: [1, -1] })).toThrow(/times\.density\.1: is -1/);
  expect(() => timeDensity({ type: "quantiles", values: [0.5, 0.2] })).toThrow(/ascending/);
  const parts = [{ weight: 0, times: { type: "uniform" } as const }];
  expect(() => timeDensity({ type: "mixture", parts })).toThrow(/times\.parts\.0\.weight: is 0/);
  expect(() => timeDensity((u) => 2 * u)).toThrow(/gives 1\.0.* for \(0\.5/);
});
