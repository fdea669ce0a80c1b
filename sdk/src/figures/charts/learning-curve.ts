// Learning curves: a measure, usually the return of an episode, over environment steps, iterations or epochs.
import { z } from "zod";
import { checkOptions, optionsSchema } from "../../options.js";
import { figure } from "../displayed-figure.js";
import type { Figure } from "../figure.js";
import { formatNumber } from "../number-format.js";
import { checkSeries, extent, lineTraces, numberProblems, assertSound, thin, type Series } from "../series.js";
import { axis, countAxis, markLine, themedLayout, titleShape, type Titles } from "../theme.js";

/** A value to compare with, drawn as a dotted line with its name. */
export interface Reference {
  readonly name: string;
  readonly value: number;
}

export interface LearningCurveOptions extends Titles {
  /** Title of the horizontal axis, default "environment steps". */
  readonly x?: string;
  /** Title of the vertical axis with its unit, default "episode return". */
  readonly y?: string;
  readonly references?: readonly Reference[];
}

const schema = optionsSchema<LearningCurveOptions>({
  ...titleShape,
  x: z.string(),
  y: z.string(),
  references: z.array(z.strictObject({ name: z.string(), value: z.number().or(z.nan()) })),
});

/**
 * One line per run; with `spread` (see `meanOverSeeds`) also a band. Runs of more than 1000 points are drawn as the means
 * of 1000 equal buckets.
 * @throws InputError DMPO_FIGURE_DATA for empty, uneven or non-finite series, DMPO_OPTIONS.
 */
export function learningCurve(runs: readonly Series[], options: LearningCurveOptions = {}): Figure {
  checkOptions(schema, options);
  const { x = "environment steps", y = "episode return", references = [] } = options;
  checkSeries(runs, "runs");
  assertSound(references.flatMap(({ name, value }) => numberProblems(`references "${name}"`, [value])));
  return figure({
    data: runs.flatMap((run, index) => lineTraces(thin(run), { index })),
    layout: themedLayout(options, {
      xaxis: countAxis(x, extent(runs, "x")[1]),
      yaxis: axis(y),
      hovermode: "x unified",
      showlegend: runs.length + references.length > 1,
      shapes: references.map(({ name, value }) =>
        markLine("horizontal", value, { name: `${name}: ${formatNumber(value)}`, showlegend: true }),
      ),
    }),
  });
}
