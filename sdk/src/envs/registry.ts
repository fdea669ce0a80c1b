// The environments that exist, by name. A new one is a line in `environments`.
import { fail, nearest } from "../errors.js";
import type { EnvironmentDefinition } from "./environment.js";
import { avoidingTasks } from "./d3il/avoiding.js";
import { ant, antV4 } from "./locomotion/ant.js";
import { halfCheetah, halfCheetahV4 } from "./locomotion/half-cheetah.js";
import { hopper, hopperV4 } from "./locomotion/hopper.js";
import { humanoid } from "./locomotion/humanoid.js";
import { walker2d, walker2dV4 } from "./locomotion/walker2d.js";

const environments: readonly EnvironmentDefinition[] = [
  hopper,
  walker2d,
  halfCheetah,
  ant,
  humanoid,
  hopperV4,
  walker2dV4,
  halfCheetahV4,
  antV4,
  ...avoidingTasks,
];

const byName = new Map(
  environments.flatMap((environment) => [environment.name, ...environment.aliases].map((name) => [name, environment])),
);

/** All names that {@link findEnvironment} knows, aliases included. */
export const environmentNames: readonly string[] = [...byName.keys()];

/**
 * The environment called `env`, or, where `env` is the `file:` URL of a module, its default export: an
 * {@link EnvironmentDefinition} from outside this package.
 * @throws InputError DMPO_ENV_UNKNOWN with the nearest known name.
 */
export async function findEnvironment(env: string): Promise<EnvironmentDefinition> {
  if (env.startsWith("file:")) return ((await import(env)) as { default: EnvironmentDefinition }).default;
  return builtInEnvironment(env);
}

/**
 * The environment of this package called `env`.
 * @throws InputError DMPO_ENV_UNKNOWN with the nearest known name.
 */
export function builtInEnvironment(env: string): EnvironmentDefinition {
  const found = byName.get(env) ?? environments.find(({ pattern }) => pattern?.test(env));
  if (found) return found;
  const guess = nearest(env, environmentNames);
  return fail(
    "DMPO_ENV_UNKNOWN",
    "env",
    `there is no environment "${env}"`,
    `one of ${environments.map(({ name }) => name).join(", ")}, or the name of a dataset recorded in one`,
    guess && `did you mean "${guess}"?`,
  );
}
