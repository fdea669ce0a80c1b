import { expect, test } from "vitest";
import { sensitivityOverview, type SensitivityPanel } from "../../../sdk/src/figures/charts/sensitivity-overview.js";

const variations = ["uniform", "beta"];
const panels: SensitivityPanel[] = [
  {
    kind: "lines",
    title: "loss",
    x: "epoch",
    logarithmic: true,
    series: [{ name: "beta", x: [1, 2, 3], y: [4, 0.2, 0.1], spread: [0.1, 0.1, 0.05] }],
  },
  {
    kind: "intervals",
    title: "return",
    measured: [
      { name: "uniform", values: [900, 1100], mean: 1000, halfWidth: 1270 },
      { name: "beta", values: [1200], mean: 1200 },
    ],
  },
];

test("a variation has one colour in all panels and the legend", () => {
  const { data, layout } = sensitivityOverview(variations, panels);
  const colors = (name: string) => {
    const traces = data.filter((trace) => trace.name === name && trace.mode !== "lines");
    return new Set(traces.map(({ marker }) => (marker as { color: string }).color.replace(/^rgba.*/, "pale")));
  };
  expect(colors("uniform").size).toBe(2);
  expect(data.filter(({ showlegend }) => showlegend !== false).map(({ name }) => name)).toEqual(variations);
  expect((layout.xaxis2 as { ticktext: string[] }).ticktext).toEqual(variations);
  expect(layout.yaxis!.type).toBe("log");
});

test("four panels make two rows of two, five fill rows of three", () => {
  const grid = (count: number) => {
    const { rows, columns } = sensitivityOverview(variations, Array<SensitivityPanel>(count).fill(panels[1]!)).layout
      .grid as { rows: number; columns: number };
    return [rows, columns];
  };
  expect([1, 2, 3, 4, 5].map(grid)).toEqual([[1, 1], [1, 2], [1, 3], [2, 2], [2, 3]]); // prettier-ignore
});

test("intervals: seeds as points beside the mean, whiskers only where there is an interval", () => {
  const drawn = sensitivityOverview(variations, panels).data.filter(({ xaxis }) => xaxis === "x2");
  expect(drawn.map(({ y }) => y)).toEqual([[900, 1100], [1000], [1200], [1200]]);
  expect(drawn.map(({ error_y }) => (error_y as { array: number[] } | undefined)?.array)).toEqual([
    undefined,
    [1270],
    undefined,
    undefined,
  ]);
});

test("what cannot be drawn is an error", () => {
  expect(() => sensitivityOverview([], [])).toThrow(/variations: empty[^]*panels: empty/);
  expect(() => sensitivityOverview(["uniform"], panels)).toThrow('unknown name "beta"');
  const broken = { kind: "intervals", title: "r", measured: [{ name: "beta", values: [1], mean: NaN }] } as const;
  expect(() => sensitivityOverview(variations, [broken])).toThrow(/panels\[0\] "r" "beta"/);
});
