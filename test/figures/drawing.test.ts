// Everything that draws, in one file: the drawing engine starts once.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { JSDOM } from "jsdom";
import { afterAll, expect, test, vi } from "vitest";
import { comparisonBars } from "../../sdk/src/figures/charts/comparison-bars.js";
import { lossCurve } from "../../sdk/src/figures/charts/loss-curve.js";
import { learningCurve } from "../../sdk/src/figures/charts/learning-curve.js";
import { saveFigure } from "../../sdk/src/figures/save-figure.js";
import { reportHtml, writeReport } from "../../sdk/src/figures/report/report-page.js";
import { textRuns } from "../../sdk/src/figures/static/svg-text.js";
import { transformed } from "../../sdk/src/figures/static/svg-transform.js";
import { closeStaticExport, toPng, toSvg } from "../../sdk/src/figures/static/static-export.js";

const runs = [
  { name: "first run", x: [0, 1, 2], y: [0, 2, 3], spread: [1, 1, 1] },
  { name: "second run", x: [0, 1, 2], y: [1, 1, 1] },
];
const figure = learningCurve(runs, { title: "Return <of> R&D" });
const folder = mkdtempSync(join(tmpdir(), "dmpo-figures-"));

afterAll(closeStaticExport);

/** Parses as XML; throws if the text is not well-formed. */
function parseXml(text: string): Document {
  return new JSDOM(text, { contentType: "image/svg+xml" }).window.document;
}

/** Share of pixels that are not white in a region given in pixels of the image. */
async function inkShare(png: Uint8Array, x: number, y: number, width: number, height: number): Promise<number> {
  const image = await loadImage(Buffer.from(png));
  const context = createCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(x, y, width, height);
  let ink = 0;
  for (let at = 0; at < data.length; at += 4) if (Math.min(data[at]!, data[at + 1]!, data[at + 2]!) < 200) ink++;
  return ink / (width * height);
}

test("the SVG is well-formed, complete and the same each time", async () => {
  const svg = await toSvg(figure, { width: 600, height: 400 });
  const document = parseXml(svg);
  expect(document.documentElement.getAttribute("width")).toBe("600");
  const texts = [...document.querySelectorAll("text")].map((text) => text.textContent);
  expect(texts).toEqual(expect.arrayContaining(["Return <of> R&D", "environment steps", "first run", "second run"]));
  expect(svg).not.toContain("url('");
  expect(await toSvg(figure, { width: 600, height: 400 })).toBe(svg);
});

test("legend entries have the width of their text and do not overlap", async () => {
  const long = runs.map((run, index) => ({ ...run, name: `a rather long name of a run, number ${index}` }));
  const document = parseXml(await toSvg(learningCurve(long)));
  const background = document.querySelector(".legend rect.bg")!;
  expect(Number(background.getAttribute("width"))).toBeGreaterThan(400);
  const shifts = [...document.querySelectorAll(".legend .groups")].map((entry) =>
    Number(/translate\(([\d.]+)/.exec(entry.getAttribute("transform")!)?.[1] ?? 0),
  );
  expect(shifts[1]! - shifts[0]!).toBeGreaterThan(200);
});

test("the PNG has the wanted size, with title, axes and legend in their places", async () => {
  const png = await toPng(figure, { width: 600, height: 400, scale: 1.5 });
  const { width, height } = await loadImage(png);
  expect([width, height]).toEqual([900, 600]);
  expect(await inkShare(png, 90, 30, 300, 40)).toBeGreaterThan(0.03);
  expect(await inkShare(png, 90, 560, 300, 40)).toBeGreaterThan(0.02);
  expect(await inkShare(png, 0, 150, 30, 300)).toBeGreaterThan(0.01);
  expect(await inkShare(png, 880, 0, 20, 600)).toBe(0);
});

/** The picture of a title alone. */
const titled = (text: string) =>
  toPng({ data: [], layout: { title: { text, x: 0.5 }, xaxis: { visible: false }, yaxis: { visible: false } } });

test("superscripts and subscripts are raised and lowered in pictures", async () => {
  const [plain, raised, lowered] = await Promise.all([titled("x2"), titled("x<sup>2</sup>"), titled("x<sub>2</sub>")]);
  expect(raised).not.toEqual(plain);
  expect(raised).not.toEqual(lowered);
  const rows = async (png: Uint8Array) => {
    const shares = await Promise.all(Array.from({ length: 160 }, (_, y) => inkShare(png, 600, y, 240, 1)));
    return [shares.findIndex((share) => share > 0), shares.findLastIndex((share) => share > 0)] as const;
  };
  expect((await rows(raised))[0]).toBeLessThan((await rows(plain))[0]);
  expect((await rows(lowered))[1]).toBeGreaterThan((await rows(plain))[1]);
});

test("Greek is drawn; what no font has is named once and never drawn as a box", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  expect(await titled("αβγ")).not.toEqual(await titled("???"));
  expect(warn).not.toHaveBeenCalled();
  expect(await titled("\u{e123}\u{e124}")).toEqual(await titled("??"));
  expect(warn.mock.calls.flat().join("\n")).toMatch(/no font here has \ue123 \ue124/);
  expect(warn).toHaveBeenCalledTimes(1);
  warn.mockRestore();
});

