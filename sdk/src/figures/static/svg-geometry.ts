// Sizes and positions of SVG elements, which jsdom does not compute and Plotly needs for legends, labels and margins.
import { createCanvas, type SKRSContext2D } from "@napi-rs/canvas";
import { svgPathProperties } from "svg-path-properties";

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
/** The affine map (x, y) -> (a x + c y + e, b x + d y + f). */
type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

const identity: Matrix = [1, 0, 0, 1, 0, 0];
const nowhere: Box = { x: 0, y: 0, width: 0, height: 0 };
/** Line spacing of Plotly's multi-line text, in font sizes. */
const lineSpacing = 1.3;

/** Gives the window's SVG elements the geometry methods of a browser. */
export function installSvgGeometry({
  Element,
  SVGElement,
}: {
  Element: typeof globalThis.Element;
  SVGElement: object;
}): void {
  const measure = createCanvas(8, 8).getContext("2d");
  const path = (element: Element) => new svgPathProperties(element.getAttribute("d") ?? "M0,0");

  Element.prototype.getBoundingClientRect = function () {
    if (this.tagName === "svg") {
      return rectangle({ ...nowhere, width: attribute(this, "width"), height: attribute(this, "height") });
    }
    if (!(this as SVGElement).ownerSVGElement) return rectangle(nowhere);
    return rectangle(transformed(accumulatedTransform(this), boxOf(this, measure)));
  };
  Object.assign((SVGElement as { prototype: object }).prototype, {
    getBBox(this: Element) {
      return rectangle(boxOf(this, measure));
    },
    getComputedTextLength(this: Element) {
      return textWidth(this, measure);
    },
    getTotalLength(this: Element) {
      return path(this).getTotalLength();
    },
    getPointAtLength(this: Element, length: number) {
      return path(this).getPointAtLength(length);
    },
  });
}

/** Bounding box in the element's own coordinates; of shapes, only those that Plotly asks for have one. */
function boxOf(element: Element, measure: SKRSContext2D): Box {
  switch (element.tagName) {
    case "text":
    case "tspan":
      return textBox(element, measure);
    case "rect":
      return {
        x: attribute(element, "x"),
        y: attribute(element, "y"),
        width: attribute(element, "width"),
        height: attribute(element, "height"),
      };
    case "circle": {
      const radius = attribute(element, "r");
      return {
        x: attribute(element, "cx") - radius,
        y: attribute(element, "cy") - radius,
        width: 2 * radius,
        height: 2 * radius,
      };
    }
    case "defs":
      return nowhere;
  }
  const boxes = [...element.children]
    .map((child) => transformed(transformOf(child), boxOf(child, measure)))
    .filter(({ width, height }) => width > 0 || height > 0);
  return hull(boxes.flatMap(({ x, y, width, height }) => [[x, y] as const, [x + width, y + height] as const]));
}

function textBox(element: Element, measure: SKRSContext2D): Box {
  const size = fontSize(element);
  const lines = element.querySelectorAll("tspan.line").length || 1;
  const width = textWidth(element, measure);
  const x = attribute(element, "x");
  const anchor = inherited(element, "text-anchor");
  const left = anchor === "middle" ? x - width / 2 : anchor === "end" ? x - width : x;
  return { x: left, y: attribute(element, "y") - size, width, height: size * lineSpacing * lines };
}

/** Width of the longest line. */
function textWidth(element: Element, measure: SKRSContext2D): number {
  const lines = element.querySelectorAll("tspan.line");
  return Math.max(...(lines.length ? [...lines] : [element]).map((line) => runWidth(line, measure)));
}

function runWidth(node: Node, measure: SKRSContext2D): number {
  let width = 0;
  for (const child of node.childNodes) {
    if (child.nodeType !== child.TEXT_NODE) {
      width += runWidth(child, measure);
      continue;
    }
    const style = inherited(child.parentElement, "font-style") || "normal";
    const weight = inherited(child.parentElement, "font-weight") || "normal";
    measure.font = `${style} ${weight} ${fontSize(child.parentElement)}px Arimo, sans-serif`;
    width += measure.measureText(child.textContent ?? "").width;
  }
  return width;
}

function fontSize(element: Element | null): number {
  if (!element) return 12;
  const own = styleOf(element, "font-size");
  if (!own) return fontSize(element.parentElement);
  return own.endsWith("%") ? (fontSize(element.parentElement) * parseFloat(own)) / 100 : parseFloat(own);
}

function inherited(element: Element | null, property: string): string {
  return element ? styleOf(element, property) || inherited(element.parentElement, property) : "";
}

function styleOf(element: Element, property: string): string {
  return (element as SVGElement).style.getPropertyValue(property) || element.getAttribute(property) || "";
}

function attribute(element: Element, name: string): number {
  return Number.parseFloat(element.getAttribute(name) ?? "") || 0;
}

function accumulatedTransform(element: Element | null): Matrix {
  return element ? multiply(accumulatedTransform(element.parentElement), transformOf(element)) : identity;
}

function transformOf(element: Element): Matrix {
  let matrix = identity;
  for (const [, name, list] of (element.getAttribute("transform") ?? "").matchAll(/(\w+)\(([^)]*)\)/g)) {
    const [a = 0, b, c = 0, d = 0, e = 0, f = 0] = list!
      .trim()
      .split(/[\s,]+/)
      .map(Number);
    if (name === "translate") matrix = multiply(matrix, [1, 0, 0, 1, a, b ?? 0]);
    else if (name === "scale") matrix = multiply(matrix, [a, 0, 0, b ?? a, 0, 0]);
    else if (name === "matrix") matrix = multiply(matrix, [a, b ?? 0, c, d, e, f]);
    else if (name === "rotate") matrix = multiply(matrix, rotation(a, b ?? 0, c));
  }
  return matrix;
}

/** Rotation by `degrees` about (x, y). */
function rotation(degrees: number, x: number, y: number): Matrix {
  const [cosine, sine] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [cosine, sine, -sine, cosine, x - cosine * x + sine * y, y - sine * x - cosine * y];
}

function multiply([a, b, c, d, e, f]: Matrix, [p, q, r, s, t, u]: Matrix): Matrix {
  return [a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * t + c * u + e, b * t + d * u + f];
}

function transformed([a, b, c, d, e, f]: Matrix, { x, y, width, height }: Box): Box {
  const corners = [x, x + width].flatMap((cx) => [y, y + height].map((cy) => [cx, cy] as const));
  return hull(corners.map(([cx, cy]) => [a * cx + c * cy + e, b * cx + d * cy + f] as const));
}

function hull(points: readonly (readonly [number, number])[]): Box {
  if (points.length === 0) return nowhere;
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

function rectangle({ x, y, width, height }: Box): DOMRect {
  const box = { x, y, width, height, left: x, top: y, right: x + width, bottom: y + height };
  return { ...box, toJSON: () => box };
}
