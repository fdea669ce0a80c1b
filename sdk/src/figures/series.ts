// The data of a line: checking it, averaging it over seeds, thinning it, and drawing it with its band.
import { InputError, type Problem } from "../errors.js";
import type { Trace } from "./figure.js";
import { seriesStyle, translucent } from "./theme.js";

/** One line of a chart. All arrays have the same length, at least 1, and hold finite numbers. */
export interface Series {
  /** For the legend. */
  readonly name: string;
  /** Where it was measured, e.g. environment steps. */
  readonly x: ArrayLike<number>;
  /** What was measured there. */
  readonly y: ArrayLike<number>;
  /** Half the height of the band around `y`, for example one standard deviation. */
  readonly spread?: ArrayLike<number>;
}

/** A mean with its uncertainty (standard deviation or error, the chart's caption says which). */
export interface MeanWithSpread {
  /** Finite. */
  readonly mean: number;
  /** Half the height of the bar or band, 0 or more. */
  readonly spread: number;
}

/**
 * Mean and population standard deviation over seeds: `runs` holds one array per seed, each as long as `x`.
 * @throws InputError DMPO_FIGURE_DATA without runs, or for one of another length.
 */
export function meanOverSeeds(name: string, x: ArrayLike<number>, runs: readonly ArrayLike<number>[]): Series {
  assertSound([
    ...(runs.length ? [] : [problem("runs", "empty", "the values of at least one seed")]),
    ...runs.flatMap((run, seed) => lengthProblems(`runs[${seed}]`, run, x.length)),
  ]);
  const points = Array.from(x, (_, index) => runs.map((run) => run[index]!));
  const y = points.map(mean);
  const spread = points.map((values, index) => Math.sqrt(mean(values.map((value) => (value - y[index]!) ** 2))));
  return { name, x, y, spread };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Throws DMPO_FIGURE_DATA listing every empty, uneven or non-finite series. */
export function checkSeries(series: readonly Series[], path = "series"): void {
  if (series.length === 0) assertSound([problem(path, "empty", "at least one series")]);
  assertSound(
    series.flatMap(({ name, x, y, spread }, index) => {
      const at = `${path}[${index}] "${name}"`;
      return [
        ...numberProblems(`${at}.x`, x),
        ...numberProblems(`${at}.y`, y),
        ...lengthProblems(`${at}.y`, y, x.length),
        ...(spread
          ? [...numberProblems(`${at}.spread`, spread), ...lengthProblems(`${at}.spread`, spread, x.length)]
          : []),
      ];
    }),
  );
}

/** What is wrong with an array that must hold at least one number, and only finite ones. */
export function numberProblems(path: string, values: ArrayLike<number>): Problem[] {
  if (values.length === 0) return [problem(path, "empty", "at least one number")];
  const bad = Array.prototype.findIndex.call(values, (value: number) => !Number.isFinite(value));
  return bad < 0
    ? []
    : [problem(`${path}[${bad}]`, String(values[bad]), "a finite number", "leave unusable points out")];
}

/** What is wrong with an estimate. */
export function estimateProblems(path: string, { mean, spread }: MeanWithSpread): Problem[] {
  return [
    ...(Number.isFinite(mean) ? [] : [problem(`${path}.mean`, String(mean), "a finite number")]),
    ...(spread >= 0 && spread < Infinity
      ? []
      : [problem(`${path}.spread`, String(spread), "a finite number, 0 or more")]),
  ];
}

function lengthProblems(path: string, values: ArrayLike<number>, length: number): Problem[] {
  return values.length === length ? [] : [problem(path, `${values.length} values`, `${length}, as many as x`)];
}

export function problem(path: string, wrong: string, expected: string, remedy?: string): Problem {
  return { path, wrong, expected, remedy };
}

/** Throws DMPO_FIGURE_DATA if there are problems. */
export function assertSound(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new InputError("DMPO_FIGURE_DATA", problems);
}

/** Smallest and largest value of all series in one direction. */
export function extent(series: readonly Series[], direction: "x" | "y"): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const { [direction]: values } of series) {
    for (let at = 0; at < values.length; at++) {
      low = Math.min(low, values[at]!);
      high = Math.max(high, values[at]!);
    }
  }
  return [low, high];
}

/** Series longer than `limit` as the means of equal buckets: long runs draw fast and stay small in a page. */
export function thin(series: Series, limit = 1000): Series {
  const length = series.x.length;
  if (length <= limit) return series;
  const reduce = (values: ArrayLike<number>): number[] =>
    Array.from({ length: limit }, (_, bucket) => {
      const from = Math.floor((bucket * length) / limit);
      const to = Math.floor(((bucket + 1) * length) / limit);
      return mean(Array.prototype.slice.call(values, from, to));
    });
  const { name, x, y, spread } = series;
  return { name, x: reduce(x), y: reduce(y), ...(spread && { spread: reduce(spread) }) };
}

export interface LineOptions {
  /** Position among the series, which decides colour, dash and marker. */
  readonly index: number;
  /** Whether to mark the points; default: up to 30 of them. */
  readonly markers?: boolean;
  readonly hover?: string;
  /** Further attributes of every trace, such as its axes. */
  readonly attributes?: Partial<Trace>;
}

/** The traces of one series: a translucent band of +- spread, if there is one, and the line on top of it. */
export function lineTraces(series: Series, { index, markers, hover = "%{y:,.4~g}", attributes }: LineOptions): Trace[] {
  const { color, dash, symbol } = seriesStyle(index);
  const { name, spread } = series;
  const [x, y] = [Array.from(series.x, short), Array.from(series.y, short)];
  const marked = markers ?? x.length <= 30;
  const line: Trace = {
    type: "scatter",
    name,
    legendgroup: name,
    mode: marked ? "lines+markers" : "lines",
    x,
    y,
    line: { color, dash, width: 2.25 },
    ...(marked && { marker: { color, symbol, size: 7, line: { color: "#FFFFFF", width: 1 } } }),
    hovertemplate: hover,
    ...attributes,
  };
  if (!spread) return [line];
  const edge = (sign: number) => y.map((value, at) => short(value + sign * spread[at]!));
  const band: Trace = {
    type: "scatter",
    name,
    legendgroup: name,
    showlegend: false,
    mode: "lines",
    x: [...x, ...x.toReversed()],
    y: [...edge(1), ...edge(-1).toReversed()],
    fill: "toself",
    fillcolor: translucent(color, 0.16),
    line: { width: 0 },
    hoverinfo: "skip",
  };
  return [{ ...band, ...attributes, showlegend: false }, line];
}

/** Eight significant digits: single-precision noise does not belong into a page. */
function short(value: number): number {
  return Number(value.toPrecision(8));
}
