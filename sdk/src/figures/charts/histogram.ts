// Histograms, such as the returns of evaluation episodes or the lengths of a dataset's episodes.
import { z } from "zod";
import { checkOptions, count as wholeCount, optionsSchema } from "../../options.js";
import { figure } from "../displayed-figure.js";
import type { Figure } from "../figure.js";
import { formatNumber } from "../number-format.js";
import { assertSound, numberProblems, problem } from "../series.js";
import { axis, ink, markLine, seriesStyle, themedLayout, titleShape, translucent, type Titles } from "../theme.js";

/** Values of one kind, at least one, all finite. */
export interface Sample {
  readonly name: string;
  readonly values: ArrayLike<number>;
}

export interface HistogramOptions extends Titles {
  /** Title of the horizontal axis with its unit, default "episode return". */
  readonly x?: string;
  /** Plural name of what is counted, default "episodes". */
  readonly counted?: string;
  /** About how many bins; the width is rounded to 1, 2 or 5 times a power of ten. Default: the rule of Freedman and Diaconis. */
  readonly bins?: number;
}

const schema = optionsSchema<HistogramOptions>({ ...titleShape, x: z.string(), counted: z.string(), bins: wholeCount });

/**
 * Bars of counts over common bins, overlaid where there are several samples; dotted lines mark the medians.
 * The vertical axis is the share in percent if samples differ in size.
 * @throws InputError DMPO_FIGURE_DATA for empty or non-finite samples, DMPO_OPTIONS.
 */
export function histogram(samples: readonly Sample[], options: HistogramOptions = {}): Figure {
  checkOptions(schema, options);
  assertSound([
    ...(samples.length ? [] : [problem("samples", "empty", "at least one sample")]),
    ...samples.flatMap(({ name, values }, index) => numberProblems(`samples[${index}] "${name}".values`, values)),
  ]);
  const { x = "episode return", counted = "episodes" } = options;
  const sorted = samples.map(({ values }) => Float64Array.from(values).sort());
  const { start, width, count } = bins(sorted, options.bins);
  const share = new Set(sorted.map(({ length }) => length)).size > 1;
  const centers = Array.from({ length: count }, (_, bin) => Number((start + (bin + 0.5) * width).toPrecision(12)));
  return figure({
    data: samples.map(({ name }, index) => {
      const values = sorted[index]!;
      const heights = new Array<number>(count).fill(0);
      for (const value of values)
        heights[Math.min(count - 1, Math.floor((value - start) / width))]! += share ? 1 / values.length : 1;
      const { color } = seriesStyle(index);
      return {
        type: "bar",
        name: `${name} (${formatNumber(values.length)} ${counted}, median ${formatNumber(median(values))})`,
        x: centers,
        y: heights,
        width,
        marker: { color: translucent(color, samples.length > 1 ? 0.6 : 1), line: { color: "#FFFFFF", width: 1 } },
        hovertemplate: `%{y${share ? ":.1%" : ""}} at ${formatNumber(width)} around %{x:,.6~g}<extra>${name}</extra>`,
      };
    }),
    layout: themedLayout(options, {
      barmode: "overlay",
      bargap: 0,
      showlegend: true,
      xaxis: axis(x, { showgrid: false }),
      yaxis: share ? axis(`share of ${counted}`, { tickformat: ".0%" }) : axis(counted),
      shapes: sorted.map((values, index) =>
        markLine("vertical", median(values), {
          layer: "above",
          line: { color: samples.length > 1 ? seriesStyle(index).color : ink, width: 1.75, dash: "dot" },
        }),
      ),
    }),
  });
}

/** Common bins of sorted samples: `count` of them, `width` wide, from `start`. */
export function bins(sorted: readonly Float64Array[], wanted?: number) {
  const low = Math.min(...sorted.map((values) => values[0]!));
  const high = Math.max(...sorted.map((values) => values.at(-1)!));
  const target =
    wanted === undefined
      ? Math.max(Math.min(...sorted.map(freedmanDiaconis)), (high - low) / 60)
      : (high - low) / wanted;
  const width = roundWidth(target || Math.abs(high) / 10 || 1);
  const start = Math.floor(low / width) * width;
  return { start, width, count: Math.floor((high - start) / width) + 1 };
}

/** Bin width 2 IQR / n^(1/3); a twentieth of the range if the middle half of the values is one value. */
function freedmanDiaconis(sorted: Float64Array): number {
  const range = quantile(sorted, 0.75) - quantile(sorted, 0.25);
  return range > 0 ? (2 * range) / Math.cbrt(sorted.length) : (sorted.at(-1)! - sorted[0]!) / 20;
}

/** The nearest of 1, 2, 5 times a power of ten, not below. */
function roundWidth(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width));
  return ([1, 2, 5].find((step) => step * power >= width * 0.9999) ?? 10) * power;
}

/** Linear interpolation between the two neighbours. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return below + (above - below) * (place - Math.floor(place));
}

function median(sorted: Float64Array): number {
  return quantile(sorted, 0.5);
}
