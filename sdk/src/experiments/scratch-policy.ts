// A policy with fresh weights for an environment, to learn without demonstrations.
import type { EnvironmentSource } from "../envs/environment.js";
import { environmentTitle, findEnvironment } from "../envs/registry.js";
import { rawNumbers, type Normalization } from "../normalization.js";
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
  env: EnvironmentSource,
  seed: number,
  normalization?: Normalization,
): Promise<TrainedPolicy> {
  const { observationDimension, actionDimension, pictures } = await findEnvironment(env);
  const model = description.for({ observationDimension, actionDimension, images: pictures && { shape: pictures } });
  const statistics = normalization ?? rawNumbers(observationDimension, actionDimension);
  return freshPolicy(model, { normalization: statistics, name: await environmentTitle(env) }, seed);
}
