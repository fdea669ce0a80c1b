// What keys a zod schema has: the candidates for overrides and for "did you mean".
import { z } from "zod";
import { toSnakeCase } from "./naming.js";

/** Every path of a schema of nested objects in snake_case, sections included: "train", "train.batch_size", ... */
export function schemaKeys(schema: z.core.$ZodType, prefix = ""): string[] {
  const object = unwrap(schema);
  if (!(object instanceof z.ZodObject)) return [];
  return Object.entries(object.shape as Record<string, z.core.$ZodType>).flatMap(([name, inner]) => {
    const path = prefix + toSnakeCase(name);
    return [path, ...schemaKeys(inner, `${path}.`)];
  });
}

/** The type inside optional, nullable and default. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault
  ) {
    inner = inner.unwrap();
  }
  return inner;
}
