// Evaluation over the number of denoising steps: six measures, each as a chart of its own and all in one overview.
import { z } from "zod";
import { checkOptions, count, optionsSchema } from "../../options.js";
import { figure } from "../displayed-figure.js";
import type { Axis, Figure, Trace } from "../figure.js";
import { assertSound, estimateProblems, lineTraces, problem, type MeanWithSpread, type Series } from "../series.js";
import { axis, markLine, subplotHeadroom, subplotTitle, themedLayout, titleShape, type Titles } from "../theme.js";

/** What an evaluation measured with one number of denoising steps. */
export interface DenoisingResult {
  /** Network calls per action chunk, at least 1. */
  readonly denoisingSteps: number;
  /** Sum of an episode's raw rewards. */
  readonly episodeReward: MeanWithSpread;
  /** In [0, 1]; absent where success has no meaning. */
  readonly successRate?: MeanWithSpread;
  /** Environment steps. */
  readonly episodeLength: MeanWithSpread;
  /** Inference calls per second for the whole batch of environments. */
  readonly inferenceFrequency: MeanWithSpread;
  /** Seconds per inference call. */
  readonly inferenceDuration: MeanWithSpread;
  /** Largest reward within an episode. */
  readonly bestReward: MeanWithSpread;
}

/** One evaluated policy. */
export interface DenoisingSeries {
  readonly name: string;
  readonly results: readonly DenoisingResult[];
}

export type DenoisingMeasure = Exclude<keyof DenoisingResult, "denoisingSteps">;

interface Measure {
  readonly title: string;
  readonly unit: string;
  readonly scale?: number;
  readonly axis?: Omit<Axis, "title">;
}

/** In the order of the overview's grid, row by row. */
const measures: Record<DenoisingMeasure, Measure> = {
  successRate: { title: "Success rate", unit: "share of episodes", axis: { tickformat: ".0%", range: [0, 1.05] } },
  episodeReward: { title: "Episode reward", unit: "return" },
  inferenceDuration: { title: "Inference duration", unit: "ms per call", scale: 1000 },
  bestReward: { title: "Best reward", unit: "largest reward of a step" },
  episodeLength: { title: "Episode length", unit: "environment steps" },
  inferenceFrequency: { title: "Inference frequency", unit: "calls per second (Hz)" },
};

/** The names of the measures that all results have, in the order of the overview. */
export function denoisingMeasures(series: readonly DenoisingSeries[]): DenoisingMeasure[] {
  const results = series.flatMap((one) => one.results);
  return (Object.keys(measures) as DenoisingMeasure[]).filter((measure) => results.every((result) => result[measure]));
}

export interface DenoisingOptions extends Titles {
  /** Number of steps that the policy was trained for: a dashed vertical line. */
  readonly trainedSteps?: number;
  /** Scale of the horizontal axis, default "linear". */
  readonly scale?: "linear" | "log";
}

const schema = optionsSchema<DenoisingOptions>({
  ...titleShape,
  trainedSteps: count,
  scale: z.enum(["linear", "log"]),
});

/** One measure over the number of denoising steps with a band of +- spread. @throws InputError DMPO_FIGURE_DATA for unusable or absent data, DMPO_OPTIONS. */
export function denoisingChart(
  measure: DenoisingMeasure,
  series: readonly DenoisingSeries[],
  options: DenoisingOptions = {},
): Figure {
  checkOptions(schema, options);
  check(series, [measure]);
  return figure({
    data: measureTraces(measure, series, ""),
    layout: themedLayout(
      { title: `${measures[measure].title} by denoising steps`, ...options },
      {
        xaxis: stepsAxis(series, options),
        yaxis: measureAxis(measure),
        hovermode: "x unified",
        showlegend: series.length > 1 || options.trainedSteps !== undefined,
        shapes: trainedLines(options, [""]),
      },
    ),
  });
}

