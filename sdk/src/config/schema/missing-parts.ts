// Which parts a valid configuration waits for. Everything is derived from the registries, so that a part that comes to exist
// makes its configurations run.
import { algorithmSections } from "./algorithm-sections.js";
import { missingEnvironment } from "./environment-sections.js";
import { policySections } from "./policy-sections.js";
import type { Selection } from "./schemas.js";

/** "network VisionFlowMLP", "algorithm Cal-QL", ...: in the order network, algorithm, environment. */
export function missingParts(
  { stage, policy, network, algorithm, envName }: Selection,
  config: Readonly<Record<string, unknown>>,
): string[] {
  const method = algorithm === undefined ? undefined : algorithmSections[algorithm];
  const acts = stage !== "pretrain" || config.testInMujoco === true;
  return [
    policySections[policy]!.networks[network]!.waitsFor,
    method?.waitsFor,
    acts ? missingEnvironment(envName) : undefined,
  ].filter((part) => part !== undefined);
}
