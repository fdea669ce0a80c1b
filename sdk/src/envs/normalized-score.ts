// Scores that compare across environments. Fu et al. 2020, "D4RL", section 5.
import { fail } from "../errors.js";
import type { EnvironmentDefinition } from "./environment.js";
import { builtInEnvironment } from "./registry.js";

/**
 * An episode's return in per cent of the way from a random policy (0) to an expert (100); may lie outside.
 * @param env name, e.g. "hopper-medium-v2", or a definition.
 * @throws InputError DMPO_ENV_UNKNOWN, or DMPO_ENV_SCORE where nobody has published the two returns (humanoid).
 */
export function normalizedScore(env: string | EnvironmentDefinition, episodeReturn: number): number {
  const { name, referenceReturns } = typeof env === "string" ? builtInEnvironment(env) : env;
  if (!referenceReturns) {
    return fail(
      "DMPO_ENV_SCORE",
      "env",
      `${name} has no reference returns`,
      "an environment of D4RL's",
      "use the return itself",
    );
  }
  const { random, expert } = referenceReturns;
  return (100 * (episodeReturn - random)) / (expert - random);
}
