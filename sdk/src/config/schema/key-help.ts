// What a configuration may say under a key, and which kinds of configurations have it: `dmpo config help`.
import { InputError, nearest } from "../../errors.js";
import { optionHelp, type OptionHelp } from "../../option-help.js";
import { policies } from "../../policies/registry.js";
import { algorithms } from "../../rl/registry.js";
import { toSnakeCase } from "../language/naming.js";
import { schemaOf, type Selection } from "./schemas.js";

/** One meaning of a key. */
export interface KeyHelp {
  readonly help: OptionHelp;
  /** Stages and algorithms that have it, with the policies where not all of them do, e.g. "pretrain, ppo (meanflow, reflow)". */
  readonly where: readonly string[];
}

/** One of each kind that exists; a name of an environment changes only keys of `env`. */
function selections(): Selection[] {
  const chosen = Object.entries(policies).flatMap(([policy, { networks }]) =>
    Object.keys(networks).map((network) => ({ policy, network, envName: "avoiding-m5" })),
  );
  return chosen.flatMap((one) => [
    { ...one, stage: "pretrain" as const },
    { ...one, stage: "eval" as const },
    ...Object.keys(algorithms).map((algorithm) => ({ ...one, stage: "finetune" as const, algorithm })),
  ]);
}

/** All meanings of a key such as "train.gamma", of a section too. @throws InputError for one that no configuration has. */
export function keyHelp(key: string): KeyHelp[] {
  const found = new Map<string, { help: OptionHelp; places: Map<string, Set<string>> }>();
  const known = new Set<string>();
  const having = new Map<string, Set<string>>();
  for (const selection of selections()) {
    const { stage, algorithm, policy } = selection;
    const place = algorithm ?? stage;
    add(having, place, policy);
    const keys = new Map(flat(optionHelp(schemaOf(selection))));
    for (const path of keys.keys()) known.add(path);
    const help = keys.get(key);
    if (!help) continue;
    const meaning = JSON.stringify({ ...help, options: help.options?.map(({ name }) => name) });
    const { places } = found.get(meaning) ?? found.set(meaning, { help, places: new Map() }).get(meaning)!;
    add(places, place, policy);
  }
  if (found.size === 0) {
    const near = nearest(key, known) ?? [...known].find((path) => path.endsWith(`.${key}`));
    const problem = {
      path: key,
      wrong: "is no key of any configuration",
      expected: "a key such as train.gamma, or a section such as train",
      remedy: near && `did you mean "${near}"?`,
    };
    throw new InputError("DMPO_UNKNOWN_KEY", [problem]);
  }
  return [...found.values()].map(({ help, places }) => {
    // Places that have it with the same policies stand together.
    const together = new Map<string, Set<string>>();
    for (const [place, names] of places) {
      const isAll = names.size === having.get(place)!.size;
      add(together, isAll ? "" : ` (${[...names].join(", ")})`, place);
    }
    return { help, where: [...together].map(([names, same]) => `${[...same].join(", ")}${names}`) };
  });
}

function add(groups: Map<string, Set<string>>, name: string, member: string): void {
  groups.set(name, (groups.get(name) ?? new Set()).add(member));
}

/** Every key with its dotted path, as configurations write it. */
function flat(options: readonly OptionHelp[], before = ""): [string, OptionHelp][] {
  return options.flatMap((option) => {
    const path = before + toSnakeCase(option.name);
    return [[path, option] as [string, OptionHelp], ...flat(option.options ?? [], `${path}.`)];
  });
}
