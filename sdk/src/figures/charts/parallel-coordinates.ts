// Parallel coordinates: one upright axis per factor and one for what was measured, one line per trial, coloured from the worst to
// the best. Inselberg 1985. Lines of a plain chart, as the bundled build of Plotly has no trace of this kind.
import { figure } from "../displayed-figure.js";
import type { Figure, Trace } from "../figure.js";
import { formatNumber } from "../number-format.js";
import { assertSound, problem } from "../series.js";
import { ink, themedLayout, topMargin, type Titles } from "../theme.js";

export interface ParallelTrial {
  /** Value of each axis, in the order of the axes. */
  readonly values: readonly (string | number)[];
  /** What was measured, finite. */
  readonly score: number;
}

export interface ParallelOptions extends Titles {
  /** Names of the axes. */
  readonly axes: readonly string[];
  /** What was measured, with its unit. */
  readonly measure: string;
  /** Which end is good. */
  readonly goal: "min" | "max";
}

/** From the worst fifth to the best: readable on white, and apart for colour-blind readers. */
const colors = ["#C9D1D9", "#9EB8D3", "#5E9BCB", "#0072B2", "#D55E00"] as const;

/**
 * Axes of numbers are linear, or logarithmic where all are positive and span more than two decades; others have their values in the
 * order in which they come up.
 * @throws InputError DMPO_FIGURE_DATA without trials, for one with another number of values, or a score that is not finite.
 */
export function parallelCoordinates(
  trials: readonly ParallelTrial[],
  { axes, measure, goal, ...titles }: ParallelOptions,
): Figure {
  check(trials, axes);
  const scales = [
    ...axes.map((_, axis) => scaleOf(trials.map(({ values }) => values[axis]!))),
    scaleOf(
      trials.map(({ score }) => score),
      0,
    ),
  ];
  const order = [...trials].sort((a, b) => (goal === "max" ? a.score - b.score : b.score - a.score));
  const bands = colors.map((color, band) => ({
    color,
    trials: order.filter((_, rank) => Math.floor((rank * colors.length) / order.length) === band),
  }));
  const x = scales.map((_, axis) => axis);
  return figure({
    data: bands
      .filter((band) => band.trials.length > 0)
      .map(({ color, trials: lines }, index, all): Trace => ({
        type: "scatter",
        mode: "lines",
        name: index === all.length - 1 ? "best" : index === 0 ? "worst" : "",
        showlegend: all.length > 1 && (index === 0 || index === all.length - 1),
        // One trace per colour: a gap ends each line.
        x: lines.flatMap(() => [...x, null]),
        y: lines.flatMap(({ values, score }) => [
          ...[...values, score].map((value, axis) => scales[axis]!.at(value)),
          null,
        ]),
        line: { color, width: index === all.length - 1 ? 2 : 1.2 },
        hoverinfo: "skip",
      })),
    layout: themedLayout(
      titles,
      {
        width: Math.max(640, 180 * scales.length),
        height: 460,
        margin: { l: 100, r: 100, t: topMargin(titles) + headroom, b: 64 },
        xaxis: { visible: false, range: [-0.08, scales.length - 0.92] },
        yaxis: { visible: false, range: [-0.04, 1.04] },
        shapes: x.map((place) => ({
          type: "line",
          x0: place,
          x1: place,
          y0: 0,
          y1: 1,
          line: { color: ink, width: 1 },
        })),
        annotations: scales.flatMap((scale, axis) => [
          label(axis, 1.05, `<b>${[...axes, measure][axis]!}</b>`, { yanchor: "bottom" }),
          ...scale.ticks.map(([text, y]) => label(axis, y, text, axis < axes.length ? beforeAxis : behindAxis)),
        ]),
        hovermode: false,
        showlegend: true,
      },
      headroom,
    ),
  });
}

interface Scale {
  /** In [0, 1]. */
  readonly at: (value: string | number) => number;
  readonly ticks: readonly (readonly [text: string, place: number])[];
}

/** @param mostMarked as many different numbers each have a mark; the quarters of the axis have them where there are more. */
function scaleOf(values: readonly (string | number)[], mostMarked = 6): Scale {
  const numbers = values.map(Number);
  const distinct = [...new Set(values)];
  if (numbers.every(Number.isFinite) && distinct.length > 1) {
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    const isLogarithmic = low > 0 && high > 100 * low;
    const scaled = isLogarithmic ? Math.log10 : (value: number) => value;
    const at = (value: string | number) => (scaled(Number(value)) - scaled(low)) / (scaled(high) - scaled(low));
    const shares = [0, 0.25, 0.5, 0.75, 1];
    const between = (share: number) => (isLogarithmic ? low * (high / low) ** share : low + share * (high - low));
    const marked = distinct.length <= mostMarked ? distinct.map(Number).sort((a, b) => a - b) : shares.map(between);
    return { at, ticks: marked.map((value) => [formatNumber(value), at(value)]) };
  }
  const place = (index: number) => (distinct.length === 1 ? 0.5 : index / (distinct.length - 1));
  const at = (value: string | number) => place(distinct.indexOf(value));
  return { at, ticks: distinct.slice(0, 12).map((value) => [shortened(String(value)), at(value)]) };
}

/** Pixels above the plot for the names of the axes. */
const headroom = 26;
const white = "rgba(255, 255, 255, 0.75)";
const beforeAxis = { xanchor: "right", xshift: -5, bgcolor: white };
const behindAxis = { xanchor: "left", xshift: 5, bgcolor: white };

const shortened = (text: string) => (text.length > 16 ? `${text.slice(0, 15)}…` : text);

function label(x: number, y: number, text: string, more: object) {
  return { x, y, text, showarrow: false, font: { size: 12, color: ink }, ...more };
}

function check(trials: readonly ParallelTrial[], axes: readonly string[]): void {
  assertSound([
    ...(trials.length > 0 ? [] : [problem("trials", "empty", "at least one trial")]),
    ...trials.flatMap(({ values, score }, index) => [
      ...(values.length === axes.length
        ? []
        : [problem(`trials[${index}].values`, `${values.length} values`, `${axes.length}, one per axis`)]),
      ...(Number.isFinite(score) ? [] : [problem(`trials[${index}].score`, String(score), "a finite number")]),
    ]),
  ]);
}
