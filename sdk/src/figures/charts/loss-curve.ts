// Loss curves: one line per loss, such as training and validation, on a logarithmic axis where the values ask for it.
import { z } from "zod";
import { checkOptions, optionsSchema } from "../../options.js";
import { figure } from "../displayed-figure.js";
import type { Axis, Figure } from "../figure.js";
import { checkSeries, extent, lineTraces, thin, type Series } from "../series.js";
import { axis, countAxis, themedLayout, titleShape, type Titles } from "../theme.js";

export interface LossCurveOptions extends Titles {
  /** Title of the horizontal axis, default "epoch". */
  readonly x?: string;
  /** Title of the vertical axis, default "loss". */
  readonly y?: string;
}

const schema = optionsSchema<LossCurveOptions>({ ...titleShape, x: z.string(), y: z.string() });

/**
 * One line per loss; the vertical axis is logarithmic if all losses are positive and span a decade, else linear. More than
 * 1000 points are drawn as the means of 1000 equal buckets.
 * @throws InputError DMPO_FIGURE_DATA for empty, uneven or non-finite series, DMPO_OPTIONS.
 */
export function lossCurve(losses: readonly Series[], options: LossCurveOptions = {}): Figure {
  checkOptions(schema, options);
  const { x = "epoch", y = "loss" } = options;
  checkSeries(losses, "losses");
  const [low, high] = extent(losses, "y");
  return figure({
    data: losses.flatMap((loss, index) => lineTraces(thin(loss), { index })),
    layout: themedLayout(options, {
      xaxis: countAxis(x, extent(losses, "x")[1]),
      yaxis: low > 0 && high >= 10 * low ? logarithmicAxis(y, high / low) : axis(y),
      hovermode: "x unified",
      showlegend: losses.length > 1,
    }),
  });
}

/** Ticks at 1, 2 and 5 of every decade, over three decades and more at the powers of ten, at most ten of them. */
function logarithmicAxis(title: string, ratio: number): Axis {
  const decades = Math.log10(ratio);
  if (decades < 3) return axis(title, { type: "log", dtick: "D2", tickformat: "~g" });
  return axis(title, { type: "log", dtick: Math.ceil(decades / 10), exponentformat: "power" });
}
