// A policy however it is given.
import { fail } from "../errors.js";
import { shownValue } from "../schema-issues.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import { loadPolicy } from "./load-policy.js";

/** A policy, a run that ended with one, or the path or address of a checkpoint as {@link loadPolicy} takes it. */
export type PolicySource = TrainedPolicy | { readonly policy: TrainedPolicy } | string;

/** @throws InputError `DMPO_POLICY` for something else, and as {@link loadPolicy}. */
export async function policyOf(source: PolicySource): Promise<TrainedPolicy> {
  if (typeof source === "string") return loadPolicy(source);
  const isObject = typeof source === "object" && (source as unknown) !== null;
  const policy = isObject && "policy" in source ? source.policy : source;
  if (isObject && typeof (policy as Partial<TrainedPolicy> | undefined)?.model === "object")
    return policy as TrainedPolicy;
  return fail(
    "DMPO_POLICY",
    "policy",
    isObject ? "is an object without weights" : `is ${shownValue(source)}`,
    "a policy, a run that ended with one, or the path or address of a checkpoint",
    "pre-train one, or `await loadPolicy(PATH)`",
  );
}
