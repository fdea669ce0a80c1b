// What a choice changes, in one picture: densities or other given lines, curves with bands, and measures with intervals,
// every variation in its own colour through all panels.
import { checkOptions } from "../../options.js";
import { figure } from "../displayed-figure.js";
import type { Axis, Figure, Trace } from "../figure.js";
import { formatNumber } from "../number-format.js";
import { assertSound, checkSeries, extent, lineTraces, numberProblems, problem, thin, type Series } from "../series.js";
import {
  axis,
  countAxis,
  seriesStyle,
  subplotHeadroom,
  subplotTitle,
  themedLayout,
  titleSchema,
  translucent,
  type Titles,
} from "../theme.js";

/** Lines, one per variation and in their order; those of a variation that has none are left out by name. */
export interface LinePanel {
  /** Curves, rather than numbers with intervals. */
  readonly kind: "lines";
  /** Above the panel. */
  readonly title: string;
  /** Title of the horizontal axis with its unit. */
  readonly x: string;
  /** Title of the vertical axis with its unit. Default: none. */
  readonly y?: string;
  /** Named after their variations. */
  readonly series: readonly Series[];
  /** Logarithmic where all values are positive and span more than a factor of ten. Default false. */
  readonly logarithmic?: boolean;
}

/** A measure of one variation: its value for every seed, their mean, and half the width of its interval if it has one. */
export interface Measured {
  /** Of the variation. */
  readonly name: string;
  /** One per seed, finite. */
  readonly values: readonly number[];
  /** Of the values. */
  readonly mean: number;
  /** Of the interval around the mean; absent for a single seed. */
  readonly halfWidth?: number;
}

/** One measure, with a point per seed, the mean and its interval for every variation. */
export interface IntervalPanel {
  /** Numbers with intervals, rather than curves. */
  readonly kind: "intervals";
  /** Above the panel: the measure with its unit. */
  readonly title: string;
  /** At most one per variation. */
  readonly measured: readonly Measured[];
}

/** One part of the overview. */
export type SensitivityPanel = LinePanel | IntervalPanel;

/**
 * Panels side by side, three in a row, or two where that leaves no gap. `variations` are the names whose order gives the colours.
 * @throws InputError DMPO_FIGURE_DATA if there is nothing to draw, a name is unknown or a number is not finite.
 */
export function sensitivityOverview(
  variations: readonly string[],
  panels: readonly SensitivityPanel[],
  titles: Titles = {},
): Figure {
  checkOptions(titleSchema, titles);
  check(variations, panels);
  const columns = panels.length === 4 ? 2 : Math.min(3, panels.length);
  const rows = Math.ceil(panels.length / columns);
  const suffixes = panels.map((_, index) => (index === 0 ? "" : String(index + 1)));
  return figure({
    data: [
      ...variations.map(legendEntry),
      ...panels.flatMap((panel, index) => panelTraces(variations, panel, suffixes[index]!)),
    ],
    layout: themedLayout(
      titles,
      {
        width: 1080,
        height: 130 + 310 * rows,
        grid: { rows, columns, pattern: "independent", xgap: 0.22, ygap: 0.36 },
        ...Object.fromEntries(
          panels.flatMap((panel, index) => {
            const [x, y] = panelAxes(variations, panel);
            return [
              [`xaxis${suffixes[index]}`, x],
              [`yaxis${suffixes[index]}`, y],
            ];
          }),
        ),
        annotations: panels.map(({ title }, index) => subplotTitle(title, suffixes[index]!)),
        hovermode: "closest",
        showlegend: true,
      },
      subplotHeadroom,
    ),
  });
}

/** An empty trace, so that the legend is the same whatever the panels hold. */
function legendEntry(name: string, index: number): Trace {
  const { color, dash, symbol } = seriesStyle(index);
  return {
    type: "scatter",
    name,
    legendgroup: name,
    mode: "lines+markers",
    x: [null],
    y: [null],
    line: { color, dash, width: 2.25 },
    marker: { color, symbol, size: 8 },
  };
}

function panelTraces(variations: readonly string[], panel: SensitivityPanel, suffix: string): Trace[] {
  const attributes = { xaxis: `x${suffix}`, yaxis: `y${suffix}`, showlegend: false };
  if (panel.kind === "lines") {
    return panel.series.flatMap((series) =>
      lineTraces(thin(series), { index: variations.indexOf(series.name), markers: false, attributes }),
    );
  }
  return panel.measured.flatMap(({ name, values, mean, halfWidth }) => {
    const index = variations.indexOf(name);
    const { color, symbol } = seriesStyle(index);
    const common = { type: "scatter", name, legendgroup: name, mode: "markers", ...attributes } as const;
    return [
      {
        ...common,
        x: values.map(() => index + 0.22),
        y: values,
        marker: { color: translucent(color, 0.45), size: 6 },
        hovertemplate: "one seed: %{y:,.4~g}",
      },
      {
        ...common,
        x: [index],
        y: [mean],
        marker: { color, symbol, size: 11, line: { color: "#FFFFFF", width: 1 } },
        ...(halfWidth !== undefined && {
          error_y: { type: "data", array: [halfWidth], color, thickness: 2, width: 7 },
        }),
        hovertemplate: halfWidth === undefined ? "%{y:,.4~g}" : `%{y:,.4~g} ± ${formatNumber(halfWidth)}`,
      },
    ];
  });
}

function panelAxes(variations: readonly string[], panel: SensitivityPanel): [x: Axis, y: Axis] {
  if (panel.kind === "intervals") {
    const places = variations.map((_, index) => index);
    const range = [-0.6, variations.length - 0.4] as const;
    return [axis("", { range, tickvals: places, ticktext: variations.map(shortened), showgrid: false }), axis("")];
  }
  const [low, high] = extent(panel.series, "y");
  const isLogarithmic = panel.logarithmic && low > 0 && high > 10 * low;
  return [
    extent(panel.series, "x")[1] > 1 ? countAxis(panel.x, extent(panel.series, "x")[1]) : axis(panel.x),
    isLogarithmic
      ? axis(panel.y ?? "", { type: "log", dtick: high / low < 1000 ? "D2" : 1, tickformat: "~g" })
      : axis(panel.y ?? "", { rangemode: low >= 0 && low < 0.2 * high ? "tozero" : "normal" }),
  ];
}

/** Tick labels; the legend has the full names. */
function shortened(name: string): string {
  return name.length > 24 ? `${name.slice(0, 23)}…` : name;
}

function check(variations: readonly string[], panels: readonly SensitivityPanel[]): void {
  assertSound([
    ...(variations.length ? [] : [problem("variations", "empty", "at least one name")]),
    ...(panels.length ? [] : [problem("panels", "empty", "at least one panel")]),
  ]);
  panels.forEach((panel, index) => {
    const path = `panels[${index}] "${panel.title}"`;
    if (panel.kind === "lines") checkSeries(panel.series, `${path}.series`);
    const named = panel.kind === "lines" ? panel.series : panel.measured;
    assertSound(
      named
        .filter(({ name }) => !variations.includes(name))
        .map(({ name }) => problem(path, `unknown name "${name}"`, `one of ${variations.join(", ")}`)),
    );
    if (panel.kind === "intervals") {
      assertSound(
        panel.measured.flatMap(({ name, values, mean, halfWidth = 0 }) =>
          numberProblems(`${path} "${name}"`, [...values, mean, halfWidth]),
        ),
      );
    }
  });
}
