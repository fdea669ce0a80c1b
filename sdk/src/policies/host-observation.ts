// Observations in plain arrays as inputs of compiled functions.
import { hostTensor } from "../engine/tensor.js";
import type { HostObservation } from "../nn/network.js";
import type { Observations, Space } from "../space.js";

/** The first `rows` rows as tensors, without copying. */
export function hostObservation(
  { state, rgb }: Observations,
  space: Pick<Space, "state" | "rgb">,
  rows: number,
): HostObservation {
  return {
    state: hostTensor(state, [rows, ...space.state]),
    ...(space.rgb && { rgb: hostTensor(pixels(rgb!), [rows, ...space.rgb]) }),
  };
}

/** Bytes as what compiled functions take for the bytes of pictures, without copying. */
export const pixels = ({ buffer, byteOffset, length }: Uint8Array): Uint8ClampedArray =>
  new Uint8ClampedArray(buffer, byteOffset, length);
