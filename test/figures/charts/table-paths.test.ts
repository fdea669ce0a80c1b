import { expect, test } from "vitest";
import { tablePaths } from "../../../sdk/src/figures/charts/table-paths.js";

const path = (mode: string, crossAt?: number) => ({ mode, x: [0.5, 0.4], y: [-0.2, 0.4], crossAt });

test("paths of one way share a trace, with gaps between them; touches are marked", () => {
  const { data, layout } = tablePaths([path("1-3"), path("0-2"), path("1-3", 1)], {
    obstacles: [{ x: 0.5, y: 0, radius: 0.03 }],
    finishLine: 0.35,
  });
  expect(data.map(({ name }) => name)).toEqual(["0-2 (1)", "1-3 (2)", "touched (1)"]);
  expect(data[1]!.x).toEqual([0.5, 0.4, null, 0.5, 0.4, null]);
  expect(data[2]!.x).toEqual([0.4]);
  const [circle, line] = layout.shapes as Record<string, number>[];
  expect([circle!.x0, circle!.x1]).toEqual([0.47, 0.53]);
  expect(line!.y0).toBe(0.35);
});

test("bad paths are errors", () => {
  expect(() => tablePaths([])).toThrow(/paths: empty/);
  expect(() => tablePaths([{ mode: "a", x: [1], y: [] }])).toThrow(/as many of both/);
  expect(() => tablePaths([{ mode: "a", x: [NaN], y: [1] }])).toThrow(/x/);
});
