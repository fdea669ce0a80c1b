// Observations in plain arrays as inputs of compiled functions.
import { hostTensor } from "../engine/tensor.js";
import type { HostObservation } from "../nn/network.js";
import { observationShapes, type Observations, type Space } from "../space.js";

/** The first `rows` rows as tensors, without copying. */
export function hostObservation(
  observations: Observations,
  space: Pick<Space, "state" | "rgb">,
  rows: number,
): HostObservation {
  const entries = observationShapes(space).map(([name, shape]) => {
    const data = observations[name]!;
    return [name, hostTensor(data, [rows, ...shape])] as const;
  });
  return Object.fromEntries(entries) as unknown as HostObservation;
}
