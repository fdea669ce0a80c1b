// From a folder, a name and overrides to a validated experiment; every problem of a configuration is reported at once.
import type { z } from "zod";
import { InputError, type Problem } from "../errors.js";
import { compose } from "./compose.js";
import { interpolate } from "./interpolation.js";
import { locateConfig, shownPath } from "./locations.js";
import { camelCaseKeys, snakeCaseKeys, toCamelCase, toSnakeCase } from "./naming.js";
import { evalOptionsOf, finetuneOptionsOf, pretrainOptionsOf, type Stage, type StageOptions } from "./options.js";
import { applyOverrides, parseOverrides, type Override } from "./overrides.js";
import { problemsOf, unknownKeys } from "./problems.js";
import { adaptReference, ourPath, ourValue, referenceEnvironment } from "./reference.js";
import { schemaDefaults, schemaKeys } from "./schema-keys.js";
import { evalSchema, finetuneSchema, pretrainSchema, selection } from "./schemas.js";
import { nest, originOf, remove, type Settings } from "./settings.js";

interface Resolved<S extends Stage> {
  readonly stage: S;
  /** What the rooms take. */
  readonly options: StageOptions[S];
  /** The whole configuration in the YAML's layout and names, defaults included. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Dotted path of a value of `config` -> "cfg/base/gym.yaml:3", "command line: seed=7" or "default". */
  readonly origins: (path: string) => string;
  /** Sentences for the person who started the run. */
  readonly notices: readonly string[];
}

export type Experiment = { [S in Stage]: Resolved<S> }[Stage];

export interface ResolveContext {
  /** What ${now:...} shows; default the present. */
  readonly now?: Date;
  /** What ${oc.env:...} reads; default process.env. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Composes `<configDir>/<configName>.yaml`, applies overrides ("train.n_epochs=3"), resolves interpolations and validates.
 * @throws InputError `DMPO_CONFIG_*`, `DMPO_OVERRIDE_*` with every problem: path, value, file and line, expectation, remedy.
 */
export function resolveExperiment(
  configDir: string,
  configName: string,
  overrides: readonly string[] = [],
  { now = new Date(), environment = process.env }: ResolveContext = {},
): Experiment {
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

  const experiment = <S extends Stage, Z extends z.ZodType<object>>(
    stage: S,
    schema: Z,
    toOptions: (config: z.output<Z>) => StageOptions[S],
  ): Resolved<S> => {
    const resolved = interpolate(settings, {
      now,
      environment: { ...referenceEnvironment(environment), ...environment },
      alias: (path) => ourPath(path),
      defaults: schemaDefaults(schema),
    });
    const ignored = removeUnknown(resolved, schema, referenceFiles);
    if (ignored.length > 0) notices.push(`these keys of the reference have no effect here: ${ignored.join(", ")}`);
    const config = validate(schema, resolved, removeMisspelt(resolved));
    return {
      stage,
      options: toOptions(config),
      config: snakeCaseKeys(config) as Resolved<S>["config"],
      origins: (path) => resolved.get(path)?.origin ?? "default",
      notices,
    };
  };
  const selected = validate(selection, settings);
  switch (selected.stage) {
    case "pretrain":
      return experiment("pretrain", pretrainSchema(selected.policy.type), pretrainOptionsOf);
    case "finetune":
      return experiment("finetune", finetuneSchema(selected.algorithm.type), finetuneOptionsOf);
    case "eval":
      return experiment("eval", evalSchema(), evalOptionsOf);
  }
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

/** @throws InputError with the problems already known and everything that the schema does not accept. */
function validate<S extends z.ZodType>(schema: S, settings: Settings, known: readonly Problem[] = []): z.output<S> {
  const { data, error } = schema.safeParse(camelCaseKeys(nest(settings)));
  const problems = [...known, ...problemsOf(error?.issues ?? [], settings, schemaKeys(schema))];
  if (problems.length > 0) throw new InputError("DMPO_CONFIG_INVALID", problems);
  return data!;
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
