// Options objects against their schemas: a leaf. Every problem is reported at once, with the nearest known name.
import { z } from "zod";
import { InputError, nearest, type Problem } from "./errors.js";
import { expectation, shownValue, unwrapped } from "./schema-issues.js";

/** How many of something: 1, 2, ... */
export const count = z.int().positive();

/** A seed, for one: any whole number. */
export const wholeNumber = z.int();

/** What is called back. */
export const callback = z.custom((value) => typeof value === "function", "a function");

/** What stops something. */
export const abortSignal = z.custom(
  (value) => typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value,
  "an AbortSignal",
);

/** A path or an address. */
export const pathText = z.string().min(1);

/** Whole numbers from 1 on, or Infinity for no limit. */
export const limit = z.custom(
  (value) => value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 1),
  "a whole number >= 1, or Infinity",
);

/** The options with their defaults. @throws InputError DMPO_OPTIONS listing every wrong value and unknown name. */
export function parseOptions<Schema extends z.ZodObject>(
  schema: Schema,
  input: z.input<Schema>,
  /** Names that may stand beside them where a person writes, for "did you mean". */
  beside: readonly string[] = [],
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new InputError(
    "DMPO_OPTIONS",
    parsed.error.issues.flatMap((issue) => problemsOf(issue, schema, input, beside)),
  );
}

function problemsOf(
  issue: z.core.$ZodIssue,
  schema: z.ZodObject,
  input: unknown,
  beside: readonly string[],
): readonly Problem[] {
  const path = issue.path.map(String);
  if (issue.code !== "unrecognized_keys") {
    const value = path.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], input);
    const wrong = value === undefined ? "is missing" : `is ${shownValue(value)}`;
    return [{ path: path.join(".") || "options", wrong, expected: expectation(issue) }];
  }
  const known = [...namesAt(schema, path), ...(path.length === 0 ? beside : [])];
  return issue.keys.map((key) => unknownOption(key, known, path));
}

/** @param known names that there are at `path`; none where that depends on what else stands there. */
export function unknownOption(name: string, known: readonly string[], path: readonly string[] = []): Problem {
  const close = nearest(name, known);
  return {
    path: [...path, name].join("."),
    wrong: "unknown option",
    expected: known.length > 0 ? `one of ${known.join(", ")}` : "no such option with this type",
    remedy: close && `did you mean "${close}"?`,
  };
}

/** The options that there are at a place; none where that depends on what else stands there. */
function namesAt(schema: z.ZodObject, path: readonly string[]): string[] {
  let node: z.core.$ZodType | undefined = schema;
  for (const key of path) {
    const outer: z.core.$ZodType | undefined = node && unwrapped(node);
    node =
      outer instanceof z.ZodObject
        ? (outer.shape as Record<string, z.core.$ZodType>)[key]
        : outer instanceof z.ZodArray
          ? outer.element
          : undefined;
  }
  const found = node && unwrapped(node);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

/** A schema for each entry of an options interface: one that is missing, or one too many, does not compile. */
export type OptionShape<T extends object> = { readonly [Name in keyof Required<T>]: z.ZodType };

/**
 * Options by their interface; {@link checkOptions} holds a call's input against them.
 * @param required those that may not be left out.
 */
export function optionsSchema<T extends object>(
  shape: OptionShape<T>,
  required: readonly (keyof T & string)[] = [],
): z.ZodObject {
  const isRequired = (name: string) => (required as readonly string[]).includes(name);
  const entries = Object.entries<z.ZodType>(shape);
  return z.strictObject(
    Object.fromEntries(entries.map(([name, schema]) => [name, isRequired(name) ? schema : schema.optional()])),
  );
}

/** @throws InputError DMPO_OPTIONS listing every wrong value and unknown name of a call's options. */
export function checkOptions(schema: z.ZodObject, input: object): void {
  parseOptions(schema, input as Record<string, unknown>);
}

/** Where configurations find the options of a part: dotted path in the YAML (in camelCase) -> dotted path of the option. */
export type Keys = Readonly<Record<string, string>>;

/**
 * The keys of all options of a schema that keep their names: below `section` in the YAML ("" is the top level), and below
 * `option` among the options, e.g. "model.critic.mlpDims" -> "critic.mlpDims".
 */
export function keysBelow(section: string, { shape }: z.ZodObject, option = ""): Keys {
  const below = (path: string, name: string) => (path ? `${path}.${name}` : name);
  return Object.fromEntries(Object.keys(shape).map((name) => [below(section, name), below(option, name)]));
}
