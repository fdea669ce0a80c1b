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
    ...(space.rgb && { rgb: hostTensor(rgb!, [rows, ...space.rgb]) }),
  };
}
