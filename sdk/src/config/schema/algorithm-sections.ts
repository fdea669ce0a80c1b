// What `algorithm.type` can name, and the keys of learning that come with it: they follow from the definitions of the algorithms.
import type { AnyAlgorithm } from "../../learning/algorithm.js";
import { algorithms } from "../../rl/registry.js";
import type { KeyTable, Section } from "./keys.js";
import type { PolicySection } from "./policy-sections.js";

export interface AlgorithmSection {
  readonly learning: Section;
  /** Asks the policy how it explores: then the keys of its path belong to the configuration. */
  readonly explores?: Pick<AnyAlgorithm, "controlKeys" | "options">;
  /** May begin with fresh weights: then the keys of pre-training belong to the configuration. */
  readonly mayBeginFresh: boolean;
  /** Where the network of the policy is stated that it starts from. */
  readonly networkKey: string;
}

/** The tables of a path, and of what an algorithm sets its controls by. */
export function pathTables(
  { controlKeys = {}, options }: NonNullable<AlgorithmSection["explores"]>,
  path: NonNullable<PolicySection["path"]>,
): KeyTable[] {
  const { explorer } = path;
  // A policy that explores with a part of its own has a range of deviations to set.
  const controls = explorer ? [{ keys: controlKeys, options }] : [];
  return [{ keys: path.keys, options: path.options }, ...controls, ...(explorer ? [explorer] : [])];
}

const sectionOf = ({ keys, options, explores, controlKeys, ...algorithm }: AnyAlgorithm): AlgorithmSection => ({
  learning: { tables: [{ keys, options }] },
  ...(explores && { explores: { controlKeys, options } }),
  mayBeginFresh: algorithm.mayBeginFresh ?? false,
  networkKey: algorithm.baseNetworkKey ?? "model.network",
});

export const algorithmSections: Readonly<Record<string, AlgorithmSection>> = Object.fromEntries(
  Object.values(algorithms).map((definition) => [definition.name, sectionOf(definition)]),
);
