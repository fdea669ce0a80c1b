// The environments that exist, by name. A new one is a line in `environments`.
import { fail, nearest } from "../errors.js";
import { shownValue } from "../schema-issues.js";
import { defineEnvironment, type EnvironmentDefinition, type EnvironmentSource } from "./environment.js";
import { importEnvironment, isModule } from "./environment-module.js";
import { avoidingTasks } from "./d3il/avoiding.js";
import { furnitureTasks, surfacedFurniture, withContacts } from "./furniture/furniture.js";
import { kitchens } from "./kitchen/kitchen.js";
import { ant, antV4 } from "./locomotion/ant.js";
import { halfCheetah, halfCheetahV4 } from "./locomotion/half-cheetah.js";
import { hopper, hopperV4 } from "./locomotion/hopper.js";
import { humanoid } from "./locomotion/humanoid.js";
import { can } from "./robomimic/can.js";
import { lift } from "./robomimic/lift.js";
import { square } from "./robomimic/square.js";
import { transport } from "./robomimic/transport.js";
import { pictured, picturedManipulations, usualCameras, withCameras } from "./robomimic/pictured.js";
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
  ...kitchens,
  ...[lift, can, square, transport],
  ...picturedManipulations,
  ...furnitureTasks,
];

const byName = new Map(
  environments.flatMap((environment) => [environment.name, ...environment.aliases].map((name) => [name, environment])),
);

/** The name of each, without its aliases. */
export const builtInNames: readonly string[] = environments.map(({ name }) => name);

/** All names that {@link findEnvironment} knows, aliases included. */
export const environmentNames: readonly string[] = [...byName.keys()];

/**
 * The environment called `env`; where `env` is the `file:` URL or the path of a module, its default export; or `env` itself.
 * @throws InputError DMPO_ENV_UNKNOWN with the nearest known name, DMPO_ENV_MODULE, DMPO_ENV_DEFINITION.
 */
export async function findEnvironment(env: EnvironmentSource): Promise<EnvironmentDefinition> {
  if (typeof env !== "string") return defineEnvironment(definitionIn(env));
  return isModule(env) ? defineEnvironment(await importEnvironment(env)) : builtInEnvironment(env);
}

function definitionIn(env: Exclude<EnvironmentSource, string>): Exclude<EnvironmentSource, string> {
  if (typeof env === "object" && (env as unknown) !== null) return env;
  const expected = "the name of an environment, the path of a module, or a definition";
  return fail("DMPO_ENV_UNKNOWN", "env", env === undefined ? "is missing" : `is ${shownValue(env)}`, expected);
}

/** What folders and titles call it: a name of this package as it was given, else the name in the definition. */
export async function environmentTitle(env: EnvironmentSource): Promise<string> {
  return typeof env === "string" && !isModule(env) ? env : (await findEnvironment(env)).name;
}

/**
 * The environment of this package called `env`.
 * @throws InputError DMPO_ENV_UNKNOWN with the nearest known name.
 */
export function builtInEnvironment(env: string): EnvironmentDefinition {
  const found = lookUp(env);
  if (found) return found;
  const guess = nearest(env, environmentNames);
  return fail(
    "DMPO_ENV_UNKNOWN",
    "env",
    `there is no environment "${env}"`,
    `one of ${builtInNames.join(", ")}, or the name of a dataset recorded in one`,
    guess ? `did you mean "${guess}"?` : "an environment of your own is given as its definition or module: env: ...",
  );
}

/** Whether {@link builtInEnvironment} knows `env`. */
export const isBuiltIn = (env: string): boolean => lookUp(env) !== undefined;

/** Where this package's environment called `env` cuts normalised observations off; undefined for other names, and where none are. */
export const observationBoundIn = (env: string): number | undefined => lookUp(env)?.observationBound;

function lookUp(env: string): EnvironmentDefinition | undefined {
  return (
    byName.get(env) ?? environments.find(({ pattern }) => pattern?.test(env)) ?? pictured(env) ?? surfacedFurniture(env)
  );
}

export { usualCameras, withCameras, withContacts };
