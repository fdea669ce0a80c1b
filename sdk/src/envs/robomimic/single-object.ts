// What the tasks with one object at a time observe of it, and when it counts as let go.
import type { Simulator } from "../simulator.js";
import type { Tool } from "./manipulation.js";
import type { FreeBody } from "./objects.js";

/** Farther than this from the grip (m) an object has been let go: 1 - tanh(10 d) < 0.6. */
const releaseReach = 0.6;

export function isReleased(simulator: Simulator, object: FreeBody, { site }: Tool): boolean {
  return 1 - Math.tanh(10 * object.distanceTo(simulator.sitePosition, 3 * site)) < releaseReach;
}

/** Position and rotation of the object in the world, then both as seen from the tool; rotations (x, y, z, w), the last with w >= 0. */
export function observeObject(
  simulator: Simulator,
  object: FreeBody,
  { site, hand }: Tool,
  out: Float64Array,
  offset: number,
): void {
  object.observe(out, offset);
  const { sitePosition, xquat } = simulator;
  const h = 4 * hand;
  const [hw, hx, hy, hz] = [xquat[h]!, -xquat[h + 1]!, -xquat[h + 2]!, -xquat[h + 3]!];
  const [dx, dy, dz] = [0, 1, 2].map((axis) => out[offset + axis]! - sitePosition[3 * site + axis]!) as [
    number,
    number,
    number,
  ];
  // q v q* = v + 2 (w u x v + u x (u x v)) with u the vector part.
  const [cx, cy, cz] = [hy * dz - hz * dy, hz * dx - hx * dz, hx * dy - hy * dx];
  out[offset + 7] = dx + 2 * (hw * cx + hy * cz - hz * cy);
  out[offset + 8] = dy + 2 * (hw * cy + hz * cx - hx * cz);
  out[offset + 9] = dz + 2 * (hw * cz + hx * cy - hy * cx);
  const [x, y, z, w] = [3, 4, 5, 6].map((i) => out[offset + i]!) as [number, number, number, number];
  const turn = [
    hw * x + hx * w + hy * z - hz * y,
    hw * y - hx * z + hy * w + hz * x,
    hw * z + hx * y - hy * x + hz * w,
    hw * w - hx * x - hy * y - hz * z,
  ];
  const sign = turn[3]! < 0 ? -1 : 1;
  for (let i = 0; i < 4; i++) out[offset + 10 + i] = sign * turn[i]!;
}
