// Summary and figure of finished cells, made by hand.
import { expect, test } from "vitest";
import { SensitivityReport } from "../../../sdk/src/experiments/sensitivity/report.js";
import type { FinishedCell } from "../../../sdk/src/experiments/sensitivity/cell-store.js";

const cell = (label: string, seed: number, measures: FinishedCell["measures"], value: unknown = label) =>
  ({ labels: { a: label }, values: { a: value }, seed, measures, seconds: 1.5 }) as FinishedCell;
const report = (cells: readonly FinishedCell[], interrupted = false) =>
  new SensitivityReport(cells, { interrupted, folder: undefined, confidence: undefined });

interface Panel {
  readonly title: string;
  readonly axis: string | undefined;
  readonly lines: readonly (readonly [string | undefined, readonly unknown[]])[];
}
/** Panels of a figure: title, name of the horizontal axis, lines with their heights. */
function panels(shown: SensitivityReport): { subtitle: string; panels: Panel[] } {
  const { data, layout } = shown.figure() as {
    data: readonly { name?: string; xaxis?: string; x: readonly unknown[]; y: readonly unknown[] }[];
    layout: Record<string, unknown>;
  };
  const titles = (layout.annotations as { text: string }[]).map(({ text }) => text);
  return {
    subtitle: (layout.title as { subtitle: { text: string } }).subtitle.text,
    panels: titles.map((title, i) => {
      const suffix = i === 0 ? "" : String(i + 1);
      const axis = layout[`xaxis${suffix}`] as { title?: { text?: string } };
      // Traces of nothing are entries of the legend.
      const own = data.filter(
        ({ xaxis = "x", name, y }) => xaxis === `x${suffix}` && name !== undefined && y[0] !== null,
      );
      return { title, axis: axis.title?.text, lines: own.map(({ name, y }) => [name, y] as const) };
    }),
  };
}

test("one seed has no interval", () => {
  const single = report([cell("1", 0, { value: 2 }), cell("2", 0, { value: 4 })]);
  expect(String(single)).toBe(
    "variation  seeds  value\n---------  -----  -----\na 1            1      2\na 2            1      4",
  );
  expect(single.summary()[0]).toMatchObject({ variation: "a 1", labels: { a: "1" }, seeds: 1 });
  expect(panels(single).subtitle).toBe("1 seed");
});

test("two seeds have Student's interval: half of it is 12.706 standard errors", () => {
  const double = report([cell("1", 0, { value: 1 }), cell("1", 1, { value: 3 })], true);
  const { mean, halfWidth } = double.summary()[0]!.measures.value!;
  expect(mean).toBe(2);
  expect(halfWidth).toBeCloseTo(12.7062, 3);
  expect(String(double).split("\n")[2]).toBe("a 1            2  2 ± 12.71");
  expect(panels(double).subtitle.replaceAll("<br>", " ")).toBe(
    "2 seeds; bands and whiskers: 95 % confidence intervals of the mean (Student's t); incomplete",
  );
});

test("only what every run measured is shown; curves end with the shortest", () => {
  const cells = [
    cell("1", 0, { value: 1, extra: 1, loss: { x: [1, 2, 3], y: [3, 2, 1], over: "step" } }),
    cell("1", 1, { value: 2, loss: { x: [1, 2], y: [5, 4] } }),
  ];
  const shown = report(cells);
  expect(Object.keys(shown.summary()[0]!.measures)).toEqual(["value"]);
  expect(shown.rows()).toEqual([
    { a: "1", seed: 0, value: 1, extra: 1, seconds: 1.5 },
    { a: "1", seed: 1, value: 2, seconds: 1.5 },
  ]);
  const { panels: drawn } = panels(shown);
  expect(drawn.map(({ title }) => title)).toEqual(["<b>loss</b>", "<b>value</b>"]);
  expect(drawn[0]!.axis).toBe("step");
  expect(drawn[0]!.lines).toContainEqual(["a 1", [4, 3]]);
  expect(panels(report([cell("1", 0, { loss: { x: [1], y: [3] } })])).panels[0]!.axis).toBe("epoch");
});

test("densities of varied time distributions; other values have none", () => {
  const measures = { value: 1 };
  const distributions = report([
    cell("flat", 0, measures, { type: "uniform" }),
    cell("none", 0, measures, null),
    cell("text", 0, measures, "uniform"),
    cell("else", 0, measures, { kind: "uniform" }),
    cell("unknown", 0, measures, { type: "unheard-of" }),
  ]);
  const [density, value] = panels(distributions).panels;
  expect(density!.title).toBe("<b>density of the drawn times</b>");
  expect(density!.axis).toBe("time (0 data, 1 noise)");
  expect(density!.lines).toEqual([["flat", Array<number>(199).fill(1)]]);
  expect(value!.title).toBe("<b>value</b>");
  expect(panels(report([cell("1", 0, measures)])).panels.map(({ title }) => title)).toEqual(["<b>value</b>"]);
});
