// The shapes of weights by name, below a prefix.
import { fail } from "../errors.js";
import type { Shapes } from "./network.js";

/**
 * @param expected what the error asks for where a shape is missing.
 * @returns `shape` throws InputError `DMPO_WEIGHTS` naming `source` where there is none.
 */
export function shapesBelow(shapes: Shapes, prefix: string, source: string, expected: string) {
  return {
    shape: (name: string) =>
      shapes.get(`${prefix}${name}`) ?? fail("DMPO_WEIGHTS", source, `has no ${prefix}${name}`, expected),
    has: (name: string) => shapes.has(`${prefix}${name}`),
  };
}
