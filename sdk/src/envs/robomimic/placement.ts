// Where objects lie when an episode begins: uniform in a rectangle, any two apart, as robosuite's placement samplers.
import type { RandomStream } from "../../engine/random.js";
import { fail } from "../../errors.js";
import type { Quaternion } from "../pose.js";

export type Range = readonly [least: number, most: number];
/** Metres. */
export type Point = readonly [x: number, y: number, z: number];

/** What an object needs of space, as it lies. */
export interface Extent {
  /** Of a circle around it, seen from above (m). */
  readonly radius: number;
  /** Height of its lowest and highest point over its frame (m). */
  readonly bottom: number;
  readonly top: number;
}

export interface Placement {
  readonly position: Point;
  readonly rotation: Quaternion;
}

const attempts = 5000;

/** A number in the range. */
export function between(random: RandomStream, [least, most]: Range): number {
  return least + (most - least) * random.nextUniform();
}

/** A turn about the vertical axis (rad). */
export function aboutVertical(yaw: number): Quaternion {
  return [Math.cos(yaw / 2), 0, 0, Math.sin(yaw / 2)];
}

/**
 * Objects one after the other, each drawn anew until it touches none before it; turns are any.
 * @param center above which the ranges of x and y (m) lie, which hold whole objects; they stand at its height.
 * @throws InputError DMPO_ENV_MODEL where they do not fit.
 */
export function scatter(
  random: RandomStream,
  extents: readonly Extent[],
  { center, x, y }: { readonly center: Point; readonly x: Range; readonly y: Range },
): Placement[] {
  const placed: { readonly extent: Extent; readonly placement: Placement }[] = [];
  for (const extent of extents) {
    const height = center[2] - extent.bottom;
    const within = ([least, most]: Range): Range => [least + extent.radius, most - extent.radius];
    const isFree = ([px, py]: readonly number[]) =>
      placed.every(({ extent: other, placement }) => {
        const [ox, oy, oz] = placement.position;
        const isClear = Math.hypot(px! - ox, py! - oy) > extent.radius + other.radius;
        return isClear || height - oz > other.top - extent.bottom;
      });
    let spot: readonly [number, number] | undefined;
    for (let attempt = 0; attempt < attempts && !spot; attempt++) {
      const tried = [center[0] + between(random, within(x)), center[1] + between(random, within(y))] as const;
      if (isFree(tried)) spot = tried;
    }
    if (!spot) return fail("DMPO_ENV_MODEL", "objects", "do not fit beside one another", "room for all");
    const rotation = aboutVertical(between(random, [0, 2 * Math.PI]));
    placed.push({ extent, placement: { position: [...spot, height], rotation } });
  }
  return placed.map(({ placement }) => placement);
}
