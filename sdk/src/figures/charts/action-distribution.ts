// Actions of several sources, such as a policy and demonstrations: each dimension's histogram on the diagonal, and below it
// every pair of dimensions as points.
import { checkOptions } from "../../options.js";
import { figure } from "../displayed-figure.js";
import type { Axis, Figure, Trace } from "../figure.js";
import { assertSound, numberProblems, problem } from "../series.js";
import { axis, seriesStyle, themedLayout, titleSchema, translucent, type Titles } from "../theme.js";
import { bins } from "./histogram.js";

/** Actions of one source. */
export interface ActionSample {
  /** For the legend. */
  readonly name: string;
  /** (N, D), N at least 1, all finite: N rows, or their numbers one after the other. */
  readonly values: ArrayLike<number> | readonly ArrayLike<number>[];
}

const mostPoints = 2000;
/** Pixels of one cell of the grid. */
const cell = 150;

/**
 * `dimensions` names the D columns, with their units. Histograms are shares of each sample, so that samples may differ in
 * size; of more than 2000 actions, 2000 evenly spaced ones are drawn as points.
 * @throws InputError DMPO_FIGURE_DATA for empty or non-finite samples and those whose length is no multiple of D.
 */
export function actionDistribution(
  given: readonly ActionSample[],
  dimensions: readonly string[],
  options: Titles = {},
): Figure {
  checkOptions(titleSchema, options);
  const count = dimensions.length;
  const samples = given.map(({ name, values }) => ({ name, values: flat(values) }));
  assertSound([
    ...(samples.length ? [] : [problem("samples", "empty", "at least one sample")]),
    ...(count ? [] : [problem("dimensions", "empty", "a name for every dimension")]),
    ...samples.flatMap(({ name, values }, index) => {
      const path = `samples[${index}] "${name}".values`;
      return count && values.length % count !== 0
        ? [problem(path, `${values.length} numbers`, `rows of ${count}, one number per name of a dimension`)]
        : numberProblems(path, values);
    }),
  ]);
  const columns = samples.map(({ values }) =>
    dimensions.map((_, at) =>
      Float64Array.from({ length: values.length / count }, (_, row) => values[row * count + at]!),
    ),
  );
  const cells = dimensions.flatMap((_, row) => dimensions.slice(0, row + 1).map((_, column) => ({ row, column })));
  const axes = cells.map(({ row, column }, index) => {
    const suffix = index === 0 ? "" : String(index + 1);
    return { row, column, suffix, x: `x${suffix}`, y: `y${suffix}` };
  });
  const span = 1 / count;
  const along = (at: number): readonly [number, number] => [(at + 0.2) * span, (at + 1) * span];
  const upwards = (row: number): readonly [number, number] => [
    (count - 1 - row + 0.1) * span,
    (count - row - 0.02) * span,
  ];
  const at = (row: number, column: number) => axes.find((one) => one.row === row && one.column === column)!;
  const layoutAxes: Record<string, Axis> = {};
  for (const { row, column, suffix, x, y } of axes) {
    const isDiagonal = row === column;
    // One scale per dimension, labelled at the lower and the left edge.
    const bottom = at(count - 1, column);
    const left = at(row, 0);
    layoutAxes[`xaxis${suffix}`] = axis(x === bottom.x ? dimensions[column]! : "", {
      domain: along(column),
      anchor: y,
      nticks: 4,
      ...(x !== bottom.x && { matches: bottom.x, showticklabels: false }),
    });
    layoutAxes[`yaxis${suffix}`] = axis(
      isDiagonal ? (row === 0 ? "share" : "") : column === 0 ? dimensions[row]! : "",
      {
        domain: upwards(row),
        anchor: x,
        nticks: 4,
        ...(isDiagonal
          ? { tickformat: ".0%", rangemode: "tozero", automargin: row === 0 }
          : y !== left.y && { matches: left.y, showticklabels: false }),
      },
    );
  }
  const data = axes.flatMap(({ row, column, x, y }) =>
    row === column
      ? shares(columns.map((sample) => sample[row]!)).map((bars, index) => ({
          ...bars,
          ...named(samples[index]!, index, row === 0),
          marker: { color: translucent(seriesStyle(index).color, 0.6) },
          xaxis: x,
          yaxis: y,
        }))
      : columns.map((sample, index) => ({
          ...points(sample[column]!, sample[row]!),
          ...named(samples[index]!, index, false),
          marker: { color: seriesStyle(index).color, size: 3, opacity: 0.4 },
          xaxis: x,
          yaxis: y,
        })),
  );
  const size = Math.max(480, cell * count);
  return figure({
    data,
    layout: themedLayout(options, {
      width: size + 100,
      height: size + 120,
      barmode: "overlay",
      bargap: 0,
      showlegend: true,
      ...layoutAxes,
    }),
  });
}

function named({ name }: ActionSample, index: number, isListed: boolean) {
  return { name, legendgroup: String(index), showlegend: isListed };
}

/** Histograms of samples of one dimension over common bins. */
function shares(samples: readonly Float64Array[]): Trace[] {
  const sorted = samples.map((values) => values.toSorted());
  const { start, width, count } = bins(sorted);
  return sorted.map((values) => {
    const heights = new Array<number>(count).fill(0);
    for (const value of values) heights[Math.min(count - 1, Math.floor((value - start) / width))]! += 1 / values.length;
    const x = heights.map((_, bin) => Number((start + (bin + 0.5) * width).toPrecision(12)));
    return { type: "bar", x, y: heights, width };
  });
}

function points(x: Float64Array, y: Float64Array): Trace {
  const every = Math.max(1, x.length / mostPoints);
  const rows = Array.from({ length: Math.min(x.length, mostPoints) }, (_, at) => Math.floor(at * every));
  return { type: "scatter", mode: "markers", x: rows.map((row) => x[row]!), y: rows.map((row) => y[row]!) };
}

const isRow = (value: number | ArrayLike<number> | undefined) => typeof value === "object";

function flat(values: ActionSample["values"]): ArrayLike<number> {
  return isRow(values[0])
    ? Array.from(values as readonly ArrayLike<number>[]).flatMap((row) => Array.from(row))
    : (values as ArrayLike<number>);
}
