// Every policy by its name.
import { fail, nearest } from "../errors.js";
import type { AnyPolicy } from "./definition.js";
import { consistencyModel } from "./consistency.js";
import { diffusion } from "./diffusion.js";
import { gaussian } from "./gaussian.js";
import { gmm } from "./gmm.js";
import { meanFlow } from "./mean-flow.js";
import { oneStep } from "./one-step.js";
import { reFlow } from "./reflow.js";
import { shortcut } from "./shortcut.js";

export const policies = {
  [meanFlow.name]: meanFlow,
  [reFlow.name]: reFlow,
  [shortcut.name]: shortcut,
  [consistencyModel.name]: consistencyModel,
  [oneStep.name]: oneStep,
  [diffusion.name]: diffusion,
  [gaussian.name]: gaussian,
  [gmm.name]: gmm,
} as const;

export type PolicyName = keyof typeof policies;

/** @throws InputError naming the known policies. */
export function findPolicy(name: string): AnyPolicy {
  if (Object.hasOwn(policies, name)) return policies[name as PolicyName];
  const known = Object.keys(policies);
  const close = nearest(name, known);
  fail("DMPO_POLICY", "policy", `"${name}"`, `one of ${known.join(", ")}`, close && `did you mean "${close}"?`);
}
