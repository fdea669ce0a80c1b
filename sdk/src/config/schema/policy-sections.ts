// What `policy.type` can name, and the keys that come with it. Those of policies that exist follow from their definitions; for
// the others stands here what they will have.
import { z } from "zod";
import type { AnyPolicy } from "../../policies/definition.js";
import { dispersiveKeys, dispersiveOptions } from "../../policies/dispersive.js";
import { meanFlow } from "../../policies/mean-flow.js";
import type { Keys } from "../../options.js";
import { policies } from "../../policies/registry.js";
import { timeDistribution } from "../../policies/time-sampling.js";
import { optional, optionalText } from "./fields.js";
import type { Extra, Section } from "./keys.js";
import { plannedNetworks, teacherNetwork, type NetworkSection } from "./networks.js";

export interface PolicySection {
  /** By `model.network.type`; the first is the default. */
  readonly networks: Readonly<Record<string, NetworkSection>>;
  /** In pre-training; in evaluation too, as far as it stands below `model:`, where the policy is still to be written. */
  readonly pretraining: Section;
  readonly evaluation?: Section;
  /** In learning stages, whatever the algorithm. */
  readonly learning?: Section;
  /** How it explores, for algorithms that ask. */
  readonly path?: AnyPolicy["path"];
  /** What has to be written before it works, such as "policy ReFlow". */
  readonly waitsFor?: string;
}

const { count, positive } = optional;

const actionRange = { actMin: z.number().default(-1), actMax: z.number().default(1) };
const flow = z.strictObject({ times: timeDistribution.unwrap().prefault({ type: "uniform" }), ...actionRange });
const flowChain = {
  timeDimExplore: z.int().nonnegative().optional().describe("0: the noise net reads the policy's embedding of time"),
};

/** Everything below one key. */
const below = (section: string, shape: z.ZodRawShape): Extra =>
  Object.fromEntries(Object.entries(shape).map(([name, schema]) => [`${section}.${name}`, schema as z.ZodType]));

const dispersive = {
  keys: dispersiveKeys,
  options: z.object({ dispersive: dispersiveOptions.nullable().default(null) }),
};
const shortcut = flow.extend({
  delta: z.number().positive().default(1e-5),
  selfConsistencyK: z.number().min(0).max(1).default(0.25),
});
const consistency = z.strictObject({ ...actionRange, sigmaMin: positive, sigmaMax: positive, numTrainingSteps: count });

const planned: Readonly<Record<string, Omit<PolicySection, "networks">>> = {
  shortcut: {
    pretraining: { tables: [dispersive], extra: below("model", shortcut.shape) },
    evaluation: { extra: below("model", shortcut.shape) },
    learning: { extra: below("model", flowChain) },
    path: meanFlow.path,
    waitsFor: "policy Shortcut",
  },
  consistency: {
    pretraining: {
      extra: {
        ...below("model", consistency.shape),
        teacherPath: optionalText.describe("checkpoint of the flow to distil"),
        teacher: z
          .strictObject({
            type: z.enum(["reflow", "shortcut"]).default("reflow"),
            maxDenoisingSteps: count,
            network: teacherNetwork.extend({ type: z.enum(["mlp", "vit"]).default("vit") }).prefault({}),
          })
          .prefault({}),
      },
    },
    evaluation: { extra: below("model", consistency.shape) },
    waitsFor: "policy Consistency",
  },
};

/** Keys that may be left out: the checkpoint has a value. */
function anew(keys: Keys, options: z.ZodObject): Section {
  const unset = (schema: z.ZodType) => (schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType) : schema);
  const entries = Object.entries(keys).map(([key, option]) => [
    key,
    unset(options.shape[option] as z.ZodType).optional(),
  ]);
  return { extra: Object.fromEntries(entries) as Extra };
}

function existing(definition: AnyPolicy): PolicySection {
  const { name, keys, options, networks, path, training, acting } = definition;
  const space = { horizonSteps: 1, actionDim: 1, state: [1, 1] } as const;
  const families = Object.entries(networks).map(([type, family]) => {
    // Sizes follow from the data or the environment.
    const given = Object.keys(family.sizes(space));
    const left = Object.entries(family.options.shape).filter(([option]) => !given.includes(option));
    return [type, { options: z.strictObject(Object.fromEntries(left)) }] as const;
  });
  const later = { ...training.keys, ...acting.keys };
  // What the path has is the path's.
  const inLearning = Object.fromEntries(Object.entries(later).filter(([key]) => !Object.hasOwn(path?.keys ?? {}, key)));
  return {
    networks: { ...Object.fromEntries(families), ...plannedNetworks[name] },
    pretraining: { tables: [{ keys, options }] },
    ...((training.keys ?? acting.keys) && { evaluation: anew(later, options), learning: anew(inLearning, options) }),
    path,
  };
}

export const policySections: Readonly<Record<string, PolicySection>> = {
  ...Object.fromEntries(
    Object.entries(planned).map(([name, section]) => [name, { ...section, networks: plannedNetworks[name]! }]),
  ),
  ...Object.fromEntries(Object.values(policies).map((definition) => [definition.name, existing(definition)])),
};
