// Sizes and positions of SVG elements, which jsdom does not compute and Plotly needs for legends, labels and margins.
import { createCanvas, type SKRSContext2D } from "@napi-rs/canvas";
import { svgPathProperties } from "svg-path-properties";
import { attribute, boxOfRectangle, textBox, textWidth } from "./svg-text.js";
import { accumulatedTransform, hull, nowhere, transformed, transformOf, type Box } from "./svg-transform.js";

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
      return boxOfRectangle(element);
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

function rectangle({ x, y, width, height }: Box): DOMRect {
  const box = { x, y, width, height, left: x, top: y, right: x + width, bottom: y + height };
  return { ...box, toJSON: () => box };
}
