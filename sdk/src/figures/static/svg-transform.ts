// Boxes and affine maps of SVG elements.

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
/** The affine map (x, y) -> (a x + c y + e, b x + d y + f). */
export type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

const identity: Matrix = [1, 0, 0, 1, 0, 0];
export const nowhere: Box = { x: 0, y: 0, width: 0, height: 0 };

/** From the element's own coordinates, inside its `transform`, to those of the document. */
export function accumulatedTransform(element: Element | null): Matrix {
  return element ? multiply(accumulatedTransform(element.parentElement), transformOf(element)) : identity;
}

export function transformOf(element: Element): Matrix {
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

export function transformed([a, b, c, d, e, f]: Matrix, { x, y, width, height }: Box): Box {
  const corners = [x, x + width].flatMap((cx) => [y, y + height].map((cy) => [cx, cy] as const));
  return hull(corners.map(([cx, cy]) => [a * cx + c * cy + e, b * cx + d * cy + f] as const));
}

export function hull(points: readonly (readonly [number, number])[]): Box {
  if (points.length === 0) return nowhere;
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}
