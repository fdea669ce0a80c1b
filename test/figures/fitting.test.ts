// Long titles, long names and many names: broken into lines, and room for them.
import { expect, test } from "vitest";
import { figure, learningCurve } from "../../sdk/src/figures/index.js";
import { fitted, wrapped } from "../../sdk/src/figures/fitting.js";

test("text is broken between words, not inside markup, and only once", () => {
  expect(wrapped("one two three", 5)).toBe("one two<br>three");
  expect(wrapped('a <span style="color: red">long word</span>', 5)).toBe(
    'a <span style="color: red">long<br>word</span>',
  );
  expect(wrapped("回报 曲线", 3)).toBe("回报<br>曲线");
  const broken = wrapped("one two three four", 5);
  expect(wrapped(broken, 5)).toBe(broken);
});

const runs = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    name: `a run with a rather long name, number ${at}`,
    x: [1, 2],
    y: [1, 2],
  }));

test("many names below a plot make the figure higher, few do not", () => {
  expect(learningCurve(runs(2)).layout.height).toBeUndefined();
  const many = learningCurve(runs(30));
  expect(many.layout.height).toBeGreaterThan(440 + 200);
  expect(fitted(many)).toEqual({ data: many.data, layout: many.layout });
});

test("long titles take a second line and the margin for it", () => {
  const margin = (title: string) => (learningCurve(runs(1), { title }).layout.margin as { t: number }).t;
  expect(learningCurve(runs(1), { title: "word ".repeat(30) }).layout.title!.text).toContain("<br>");
  expect(margin("word ".repeat(30))).toBeGreaterThan(margin("word") + 20);
});

test("typed arrays anywhere become numbers that JSON keeps", () => {
  const own = figure({
    data: [{ type: "heatmap", z: [new Float32Array([1, 2])], marker: { size: new Int16Array([3]) } }],
    layout: { xaxis: { tickvals: new Float64Array([0.5]) } },
  });
  expect(JSON.parse(JSON.stringify(own))).toEqual({
    data: [{ type: "heatmap", z: [[1, 2]], marker: { size: [3] } }],
    layout: { xaxis: { tickvals: [0.5] } },
  });
});
