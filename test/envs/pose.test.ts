// Rotations against 3 x 3 matrices, which are written out here.
import { expect, test } from "vitest";
import {
  composed,
  conjugate,
  fromEuler,
  identity,
  matrixOf,
  product,
  quaternionAt,
  relative,
  turned,
  twist,
  type Pose,
} from "../../sdk/src/envs/pose.js";

type Matrix = readonly (readonly number[])[];

const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
const about = {
  x: (t: number): Matrix => [
    [1, 0, 0],
    [0, Math.cos(t), -Math.sin(t)],
    [0, Math.sin(t), Math.cos(t)],
  ],
  y: (t: number): Matrix => [
    [Math.cos(t), 0, Math.sin(t)],
    [0, 1, 0],
    [-Math.sin(t), 0, Math.cos(t)],
  ],
  z: (t: number): Matrix => [
    [Math.cos(t), -Math.sin(t), 0],
    [Math.sin(t), Math.cos(t), 0],
    [0, 0, 1],
  ],
};
const close = (seen: ArrayLike<number>, wanted: ArrayLike<number>) => {
  expect(seen.length).toBe(wanted.length);
  Array.from(wanted).forEach((value, i) => expect(seen[i]).toBeCloseTo(value, 12));
};

const [x, y, z] = [0.3, -1.1, 2.2];
const rotation = fromEuler([x, y, z]);
const matrix = times(about.z(z), times(about.y(y), about.x(x)));
const other = fromEuler([-0.7, 0.4, 0.9]);
const otherMatrix = times(about.z(0.9), times(about.y(0.4), about.x(-0.7)));
const vector = [0.5, -2, 1.5] as const;
const column = (v: readonly number[]) => v.map((value) => [value]);

test("Euler angles, matrices, products and turned vectors agree", () => {
  close(matrixOf(rotation), matrix.flat());
  close(matrixOf(product(rotation, other)), times(matrix, otherMatrix).flat());
  close(turned(rotation, vector), times(matrix, column(vector)).flat());
  close(turned(conjugate(rotation), turned(rotation, vector)), vector);
  close(matrixOf(identity), [1, 0, 0, 0, 1, 0, 0, 0, 1]);
});

test("a pose seen from another, put back into it, is itself", () => {
  const frame: Pose = { position: [1, 2, 3], rotation };
  const pose: Pose = { position: [-0.5, 0.25, 4], rotation: other };
  const seen = relative(frame, pose);
  const transposed = matrix[0]!.map((_, j) => matrix.map((row) => row[j]!));
  close(seen.position, times(transposed, column([-1.5, -1.75, 1])).flat());
  close(matrixOf(seen.rotation), times(transposed, otherMatrix).flat());
  const back = composed(frame, seen);
  close(back.position, pose.position);
  close(back.rotation, pose.rotation);
});

test("the turn about an axis", () => {
  for (const angle of [0, 1, -1, 3, -3, Math.PI]) {
    expect(twist(fromEuler([0, 0, angle]), [0, 0, 1])).toBeCloseTo(angle, 12);
    // The other quaternion of the same rotation.
    const [w, a, b, c] = fromEuler([0, 0, angle]);
    expect(Math.cos(twist([-w, -a, -b, -c], [0, 0, 1]))).toBeCloseTo(Math.cos(angle), 12);
  }
  expect(twist([-Math.cos(0.5), 0, 0, -Math.sin(0.5)], [0, 0, 1])).toBeCloseTo(1, 12);
  expect(twist([-Math.cos(0.5), 0, 0, Math.sin(0.5)], [0, 0, 1])).toBeCloseTo(-1, 12);
  expect(twist(product(fromEuler([0, 0, 0.8]), fromEuler([0.3, 0, 0])), [0, 0, 1])).toBeCloseTo(0.8, 12);
});

test("one of many", () => {
  expect(quaternionAt([9, 9, 9, 9, 1, 2, 3, 4], 1)).toEqual([1, 2, 3, 4]);
});
