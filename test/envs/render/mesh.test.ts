// Meshes are closed, wound outwards and of the right volume.
import { expect, test } from "vitest";
import { box, capsule, cylinder, ellipsoid, sphere, type Mesh } from "../../../sdk/src/envs/render/mesh.js";

/** By the divergence theorem; positive where triangles are wound counter-clockwise seen from outside. */
function volume({ positions, faces }: Mesh): number {
  let sum = 0;
  for (let i = 0; i < faces.length; i += 3) {
    const [a, b, c] = [0, 1, 2].map((corner) => positions.subarray(3 * faces[i + corner]!, 3 * faces[i + corner]! + 3));
    const [ax, ay, az] = a as unknown as [number, number, number];
    const [bx, by, bz] = b as unknown as [number, number, number];
    const [cx, cy, cz] = c as unknown as [number, number, number];
    sum += (ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)) / 6;
  }
  return sum;
}

test.each([
  ["sphere", sphere(0.5), (4 / 3) * Math.PI * 0.125],
  ["capsule", capsule(0.2, 0.5), (4 / 3) * Math.PI * 0.008 + Math.PI * 0.04],
  ["cylinder", cylinder(0.2, 0.5), Math.PI * 0.04],
  ["ellipsoid", ellipsoid(0.1, 0.2, 0.3), (4 / 3) * Math.PI * 0.006],
  ["box", box(0.1, 0.2, 0.3), 8 * 0.006],
])("%s", (_, mesh, expected) => {
  expect(volume(mesh) / expected).toBeGreaterThan(0.97);
  expect(volume(mesh) / expected).toBeLessThan(1.0001);
  for (let i = 0; i < mesh.normals.length; i += 3) {
    const [x, y, z] = mesh.normals.subarray(i, i + 3);
    const [px, py, pz] = mesh.positions.subarray(i, i + 3);
    expect(Math.hypot(x!, y!, z!)).toBeCloseTo(1, 5);
    expect(x! * px! + y! * py! + z! * pz!).toBeGreaterThanOrEqual(0);
  }
});
