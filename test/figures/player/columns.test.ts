// The player's numbers: how far quantisation moves them, and that packing loses nothing else.
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { decodeColumns, dequantise, encodeColumns, quantise } from "../../../sdk/src/figures/player/columns.js";
import { pack } from "../../../sdk/src/figures/player/pack.js";
import { unpack } from "../../../sdk/src/figures/player/packed.js";
import type { PlayedMesh, PlayedRollout } from "../../../sdk/src/figures/player/recording.js";
import { Random } from "../../../sdk/src/engine/random.js";

const uniform = (count: number, low: number, high: number) =>
  Float64Array.from(new Random(1).stream("columns").uniform(new Float32Array(count), low, high));

test("no value moves by more than half a step of its own column, and some by nearly that", () => {
  const rows = 2000;
  const [small, large] = [uniform(rows, -0.001, 0.002), uniform(rows, -40, 90)];
  const values = Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 ? large : small)[i >> 1]!);
  const table = quantise(values, 2);
  const errors = [0, 0];
  values.forEach((value, i) => {
    const back = table.least[i % 2]! + table.step[i % 2]! * table.counts[i]!;
    errors[i % 2] = Math.max(errors[i % 2]!, Math.abs(back - value));
  });
  [small, large].forEach((column, i) => {
    const halfStep = (Math.max(...column) - Math.min(...column)) / 131_070;
    expect(errors[i]).toBeLessThanOrEqual(halfStep * (1 + 1e-9));
    expect(errors[i]).toBeGreaterThan(0.95 * halfStep);
  });
});

test("what stands still stays exactly; what is not a number is what came before", () => {
  const table = quantise([0.1, 5, 0.1, NaN, 0.1, 7], 2);
  expect(table.step[0]).toBe(0);
  expect([...dequantise(table)].map((value) => Number(value.toPrecision(6)))).toEqual([0.1, 5, 0.1, 5, 0.1, 7]);
  expect([...quantise([NaN, Infinity], 1).counts]).toEqual([0, 0]);
});

test("columns come back as they were, also over the end of 16 bits", () => {
  const values = Uint16Array.from(uniform(3000, 0, 65_535), Math.round);
  values.set([0, 65_535, 0, 32_768, 65_535, 1]);
  expect(decodeColumns(encodeColumns(values, 3), 3)).toEqual(values);
  // A slow column is small numbers: all high bytes are 0.
  const slow = Uint16Array.from({ length: 100 }, (_, i) => 40_000 - 3 * i);
  expect([...encodeColumns(slow, 1).subarray(101)].every((byte) => byte === 0)).toBe(true);
});

const frames = 400;

/** A ball that goes round on a circle of 3 m and turns about an axis, and a triangle that stands; q changes its sign at times. */
function circling(): PlayedRollout {
  const [positions, rotations]: [number[], number[]] = [[], []];
  for (let frame = 0; frame < frames; frame++) {
    const angle = frame / 40;
    const sign = frame % 7 === 3 ? -1 : 1;
    positions.push(3 * Math.cos(angle), 3 * Math.sin(angle), 0.5, 0, 0, 1);
    rotations.push(sign * Math.cos(angle), 0, sign * Math.sin(angle), 0, 1, 0, 0, 0);
  }
  const corner = Float32Array.of(0, 0, 0, 1, 0, 0, 0, 2, 0);
  const triangle = {
    type: "mesh" as const,
    positions: corner,
    normals: Float32Array.of(0, 0, 1, 0, 0, 1, 0.6, 0, -0.8),
    textureCoordinates: Float32Array.of(0, 0, 4, 0, 0, -4),
    faces: Uint32Array.of(0, 1, 2),
  };
  const paint = { color: [0.2, 0.4, 0.6, 1] as const, gloss: 0.5, emission: 0 };
  return {
    title: "circling",
    secondsPerFrame: 0.02,
    frames,
    poses: 2,
    shapes: [
      { pose: 0, solid: { type: "sphere", size: [0.2, 0, 0] }, ...paint },
      { pose: 1, solid: triangle, ...paint, texture: Uint8Array.of(9, 8, 7), stretch: [1, 2, 3] },
    ],
    ground: { height: -0.5 },
    positions: Float64Array.from(positions),
    rotations: Float64Array.from(rotations),
    curves: [{ name: "reward", values: Float64Array.from({ length: frames }, (_, i) => (i === 0 ? NaN : i / 10)) }],
    view: { position: [0, -5, 2], target: [0, 0, 0], fieldOfView: 40, radius: 1 },
  };
}