test("lines keep their width in a reader's other font", async () => {
  const document = parseXml(await toSvg(figure));
  const name = [...document.querySelectorAll(".legend text")].find(({ textContent }) => textContent === "first run")!;
  expect(Number(name.getAttribute("textLength"))).toBeGreaterThan(40);
  expect(name.getAttribute("lengthAdjust")).toBe("spacingAndGlyphs");
});

const seeds = (count: number, name: string) =>
  Array.from({ length: count }, (_, at) => ({
    name: `${name} ${at}`,
    x: [0, 1e5, 2e5, 3e5],
    y: [1e3 + at, 2e3 + 100 * at, 2500 - 50 * at, 3e3 + at],
    spread: [10, 100, 50, 80],
  }));
const losses = (...values: number[]) =>
  lossCurve([
    { name: "training", x: values.map((_, epoch) => epoch + 1), y: values },
    { name: "validation", x: values.map((_, epoch) => epoch + 1), y: values.map((value) => 1.2 * value) },
  ]);
const bars = (...names: string[]) =>
  comparisonBars(
    ["return of an episode in the environment", "success"],
    names.map((name, at) => ({
      name,
      values: [
        { mean: 10 + at, spread: 1 },
        { mean: 3, spread: 0.5 },
      ],
    })),
    { title: "The pendulum", subtitle: "whiskers: standard deviation over episodes" },
  );

/** Boxes of what is written, from the letters' tops to their bottoms, with a name for each. */
function writtenBoxes(document: Document) {
  const measure = createCanvas(8, 8).getContext("2d");
  return [...document.querySelectorAll("text")].map((element) => {
    const boxes = textRuns(element, measure).map(({ text, x, y, font, matrix }) => {
      measure.font = font;
      const size = Number(/([\d.]+)px/.exec(font)![1]);
      const box = { x, y: y - 0.72 * size, width: measure.measureText(text).width, height: 0.9 * size };
      return transformed(matrix, box);
    });
    return { text: element.textContent, boxes };
  });
}

