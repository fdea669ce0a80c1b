// What a run may return, the grid of runs, and their names.
import { expect, test } from "vitest";
import { cellName, gridOf, variationName } from "../../../sdk/src/experiments/sensitivity/grid.js";
import { checkedMeasures } from "../../../sdk/src/experiments/sensitivity/measures.js";
import { inputErrorOf } from "../../config/input-error.js";

test("numbers and curves become plain data", () => {
  const curve = { x: Int32Array.of(1, 2), y: Float64Array.of(0.5, 0.25), over: "step" };
  expect(checkedMeasures({ value: 3, curve }, "a 1")).toEqual({
    value: 3,
    curve: { x: [1, 2], y: [0.5, 0.25], over: "step" },
  });
});

const expected = "a finite number, or { x, y } of finite numbers";
test.each<[unknown, object]>([
  [{ m: Infinity }, { path: "m of a 1", wrong: "is Infinity", expected }],
  [{ m: null }, { path: "m of a 1", wrong: "is null", expected }],
  [{ m: "text" }, { path: "m of a 1", wrong: 'is "text"', expected }],
  [{ m: { x: [1] } }, { path: "m of a 1", wrong: 'is {"x":[1]}', expected }],
  [{ m: { y: [1] } }, { path: "m of a 1", wrong: 'is {"y":[1]}', expected }],
  [{ m: { x: [], y: [] } }, { path: "m of a 1", wrong: "has 0 x and 0 y", expected }],
  [{ m: { x: [1, 2], y: [1] } }, { path: "m of a 1", wrong: "has 2 x and 1 y", expected }],
  [{ m: { x: [1], y: [NaN] } }, { path: "m of a 1", wrong: "is not finite everywhere", expected }],
  [{ m: { x: [NaN], y: [1] } }, { path: "m of a 1", wrong: "is not finite everywhere", expected }],
  [{ m: { x: [1], y: [1], over: 2 } }, { path: "m of a 1", wrong: "says by no text what x counts", expected }],
  ...[{}, null, undefined, 3].map((measures): [unknown, object] => [
    measures,
    { path: "a 1", wrong: "returned no measure", expected: 'an object such as { "one-step return": 1100 }' },
  ]),
])("%j is no measure", (measures, problem) => {
  const error = inputErrorOf(() => checkedMeasures(measures, "a 1"));
  expect(error).toMatchObject({ code: "DMPO_SENSITIVITY_RESULT", problems: [problem] });
});

test("all measures that are wrong are named at once", () => {
  expect(inputErrorOf(() => checkedMeasures({ a: NaN, b: 1, c: NaN }, "r")).problems.map(({ path }) => path)).toEqual([
    "a of r",
    "c of r",
  ]);
});

test("cells and variations have readable names", () => {
  const [cell] = gridOf(
    { times: { beta: { type: "beta" } }, flowRatio: [0.5], dims: [[8, 4]], more: [{ b: [1], c: null }] },
    [3],
  );
  expect(cell).toEqual({
    labels: { times: "beta", flowRatio: "0.5", dims: "8 × 4", more: "b 1, c null" },
    values: { times: { type: "beta" }, flowRatio: 0.5, dims: [8, 4], more: { b: [1], c: null } },
    seed: 3,
  });
  expect(variationName(cell!)).toBe("beta, flowRatio 0.5, 8 × 4, b 1, c null");
  expect(cellName(cell!)).toBe("times beta, flowRatio 0.5, dims 8 × 4, more b 1, c null, seed 3");
});

test.each<[Parameters<typeof gridOf>, readonly [string, string, string][]]>([
  [
    [{}, []],
    [
      ["vary", "is empty", "at least one factor"],
      ["seeds", "is empty", "at least one integer"],
    ],
  ],
  [
    [{ a: [1] }, [1, 1.5, 1]],
    [
      ["seeds", "holds 1.5", "different integers"],
      ["seeds", "holds 1", "different integers"],
    ],
  ],
  [[{ a: [] }, [1]], [["vary.a", "is empty", "at least one value"]]],
  [[{ a: [1, 1] }, [1]], [["vary.a", 'holds "1" twice', "different values"]]],
  [
    [{ a: { f: () => 0, u: undefined, n: 1 } }, [1]],
    ["f", "u"].map((label) => [`vary.a.${label}`, "is no plain data", "numbers, texts, and lists and objects of them"]),
  ],
])("%j is no grid", (parameters, problems) => {
  expect(inputErrorOf(() => gridOf(...parameters))).toMatchObject({
    code: "DMPO_SENSITIVITY",
    problems: problems.map(([path, wrong, expected]) => ({ path, wrong, expected })),
  });
});
