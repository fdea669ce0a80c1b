// Values take the type that the schema wants: `name=007` is a text there and `seed: 1_000` a number, however YAML would read them.
import type { z } from "zod";
import { toScalar } from "../language/override-values.js";
import { camelCaseKeys, toSnakeCase } from "../language/naming.js";
import { nest, type Setting, type Settings, type Value } from "../language/settings.js";

/** Changes the values that read otherwise are what `schema` wants. Interpolations are not resolved yet, and stay. */
export function typeValues(schema: z.ZodType, settings: Settings): void {
  const { error } = schema.safeParse(camelCaseKeys(nest(settings)));
  for (const issue of error?.issues ?? []) {
    if (issue.code !== "invalid_type") continue;
    const path = issue.path.map((key) => (typeof key === "string" ? toSnakeCase(key) : String(key)));
    const setting = settings.get(path.join("."));
    const list = settings.get(path.slice(0, -1).join("."));
    if (setting) settings.set(path.join("."), { ...setting, value: readAs(issue.expected, setting) });
    else if (list && Array.isArray(list.value)) {
      const items = [...(list.value as readonly Value[])];
      const at = Number(path.at(-1));
      items[at] = readAs(issue.expected, { value: items[at]! });
      settings.set(path.slice(0, -1).join("."), { ...list, value: items });
    }
  }
}

/** As a text what was written, as a number what the command line reads as one; else as it is. */
function readAs(expected: string, { value, written }: Pick<Setting, "value" | "written">): Value {
  if (expected === "string") return written ?? value;
  if (typeof value !== "string" || !["number", "int"].includes(expected)) return value;
  const read = toScalar(value);
  return typeof read === "number" ? read : value;
}