test.each([
  [
    "fourteen runs, long names, a long title",
    learningCurve(seeds(14, "MeanFlow improved dispersive, seed"), {
      title: "A title that is long ".repeat(6),
      references: [{ name: "demonstrations", value: 1500 }],
    }),
  ],
  [
    "Chinese names",
    learningCurve(seeds(5, "改良平均流策略与分散正则化的训练曲线 种子"), {
      title: "学习曲线：回报随环境步数的变化",
      subtitle: "αβγ",
      x: "环境步数",
      y: "回报",
    }),
  ],
  [
    "powers",
    learningCurve(seeds(2, "x<sup>2</sup> y<sub>i</sub>, run"), {
      title: "H<sub>2</sub>O e<sup>-λt</sup>",
      y: "10<sup>3</sup> m",
    }),
  ],
  ["bars", bars("careless controller with a long name", "imitation", "after PPO fine-tuning", "another")],
  ["a loss within a decade", losses(0.99, 0.5, 0.101)],
  ["a loss over a decade", losses(0.19, 0.1, 0.05, 0.0189)],
  ["a loss over ten decades", losses(10, 1e-3, 1e-6, 1e-9)],
  ["a flat loss", losses(0.0912, 0.0911, 0.09105, 0.091)],
] as const)("nothing that is written is cut or lies on anything else: %s", async (_, figure) => {
  const document = parseXml(await toSvg(figure));
  const size = (name: string) => Number(document.documentElement.getAttribute(name));
  const texts = writtenBoxes(document);
  expect(texts.length).toBeGreaterThan(6);
  for (const [at, { text, boxes }] of texts.entries()) {
    for (const box of boxes) {
      expect(Math.min(box.x, box.y), text).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width, text).toBeLessThanOrEqual(size("width"));
      expect(box.y + box.height, text).toBeLessThanOrEqual(size("height"));
      for (const other of texts.slice(at + 1)) {
        const crossing = other.boxes.some(
          (b) => b.x < box.x + box.width && box.x < b.x + b.width && b.y < box.y + box.height && box.y < b.y + b.height,
        );
        expect(crossing, `"${text}" and "${other.text}"`).toBe(false);
      }
    }
  }
  const ticks = [...document.querySelectorAll(".ytick text")];
  expect(ticks.length).toBeGreaterThan(2);
});

test("pictures do not depend on the fonts of the machine", async () => {
  const program = `
    const { learningCurve } = await import(${JSON.stringify(new URL("../../sdk/src/figures/charts/learning-curve.ts", import.meta.url).href)});
    const { toPng } = await import(${JSON.stringify(new URL("../../sdk/src/figures/static/static-export.ts", import.meta.url).href)});
    const runs = [{ name: "first run", x: [0, 1, 2], y: [0, 2, 3] }, { name: "second run", x: [0, 1], y: [1, 1] }];
    const png = await toPng(learningCurve(runs, { title: "Return" }));
    console.log((await import("node:crypto")).createHash("sha256").update(png).digest("hex"));`;
  const empty = join(folder, "fonts.conf");
  writeFileSync(empty, '<?xml version="1.0"?><fontconfig></fontconfig>');
  const hashes = await Promise.all(
    [{}, { FONTCONFIG_FILE: empty }].map(async (fonts) => {
      const given = ["--import", "tsx", "--input-type=module", "-e", program];
      const { stdout } = await promisify(execFile)(process.execPath, given, { env: { ...process.env, ...fonts } });
      return stdout.trim();
    }),
  );
  expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(hashes[1]).toBe(hashes[0]);
});

test("every kind of two-dimensional trace can be drawn", async () => {
  const svg = await toSvg({
    data: [
      {
        type: "heatmap",
        z: [
          [1, 2],
          [3, 4],
        ],
        xaxis: "x",
        yaxis: "y",
      },
      { type: "box", y: [1, 2, 3, 9], xaxis: "x2", yaxis: "y2" },
      { type: "violin", y: [1, 2, 3, 9], xaxis: "x2", yaxis: "y2" },
    ],
    layout: { grid: { rows: 1, columns: 2, pattern: "independent" }, annotations: [{ text: "here", x: 0, y: 0 }] },
  });
  expect(parseXml(svg).querySelectorAll("image, path.box, path.violin").length).toBeGreaterThanOrEqual(3);
});

test("drawing leaves no timer behind that keeps the process alive", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate/.test(name)).length;
  const before = timers();
  await toSvg(figure);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(timers()).toBeLessThanOrEqual(before);
});

