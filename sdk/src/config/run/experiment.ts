// From a folder, a name and overrides to a validated experiment; every problem of a configuration is reported at once.
import type { z } from "zod";
import { fail, InputError, type Problem } from "../../errors.js";
import { userPath, withPathVariables } from "../../paths.js";
import { compose } from "../language/compose.js";
import { interpolate } from "../language/interpolation.js";
import { shortened } from "../schema/fast-dev-run.js";
import { locateConfig, shownPath } from "./locations.js";
import { missingParts } from "../schema/missing-parts.js";
import { camelCaseKeys, snakeCaseKeys, toCamelCase, toSnakeCase } from "../language/naming.js";
import {
  evalOptionsOf,
  finetuneOptionsOf,
  pretrainOptionsOf,
  type StageName,
  type StageOptions,
} from "../schema/options.js";
import { applyOverrides, parseOverrides, type Override } from "../language/overrides.js";
import { unknownKeys, validate } from "../schema/problems.js";
import { adaptReference, ourPath, ourValue, referenceEnvironment } from "../reference/reference.js";
import { isBlind } from "../schema/environment-sections.js";
import { pictureKeys, schemaDefaults } from "../schema/schema-keys.js";
import { schemaOf, type Selection } from "../schema/schemas.js";
import { select } from "../schema/selection.js";
import { typeValues } from "../schema/typed-values.js";
import { nest, originOf, remove, type Settings } from "../language/settings.js";

/** A valid configuration. */
export interface ResolvedConfig extends Selection {
  /** The configuration in the YAML's layout and names, with the defaults of all that has an effect. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Dotted path of a value of `config` -> "cfg/base/gym.yaml:3", "command line: seed=7" or "default". */
  readonly origins: (path: string) => string;
  /** Sentences for the person who started the run. */
  readonly notices: readonly string[];
  /** Parts that have to be written before it can run, such as "policy ReFlow"; empty if it runs. */
  readonly missing: readonly string[];
  /** @throws InputError `DMPO_CONFIG_WAITS` naming the missing parts. */
  readonly experiment: () => Experiment;
}

interface Resolved<S extends StageName> extends Pick<ResolvedConfig, "config" | "origins" | "notices"> {
  readonly stage: S;
  /** Name of the policy. */
  readonly policy: string;
  /** What the rooms take. */
  readonly options: StageOptions[S];
}

export type Experiment = { [S in StageName]: Resolved<S> }[StageName];

