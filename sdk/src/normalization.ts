// Min-max statistics that map raw observations and actions to [-1, 1]: a leaf shared by data, environments and checkpoints.

/** One number per dimension, in the precision of the data: float64 only where float32 would round them. */
export type Bounds = Float32Array | Float64Array;

/** Per-dimension minima and maxima of raw observations (Do) and actions (Da). */
export interface Normalization {
  /** (Do), mapped to -1. */
  readonly observationMin: Bounds;
  /** (Do), mapped to 1. */
  readonly observationMax: Bounds;
  /** (Da), mapped from -1. */
  readonly actionMin: Bounds;
  /** (Da), mapped from 1. */
  readonly actionMax: Bounds;
}

/** The values as float32 where that holds every one of them exactly, else as float64. */
export function boundsOf(values: ArrayLike<number>): Bounds {
  const narrow = Float32Array.from(values);
  return narrow.every((value, i) => Object.is(value, values[i])) ? narrow : Float64Array.from(values);
}

/** Statistics of so many observations and actions that lie in [-1, 1] already: the policy sees and answers with raw numbers. */
export function rawNumbers(observationDimension: number, actionDimension: number): Normalization {
  const bounds = (size: number, bound: number) => new Float32Array(size).fill(bound);
  return {
    observationMin: bounds(observationDimension, -1),
    observationMax: bounds(observationDimension, 1),
    actionMin: bounds(actionDimension, -1),
    actionMax: bounds(actionDimension, 1),
  };
}

/** `2 (x - min) / (max - min + 1e-6) - 1`, the reference's formula; not clipped, constant dimensions map to -1. */
export function normalize(value: number, min: number, max: number): number {
  return (2 * (value - min)) / (max - min + 1e-6) - 1;
}

/** `(a + 1) / 2 (max - min) + min`: the inverse used for actions (without the epsilon, as in the reference). */
export function denormalize(value: number, min: number, max: number): number {
  return ((value + 1) / 2) * (max - min) + min;
}
