// What an issue of a zod schema means in words: a leaf that options in code and configurations share.
import { z } from "zod";

type Issue = z.core.$ZodIssue;

/** The values that a choice has, or the types of a union. */
export function choicesOf(issue: Issue): string[] {
  if (issue.code === "invalid_value") return issue.values.map(String);
  return issue.code === "invalid_union" && "options" in issue ? (issue.options ?? []).map(String) : [];
}

/** "a number > 0": what the schema wants at the place of an issue. @param names of types, where they are not the usual. */
export function expectation(issue: Issue, names: Readonly<Record<string, string>> = {}): string {
  switch (issue.code) {
    case "invalid_type":
      return names[issue.expected] ?? typeNames[issue.expected] ?? issue.expected;
    case "invalid_value":
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${choicesOf(issue).join(", ")}`;
    case "too_small":
      return size(issue.origin, issue.inclusive ? ">=" : ">", issue.minimum);
    case "too_big":
      return size(issue.origin, issue.inclusive ? "<=" : "<", issue.maximum);
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_union": {
      const choices = choicesOf(issue);
      if (choices.length > 0) return `one of ${choices.join(", ")}`;
      return [...new Set(issue.errors.flat().map((one) => expectation(one, names)))].join(" or ");
    }
    default:
      return issue.message;
  }
}

function size(origin: string, relation: string, bound: number | bigint): string {
  if (origin === "array") return `a list with ${relation} ${bound} elements`;
  if (origin === "string") return "a text that is not empty";
  return `a number ${relation} ${bound}`;
}

const typeNames: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "a text",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  record: "an object",
  object: "an object",
  null: "null",
  nan: "NaN",
  undefined: "nothing",
};

/** A value as a person would write it: NaN is no null, a function is not nothing. */
export function shownValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return value.name ? `the function ${value.name}` : "a function";
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? "an object";
  } catch {
    return "an object";
  }
}

/** The type inside optional, nullable, default and what is done before it looks. */
export function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodPipe
  ) {
    inner = inner instanceof z.ZodPipe ? inner.out : inner.unwrap();
  }
  return inner;
}
