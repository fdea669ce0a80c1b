// What PyTorch's optimizers know, from the contents of a checkpoint: moments, steps made, learning rate.
import { elementsOf, type RawTensor } from "../../checkpoints/element-types.js";
import type { TrainableState } from "../../engine/optimizer.js";
import type { ParameterLayout } from "../../engine/parameters.js";
import { stateDict } from "./weights.js";

/** A dict of a checkpoint; empty for anything else. */
export const dictOf = (value: unknown): ReadonlyMap<unknown, unknown> =>
  value instanceof Map ? (value as ReadonlyMap<unknown, unknown>) : new Map();

export function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/**
 * Weights with what the optimizer knows about them, or with moments of zero, of which `whereAbsent` is told.
 *
 * @param names of the parameters in the order of the module's state dict, by which PyTorch numbers them.
 */
export function trainableState(
  weights: Float32Array,
  optimizer: unknown,
  names: readonly string[],
  layout: ParameterLayout,
  { others, whereAbsent }: { readonly others?: TrainableState["vectors"]; readonly whereAbsent: () => void },
): TrainableState {
  const found = momentsOf(optimizer, names, layout);
  if (!found) whereAbsent();
  const first_moment = found?.first ?? new Float32Array(layout.size);
  const second_moment = found?.second ?? new Float32Array(layout.size);
  return {
    vectors: { ...others, weights, first_moment, second_moment },
    values: { updateCount: found?.updateCount ?? 0 },
  };
}

/** `undefined` unless there are moments of every parameter. */
function momentsOf(optimizer: unknown, names: readonly string[], layout: ParameterLayout) {
  const state = dictOf(dictOf(optimizer).get("state"));
  const index = new Map(names.map((name, i) => [name, i]));
  const [first, second] = [new Float32Array(layout.size), new Float32Array(layout.size)];
  let updateCount = 0;
  for (const { name, shape, offset } of layout.entries) {
    const entry = dictOf(state.get(index.get(name)));
    const parts = stateDict(new Map([...entry].filter(([key]) => key !== "step")));
    const [average, square] = [parts?.get("exp_avg"), parts?.get("exp_avg_sq")];
    const fits = (tensor: RawTensor | undefined) => tensor?.shape.join() === shape.join();
    if (!average || !square || !fits(average) || !fits(square)) return undefined;
    first.set(elementsOf(average, `moment of ${name}`), offset);
    second.set(elementsOf(square, `moment of ${name}`), offset);
    updateCount = Math.max(updateCount, stepOf(entry.get("step")));
  }
  return { first, second, updateCount };
}

/** A tensor since PyTorch 1.12, a number before. */
function stepOf(step: unknown): number {
  const tensor = stateDict(new Map([["step", step]]))?.get("step");
  return tensor ? elementsOf(tensor, "step")[0]! : (countOf(step) ?? 0);
}

/** The learning rate an optimizer had last. */
export function rateOf(optimizer: unknown): number | undefined {
  const groups = dictOf(optimizer).get("param_groups");
  const rate: unknown = Array.isArray(groups) ? dictOf(groups[0]).get("lr") : undefined;
  return typeof rate === "number" && rate > 0 ? rate : undefined;
}
