// Which parts a valid configuration waits for. Everything is derived from the registries, so that a part that comes to exist
// makes its configurations run.
import { missingEnvironment } from "./environment-sections.js";
import { policySections } from "./policy-sections.js";
import type { Selection } from "./schemas.js";

/** "network VisionFlowMLP", "environment can", ...: in the order network, environment. */
export function missingParts(
  { stage, policy, network, envName }: Selection,
  config: Readonly<Record<string, unknown>>,
): string[] {
  const acts = stage !== "pretrain" || config.testInMujoco === true;
  return [policySections[policy]!.networks[network]!.waitsFor, acts ? missingEnvironment(envName) : undefined].filter(
    (part) => part !== undefined,
  );
}
