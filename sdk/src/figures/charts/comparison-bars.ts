// Grouped bars with error bars, such as the return per task before and after fine-tuning.
import { z } from "zod";
import { checkOptions, optionsSchema } from "../../options.js";
import { figure } from "../displayed-figure.js";
import type { Figure } from "../figure.js";
import { formatNumber } from "../number-format.js";
import { assertSound, estimateProblems, problem, type MeanWithSpread } from "../series.js";
import { axis, ink, seriesStyle, themedLayout, titleShape, type Titles } from "../theme.js";

/** One colour of bars: an estimate per category. */
export interface BarSeries {
  readonly name: string;
  readonly values: readonly MeanWithSpread[];
}

export interface ComparisonBarsOptions extends Titles {
  /** Title of the vertical axis with its unit, default "episode return". */
  readonly y?: string;
}

const schema = optionsSchema<ComparisonBarsOptions>({ ...titleShape, y: z.string() });

/**
 * One group of bars per category, one bar per series in each, labelled with its mean; the whiskers are +- spread.
 * @throws InputError DMPO_FIGURE_DATA if something is empty or not finite, or if a series has not one value per category; DMPO_OPTIONS.
 */
export function comparisonBars(
  categories: readonly string[],
  series: readonly BarSeries[],
  options: ComparisonBarsOptions = {},
): Figure {
  checkOptions(schema, options);
  check(categories, series);
  return figure({
    data: series.map(({ name, values }, index) => ({
      type: "bar",
      name,
      x: categories,
      y: values.map(({ mean }) => mean),
      error_y: { type: "data", array: values.map(({ spread }) => spread), color: ink, thickness: 1.5, width: 5 },
      marker: { color: seriesStyle(index).color },
      text: values.map(({ mean }) => formatNumber(mean)),
      textposition: "inside",
      insidetextanchor: "start",
      textangle: 0,
      insidetextfont: { size: 12 },
      hovertemplate: "%{y:,.4~g} ± %{error_y.array:,.3~g}<extra>%{x}, %{fullData.name}</extra>",
    })),
    layout: themedLayout(options, {
      barmode: "group",
      bargap: 0.35,
      bargroupgap: 0.08,
      barcornerradius: 3,
      showlegend: series.length > 1,
      xaxis: axis("", { type: "category", showgrid: false, ticks: "" }),
      yaxis: axis(options.y ?? "episode return", { rangemode: "tozero", zeroline: true, zerolinecolor: "#AFB8C1" }),
    }),
  });
}

function check(categories: readonly string[], series: readonly BarSeries[]): void {
  assertSound([
    ...(categories.length ? [] : [problem("categories", "empty", "at least one name")]),
    ...(series.length ? [] : [problem("series", "empty", "at least one series")]),
    ...series.flatMap(({ name, values }, index) => {
      const path = `series[${index}] "${name}".values`;
      return values.length === categories.length
        ? values.flatMap((value, at) => estimateProblems(`${path}[${at}]`, value))
        : [problem(path, `${values.length} values`, `${categories.length}, one per category`)];
    }),
  ]);
}
