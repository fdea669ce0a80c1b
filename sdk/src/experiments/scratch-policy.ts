// A policy with fresh weights for an environment, to learn without demonstrations.
import { findEnvironment } from "../envs/registry.js";
import type { Normalization } from "../normalization.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import { freshPolicy } from "../pretrain/pretrain.js";
import type { PolicyDescription } from "./policy-description.js";

/**
 * Draws the weights from `seed`.
 *
 * @param normalization statistics to act with; without them the policy sees and answers with raw numbers.
 * @throws InputError for an unknown environment or an invalid description.
 */
export async function scratchPolicy(
  description: Pick<PolicyDescription, "for">,
  env: string,
  seed: number,
  normalization?: Normalization,
): Promise<TrainedPolicy> {
  const { observationDimension, actionDimension } = await findEnvironment(env);
  const model = description.for({ observationDimension, actionDimension });
  const statistics = normalization ?? rawNumbers(observationDimension, actionDimension);
  return freshPolicy(model, { normalization: statistics, name: env }, seed);
}

function rawNumbers(observationDimension: number, actionDimension: number): Normalization {
  const bounds = (size: number, bound: number) => new Float32Array(size).fill(bound);
  return {
    observationMin: bounds(observationDimension, -1),
    observationMax: bounds(observationDimension, 1),
    actionMin: bounds(actionDimension, -1),
    actionMax: bounds(actionDimension, 1),
  };
}
