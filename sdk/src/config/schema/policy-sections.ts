// What `policy.type` can name, and the keys that come with it: they follow from the definitions of the policies.
import { z } from "zod";
import type { AnyPolicy } from "../../policies/definition.js";
import type { Keys } from "../../options.js";
import { policies } from "../../policies/registry.js";
import { optionalText, withoutDefault } from "./fields.js";
import type { Extra, Section } from "./keys.js";
import { teacherNetwork, type NetworkSection } from "./networks.js";

export interface PolicySection {
  /** By `model.network.type`; the first is the default. */
  readonly networks: Readonly<Record<string, NetworkSection>>;
  /** In pre-training. */
  readonly pretraining: Section;
  readonly evaluation?: Section;
  /** In learning stages, whatever the algorithm. */
  readonly learning?: Section;
  /** How it explores, for algorithms that ask. */
  readonly path?: AnyPolicy["path"];
}

/** Keys that may be left out: the checkpoint has a value. */
function anew(keys: Keys, options: z.ZodObject): Section {
  const entries = Object.entries(keys).map(([key, option]) => [
    key,
    withoutDefault(options.shape[option] as z.ZodType),
  ]);
  return { extra: Object.fromEntries(entries) as Extra };
}

/** Where a policy that has a teacher finds it. A checkpoint knows what it is; stating that checks it. */
const teacher = {
  teacherPath: optionalText.describe("checkpoint of the trained flow to learn from"),
  teacher: z
    .strictObject({
      type: z.enum(Object.values(policies).flatMap((policy) => ("advance" in policy ? [policy.name] : []))).optional(),
      network: teacherNetwork.prefault({}),
    })
    .prefault({}),
};

function sectionOf(definition: AnyPolicy): PolicySection {
  const { keys, options, networks, path, training, acting } = definition;
  const space = { horizonSteps: 1, actionDim: 1, state: [1, 1], rgb: [1, 1, 1, 1] } as const;
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
    networks: Object.fromEntries(families),
    pretraining: { tables: [{ keys, options }], ...(training.teacher && { extra: teacher }) },
    ...((training.keys ?? acting.keys) && { evaluation: anew(later, options), learning: anew(inLearning, options) }),
    path,
  };
}

export const policySections: Readonly<Record<string, PolicySection>> = Object.fromEntries(
  Object.values(policies).map((definition) => [definition.name, sectionOf(definition)]),
);