test("meshes that have only their triangles in common stay apart, also where their counts are equal", () => {
  const given = circling();
  const [, triangle] = given.shapes;
  const mesh = triangle!.solid as PlayedMesh;
  const larger = { ...triangle!, solid: { ...mesh, positions: mesh.positions.map((value) => 3 * value) } };
  const { rollouts } = unpack(gunzipSync(pack([{ ...given, shapes: [triangle!, larger, triangle!] }])));
  const [first, second, third] = rollouts[0]!.shapes.map(({ solid }) => solid as typeof mesh);
  expect(
    second!.positions.map((value, i) => value - 3 * first!.positions[i]!).every((value) => Math.abs(value) < 1e-4),
  ).toBe(true);
  expect(Math.max(...second!.positions)).toBeCloseTo(6, 4);
  expect(third).toBe(first);
});

test("a rollout comes back: poses within half a step, rotations within 2/65,535 of a radian times two", () => {
  const given = circling();
  const { rollouts, settings } = unpack(gunzipSync(pack([given, given], { follow: true })));
  expect(settings).toEqual({ follow: true });
  const [first, second] = rollouts;
  expect(second).toEqual(first);
  // Equal meshes of two rollouts are one.
  expect(second!.shapes[1]!.solid).toBe(first!.shapes[1]!.solid);
  const { positions, rotations, curves, shapes, ...rest } = first!;
  expect(rest).toEqual({
    title: "circling",
    secondsPerFrame: 0.02,
    frames,
    poses: 2,
    ground: given.ground,
    view: given.view,
  });
  expect(Math.max(...positions.map((value, i) => Math.abs(value - given.positions[i]!)))).toBeLessThan(
    6 / 131_070 + 1e-6,
  );
  for (let at = 0; at < rotations.length; at += 4) {
    const [q, p] = [rotations.subarray(at, at + 4), given.rotations.subarray(at, at + 4)];
    const along = q.reduce((sum, value, i) => sum + value * p[i]!, 0) / Math.hypot(...q);
    // A component of a quaternion moves by 1/65,535 at most, so the quaternion by twice that and the rotation by four times.
    expect(2 * Math.acos(Math.min(1, Math.abs(along)))).toBeLessThan(4 / 65_535 + 1e-6);
    if (at < 8) continue;
    const last = rotations.subarray(at - 8, at - 4);
    expect(q.reduce((sum, value, i) => sum + value * last[i]!, 0)).toBeGreaterThan(0.9);
  }
  expect(curves[0]!.values[0]).toBeNaN();
  expect(curves[0]!.values[frames - 1]).toBeCloseTo((frames - 1) / 10, 4);
  expect(shapes[0]).toEqual(given.shapes[0]);
  const { solid, texture, ...triangle } = shapes[1]!;
  expect({ ...triangle, texture: Uint8Array.from(texture!) }).toEqual({ ...given.shapes[1], solid: undefined });
  const mesh = solid as Extract<typeof solid, { type: "mesh" }>;
  const expected = given.shapes[1]!.solid as typeof mesh;
  expect([...mesh.faces]).toEqual([0, 1, 2]);
  mesh.positions.forEach((value, i) => expect(value).toBeCloseTo(expected.positions[i]!, 4));
  mesh.textureCoordinates!.forEach((value, i) => expect(value).toBeCloseTo(expected.textureCoordinates![i]!, 3));
  mesh.normals.forEach((value, i) => expect(Math.abs(value - expected.normals[i]!)).toBeLessThan(0.5 / 127.5 + 1e-6));
});
