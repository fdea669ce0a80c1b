// Where a policy looks: for every camera its picture and over it, as a heat map, the attention that each patch gets; below, how much
// the spatial embedding weighs each place.
import { z } from "zod";
import { checkOptions, optionsSchema } from "../../options.js";
import { figure } from "../displayed-figure.js";
import type { Axis, Figure, Trace } from "../figure.js";
import { pictureSource } from "../static/picture-source.js";
import { assertSound, numberProblems, problem } from "../series.js";
import { axis, subplotHeadroom, subplotTitle, themedLayout, titleShape, type Titles } from "../theme.js";

/** Numbers in rows of equal length, the first row on top. */
export interface Grid {
  /** One row after the other, all finite. */
  readonly data: ArrayLike<number>;
  /** The last two: rows, columns. */
  readonly shape: readonly number[];
}

/** What is drawn of a camera, as `policy.attention(...)` has it. */
export interface AttendedPicture {
  /** (C, H, W), 0 to 255, three channels or one. */
  readonly picture: Grid;
  /** Pixels that a patch reads, and from one patch to the next. */
  readonly patch: { readonly size: number; readonly stride: number };
  /** (rows, columns), the attention of each patch. */
  readonly received: Grid;
  /** (outputs, rows, columns), of the spatial embedding; absent where there is none. */
  readonly spatial?: Grid | undefined;
}

/** What stands above and beside the pictures. */
export interface AttentionFigureOptions extends Titles {
  /** Names of the cameras, above their pictures. Default: "camera 1" and so on. */
  readonly names?: readonly string[];
}

const schema = optionsSchema<AttentionFigureOptions>({ ...titleShape, names: z.array(z.string()) });

/** Pixels of one panel. */
const panel = 260;
const gap = 30;

/** From the least to the most, so that more is lighter on a darkened picture. */
export const heatColors = [
  [0, [0, 0, 0]],
  [0.35, [120, 28, 109]],
  [0.7, [237, 105, 37]],
  [1, [252, 255, 164]],
] as const;

/** What the lightest colour of attention means at least, in units of even attention. */
export const leastScale = 2;

/** How much of what lies over a picture is heat. */
export const heatOpacity = 0.6;

/** Root mean square over the outputs: how much a place is weighed at all. */
export function spatialStrength({ data, shape }: Grid): Float64Array {
  const places = shape.slice(-2).reduce((product, extent) => product * extent, 1);
  const outputs = data.length / places;
  return Float64Array.from({ length: places }, (_, place) => {
    let sum = 0;
    for (let output = 0; output < outputs; output++) sum += data[output * places + place]! ** 2;
    return Math.sqrt(sum / outputs);
  });
}

/**
 * A column for every camera: above its attention, below the weights of its spatial embedding where it has one. Attention is in units
 * of what a patch would get if all got the same.
 * @throws InputError DMPO_FIGURE_DATA without cameras, for numbers that are not finite or too few; DMPO_OPTIONS.
 */
