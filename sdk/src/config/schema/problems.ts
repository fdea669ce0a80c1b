// Turns the issues of a zod schema into problems a person can act on: path, value, place, expectation, nearest valid key.
import { type z } from "zod";
import { InputError, nearest, type Problem } from "../../errors.js";
import { choicesOf, expectation } from "../../schema-issues.js";
import { camelCaseKeys, toSnakeCase } from "../language/naming.js";
import { schemaKeys } from "./schema-keys.js";
import { lookup, nest, originOf, type Settings, type Value } from "../language/settings.js";

type Issue = z.core.$ZodIssue;

interface Already {
  /** Problems found before. */
  readonly known?: readonly Problem[];
  /** Paths whose values are missing because of them. */
  readonly unresolved?: readonly string[];
}

/** @throws InputError `DMPO_CONFIG_INVALID` with the problems already known and everything that the schema does not accept. */
export function validate<S extends z.ZodType>(
  schema: S,
  settings: Settings,
  { known = [], unresolved = [] }: Already = {},
): z.output<S> {
  const { data, error } = schema.safeParse(camelCaseKeys(nest(settings)));
  const found = error ? problemsOf(error.issues, settings, schemaKeys(schema)) : [];
  const problems = [...known, ...found.filter(({ path }) => !unresolved.includes(path))];
  if (problems.length > 0) throw new InputError("DMPO_CONFIG_INVALID", problems);
  return data!;
}

/** All problems of one validation, in the order of the issues. `keys` are the schema's paths in snake_case. */
function problemsOf(issues: readonly Issue[], settings: Settings, keys: readonly string[]): Problem[] {
  return issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") return unknownKeys([issue]).map((key) => unknownKey(key, settings, keys));
    const path = pathOf(issue.path);
    const value = lookup(settings, path) ?? elementAt(settings, path);
    const origin = originOf(settings, path);
    const place = origin ? ` (${origin})` : "";
    const choices = choicesOf(issue);
    const close = typeof value === "string" ? nearest(value, choices) : undefined;
    return {
      path,
      wrong: value === undefined ? "missing" : `${JSON.stringify(value)}${place}`,
      expected: expectation(issue, { object: "a mapping", record: "a mapping" }),
      remedy: value === undefined ? `set it in the YAML file or with ${path}=...` : close && `did you mean ${close}?`,
    };
  });
}

/** The paths in snake_case of all keys that a schema does not have. */
export function unknownKeys(issues: readonly Issue[]): string[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" ? issue.keys.map((key) => pathOf([...issue.path, key])) : [],
  );
}

function unknownKey(path: string, settings: Settings, keys: readonly string[]): Problem {
  const parent = path.slice(0, path.lastIndexOf(".") + 1);
  const siblings = keys.filter((key) => key.startsWith(parent) && !key.slice(parent.length).includes("."));
  const place = originOf(settings, path);
  // The union that the key belongs to has chosen another of its types.
  if (siblings.includes(path)) {
    const type = JSON.stringify(lookup(settings, `${parent}type`));
    return {
      path,
      wrong: `does not apply with type ${type} (${place})`,
      expected: "no such key",
      remedy: `remove it with ~${path}`,
    };
  }
  const close = nearest(path, siblings) ?? nearest(path, keys);
  return {
    path,
    wrong: `unknown key (${place})`,
    expected:
      siblings.length > 0 ? `one of ${siblings.map((key) => key.slice(parent.length)).join(", ")}` : "no such section",
    remedy: close && `did you mean "${close}"?`,
  };
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.map((key) => (typeof key === "string" ? toSnakeCase(key) : String(key))).join(".");
}

/** The list element that "model.network.mlp_dims.1" names. */
function elementAt(settings: Settings, path: string): Value | undefined {
  const dot = path.lastIndexOf(".");
  const list = dot < 0 ? undefined : lookup(settings, path.slice(0, dot));
  return Array.isArray(list) ? (list as readonly Value[])[Number(path.slice(dot + 1))] : undefined;
}