test("a figure is saved in the format of its extension", async () => {
  for (const name of ["a/figure.png", "figure.svg", "figure.json", "figure.HTML"])
    await saveFigure(figure, join(folder, name));
  expect(readFileSync(join(folder, "a/figure.png")).subarray(1, 4).toString()).toBe("PNG");
  expect(readFileSync(join(folder, "figure.svg"), "utf8")).toMatch(/^<svg /);
  expect(JSON.parse(readFileSync(join(folder, "figure.json"), "utf8"))).toEqual(JSON.parse(JSON.stringify(figure)));
  expect(readFileSync(join(folder, "figure.HTML"), "utf8")).toContain("<h1>Return &lt;of&gt; R&amp;D</h1>");
  await expect(saveFigure(figure, join(folder, "figure.pgn"))).rejects.toThrow(
    /unknown extension ".pgn"[\s\S]*"\.png"/,
  );
});

const report = {
  title: 'Results of "A" & <b>B</b>',
  summary: ["<script>alert(1)</script>", "second paragraph"],
  tables: [
    {
      title: "Evaluation",
      columns: ["policy", "return"],
      rows: [
        ["<base>", 1201.4],
        ["tuned", 3012],
      ],
    },
  ],
  figures: [
    {
      figure: learningCurve([{ ...runs[0]!, name: "</script><img src=x>" }, runs[1]!], { title: "Own title" }),
      caption: "5 > 3",
    },
    { title: "Other", figure },
  ],
  footer: "seed 42 <here>",
};

test("the report shows text as text", async () => {
  const { document } = new JSDOM(await reportHtml(report)).window;
  expect(document.title).toBe(report.title);
  expect([...document.querySelectorAll(".summary p")].map(({ textContent }) => textContent)).toEqual(report.summary);
  expect([...document.querySelectorAll("td")].map(({ textContent }) => textContent)).toEqual([
    "<base>",
    "1,201",
    "tuned",
    "3,012",
  ]);
  expect([...document.querySelectorAll("h2")].map(({ textContent }) => textContent)).toEqual([
    "Evaluation",
    "Own title",
    "Other",
  ]);
  expect(document.querySelector("footer")!.textContent).toBe(report.footer);
  expect(document.querySelectorAll("script")).toHaveLength(3);
  expect(document.querySelectorAll("img")).toHaveLength(2);
});

test("the report's figures have a picture each and the data for the interactive version", async () => {
  const { document } = new JSDOM(await reportHtml(report)).window;
  const figures = JSON.parse(document.getElementById("figures")!.textContent) as { layout: object }[];
  expect(figures).toHaveLength(2);
  expect(figures[0]!.layout).not.toHaveProperty("title");
  for (const image of document.querySelectorAll("img")) {
    const svg = Buffer.from(image.src.split(",")[1]!, "base64").toString();
    expect(parseXml(svg).querySelectorAll(".legend text")).toHaveLength(2);
    expect(svg).not.toContain("Own title");
  }
});

test("the report loads nothing: every reference is a data address", async () => {
  const html = await reportHtml(report);
  const { document } = new JSDOM(html).window;
  const references = [...document.querySelectorAll("[src], [href]")].map(
    (element) => element.getAttribute("src") ?? element.getAttribute("href"),
  );
  expect(references.every((reference) => reference!.startsWith("data:"))).toBe(true);
  expect(html.replace(/<script type="text\/plain"[\s\S]*?<\/script>/, "")).not.toMatch(/https?:|url\(|@import/);
  expect(document.querySelector("meta[http-equiv]")!.getAttribute("content")).toContain("default-src 'none'");
  expect(html.length).toBeLessThan(1_200_000);
});

test("a report lies in its folder as one file; without figures it is a few kilobytes", async () => {
  const path = await writeReport(join(folder, "new", "report"), { title: "Empty" });
  expect(readdirSync(join(folder, "new", "report"))).toEqual(["index.html"]);
  expect(readFileSync(path, "utf8").length).toBeLessThan(10_000);
});

test("a row that does not fit its table is refused", async () => {
  const table = { title: "t", columns: ["a", "b"], rows: [["x", 1], ["y"]] };
  await expect(reportHtml({ title: "r", tables: [table] })).rejects.toThrow(/table "t"\.rows\[1\]: 1 cells/);
});

test("after closing, drawing starts anew", async () => {
  await closeStaticExport();
  expect(await toSvg(figure)).toMatch(/^<svg /);
});
