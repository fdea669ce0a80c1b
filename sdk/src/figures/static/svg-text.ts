// Texts of an SVG as Plotly writes them, with lines, bold pieces, superscripts and subscripts: how wide they are and where
// each piece lies. Plotly asks for the widths; the places are for drawing on a canvas, because SVG rasterisers do not
// shift baselines and do not look for another font where one lacks a character.
import type { SKRSContext2D } from "@napi-rs/canvas";
import { canvasFont, drawable } from "./fonts.js";
import { accumulatedTransform, type Box, type Matrix } from "./svg-transform.js";

/** A piece of text in one font. `x` and `y` begin its baseline, before `matrix` takes them to the document. */
export interface TextRun {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly font: string;
  readonly fill: string;
  /** In [0, 1]. */
  readonly opacity: number;
  readonly matrix: Matrix;
}

interface Cursor {
  x: number;
  y: number;
}

/** Line spacing of Plotly's multi-line text, in font sizes. */
const lineSpacing = 1.3;
/** Plotly returns from a superscript with a character without width. */
const invisible = /\u200b/g;

/** Bounding box in the element's own coordinates. */
export function textBox(element: Element, measure: SKRSContext2D): Box {
  const size = fontSize(element);
  const width = textWidth(element, measure);
  const x = attribute(element, "x");
  return {
    x: x - width * anchorShare(element),
    y: attribute(element, "y") - size,
    width,
    height: size * lineSpacing * linesOf(element).length,
  };
}

/** Width of the longest line. */
export function textWidth(element: Element, measure: SKRSContext2D): number {
  return Math.max(...linesOf(element).map((line) => lineWidth(line, measure)));
}

/** The lines of a text: elements that have a width of their own. */
export function linesOf(element: Element): Element[] {
  const lines = element.querySelectorAll("tspan.line");
  return lines.length > 0 ? [...lines] : [element];
}

export function lineWidth(line: Element, measure: SKRSContext2D): number {
  const cursor = { x: 0, y: 0 };
  return (walk(line, cursor, measure, () => {}), cursor.x);
}

/** The pieces of a text element, in the order of drawing. */
export function textRuns(element: Element, measure: SKRSContext2D): TextRun[] {
  const matrix = accumulatedTransform(element);
  const opacity = opacityOf(element);
  return linesOf(element).flatMap((line) => {
    const runs: TextRun[] = [];
    const cursor = {
      x: attribute(line, "x") - lineWidth(line, measure) * anchorShare(element),
      y: attribute(line, "y") + (line === element ? 0 : shift(line, "dy")),
    };
    walk(line, cursor, measure, (text, parent, { x, y }) => {
      const fill = inherited(parent, "fill") || "black";
      const own = Number(inherited(parent, "fill-opacity") || 1);
      runs.push({ text, x, y, font: fontOf(parent), fill, opacity: opacity * own, matrix });
    });
    return runs;
  });
}

/** Visits the pieces below `node`, moving the cursor as the SVG's `dx` and `dy` and the widths say. */
function walk(
  node: Element,
  cursor: Cursor,
  measure: SKRSContext2D,
  visit: (text: string, parent: Element, at: Cursor) => void,
): void {
  for (const child of node.childNodes) {
    if (child.nodeType === child.ELEMENT_NODE) {
      cursor.x += shift(child as Element, "dx");
      cursor.y += shift(child as Element, "dy");
      walk(child as Element, cursor, measure, visit);
      continue;
    }
    const text = drawable((child.textContent ?? "").replace(invisible, ""));
    if (child.nodeType !== child.TEXT_NODE || text === "") continue;
    visit(text, node, cursor);
    measure.font = fontOf(node);
    cursor.x += measure.measureText(text).width;
  }
}

function fontOf(element: Element): string {
  const style = inherited(element, "font-style") || "normal";
  const weight = inherited(element, "font-weight") || "normal";
  return canvasFont(style, weight, fontSize(element));
}

/** "0.5em" or "6px" in pixels. */
function shift(element: Element, name: "dx" | "dy"): number {
  const value = attribute(element, name);
  return element.getAttribute(name)?.endsWith("em") ? value * fontSize(element) : value;
}

/** Which share of the width lies left of x. */
function anchorShare(element: Element): number {
  return { middle: 0.5, end: 1 }[inherited(element, "text-anchor")] ?? 0;
}

function fontSize(element: Element | null): number {
  if (!element) return 12;
  const own = styleOf(element, "font-size");
  if (!own) return fontSize(element.parentElement);
  return own.endsWith("%") ? (fontSize(element.parentElement) * parseFloat(own)) / 100 : parseFloat(own);
}

/** The product of the element's and its ancestors' opacity. */
function opacityOf(element: Element | null): number {
  return element ? Number(styleOf(element, "opacity") || 1) * opacityOf(element.parentElement) : 1;
}

function inherited(element: Element | null, property: string): string {
  return element ? styleOf(element, property) || inherited(element.parentElement, property) : "";
}

function styleOf(element: Element, property: string): string {
  const { style } = element as Partial<SVGElement>;
  return style?.getPropertyValue(property) || element.getAttribute(property) || "";
}

export function boxOfRectangle(element: Element): Box {
  const [x, y] = [attribute(element, "x"), attribute(element, "y")];
  return { x, y, width: attribute(element, "width"), height: attribute(element, "height") };
}

export function attribute(element: Element, name: string): number {
  return Number.parseFloat(element.getAttribute(name) ?? "") || 0;
}
