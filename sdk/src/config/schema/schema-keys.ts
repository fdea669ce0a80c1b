// What keys a zod schema has, the candidates for "did you mean", and what their defaults are.
import { z } from "zod";
import { unwrapped } from "../../schema-issues.js";
import { toSnakeCase } from "../language/naming.js";
import type { Value } from "../language/settings.js";

/** Every path of a schema of nested objects in snake_case, sections included: "train", "train.batch_size", ... */
export function schemaKeys(schema: z.core.$ZodType, prefix = ""): string[] {
  const object = unwrapped(schema);
  if (object instanceof z.ZodDiscriminatedUnion) {
    return [...new Set(object.options.flatMap((option) => schemaKeys(option, prefix)))];
  }
  if (!(object instanceof z.ZodObject)) return [];
  return Object.entries(object.shape as Record<string, z.core.$ZodType>).flatMap(([name, inner]) => {
    const path = prefix + toSnakeCase(name);
    return [path, ...schemaKeys(inner, `${path}.`)];
  });
}

/** The paths of options that are without effect where no pictures are seen. */
export function pictureKeys(schema: z.core.$ZodType, prefix = ""): string[] {
  const object = unwrapped(schema);
  if (!(object instanceof z.ZodObject)) return [];
  return Object.entries(object.shape as Record<string, z.ZodType>).flatMap(([name, inner]) => {
    const path = prefix + toSnakeCase(name);
    return inner.meta?.()?.ofPictures ? [path] : pictureKeys(inner, `${path}.`);
  });
}

/** Every path whose value has a default, with it: what `${seed}` means where no file says more. */
export function schemaDefaults(schema: z.core.$ZodType, prefix = ""): Map<string, Value> {
  const object = unwrapped(schema);
  if (!(object instanceof z.ZodObject)) return new Map();
  return new Map(
    Object.entries(object.shape as Record<string, z.core.$ZodType>).flatMap(([name, inner]) => {
      const path = prefix + toSnakeCase(name);
      const below = [...schemaDefaults(inner, `${path}.`)];
      return below.length === 0 && inner instanceof z.ZodDefault ? [[path, inner.def.defaultValue as Value]] : below;
    }),
  );
}
