// Options objects against their schemas: a leaf. Every problem is reported at once, with the nearest known name.
import { z } from "zod";
import { InputError, nearest, type Problem } from "./errors.js";

/** How many of something: 1, 2, ... */
export const count = z.int().positive();

/** The options with their defaults. @throws InputError DMPO_OPTIONS listing every wrong value and unknown name. */
export function parseOptions<Schema extends z.ZodObject>(schema: Schema, input: z.input<Schema>): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue): Problem[] => {
    const path = issue.path.map(String);
    if (issue.code !== "unrecognized_keys") {
      const value = path.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], input);
      return [{ path: path.join("."), wrong: `is ${JSON.stringify(value)}`, expected: issue.message }];
    }
    const known = Object.keys(schema.shape);
    return issue.keys.map((key) => {
      const close = nearest(key, known);
      const remedy = close && `did you mean "${close}"?`;
      return {
        path: [...path, key].join("."),
        wrong: "unknown option",
        expected: `one of ${known.join(", ")}`,
        remedy,
      };
    });
  });
  throw new InputError("DMPO_OPTIONS", problems);
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
