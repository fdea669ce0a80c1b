// A rollout in one picture: the robot's links as capsules in the vertical plane, drawn at many moments, later ones lighter.
import { z } from "zod";
import { checkOptions, optionsSchema } from "../../options.js";
import { figure } from "../displayed-figure.js";
import type { Axis, Figure } from "../figure.js";
import { assertSound, numberProblems, problem } from "../series.js";
import { axis, themedLayout, titleShape, topMargin, type Titles } from "../theme.js";
import { anchor, colorBar, round, shade, silhouette, type Pose, type ShiftedPose } from "./silhouette.js";

export interface RolloutStripOptions extends Titles {
  /** How many moments to draw, 2 or more, evenly spaced; default: one per third of the robot's height travelled, 12 to 60. */
  readonly moments?: number;
}

const schema = optionsSchema<RolloutStripOptions>({ ...titleShape, moments: z.int().min(2) });

/** One row of the strip: the poses, each moved to the right by its shift (m). */
interface Row {
  readonly poses: readonly ShiftedPose[];
  readonly range: readonly [number, number];
}

const pageWidth = 1080;
/** Between two rows, for the tick labels (pixels). */
const rowGap = 34;
/** What a row shows, in heights of the robot: from a little below the ground to a little above the head. */
const belowGround = 0.06;
const verticalSpan = 1.16;
/**
 * One episode in one picture, links in metres, later moments lighter. Where the robot travels, it is a true-to-scale side
 * view, broken into rows if it is long. Where it stays in place (less than three times its height), the moments stand side by
 * side instead, as in a film strip.
 * @throws InputError DMPO_FIGURE_DATA if there are no poses, a pose has no capsules, or a number is not finite; DMPO_OPTIONS.
 */
export function rolloutStrip(poses: readonly Pose[], options: RolloutStripOptions = {}): Figure {
  checkOptions(schema, options);
  check(poses);
  const [left, right] = extent(poses, 0);
  const height = Math.max(0.1, extent(poses, 1)[1]);
  const travelled = right - left;
  const { moments = Math.min(60, Math.max(12, Math.ceil((3 * travelled) / height))) } = options;
  const chosen = evenly(poses, moments);
  const travels = travelled > 3 * height;
  const rows = travels ? sideView(chosen, left, right, height) : [filmStrip(chosen, height)];
  const span = rows[0]!.range[1] - rows[0]!.range[0];
  const margin = { l: 60, r: travels ? 90 : 24, b: 52 };
  const plotWidth = pageWidth - margin.l - margin.r;
  const rowHeight = (plotWidth * verticalSpan * height) / span;
  const plotHeight = rows.length * rowHeight + (rows.length - 1) * rowGap;
  const top = topMargin(options);
  const [start, end] = [poses[0]!.time, poses.at(-1)!.time];
  return figure({
    data: [
      ...rows.flatMap((row, index) =>
        row.poses.map((pose) => silhouette(pose, shade(pose.time, start, end), suffixOf(index))),
      ),
      ...(travels ? [colorBar(start, end)] : []),
    ],
    layout: themedLayout(options, {
      width: pageWidth,
      height: Math.round(top + plotHeight + margin.b),
      showlegend: false,
      hovermode: "closest",
      margin: { ...margin, t: top },
      ...Object.fromEntries(
        rows.flatMap((row, index) => {
          const above = (index * (rowHeight + rowGap)) / plotHeight;
          const domain = [1 - above - rowHeight / plotHeight, 1 - above];
          return rowAxes(row, { suffix: suffixOf(index), domain, height, last: index === rows.length - 1 });
        }),
      ),
      shapes: rows.map((_, index) => groundLine(suffixOf(index))),
    }),
  });
}

function check(poses: readonly Pose[]): void {
  assertSound([
    ...(poses.length ? [] : [problem("poses", "empty", "at least one pose")]),
    ...poses.flatMap(({ time, capsules }, index) => {
      const numbers = capsules.flatMap(({ from, to, radius }) => [...from, ...to, radius]);
      return [
        ...numberProblems(`poses[${index}].capsules`, numbers),
        ...numberProblems(`poses[${index}].time`, [time]),
      ];
    }),
  ]);
}

/** Smallest and largest x (coordinate 0) or z (coordinate 1) of all capsules. */
function extent(poses: readonly Pose[], coordinate: 0 | 1): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const { from, to, radius } of poses.flatMap(({ capsules }) => capsules)) {
    low = Math.min(low, from[coordinate] - radius, to[coordinate] - radius);
    high = Math.max(high, from[coordinate] + radius, to[coordinate] + radius);
  }
  return [low, high];
}

/** At most `count` poses, first and last included. */
function evenly(poses: readonly Pose[], count: number): readonly Pose[] {
  if (poses.length <= count) return poses;
  return Array.from({ length: count }, (_, index) => poses[Math.round((index * (poses.length - 1)) / (count - 1))]!);
}

/** Rows about seven times as wide as high, at most four, the robot where it really is. */
function sideView(poses: readonly Pose[], left: number, right: number, height: number): Row[] {
  const border = 0.25 * height;
  const count = Math.min(4, Math.ceil((right - left) / (7 * height)));
  const span = (right - left) / count;
  return Array.from({ length: count }, (_, row) => {
    const from = left + row * span;
    return {
      poses: poses
        .filter((pose) => Math.min(count - 1, Math.max(0, Math.floor((anchor(pose) - left) / span))) === row)
        .map((pose) => ({ ...pose, shift: 0 })),
      range: [from - border, from + span + border],
    };
  });
}

/** The moments beside each other, each centred in a frame as wide as two thirds of the robot's height or as the robot. */
function filmStrip(poses: readonly Pose[], height: number): Row {
  const widths = poses.map((pose) => extent([pose], 0)).map(([left, right]) => right - left);
  const frame = Math.max((2 / 3) * height, ...widths);
  return {
    poses: poses.map((pose, index) => ({ ...pose, shift: (index + 0.5) * frame - anchor(pose) })),
    range: [0, Math.max(6, poses.length) * frame],
  };
}

interface RowPlace {
  readonly suffix: string;
  /** Share of the plot's height, from below. */
  readonly domain: readonly number[];
  /** Of the robot, metres. */
  readonly height: number;
  readonly last: boolean;
}

function rowAxes({ range, poses }: Row, { suffix, domain, height, last }: RowPlace): [string, Axis][] {
  const film = poses.some(({ shift }) => shift !== 0);
  const times = {
    tickvals: poses.map((pose) => round(anchor(pose) + pose.shift)),
    ticktext: poses.map(({ time }) => time.toFixed(2)),
  };
  const x = { range, showgrid: false, anchor: `y${suffix}`, constrain: "domain", ...(film && times) };
  const y = {
    range: [-belowGround * height, (verticalSpan - belowGround) * height] as const,
    domain,
    anchor: `x${suffix}`,
    scaleanchor: `x${suffix}`,
    constrain: "domain",
    automargin: false,
    nticks: 4,
    showline: false,
  };
  return [
    [`xaxis${suffix}`, axis(last ? (film ? "time (s)" : "position (m)") : "", x)],
    [`yaxis${suffix}`, axis("height (m)", y)],
  ];
}

function groundLine(suffix: string) {
  return {
    type: "line",
    xref: `x${suffix} domain`,
    yref: `y${suffix}`,
    x0: 0,
    x1: 1,
    y0: 0,
    y1: 0,
    layer: "below",
    line: { color: "#8C959F", width: 1.5 },
  };
}

function suffixOf(index: number): string {
  return index === 0 ? "" : String(index + 1);
}
