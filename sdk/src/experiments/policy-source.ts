// A policy however it is given.
import type { TrainedPolicy } from "../policies/trained-policy.js";
import { loadPolicy } from "./load-policy.js";

/** A policy, a run that ended with one, or the path or address of a checkpoint as {@link loadPolicy} takes it. */
export type PolicySource = TrainedPolicy | { readonly policy: TrainedPolicy } | string;

export async function policyOf(source: PolicySource): Promise<TrainedPolicy> {
  if (typeof source === "string") return loadPolicy(source);
  return "policy" in source ? source.policy : source;
}
