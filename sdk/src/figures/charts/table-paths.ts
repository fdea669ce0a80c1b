// Rollouts seen from above: the tool's paths over the table, coloured by the way they took round the obstacles.
import { z } from "zod";
import { checkOptions, optionsSchema } from "../../options.js";
import { figure } from "../displayed-figure.js";
import type { Figure } from "../figure.js";
import { assertSound, numberProblems, problem } from "../series.js";
import { axis, ink, seriesStyle, themedLayout, titleShape, type Titles } from "../theme.js";

/** Where the tool was in one rollout, from above; `x` and `y` have the same length, at least 1. */
export interface TablePath {
  /** The way it took; paths of one name share a colour. */
  readonly mode: string;
  /** To the right (m), in order of time. */
  readonly x: readonly number[];
  /** Upwards in the picture (m). */
  readonly y: readonly number[];
  /** Index of a point to mark with a cross. */
  readonly crossAt?: number;
}

/** What is drawn besides the paths. */
export interface TablePathsOptions extends Titles {
  /** Round obstacles (m). */
  readonly obstacles?: readonly { readonly x: number; readonly y: number; readonly radius: number }[];
  /** y of the line to cross (m). */
  readonly finishLine?: number;
}

const schema = optionsSchema<TablePathsOptions>({
  ...titleShape,
  obstacles: z.array(z.strictObject({ x: z.number(), y: z.number(), radius: z.number().positive() })),
  finishLine: z.number(),
});

/**
 * All paths over the table, a colour per way, with the number of paths that took it.
 * @throws InputError DMPO_FIGURE_DATA if there are no paths, one has x and y of different lengths, or a number is not finite; DMPO_OPTIONS.
 */
export function tablePaths(paths: readonly TablePath[], options: TablePathsOptions = {}): Figure {
  checkOptions(schema, options);
  const { obstacles = [], finishLine } = options;
  assertSound([
    ...(paths.length ? [] : [problem("paths", "empty", "at least one path")]),
    ...paths.flatMap(({ x, y }, index) => [
      ...numberProblems(`paths[${index}].x`, x),
      ...numberProblems(`paths[${index}].y`, y),
      ...(x.length === y.length ? [] : [problem(`paths[${index}]`, `${x.length} x, ${y.length} y`, "as many of both")]),
    ]),
  ]);
  const modes = [...new Set(paths.map(({ mode }) => mode))].sort();
  const traces = modes.map((mode, index) => {
    const own = paths.filter((path) => path.mode === mode);
    const { color, dash } = seriesStyle(index);
    // A gap between two paths, so that one trace holds them all.
    const joined = (of: (path: TablePath) => readonly number[]) => own.flatMap((path) => [...of(path), null]);
    return {
      type: "scatter",
      mode: "lines",
      name: `${mode} (${own.length})`,
      x: joined(({ x }) => x),
      y: joined(({ y }) => y),
      opacity: 0.7,
      line: { color, dash, width: 1.8 },
    };
  });
  const marked = paths.filter(({ crossAt }) => crossAt !== undefined);
  const crosses = {
    type: "scatter",
    mode: "markers",
    name: `touched (${marked.length})`,
    x: marked.map(({ x, crossAt }) => x[crossAt!]!),
    y: marked.map(({ y, crossAt }) => y[crossAt!]!),
    marker: { symbol: "x", size: 8, color: ink },
  };
  const shapes = [
    ...obstacles.map(({ x, y, radius }) => ({
      type: "circle",
      x0: x - radius,
      x1: x + radius,
      y0: y - radius,
      y1: y + radius,
      fillcolor: "#8C959F",
      line: { width: 0 },
    })),
    ...(finishLine === undefined
      ? []
      : [{ type: "line", x0: 0.2, x1: 0.8, y0: finishLine, y1: finishLine, line: { color: "#1A7F37", width: 2 } }]),
  ];
  return figure({
    data: marked.length > 0 ? [...traces, crosses] : traces,
    layout: themedLayout(options, {
      width: 640,
      height: 760,
      shapes,
      showlegend: true,
      xaxis: axis("x (m)", { range: [0.15, 0.85], constrain: "domain" }),
      yaxis: axis("y (m)", { range: [-0.32, 0.52], scaleanchor: "x", constrain: "domain" }),
    }),
  });
}
