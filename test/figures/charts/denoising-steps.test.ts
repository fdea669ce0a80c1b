import { expect, test } from "vitest";
import {
  denoisingChart,
  denoisingMeasures,
  denoisingOverview,
  type DenoisingResult,
} from "../../../sdk/src/figures/charts/denoising-steps.js";

const result = (denoisingSteps: number): DenoisingResult => ({
  denoisingSteps,
  episodeReward: { mean: 100 * denoisingSteps, spread: 10 },
  successRate: { mean: 0.5, spread: 0.1 },
  episodeLength: { mean: 900, spread: 5 },
  inferenceFrequency: { mean: 1000 / denoisingSteps, spread: 1 },
  inferenceDuration: { mean: 0.001 * denoisingSteps, spread: 0.0005 },
  bestReward: { mean: 5, spread: 0.5 },
});
const policy = { name: "policy", results: [5, 1, 2].map(result) };

test("one measure over the steps in ascending order, with a band", () => {
  const { data, layout } = denoisingChart("episodeReward", [policy]);
  expect(data).toMatchObject([{ fill: "toself" }, { x: [1, 2, 5], y: [100, 200, 500] }]);
  expect(layout).toMatchObject({
    title: { text: "<b>Episode reward by denoising steps</b>" },
    xaxis: { tickvals: [1, 2, 5], title: { text: "denoising steps" } },
    showlegend: false,
  });
});

test("durations are in milliseconds", () => {
  const { data, layout } = denoisingChart("inferenceDuration", [policy]);
  expect(data[1]!.y).toEqual([1, 2, 5]);
  expect(layout.yaxis!.title!.text).toBe("ms per call");
});

test("ticks that would touch are left out, on the scale in use", () => {
  const dense = { name: "dense", results: [1, 2, 3, 50, 100].map(result) };
  expect(denoisingChart("bestReward", [dense]).layout.xaxis).toMatchObject({ tickvals: [1, 50, 100] });
  expect(denoisingChart("bestReward", [dense], { scale: "log" }).layout.xaxis).toMatchObject({
    type: "log",
    tickvals: [1, 2, 3, 50, 100],
  });
});

test("the overview holds all six measures, each on its own axes, and one legend", () => {
  const { data, layout } = denoisingOverview([policy, { ...policy, name: "other" }], { trainedSteps: 1 });
  const lines = data.filter(({ fill }) => fill === undefined);
  expect(lines.map(({ xaxis }) => xaxis)).toEqual(["x", "x2", "x3", "x4", "x5", "x6"].flatMap((axis) => [axis, axis]));
  expect(lines.filter(({ showlegend }) => showlegend !== false).map(({ name }) => name)).toEqual(["policy", "other"]);
  const titles = [
    "Success rate",
    "Episode reward",
    "Inference duration",
    "Best reward",
    "Episode length",
    "Inference frequency",
  ];
  expect(layout.annotations).toMatchObject(titles.map((title) => ({ text: `<b>${title}</b>` })));
  expect(layout.shapes).toHaveLength(6);
  expect(denoisingMeasures([policy])).toHaveLength(6);
});

test("without success there is no chart of it", () => {
  const running = { name: "running", results: [1, 2].map(result).map(({ successRate: _, ...other }) => other) };
  expect(denoisingMeasures([running])).not.toContain("successRate");
  expect(denoisingMeasures([policy, running])).toHaveLength(5);
  expect(denoisingOverview([running]).layout.annotations).toHaveLength(5);
  expect(() => denoisingChart("successRate", [running])).toThrow(/results\[0\]\.successRate: is absent/);
});

test("unusable results are refused", () => {
  expect(() => denoisingOverview([])).toThrow(/series: empty/);
  expect(() => denoisingOverview([{ name: "none", results: [] }])).toThrow(/"none"\.results: empty/);
  const broken = { ...result(0), successRate: { mean: NaN, spread: 0 } };
  expect(() => denoisingChart("successRate", [{ name: "p", results: [broken] }])).toThrow(
    /results\[0\]\.denoisingSteps: 0[\s\S]*results\[0\]\.successRate\.mean: NaN/,
  );
});