/** All measures in a grid of three columns. @throws InputError DMPO_FIGURE_DATA for unusable data, DMPO_OPTIONS. */
export function denoisingOverview(series: readonly DenoisingSeries[], options: DenoisingOptions = {}): Figure {
  checkOptions(schema, options);
  const shown = denoisingMeasures(series);
  check(series, shown);
  const suffixes = shown.map((_, index) => (index === 0 ? "" : String(index + 1)));
  return figure({
    data: shown.flatMap((measure, index) => measureTraces(measure, series, suffixes[index]!)),
    layout: themedLayout(
      { title: "Evaluation by denoising steps", ...options },
      {
        width: 1080,
        height: 700,
        grid: { rows: 2, columns: 3, pattern: "independent", xgap: 0.24, ygap: 0.36 },
        ...Object.fromEntries(
          shown.flatMap((measure, index) => [
            [`xaxis${suffixes[index]}`, stepsAxis(series, options)],
            [`yaxis${suffixes[index]}`, measureAxis(measure)],
          ]),
        ),
        annotations: shown.map((measure, index) => subplotTitle(measures[measure].title, suffixes[index]!)),
        hovermode: "x unified",
        showlegend: series.length > 1 || options.trainedSteps !== undefined,
        shapes: trainedLines(options, suffixes),
      },
      subplotHeadroom,
    ),
  });
}

function measureTraces(measure: DenoisingMeasure, series: readonly DenoisingSeries[], suffix: string): Trace[] {
  return series.flatMap((one, index) =>
    lineTraces(asSeries(measure, one), {
      index,
      markers: true,
      hover: measure === "successRate" ? "%{y:.1%}" : "%{y:,.4~g}",
      attributes: { xaxis: `x${suffix}`, yaxis: `y${suffix}`, ...(suffix && { showlegend: false }) },
    }),
  );
}

function asSeries(measure: DenoisingMeasure, { name, results }: DenoisingSeries): Series {
  const { scale = 1 } = measures[measure];
  const sorted = results.toSorted((a, b) => a.denoisingSteps - b.denoisingSteps);
  return {
    name,
    x: sorted.map(({ denoisingSteps }) => denoisingSteps),
    y: sorted.map((result) => scale * result[measure]!.mean),
    spread: sorted.map((result) => scale * result[measure]!.spread),
  };
}

function measureAxis(measure: DenoisingMeasure): Axis {
  return axis(measures[measure].unit, measures[measure].axis);
}

/** Ticks at the evaluated numbers of steps; those that would touch their left neighbour are left out. */
function stepsAxis(series: readonly DenoisingSeries[], { scale = "linear" }: DenoisingOptions): Axis {
  const steps = [...new Set(series.flatMap(({ results }) => results.map(({ denoisingSteps }) => denoisingSteps)))];
  steps.sort((a, b) => a - b);
  const place = scale === "log" ? Math.log : (step: number) => step;
  const span = place(steps.at(-1)!) - place(steps[0]!);
  const tickvals: number[] = [];
  for (const step of steps) {
    const left = tickvals.at(-1);
    if (left === undefined || place(step) - place(left) >= 0.07 * span) tickvals.push(step);
  }
  return axis("denoising steps", { type: scale, showgrid: false, tickvals, ticktext: tickvals.map(String) });
}

function trainedLines({ trainedSteps }: DenoisingOptions, suffixes: readonly string[]) {
  if (trainedSteps === undefined) return [];
  return suffixes.map((suffix) =>
    markLine("vertical", trainedSteps, {
      xref: `x${suffix}`,
      yref: `y${suffix} domain`,
      layer: "below",
      name: "steps in training",
      showlegend: suffix === "",
    }),
  );
}

function check(series: readonly DenoisingSeries[], shown: readonly DenoisingMeasure[]): void {
  assertSound([
    ...(series.length ? [] : [problem("series", "empty", "at least one policy")]),
    ...series.flatMap(({ name, results }, index) => {
      const path = `series[${index}] "${name}".results`;
      if (results.length === 0) return [problem(path, "empty", "at least one result")];
      return results.flatMap((result, at) => [
        ...(result.denoisingSteps >= 1
          ? []
          : [problem(`${path}[${at}].denoisingSteps`, String(result.denoisingSteps), "1 or more")]),
        ...shown.flatMap((measure) => {
          const { [measure]: estimate } = result;
          const where = `${path}[${at}].${measure}`;
          return estimate ? estimateProblems(where, estimate) : [problem(where, "is absent", "a measure")];
        }),
      ]);
    }),
  ]);
}
