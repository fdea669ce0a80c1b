// Arithmetic of points and directions in space.
import type { Poses } from "./scene.js";

export type Vector = readonly [number, number, number];

export const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const plus = (a: Vector, b: Vector): Vector => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const scaled = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by];
export const length = (a: Vector) => Math.hypot(...a);
export const subtract = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

export function normalized(v: Vector): Vector {
  const length = Math.sqrt(dot(v, v)) || 1;
  return [v[0] / length, v[1] / length, v[2] / length];
}

export function axesAt(matrices: Float64Array, index: number): [Vector, Vector, Vector] {
  const m = matrices.subarray(9 * index, 9 * index + 9);
  return [0, 1, 2].map((axis) => [m[axis]!, m[3 + axis]!, m[6 + axis]!]) as unknown as [Vector, Vector, Vector];
}

export function vectorAt(values: Float64Array, index: number): Vector {
  return [values[3 * index]!, values[3 * index + 1]!, values[3 * index + 2]!];
}

/** Where a geom is: turns its own coordinates into the world's. */
export function placement(poses: Poses, geom: number) {
  const m = poses.geomMatrix.subarray(9 * geom, 9 * geom + 9);
  const turn = (from: Float32Array, at: number): Vector => {
    const [x, y, z] = [from[at]!, from[at + 1]!, from[at + 2]!];
    return [m[0]! * x + m[1]! * y + m[2]! * z, m[3]! * x + m[4]! * y + m[5]! * z, m[6]! * x + m[7]! * y + m[8]! * z];
  };
  const [px, py, pz] = vectorAt(poses.geomPosition, geom);
  const point = (from: Float32Array, at: number): Vector => {
    const [x, y, z] = turn(from, at);
    return [x + px, y + py, z + pz];
  };
  return { turn, point };
}
