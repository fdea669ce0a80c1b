// Histograms and pairs of dimensions of actions.
import { expect, test } from "vitest";
import { actionDistribution } from "../../../sdk/src/figures/charts/action-distribution.js";

const demonstrations = { name: "demonstrations", values: Float32Array.from({ length: 9000 }, (_, at) => at % 3) };
const policy = { name: "policy", values: [0, 1, 2, 0, 1, 2] };
const drawn = () => actionDistribution([demonstrations, policy], ["hip", "knee", "ankle"], { title: "Actions" });

test("a grid of three histograms and three pairs, each with both samples", () => {
  const { data, layout } = drawn();
  expect(data.filter(({ type }) => type === "bar")).toHaveLength(6);
  const pairs = data.filter(({ type }) => type === "scatter");
  expect(pairs).toHaveLength(6);
  expect(pairs.filter(({ name }) => name === "policy").map(({ x, y }) => [x![0], y![0]])).toEqual([
    [0, 1],
    [0, 2],
    [1, 2],
  ]);
  expect(Math.max(...pairs.map(({ x }) => x!.length))).toBe(2000);
  expect(data.filter(({ showlegend }) => showlegend).map(({ name }) => name)).toEqual(["demonstrations", "policy"]);
  expect(Object.keys(layout).filter((key) => key.startsWith("xaxis"))).toHaveLength(6);
});

test("histograms are shares over common bins", () => {
  const bars = drawn().data.filter(({ type, xaxis }) => type === "bar" && xaxis === "x");
  for (const { y } of bars) expect(y!.reduce<number>((sum, share) => sum + share!, 0)).toBeCloseTo(1);
  expect(bars[0]!.x).toEqual(bars[1]!.x);
});

test("actions may be rows, as a policy gives them", () => {
  const rows = { name: "policy", values: [Float64Array.of(0, 1, 2), [0, 1, 2]] };
  const names = ["hip", "knee", "ankle"];
  expect(actionDistribution([rows], names)).toEqual(actionDistribution([policy], names));
});

test("what does not fit is refused", () => {
  expect(() => actionDistribution([], ["a"])).toThrow(/samples: empty/);
  expect(() => actionDistribution([policy], [])).toThrow(/dimensions: empty/);
  expect(() => actionDistribution([policy], ["a", "b", "c", "d"])).toThrow(
    /"policy"\.values: 6 numbers\n\s+expected rows of 4/,
  );
  expect(() => actionDistribution([{ name: "p", values: [NaN] }], ["a"])).toThrow(/\[0\]: NaN/);
});
