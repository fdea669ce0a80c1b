// The robot at one moment: its links as capsules in the vertical plane, coloured by the time.
import type { Trace } from "../figure.js";
import { translucent } from "../theme.js";

/** A link: a thick line with round ends, in metres; z is the height. */
export interface Capsule {
  readonly from: readonly [x: number, z: number];
  readonly to: readonly [x: number, z: number];
  readonly radius: number;
}

/** The robot at one moment. */
export interface Pose {
  /** Seconds since the start. */
  readonly time: number;
  readonly capsules: readonly Capsule[];
}

/** A pose moved to the right by `shift` metres. */
export interface ShiftedPose extends Pose {
  readonly shift: number;
}

/** Dark to light, monotone in lightness, readable on white: the lower part of viridis. */
const timeColors = ["#440154", "#3B528B", "#21918C", "#5EC962"] as const;

/** Where the pose stands: the middle of its links. */
export function anchor({ capsules }: Pose): number {
  return capsules.reduce((sum, { from, to }) => sum + from[0] + to[0], 0) / (2 * capsules.length);
}

/** The pose as one filled outline, moved to the right by `shift` (m), on the axes with the given suffix ("" or "2" ...). */
export function silhouette({ capsules, time, shift }: ShiftedPose, color: string, suffix: string): Trace {
  const outline = capsules.flatMap((capsule) => [...capsuleOutline(capsule), null]);
  return {
    type: "scatter",
    mode: "lines",
    name: `${time.toFixed(2)} s`,
    x: outline.map((point) => point && round(point[0] + shift)),
    y: outline.map((point) => point && round(point[1])),
    fill: "toself",
    fillcolor: translucent(color, 0.85),
    line: { color: "#FFFFFF", width: 0.6 },
    hoveron: "fills",
    hoverinfo: "name",
    xaxis: `x${suffix}`,
    yaxis: `y${suffix}`,
  };
}

/** The closed outline: two half circles of nine points. */
function capsuleOutline({ from, to, radius }: Capsule): [number, number][] {
  const direction = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const arc = (center: readonly [number, number], start: number): [number, number][] =>
    Array.from({ length: 9 }, (_, step) => {
      const angle = start + (step * Math.PI) / 8;
      return [center[0] + radius * Math.cos(angle), center[1] + radius * Math.sin(angle)];
    });
  const points = [...arc(to, direction - Math.PI / 2), ...arc(from, direction + Math.PI / 2)];
  return [...points, points[0]!];
}

/** Millimetres are enough. */
export function round(metres: number): number {
  return Math.round(metres * 1000) / 1000;
}

/** The colour of a time between start and end. */
export function shade(time: number, start: number, end: number): string {
  const position = end > start ? ((time - start) / (end - start)) * (timeColors.length - 1) : 0;
  const index = Math.min(timeColors.length - 2, Math.floor(position));
  const channel = (color: string, at: number) => parseInt(color.slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) => {
    const [low, high] = [channel(timeColors[index]!, at), channel(timeColors[index + 1]!, at)];
    return Math.round(low + (position - index) * (high - low))
      .toString(16)
      .padStart(2, "0");
  });
  return `#${mixed.join("")}`;
}

/** An empty trace that carries the colour bar of the time. */
export function colorBar(start: number, end: number): Trace {
  return {
    type: "scatter",
    mode: "markers",
    x: [null],
    y: [null],
    hoverinfo: "skip",
    marker: {
      color: [start],
      cmin: start,
      cmax: end > start ? end : start + 1,
      colorscale: timeColors.map((color, index) => [index / (timeColors.length - 1), color]),
      showscale: true,
      colorbar: {
        title: { text: "time (s)", side: "right", font: { size: 13 } },
        thickness: 12,
        outlinewidth: 0,
        x: 1.015,
        xpad: 0,
        len: 1,
        nticks: 6,
      },
    },
  };
}
