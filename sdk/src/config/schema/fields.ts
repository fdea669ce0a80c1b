// Building blocks of schemas for parts that are configured before they are written. A key without a value is the part's own
// default, which is not known here.
import { z } from "zod";
import { activationName } from "../../nn/activations.js";
import { count } from "../../options.js";

export { count };
export const text = z.string().min(1);
export const optionalText = text.nullable().default(null);

const some = <T extends z.ZodType>(schema: T) => schema.optional();
export const optional = {
  count: some(count),
  whole: some(z.int().nonnegative()),
  number: some(z.number()),
  positive: some(z.number().positive()),
  fraction: some(z.number().min(0).max(1)),
  flag: some(z.boolean()),
  text: some(text),
  widths: some(z.array(count).min(1)),
  activation: some(activationName),
} as const;

/** A key that may be left out, as something else has its value. */
export function withoutDefault(schema: z.ZodType): z.ZodOptional {
  const isDefault = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return (isDefault ? (schema.unwrap() as z.ZodType) : schema).optional();
}
