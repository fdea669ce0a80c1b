// The options of a run: the algorithm's own and, where it explores, those of the policy's path and of what explores.
import type { z } from "zod";
import type { PolicyModel } from "../policies/policy-model.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import type { AnyAlgorithm } from "./algorithm.js";

type Definition = Pick<PolicyModel["definition"], "path">;

/** Schema of everything that can be set when `algorithm` trains `policy`. */
export function runOptions(
  algorithm: Pick<AnyAlgorithm, "options" | "explores">,
  { definition: { path } }: { readonly definition: Definition },
): z.ZodObject {
  if (!algorithm.explores || !path) return algorithm.options;
  const { explorer } = path;
  return algorithm.options.extend({
    ...path.options.shape,
    ...(explorer && { noiseNet: explorer.options.prefault({}) }),
  });
}

/** The options in `options` that belong to the path. */
export function pathOptions(
  options: Readonly<Record<string, unknown>>,
  { definition: { path } }: { readonly definition: Definition },
) {
  const names = Object.keys(path?.options.shape ?? {});
  return Object.fromEntries(names.filter((name) => name in options).map((name) => [name, options[name]]));
}

/** The policy that training begins with: without critics to choose by, with the options that its path implies. */
export function startingPolicy(
  { explores }: Pick<AnyAlgorithm, "explores">,
  base: TrainedPolicy,
  options: Readonly<Record<string, unknown>>,
): TrainedPolicy {
  const plain = base.withoutChoice();
  const { path } = plain.model.definition;
  return explores && path?.policyOptions
    ? plain.withOptions({ ...path.policyOptions(pathOptions(options, plain.model)) })
    : plain;
}
