// What a policy sees and answers with, in plain numbers: a leaf that data, environments and policies share.

/** Shapes without the axes of batch and environments. */
export interface Space {
  /** Length Ta of an action chunk. */
  readonly horizonSteps: number;
  /** Numbers Da per action. */
  readonly actionDim: number;
  /** Observation history [To, Do]: steps, numbers per step. */
  readonly state: readonly [number, number];
  /** Picture history, e.g. [Ti, C, H, W]; absent for policies that see none. */
  readonly rgb?: readonly number[];
}

/** Observations of B rows, one after the other: state normalised, pictures 0 to 255. */
export interface Observations {
  /** (B, To, Do), oldest first. */
  readonly state: Float32Array;
  /** (B, ...rgb). */
  readonly rgb?: Uint8Array;
}

/** Names of the entries of {@link Observations}. */
export type ObservationName = keyof Observations;

/** Shape of each entry that the space has, in a fixed order. */
export function observationShapes({
  state,
  rgb,
}: Pick<Space, "state" | "rgb">): [ObservationName, readonly number[]][] {
  return [["state", state], ...(rgb ? [["rgb", rgb] as [ObservationName, readonly number[]]] : [])];
}

/** Zeroed observations of `rows` rows, by default in memory of their own. */
export function emptyObservations(
  { state, rgb }: Pick<Space, "state" | "rgb">,
  rows: number,
  allocate: (bytes: number) => ArrayBufferLike = (bytes) => new ArrayBuffer(bytes),
): Observations {
  return {
    state: new Float32Array(allocate(4 * rows * sizeOf(state))),
    ...(rgb && { rgb: new Uint8Array(allocate(rows * sizeOf(rgb))) }),
  };
}

/** Number of elements of a shape; 1 for []. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
