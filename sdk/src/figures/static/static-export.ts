// Figures as SVG text and PNG bytes without a browser. Imports of the heavy parts wait for the first drawing.
import { createHash } from "node:crypto";
import { InputError } from "../../errors.js";
import { preferredSize, type Figure, type Size } from "../figure.js";
import type { HeadlessPlotly } from "./headless-plotly.js";

const idMark = "@drawing@";

let headless: Promise<HeadlessPlotly> | undefined;

/**
 * The figure as an SVG document of the given size in pixels (default: the figure's own, else 720 x 440). Its texts keep
 * their width in whatever font the reader has.
 * @throws InputError DMPO_FIGURE_DRAW if Plotly cannot draw it, as with 3-D traces.
 */
export async function toSvg(figure: Figure, size: Partial<Size> = {}): Promise<string> {
  const { plotly, document } = await draw(figure, size);
  const { settleTexts } = await import("./document-texts.js");
  settleTexts(document);
  return plotly.serialize(document);
}

/** The figure as PNG bytes; `scale` is the number of image pixels per CSS pixel, default 2. @throws as {@link toSvg}. */
export async function toPng(
  figure: Figure,
  { scale = 2, ...size }: Partial<Size> & { scale?: number } = {},
): Promise<Buffer> {
  const { plotly, document } = await draw(figure, size);
  const [{ createCanvas, loadImage }, { takeTexts, drawTexts }] = await Promise.all([
    import("@napi-rs/canvas"),
    import("./document-texts.js"),
  ]);
  const { width, height } = { ...preferredSize(figure), ...size };
  const canvas = createCanvas(Math.round(width * scale), Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#FFFFFF";
  context.fillRect(0, 0, canvas.width, canvas.height);
  const texts = takeTexts(document);
  context.drawImage(await loadImage(Buffer.from(plotly.serialize(document))), 0, 0, canvas.width, canvas.height);
  drawTexts(texts, context, scale);
  return canvas.toBuffer("image/png");
}

/** Frees the memory (about 200 MB) of the drawing engine; the next drawing starts it anew. Not needed before exiting. */
export async function closeStaticExport(): Promise<void> {
  const closing = headless;
  headless = undefined;
  (await closing)?.close();
}

async function draw(figure: Figure, size: Partial<Size>) {
  headless ??= import("./headless-plotly.js").then(({ HeadlessPlotly }) => new HeadlessPlotly());
  const plotly = await headless;
  try {
    const svg = reproducible(await plotly.draw(figure, { ...preferredSize(figure), ...size }));
    return { plotly, document: plotly.parse(svg) };
  } catch (error) {
    throw new InputError("DMPO_FIGURE_DRAW", [
      {
        path: "figure",
        wrong: `Plotly cannot draw it: ${String(error)}`,
        expected: "two-dimensional traces without WebGL",
      },
    ]);
  }
}

/** Replaces the random part of element ids by a hash of the drawing, so that equal figures give equal files. */
function reproducible(svg: string): string {
  const random = /id="defs-(\w+)"/.exec(svg)?.[1] ?? idMark;
  const anonymous = svg
    .replace(/url\('([^']*)'\)/g, "url($1)") // SVG rasterisers do not know the quoted form
    .replaceAll(new RegExp(`(?<=[a-z-])${random}`, "g"), idMark);
  const hash = createHash("sha256").update(anonymous).digest("hex").slice(0, 8);
  return anonymous.replaceAll(idMark, `-${hash}-`);
}
