// Min-max statistics that map raw observations and actions to [-1, 1]: a leaf shared by data, environments and checkpoints.

/** One number per dimension, in the precision of the data: float64 only where float32 would round them. */
export type Bounds = Float32Array | Float64Array;

/** Per-dimension minima and maxima of raw observations (Do) and actions (Da). */
export interface Normalization {
  readonly observationMin: Bounds;
  readonly observationMax: Bounds;
  readonly actionMin: Bounds;
  readonly actionMax: Bounds;
}

/** The values as float32 where that holds every one of them exactly, else as float64. */
export function boundsOf(values: ArrayLike<number>): Bounds {
  const narrow = Float32Array.from(values);
  return narrow.every((value, i) => Object.is(value, values[i])) ? narrow : Float64Array.from(values);
}

/** `2 (x - min) / (max - min + 1e-6) - 1`, the reference's formula; not clipped, constant dimensions map to -1. */
export function normalize(value: number, min: number, max: number): number {
  return (2 * (value - min)) / (max - min + 1e-6) - 1;
}

/** `(a + 1) / 2 (max - min) + min`: the inverse used for actions (without the epsilon, as in the reference). */
export function denormalize(value: number, min: number, max: number): number {
  return ((value + 1) / 2) * (max - min) + min;
}
