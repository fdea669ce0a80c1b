// Which parts a valid configuration waits for. Everything is derived from the registries, so that a part that comes to exist
// makes its configurations run.
import { missingEnvironment } from "./environment-sections.js";
import type { Selection } from "./schemas.js";

/** "environment lift" if that is still to be written and the stage acts in it. */
export function missingParts({ stage, envName }: Selection, config: Readonly<Record<string, unknown>>): string[] {
  const acts = stage !== "pretrain" || config.testInMujoco === true;
  return [acts ? missingEnvironment(envName, config.env) : undefined].filter((part) => part !== undefined);
}
