// What `env_name` can name: families of environments with the keys of `env:` that only they have. Which environments exist
// is the registry's answer (envs/registry.ts); those listed here and not there are waited for.
import { z } from "zod";
import { environmentNames } from "../../envs/registry.js";
import { optional, text } from "./fields.js";

interface EnvironmentFamily {
  readonly names: readonly string[];
  /** Below `env:`, besides the common keys. */
  readonly env: z.ZodRawShape;
}

const { flag } = optional;

/** Robots of D4RL: with the data set recorded in them, or the bare id. */
const locomotion = ["hopper", "walker2d", "halfcheetah"].flatMap((robot) => [`${robot}-medium-v2`, `${robot}-v2`]);
const observations = { lowDimKeys: z.array(text).optional().describe("parts of an observation, in this order") };

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
    env: { ...observations, imageKeys: z.array(text).optional().describe("cameras") },
  },
  d3il: { names: ["avoiding-m5"], env: { saveFullObservations: flag } },
  furniture: {
    names: ["lamp", "one_leg", "round_table"].flatMap((task) => [`${task}_low_dim`, `${task}_med_dim`]),
    env: {
      envType: z.literal("furniture").optional(),
      specific: z
        .strictObject({
          furniture: z.enum(["lamp", "one_leg", "round_table"]).optional(),
          randomness: z.enum(["low", "med", "high"]).optional(),
          headless: flag.describe("false shows the simulation in a window"),
          sparseReward: flag,
        })
        .optional(),
    },
  },
} as const satisfies Record<string, EnvironmentFamily>;

/** Keys of `env:` that belong to the family of an environment; none for one that is not listed. */
export function environmentKeys(name: string): z.ZodRawShape {
  return familyOf(name)?.env ?? {};
}

/** "environment can" if `name` is one that is still to be written. */
export function missingEnvironment(name: string): string | undefined {
  return familyOf(name) && !environmentNames.includes(name) ? `environment ${name}` : undefined;
}

function familyOf(name: string): EnvironmentFamily | undefined {
  return Object.values<EnvironmentFamily>(families).find(({ names }) => names.includes(name));
}
