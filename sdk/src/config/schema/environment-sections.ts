// What `env_name` can name: families of environments with the keys of `env:` that only they have. Which environments exist
// is the registry's answer (envs/registry.ts); those listed here and not there are waited for.
import { z } from "zod";
import { builtInEnvironment, isBuiltIn, withCameras, withContacts } from "../../envs/registry.js";
import { optional, text } from "./fields.js";

interface EnvironmentFamily {
  readonly names: readonly string[];
  /** Below `env:`, besides the common keys. */
  readonly env: z.ZodRawShape;
  /** The environment that `env:` describes, where it does so beside `env_name`. */
  readonly environment?: (name: string, env: unknown) => string;
  /** The cameras that `env:` names. */
  readonly cameras?: (env: unknown) => readonly string[];
  /** Whether the reference would show what happens in a window. */
  readonly opensWindow?: (env: unknown) => boolean;
}

const { flag } = optional;

/** Robots of D4RL: with the data set recorded in them, or the bare id. */
const locomotion = ["hopper", "walker2d", "halfcheetah"].flatMap((robot) => [`${robot}-medium-v2`, `${robot}-v2`]);
const observations = { lowDimKeys: z.array(text).optional().describe("parts of an observation, in this order") };

const furniture = z
  .strictObject({
    furniture: z.enum(["lamp", "one_leg", "round_table"]).optional().describe("what is put together"),
    randomness: z.enum(["low", "med", "high"]).optional().describe("how much the starts vary"),
    contacts: z
      .enum(["primitives", "sdf"])
      .optional()
      .describe("what threads do: a rule, or what their surfaces do that meet, which takes ten times as long"),
    headless: flag.describe("false films some episodes, as env.save_video does; there are no windows"),
    sparseReward: z.literal(true).optional().describe("a chunk's reward is the sum of its steps'; there is no other"),
  })
  .optional();
const pictured = z.object({ imageKeys: z.array(z.string()).default([]) });
const camerasOf = (env: unknown): readonly string[] =>
  pictured.parse(env ?? {}).imageKeys.map((key) => key.replace(/_image$/, ""));
const furnitureEnvironment = z.object({ specific: furniture });

const families = {
  locomotion: {
    names: [
      ...locomotion,
      ...["ant-medium-expert-v0", "ant-medium-expert-v2", "ant-v0", "ant-v2"],
      ...["humanoid-medium-v3", "Humanoid-medium-v3", "Humanoid-v3"],
    ],
    env: {},
  },
  kitchen: { names: ["kitchen-complete-v0", "kitchen-mixed-v0", "kitchen-partial-v0"], env: {} },
  robomimic: {
    names: ["lift", "can", "square", "transport"],
    env: { ...observations, imageKeys: z.array(text).optional().describe("pictures of cameras, <camera>_image") },
    environment(name, env) {
      const cameras = camerasOf(env);
      return cameras.length > 0 ? withCameras(name, ...cameras) : name;
    },
    cameras: camerasOf,
  },
  d3il: { names: ["avoiding-m5"], env: { saveFullObservations: flag } },
  furniture: {
    names: ["lamp", "one_leg", "round_table"].flatMap((task) => [`${task}_low_dim`, `${task}_med_dim`]),
    env: {
      envType: z.literal("furniture").optional(),
      specific: furniture,
    },
    environment(name, env) {
      const [, task, level] = /^(.*)_(low|med)_dim$/.exec(name)!;
      const { specific } = furnitureEnvironment.parse(env ?? {});
      const made = [specific?.furniture ?? task, specific?.randomness ?? level, "dim"].join("_");
      return withContacts(made, specific?.contacts ?? "primitives");
    },
    opensWindow: (env) => furnitureEnvironment.parse(env ?? {}).specific?.headless === false,
  },
} as const satisfies Record<string, EnvironmentFamily>;

/** Keys of `env:` that belong to the family of an environment; none for one that is not listed. */
export function environmentKeys(name: string): z.ZodRawShape {
  return familyOf(name)?.env ?? {};
}

/** Whether nothing is seen of it but its state. */
export function isBlind(name: string, env: unknown): boolean {
  const environment = environmentIn(name, env);
  return isBuiltIn(environment) && builtInEnvironment(environment).pictures === undefined;
}

/** The environment to make for `env_name` and the values of `env:`. */
export const environmentIn = (name: string, env: unknown) => familyOf(name)?.environment?.(name, env) ?? name;

/** The cameras that a policy sees it through. */
export const camerasIn = (name: string, env: unknown): readonly string[] => familyOf(name)?.cameras?.(env) ?? [];

/** Whether the reference would open a window, in whose place episodes are filmed. */
export const opensWindow = (name: string, env: unknown) => familyOf(name)?.opensWindow?.(env) ?? false;

/** "environment can" if that is still to be written. */
export function missingEnvironment(name: string, env: unknown): string | undefined {
  const made = familyOf(name) && environmentIn(name, env);
  return made === undefined || isBuiltIn(made) ? undefined : `environment ${name}`;
}

function familyOf(name: string): EnvironmentFamily | undefined {
  return Object.values<EnvironmentFamily>(families).find(({ names }) => names.includes(name));
}
