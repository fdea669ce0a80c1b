// Figures in notebooks: interactive data, a picture and a line of text, on plain data.
import { afterEach, expect, test } from "vitest";
import { figure, lossCurve, showFiguresAs, type Figure } from "../../sdk/src/figures/index.js";

type Displayed = Readonly<Record<symbol, () => Promise<Record<string, unknown>>>>;
const bundleOf = (value: Figure) => (value as unknown as Displayed)[Symbol.for("Jupyter.display")]!();
const curve = () => lossCurve([{ name: "loss", x: [1, 2], y: [3, 4] }], { title: "A & B" });

afterEach(() => showFiguresAs("interactive"));

test("a chart shows itself as Plotly data, as a picture of its own size, and as text", async () => {
  const bundle = await bundleOf(curve());
  expect(Object.keys(bundle)).toEqual(["application/vnd.plotly.v1+json", "image/png", "text/plain"]);
  expect(bundle["application/vnd.plotly.v1+json"]).toEqual({ data: curve().data, layout: curve().layout });
  const png = Buffer.from(bundle["image/png"] as string, "base64");
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([720, 440]);
  expect(png.length).toBeLessThan(60_000);
  expect(bundle["text/plain"]).toBe("Figure: A & B");
});

test("the method is no part of the data", () => {
  expect(Object.keys(curve())).toEqual(["data", "layout"]);
  expect(JSON.stringify(curve())).not.toContain("display");
  expect(structuredClone(curve())).toEqual({ data: curve().data, layout: curve().layout });
});

test("a picture alone, where that is asked for", async () => {
  showFiguresAs("static");
  expect(Object.keys(await bundleOf(curve()))).toEqual(["image/png", "text/plain"]);
});

test("figures of one's own show themselves, too, even those that cannot be drawn here", async () => {
  const own = figure({ data: [{ type: "scatter3d", name: "points", x: [1], y: [1], z: [1] }], layout: {} });
  showFiguresAs("static");
  expect(Object.keys(await bundleOf(own))).toEqual(["application/vnd.plotly.v1+json", "text/plain"]);
  expect((await bundleOf(own))["text/plain"]).toBe("Figure: points");
});
