// A learning curve that is drawn while it grows: few points however long the run, and a small SVG without any library.
import { escapeHtml } from "../html.js";
import { shorten } from "./progress-text.js";

/** Okabe and Ito's colours, which colour-blind readers can tell apart, as far as they show on white and on black. */
const colors = ["#2F86C8", "#D55E00", "#009E73", "#CC79A7"] as const;
/** Readable on white and on black. */
const muted = "#848d97";
const most = 400;
const size = { width: 640, height: 190 } as const;
const plot = { left: 64, right: 630, top: 26, bottom: 160 } as const;

/** The points of one line. When there are too many, neighbours are merged into their means. */
export class LiveCurve {
  readonly points: (readonly [x: number, y: number])[] = [];
  /** How many added points one of `points` stands for. */
  #stride = 1;
  #pending: (readonly [x: number, y: number])[] = [];

  constructor(readonly name: string) {}

  /** Points that are not finite are left out. */
  add(x: number, y: number): void {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    this.#pending.push([x, y]);
    if (this.#pending.length < this.#stride) return;
    this.points.push(meanOf(this.#pending));
    this.#pending = [];
    if (this.points.length < most) return;
    const halves = Array.from({ length: most / 2 }, (_, i) => meanOf(this.points.slice(2 * i, 2 * i + 2)));
    this.points.splice(0, most, ...halves);
    this.#stride *= 2;
  }
}

/** @returns an SVG of 640 x 190 pixels, below 20 kB, or nothing while no line has two points. */
export function drawCurves(curves: readonly LiveCurve[], { x: title, log }: { x: string; log: boolean }) {
  const drawn = curves.filter(({ points }) => points.length > 1);
  if (drawn.length === 0) return undefined;
  const all = drawn.flatMap(({ points }) => points);
  const isLog = log && all.every(([, y]) => y > 0);
  const scaled = isLog ? Math.log : (y: number) => y;
  const horizontal = place(
    all.map(([x]) => x),
    [plot.left, plot.right],
  );
  const vertical = place(
    all.map(([, y]) => scaled(y)),
    [plot.bottom, plot.top],
  );
  const lines = drawn.map(({ points }, i) => {
    const path = points.map(([x, y]) => `${horizontal.at(x).toFixed(1)},${vertical.at(scaled(y)).toFixed(1)}`);
    return `<polyline fill="none" stroke="${colors[i % colors.length]}" stroke-width="2" points="${path.join(" ")}"/>`;
  });
  const grid = ticks(vertical.low, vertical.high).map((value) => {
    const y = vertical.at(value).toFixed(1);
    const label = shorten(Number((isLog ? Math.exp(value) : value).toPrecision(3)));
    return `<path d="M${plot.left} ${y}H${plot.right}" stroke="${muted}" stroke-opacity="0.3"/>${text(plot.left - 6, Number(y) + 4, "end", label)}`;
  });
  const below = ticks(horizontal.low, horizontal.high).map((value) =>
    text(horizontal.at(value), plot.bottom + 16, "middle", shorten(Number(value.toPrecision(3)))),
  );
  const legend = drawn.map(({ name, points }, i) =>
    text(
      plot.left + (i * (plot.right - plot.left)) / drawn.length,
      14,
      "start",
      `${name} ${shorten(points.at(-1)![1])}`,
      colors[i % colors.length],
    ),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}" font-family="system-ui, Arial, sans-serif" font-size="11">`,
    ...grid,
    ...below,
    text((plot.left + plot.right) / 2, size.height - 2, "middle", title),
    ...legend,
    ...lines,
    `</svg>`,
  ].join("");
}

function meanOf(points: readonly (readonly [number, number])[]): [number, number] {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  return [mean(0), mean(1)];
}

/** Maps the extent of `values` to the pixels between `from` and `to`. */
function place(values: readonly number[], [from, to]: readonly [number, number]) {
  const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  const span = high - low || 1;
  return { low, high, at: (value: number) => from + ((value - low) / span) * (to - from) };
}

/** Four values, evenly spaced; one where there is no span. */
function ticks(low: number, high: number): number[] {
  return low === high ? [low] : [0, 1, 2, 3].map((i) => low + (i * (high - low)) / 3);
}

function text(x: number, y: number, anchor: string, words: string, color: string = muted): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${color}">${escapeHtml(words)}</text>`;
}
