// Which checkpoint a command of the guide begins with: that of an earlier command, or of a pre-training the guide does not name.
import { join } from "node:path";
import { commandOf } from "../../sdk/src/cli/coverage.js";
import { resolveConfig, type ResolvedConfig } from "../../sdk/src/config/run/experiment.js";
import { configNames, projectConfigRoot } from "../../sdk/src/config/run/locations.js";
import { camelCaseKeys, toCamelCase, toSnakeCase } from "../../sdk/src/config/language/naming.js";
import { algorithmSections } from "../../sdk/src/config/schema/algorithm-sections.js";
import { environmentIn } from "../../sdk/src/config/schema/environment-sections.js";
import { builtInEnvironment } from "../../sdk/src/envs/registry.js";
import { networkFamily } from "../../sdk/src/policies/policy-model.js";
import { findPolicy } from "../../sdk/src/policies/registry.js";
import { algorithms } from "../../sdk/src/rl/registry.js";

export interface Command {
  /** As the guide has it, without `dmpo run`. */
  readonly line: string;
  /** cfg/... */
  readonly directory: string;
  readonly name: string;
  readonly overrides: readonly string[];
  readonly resolved: ResolvedConfig;
}

export function commandFrom(line: string): Command {
  const [directory, name, ...overrides] = line.split(/\s+/) as [string, string, ...string[]];
  const value = (flag: string) => flag.slice(flag.indexOf("=") + 1);
  const folder = join(projectConfigRoot, value(directory).replace(/^cfg\//, ""));
  const resolved = resolveConfig(folder, value(name), overrides);
  return { line, directory: value(directory), name: value(name), overrides, resolved };
}

type Values = Readonly<Record<string, unknown>>;

const at = (config: Values, path: string): unknown =>
  path.split(".").reduce<unknown>((node, key) => (node as Values | null | undefined)?.[key], config);

/** Whether it begins with a trained policy. */
export function wantsBase({ resolved }: Command): boolean {
  const experiment = resolved.experiment();
  return experiment.stage === "eval" || (experiment.stage === "finetune" && experiment.options.objective === null);
}

/** Whether the guide names a fine-tuned policy. */
export const wantsTuned = ({ overrides }: Command): boolean => overrides.some((one) => one.includes("finetuned"));

/** Pre-training configurations of the command's group, most alike first; those that cannot fit are left out. */
export function preparations(command: Command): Command[] {
  const group = command.directory.split("/")[1]!;
  const lines = configNames(projectConfigRoot)
    .filter((name) => name.startsWith(`${group}/pretrain/`))
    .map(commandOf);
  return fitting(command, lines.map(commandFrom));
}

/** Commands whose checkpoints the command can begin with, most alike first. */
export function fitting(command: Command, earlier: readonly Command[]): Command[] {
  const wanted = needsOf(command.resolved);
  return earlier
    .map((one) => ({ one, distance: distance(wanted, one.resolved) }))
    .filter(({ distance: far }) => far < Infinity)
    .sort((a, b) => a.distance - b.distance)
    .map(({ one }) => one);
}

interface Needs {
  readonly policy: string;
  readonly network: Values | null;
  readonly envName: string;
  readonly config: Values;
  /** An algorithm whose runs hand on more than the policy. */
  readonly algorithm: string | undefined;
}

function needsOf({ policy, envName, config, algorithm }: ResolvedConfig): Needs {
  const section = algorithm === undefined ? undefined : algorithmSections[algorithm]!;
  const network = at(config, section?.networkKey ?? "model.network") as Values | null;
  const handsOn = algorithm !== undefined && algorithms[algorithm]!.handsOn !== undefined;
  return { policy, envName, config, network, algorithm: handsOn ? algorithm : undefined };
}

/** The teacher of a policy that has one, as a command's need. */
export function teacherNeeds({ resolved }: Command): Needs | undefined {
  const teacher = resolved.config.teacher as { readonly type?: string; readonly network: Values } | undefined;
  if (!teacher?.type) return undefined;
  const { type, network } = teacher;
  return { policy: type, network, envName: resolved.envName, config: resolved.config, algorithm: undefined };
}

export function fittingTeachers(needs: Needs, earlier: readonly Command[]): Command[] {
  return earlier.filter(({ resolved }) => distance(needs, resolved) < Infinity && resolved.stage === "pretrain");
}

/** 0 where all that the configuration states of the policy is the same, more with every difference; Infinity where it cannot fit. */
function distance(wanted: Needs, { policy, envName, algorithm, config }: ResolvedConfig): number {
  const task = (name: string, { env }: Values) => builtInEnvironment(environmentIn(name, camelCaseKeys(env))).name;
  if (policy !== wanted.policy || task(envName, config) !== task(wanted.envName, wanted.config)) return Infinity;
  if ((wanted.algorithm ?? "") !== (algorithm ?? "")) {
    if (wanted.algorithm !== undefined || algorithms[algorithm!]?.handsOn) return Infinity;
  }
  const sizes = ["horizon_steps", "cond_steps", "img_cond_steps", "obs_dim"];
  if (sizes.some((key) => config[key] !== wanted.config[key])) return Infinity;
  const definition = findPolicy(policy);
  const network = at(config, "model.network") as Values | null;
  const type = (network?.type ?? wanted.network?.type) as string | undefined;
  const { training = [] } = networkFamily(definition, type).family;
  const untrained = Object.entries(wanted.network ?? {}).filter(([key]) => !training.includes(toCamelCase(key)));
  const differences = untrained.filter(([key, value]) => !same(network?.[key], value)).length;
  const trained = Object.keys(definition.training.keys ?? {}).map(toSnakeCase);
  const others = trained.filter((key) => {
    const [own, theirs] = [at(config, key), at(wanted.config, key)];
    return own !== undefined && theirs !== undefined && !same(own, theirs);
  });
  return differences + others.length;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
