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
  const [least, greatest] = extent(all.map(([, y]) => y));
  // Below a decade a logarithmic axis says no more than a linear one, and has no round ticks.
  const isLog = log && least > 0 && greatest >= 10 * least;
  const scaled = isLog ? Math.log10 : (y: number) => y;
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
  const grid = (isLog ? logarithmicTicks : ticks)(least, greatest).map((value) => {
    const y = vertical.at(scaled(value)).toFixed(1);
    const label = shorten(value);
    return `<path d="M${plot.left} ${y}H${plot.right}" stroke="${muted}" stroke-opacity="0.3"/>${text(plot.left - 6, Number(y) + 4, "end", label)}`;
  });
  const below = ticks(horizontal.low, horizontal.high).map((value) =>
    text(horizontal.at(value), plot.bottom + 16, "middle", shorten(value)),
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

function extent(values: readonly number[]): readonly [low: number, high: number] {
  return values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)] as const, [Infinity, -Infinity] as const);
}

/** Maps the extent of `values` to the pixels between `from` and `to`. */
function place(values: readonly number[], [from, to]: readonly [number, number]) {
  const [low, high] = extent(values);
  const span = high - low || 1;
  return { low, high, at: (value: number) => from + ((value - low) / span) * (to - from) };
}

/** Multiples of 1, 2 or 5 times a power of ten between `low` and `high`, three to six; the value itself where there is no span. */
function ticks(low: number, high: number): number[] {
  if (low === high) return [low];
  const power = 10 ** Math.floor(Math.log10((high - low) / 3));
  const step = [5, 2, 1].map((factor) => factor * power).find((width) => inside(width, low, high).length >= 3) ?? power;
  return inside(step, low, high);
}

function inside(step: number, low: number, high: number): number[] {
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  // Without the rounding errors of the product.
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

/** Powers of ten, with their multiples by 2 and 5 as long as the extent is below two decades; at most six. */
function logarithmicTicks(low: number, high: number): number[] {
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const stride = Math.ceil((to - from) / 6);
  const factors = high / low < 100 ? [1, 2, 5] : [1];
  const powers = Array.from({ length: to - from + 1 }, (_, at) => from + at).filter((power) => power % stride === 0);
  return powers
    .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
    .filter((value) => value >= low && value <= high);
}

function text(x: number, y: number, anchor: string, words: string, color: string = muted): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${color}">${escapeHtml(words)}</text>`;
}
