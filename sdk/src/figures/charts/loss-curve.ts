// Loss curves: one line per loss, such as training and validation, on a logarithmic axis where the values allow it.
import { figure } from "../displayed-figure.js";
import type { Figure } from "../figure.js";
import { checkSeries, extent, lineTraces, thin, type Series } from "../series.js";
import { axis, countAxis, themedLayout, type Titles } from "../theme.js";

export interface LossCurveOptions extends Titles {
  /** Title of the horizontal axis, default "epoch". */
  readonly x?: string;
  /** Title of the vertical axis, default "loss". */
  readonly y?: string;
}

/**
 * The vertical axis is logarithmic if all losses are positive, else linear. More than 1000 points are drawn as the means
 * of 1000 equal buckets. Throws DMPO_FIGURE_DATA for empty, uneven or non-finite series.
 */
export function lossCurve(losses: readonly Series[], options: LossCurveOptions = {}): Figure {
  const { x = "epoch", y = "loss" } = options;
  checkSeries(losses, "losses");
  const [low, high] = extent(losses, "y");
  return figure({
    data: losses.flatMap((loss, index) => lineTraces(thin(loss), { index })),
    layout: themedLayout(options, {
      xaxis: countAxis(x, extent(losses, "x")[1]),
      yaxis: low > 0 ? axis(y, { type: "log", dtick: high / low < 1000 ? "D2" : 1, tickformat: "~g" }) : axis(y),
      hovermode: "x unified",
      showlegend: losses.length > 1,
    }),
  });
}
