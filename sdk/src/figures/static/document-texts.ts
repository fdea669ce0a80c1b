// The texts of a drawn SVG document: fixed in width and with their fonts for SVG files, taken out and drawn by the canvas
// for PNG files.
import { readFileSync } from "node:fs";
import { createCanvas, type SKRSContext2D } from "@napi-rs/canvas";
import { facesFor, drawable } from "./fonts.js";
import { boxOfRectangle, lineWidth, linesOf, textRuns, type TextRun } from "./svg-text.js";
import { accumulatedTransform, transformed, type Box, type Matrix } from "./svg-transform.js";

/**
 * Gives every line the width that it was laid out with, so that nothing overlaps where the reader has another font, and
 * embeds what had to be fetched for it.
 */
export function settleTexts(document: XMLDocument): void {
  const measure = createCanvas(8, 8).getContext("2d");
  const texts = [...document.querySelectorAll("text")];
  const faces = facesFor(texts.map(({ textContent }) => textContent).join(""));
  for (const text of texts) {
    for (const line of linesOf(text)) {
      const content = line.textContent.trim();
      if (content.length < 2 || drawable(content) !== content) continue;
      line.setAttribute("textLength", lineWidth(line, measure).toFixed(1));
      line.setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
    const own = facesFor(text.textContent);
    if (own.length > 0)
      text.style.fontFamily = [text.style.fontFamily || "sans-serif", ...own.map(({ family }) => family)].join(", ");
  }
  if (faces.length === 0) return;
  const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = faces
    .map(({ family, path }) => {
      const data = readFileSync(path).toString("base64");
      return `@font-face { font-family: "${family}"; font-weight: 100 900; src: url(data:font/woff2;base64,${data}) format("woff2") }`;
    })
    .join("\n");
  document.documentElement.prepend(style);
}

interface PlacedText {
  readonly runs: readonly TextRun[];
  /** The rectangle to which the text is clipped, and its place in the document. */
  readonly clip?: { readonly box: Box; readonly matrix: Matrix };
}

/** Removes the texts from the document and says where they were. */
export function takeTexts(document: XMLDocument): PlacedText[] {
  const measure = createCanvas(8, 8).getContext("2d");
  const texts = [...document.querySelectorAll("text")];
  const placed = texts.map((text) => ({ runs: textRuns(text, measure), clip: clipOf(text) }));
  texts.forEach((text) => text.remove());
  return placed;
}

/** Draws texts over a picture with `scale` pixels per unit of the document. */
export function drawTexts(texts: readonly PlacedText[], context: SKRSContext2D, scale: number): void {
  for (const { runs, clip } of texts) {
    context.save();
    context.scale(scale, scale);
    if (clip) clipTo(clip, context);
    for (const { text, x, y, font, fill, opacity, matrix } of runs) {
      if (fill === "none") continue;
      context.save();
      context.transform(...matrix);
      context.font = font;
      context.fillStyle = fill;
      context.globalAlpha = opacity;
      context.fillText(text, x, y);
      context.restore();
    }
    context.restore();
  }
}

function clipOf(text: Element): PlacedText["clip"] {
  const clipped = text.closest("[clip-path]");
  const id = /#([^)]+)\)/.exec(clipped?.getAttribute("clip-path") ?? "")?.[1];
  const rectangle = id === undefined ? undefined : text.ownerDocument.getElementById(id)?.querySelector("rect");
  return rectangle ? { box: boxOfRectangle(rectangle), matrix: accumulatedTransform(clipped) } : undefined;
}

function clipTo({ box, matrix }: NonNullable<PlacedText["clip"]>, context: SKRSContext2D): void {
  const { x, y, width, height } = transformed(matrix, box);
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
}
