// Every policy by its name.
import { fail, nearest } from "../errors.js";
import { MeanFlow } from "./mean-flow.js";

export const policies = { [MeanFlow.name]: MeanFlow } as const;

export type PolicyName = keyof typeof policies;

/** @throws InputError naming the known policies. */
export function findPolicy(name: string): (typeof policies)[PolicyName] {
  if (Object.hasOwn(policies, name)) return policies[name as PolicyName];
  const known = Object.keys(policies);
  const similar = nearest(name, known);
  fail(
    "DMPO_POLICY",
    "policy",
    `"${name}" is unknown`,
    `one of ${known.join(", ")}`,
    similar && `did you mean "${similar}"?`,
  );
}
