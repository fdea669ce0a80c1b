// Figures of the avoiding task, on paths made by hand.
import { expect, test } from "vitest";
import { AvoidingRollouts } from "../../sdk/src/experiments/avoiding-rollouts.js";

const path = (mode: string, { arrives = true, crossAt }: { arrives?: boolean; crossAt?: number } = {}) => ({
  mode,
  x: [0.5, 0.5],
  y: [-0.28, arrives ? 0.36 : 0],
  crossAt,
});

test("mode entropy is 1 for 24 equal ways and 0 for one", () => {
  const all = new AvoidingRollouts(Array.from({ length: 24 }, (_, i) => path(String(i))));
  expect(all.modeEntropy).toBeCloseTo(1, 12);
  expect(new AvoidingRollouts([path("1-3-6"), path("1-3-6")]).modeEntropy).toBe(0);
  const even = new AvoidingRollouts([path("a"), path("b"), path("c", { arrives: false })]);
  expect(even.modeEntropy).toBeCloseTo(Math.log(2) / Math.log(24), 12);
  expect(even.successRate).toBeCloseTo(2 / 3, 12);
  expect(even.modes).toEqual({ a: 1, b: 1 });
});

test("they show themselves as a figure", async () => {
  const rollouts = new AvoidingRollouts([path("a"), path("b", { crossAt: 0 })]);
  const bundle = (await (rollouts as unknown as Record<symbol, () => unknown>)[
    Symbol.for("Jupyter.display")
  ]!()) as object;
  expect(Object.keys(bundle)).toContain("image/png");
  expect(String(rollouts)).toBe(
    "2 rollouts: 100 % reach the goal, 50 % without touching anything; 2 ways, mode entropy 0.22",
  );
});