export function attention(
  { cameras }: { readonly cameras: readonly AttendedPicture[] },
  options: AttentionFigureOptions = {},
): Figure {
  checkOptions(schema, options);
  check(cameras);
  const { names = cameras.map((_, i) => (cameras.length === 1 ? "camera" : `camera ${i + 1}`)) } = options;
  const rows = cameras.some(({ spatial }) => spatial) ? 2 : 1;
  const head = subplotHeadroom + 6;
  const [right, below] = [96, 24];
  const plot = { width: cameras.length * (panel + gap) - gap, height: rows * panel + (rows - 1) * (gap + head) };
  const data: Trace[] = [];
  const axes: Record<string, Axis> = {};
  const annotations: object[] = [];
  const images: object[] = [];
  const sources = cameras.map(({ picture: { data, shape } }) => pictureSource(data, shape as [number, number, number]));
  const strengths = cameras.map(({ spatial }) => (spatial ? spatialStrength(spatial) : undefined));
  const scaled = cameras.map(({ received }) => Array.from(received.data, (share) => share * received.data.length));
  const panels = [
    ...cameras.map((camera, i) => ({
      camera,
      i,
      row: 0,
      heat: scaled[i]!,
      unit: "times the mean",
      shown: "attention",
    })),
    ...cameras.flatMap((camera, i) =>
      strengths[i]
        ? [{ camera, i, row: 1, heat: Array.from(strengths[i]), unit: "weight", shown: "spatial weights" }]
        : [],
    ),
  ];
  // Attention that is even lies in the middle; weights have no unit, only differences.
  const heats = (row: number) => panels.filter((one) => one.row === row).flatMap(({ heat }) => heat);
  const scales = [
    { zmin: 0, zmax: Math.max(leastScale, ...heats(0)) },
    { zmin: Math.min(...heats(1)), zmax: Math.max(...heats(1)) },
  ];
  panels.forEach(({ camera, i, row, heat, unit, shown }, index) => {
    const suffix = index === 0 ? "" : String(index + 1);
    const [, height, width] = camera.picture.shape as [number, number, number];
    const left = i * (panel + gap);
    const top = row * (panel + gap + head);
    axes[`xaxis${suffix}`] = hidden({
      domain: [left / plot.width, (left + panel) / plot.width],
      range: [-0.5, width - 0.5],
      anchor: `y${suffix}`,
    });
    axes[`yaxis${suffix}`] = hidden({
      domain: [1 - (top + panel) / plot.height, 1 - top / plot.height],
      range: [height - 0.5, -0.5],
      anchor: `x${suffix}`,
    });
    const place = { xaxis: `x${suffix}`, yaxis: `y${suffix}` };
    annotations.push(subplotTitle(`${names[i] ?? `camera ${i + 1}`}: ${shown}`, suffix));
    const isLast = i === cameras.length - 1;
    images.push({
      ...{ source: sources[i]!, layer: "below", sizing: "stretch", xref: `x${suffix}`, yref: `y${suffix}` },
      ...{ x: -0.5, y: -0.5, sizex: width, sizey: height, xanchor: "left", yanchor: "top" },
    });
    data.push({
      ...{ type: "heatmap", name: shown, opacity: heatOpacity, zsmooth: "best", ...scales[row]! },
      z: rowsOf(heat, camera.received.shape.at(-1)!),
      ...centres(camera.patch),
      colorscale: heatColors.map(([at, color]) => [at, `rgb(${color.join(", ")})`]),
      hovertemplate: `%{z:.3~g} ${unit}<extra></extra>`,
      showscale: isLast,
      ...(isLast && {
        colorbar: {
          title: { text: unit, side: "right" },
          ...{ thickness: 12, x: 1.01, xanchor: "left", yanchor: "top", lenmode: "fraction", nticks: 5 },
          ...{ len: panel / plot.height, y: 1 - top / plot.height, outlinewidth: 0 },
        },
      }),
      ...place,
    });
  });
  const margin = 24;
  const base = themedLayout(
    options,
    { width: plot.width + margin + right, showlegend: false, annotations, images },
    head,
  );
  const { t: above } = base.margin as { readonly t: number };
  return figure({
    data,
    layout: {
      ...base,
      height: plot.height + above + below,
      margin: { l: margin, r: right, t: above, b: below },
      ...axes,
    },
  });
}

const hidden = (more: Omit<Axis, "title">): Axis =>
  axis("", { showgrid: false, showline: false, showticklabels: false, ticks: "", automargin: false, ...more });

/** Where the middle of the first patch is, and how far it is to the next. */
const centres = ({ size, stride }: AttendedPicture["patch"]) => ({
  ...{ x0: (size - 1) / 2, dx: stride, y0: (size - 1) / 2, dy: stride },
});

const rowsOf = (values: readonly number[], columns: number): number[][] =>
  Array.from({ length: values.length / columns }, (_, row) => values.slice(row * columns, (row + 1) * columns));

function check(cameras: readonly AttendedPicture[]): void {
  const sizes = (at: string, { data, shape }: Grid) => {
    const expected = shape.reduce((product, extent) => product * extent, 1);
    const wrong = data.length === expected ? [] : [problem(at, `${data.length} numbers`, `${shape.join(" x ")}`)];
    return [...numberProblems(at, data), ...wrong];
  };
  assertSound([
    ...(cameras.length ? [] : [problem("cameras", "empty", "at least one camera")]),
    ...cameras.flatMap(({ picture, received, spatial }, i) => [
      ...sizes(`cameras[${i}].picture`, picture),
      ...sizes(`cameras[${i}].received`, received),
      ...(spatial ? sizes(`cameras[${i}].spatial`, spatial) : []),
    ]),
  ]);
}
