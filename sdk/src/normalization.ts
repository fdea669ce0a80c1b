// Min-max statistics that map raw observations and actions to [-1, 1]: a leaf shared by data, environments and checkpoints.

/** Per-dimension minima and maxima of raw observations (Do) and actions (Da). */
export interface Normalization {
  readonly observationMin: Float32Array;
  readonly observationMax: Float32Array;
  readonly actionMin: Float32Array;
  readonly actionMax: Float32Array;
}

/** `2 (x - min) / (max - min + 1e-6) - 1`, the reference's formula; not clipped, constant dimensions map to -1. */
export function normalize(value: number, min: number, max: number): number {
  return (2 * (value - min)) / (max - min + 1e-6) - 1;
}

/** `(a + 1) / 2 (max - min) + min`: the inverse used for actions (without the epsilon, as in the reference). */
export function denormalize(value: number, min: number, max: number): number {
  return ((value + 1) / 2) * (max - min) + min;
}
