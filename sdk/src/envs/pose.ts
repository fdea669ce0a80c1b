// Arithmetic of poses: a position (m) and a rotation as MuJoCo writes them, quaternions (w, x, y, z) and matrices row by row.
import type { Vector } from "./render/vectors.js";

export type Quaternion = readonly [w: number, x: number, y: number, z: number];

export interface Pose {
  readonly position: Vector;
  readonly rotation: Quaternion;
}

export const identity: Quaternion = [1, 0, 0, 0];

export function product(a: Quaternion, b: Quaternion): Quaternion {
  return [
    a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
    a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
    a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
    a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
  ];
}

export const conjugate = ([w, x, y, z]: Quaternion): Quaternion => [w, -x, -y, -z];

/** The vector turned by the rotation. */
export function turned([w, x, y, z]: Quaternion, v: Vector): Vector {
  const [a, b, c] = [2 * (y * v[2] - z * v[1]), 2 * (z * v[0] - x * v[2]), 2 * (x * v[1] - y * v[0])];
  return [v[0] + w * a + y * c - z * b, v[1] + w * b + z * a - x * c, v[2] + w * c + x * b - y * a];
}

/** Where `inner`, given in the frame of `outer`, is in the frame that `outer` is given in. */
export function composed(outer: Pose, inner: Pose): Pose {
  const moved = turned(outer.rotation, inner.position);
  const position: Vector = [0, 1, 2].map((i) => outer.position[i]! + moved[i]!) as unknown as Vector;
  return { position, rotation: product(outer.rotation, inner.rotation) };
}

/** `pose` as seen from `frame`; both are given in one frame. */
export function relative(frame: Pose, pose: Pose): Pose {
  const back = conjugate(frame.rotation);
  const offset: Vector = [0, 1, 2].map((i) => pose.position[i]! - frame.position[i]!) as unknown as Vector;
  return { position: turned(back, offset), rotation: product(back, pose.rotation) };
}

/** Rz(z) Ry(y) Rx(x), radians. */
export function fromEuler([x, y, z]: Vector): Quaternion {
  const about = (axis: 1 | 2 | 3, angle: number): Quaternion => {
    const q: [number, number, number, number] = [Math.cos(angle / 2), 0, 0, 0];
    q[axis] = Math.sin(angle / 2);
    return q;
  };
  return product(about(3, z), product(about(2, y), about(1, x)));
}

/** The one at place `index` of many (4 each). */
export function quaternionAt(values: ArrayLike<number>, index: number): Quaternion {
  return [values[4 * index]!, values[4 * index + 1]!, values[4 * index + 2]!, values[4 * index + 3]!];
}

/** (3, 3), row by row. */
export function matrixOf([w, x, y, z]: Quaternion): number[] {
  return [
    ...[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    ...[2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    ...[2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
}

/** The turn about `axis` (unit) that is left of a rotation when its tilt is taken away, radians in (-pi, pi]. */
export function twist([w, x, y, z]: Quaternion, axis: Vector): number {
  const along = x * axis[0] + y * axis[1] + z * axis[2];
  const angle = 2 * Math.atan2(along, w);
  return angle > Math.PI ? angle - 2 * Math.PI : angle <= -Math.PI ? angle + 2 * Math.PI : angle;
}