export interface ResolveContext {
  /** What ${now:...} shows; default the present. */
  readonly now?: Date;
  /** What ${oc.env:...} reads; default process.env with the folders of `dmpo paths`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The experiment of {@link resolveConfig}, where all its parts exist. @throws InputError */
export function resolveExperiment(...parameters: Parameters<typeof resolveConfig>): Experiment {
  return resolveConfig(...parameters).experiment();
}

/**
 * Composes `<configDir>/<configName>.yaml`, applies overrides ("train.n_epochs=3"), resolves interpolations and validates.
 * @throws InputError `DMPO_CONFIG_*`, `DMPO_OVERRIDE_*` with every problem: path, value, file and line, expectation, remedy.
 */
export function resolveConfig(
  configDir: string,
  configName: string,
  overrides: readonly string[] = [],
  { now = new Date(), environment = withPathVariables() }: ResolveContext = {},
): ResolvedConfig {
  const { file, root, notice } = locateConfig(configDir, configName);
  const notices = notice === undefined ? [] : [notice];
  const parsed = parseOverrides(overrides).map(underOurName);
  const referenceFiles: string[] = [];
  const settings = compose(file, root, (own, part) => {
    const adapted = adaptReference(own);
    if (adapted.isReference) referenceFiles.push(shownPath(part));
    return adapted;
  });
  applyOverrides(settings, parsed);

  const context = {
    now,
    environment: { ...referenceEnvironment(environment), ...environment },
    alias: (path: string) => ourPath(path),
  };
  const selection = select(settings, context);
  const schema = schemaOf(selection);
  typeValues(schema, settings);
  const interpolated = interpolate(settings, { ...context, defaults: schemaDefaults(schema) });
  const resolved = interpolated.settings;
  const addressed = withUserPaths(resolved);
  const ignored = removeUnknown(resolved, schema, referenceFiles);
  if (ignored.length > 0) notices.push(`these keys of the reference have no effect here: ${ignored.join(", ")}`);
  const valid = validate(schema, resolved, {
    known: [...interpolated.problems, ...addressed, ...removeMisspelt(resolved)],
    unresolved: interpolated.unresolved,
  });
  const isNamed = resolved.get("logdir")?.origin.startsWith("command line") ?? false;
  const { config, changed } = valid.fastDevRun ? shortened(valid, isNamed) : { config: valid, changed: [] as string[] };
  if (changed.length > 0)
    notices.push(`fast_dev_run: a try, whose results mean nothing; \`dmpo config show\` says what is smaller`);
  const missing = missingParts(selection, config);
  const shown = snakeCaseKeys(config) as ResolvedConfig["config"];
  const unseen = isBlind(selection.envName, config.env)
    ? pictureKeys(schema).filter((path) => !isStated(resolved, path))
    : [];
  const known = {
    config: without(shown, unseen),
    origins: (path: string) => (changed.includes(path) ? "fast_dev_run" : (resolved.get(path)?.origin ?? "default")),
    notices,
  };
  return { ...selection, ...known, missing, experiment: () => experimentOf(selection, config, known, missing) };
}

/** Whether the path, or one below it, was written somewhere. */
const isStated = (settings: Settings, path: string) =>
  [...settings.keys()].some((each) => each === path || each.startsWith(`${path}.`));

/** The configuration without the entries at `paths`. */
function without<T extends object>(config: T, paths: readonly string[]): T {
  const entries = Object.entries(config).filter(([key]) => !paths.includes(key));
  return Object.fromEntries(
    entries.map(([key, value]: [string, unknown]) => {
      const below = paths.filter((path) => path.startsWith(`${key}.`)).map((path) => path.slice(key.length + 1));
      return [key, below.length > 0 && typeof value === "object" && value !== null ? without(value, below) : value];
    }),
  ) as T;
}

function experimentOf(
  selection: Selection,
  config: Readonly<Record<string, unknown>>,
  known: Pick<ResolvedConfig, "config" | "origins" | "notices">,
  missing: readonly string[],
): Experiment {
  if (missing.length > 0) {
    const parts = missing.join(", ");
    fail(
      "DMPO_CONFIG_WAITS",
      String(config.name),
      `needs ${parts}, not part of this version`,
      "a configuration whose parts exist",
    );
  }
  const { stage, policy } = selection;
  switch (stage) {
    case "pretrain":
      return { ...known, stage, policy, options: pretrainOptionsOf(config, selection) };
    case "eval":
      return { ...known, stage, policy, options: evalOptionsOf(config, selection) };
    default:
      return { ...known, stage: "finetune", policy, options: finetuneOptionsOf(config, selection) };
  }
}

const pathKeys = [
  ...["logdir", "normalization_path", "base_policy_path", "resume_path"],
  ...["train_dataset_path", "offline_dataset_path", "teacher_path"],
] as const;

/** Reads `~` and `$NAME` in paths; returns what is wrong with them. */
function withUserPaths(settings: Settings): Problem[] {
  return pathKeys.flatMap((path) => {
    const setting = settings.get(path);
    if (typeof setting?.value !== "string") return [];
    try {
      settings.set(path, { ...setting, value: userPath(setting.value) });
      return [];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return error.problems.map((problem) => ({ ...problem, path, wrong: `${problem.wrong} (${setting.origin})` }));
    }
  });
}

/** Removes and returns the keys that only the reference knows: unknown ones written in its own files. */
function removeUnknown(settings: Settings, schema: z.ZodType, files: readonly string[]): string[] {
  const { error } = schema.safeParse(camelCaseKeys(nest(settings)));
  const unknown = unknownKeys(error?.issues ?? []).filter((key) => {
    const origin = originOf(settings, key);
    return files.some((file) => origin?.startsWith(`${file}:`));
  });
  for (const key of unknown) remove(settings, key);
  return unknown;
}

function underOurName(override: Override): Override {
  const path = ourPath(override.path, override.value);
  return { ...override, path, value: override.value === undefined ? undefined : ourValue(path, override.value) };
}

/** Removes and reports keys that are not snake_case: the schema, which speaks camelCase, would take some of them. */
function removeMisspelt(settings: Settings): Problem[] {
  return [...settings].flatMap(([path, { origin }]) => {
    const snake = path.split(".").map(toSnakeCase).join(".");
    if (path.split(".").every((key) => toSnakeCase(toCamelCase(key)) === key)) return [];
    remove(settings, path);
    return [
      { path, wrong: `unknown key (${origin})`, expected: "a key in snake_case", remedy: `did you mean "${snake}"?` },
    ];
  });
}
