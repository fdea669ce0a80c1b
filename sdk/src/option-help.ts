// What an option is, in words and as TypeScript, from its schema: a leaf. The public types, docs/options.md and
// `dmpo config help` say the same, as they all come from here.
import { z } from "zod";

type Json = z.core.JSONSchema.BaseSchema;

/** An option, or an object of options. */
export interface OptionHelp {
  readonly name: string;
  /** As TypeScript, e.g. `number | null`; of an object `object`. */
  readonly type: string;
  /** Which values are allowed, e.g. "from 0 to 1"; undefined where the type says it. */
  readonly range?: string | undefined;
  /** What it is if it is left out, as JSON; undefined where it must be given, or its absence has a meaning of its own. */
  readonly default?: string | undefined;
  readonly required: boolean;
  /** What it does. */
  readonly text?: string | undefined;
  /** Of an object, or one that may be null, what stands in it. */
  readonly options?: readonly OptionHelp[] | undefined;
}

/** The options of a schema, in its order. */
export function optionHelp(schema: z.ZodObject): readonly OptionHelp[] {
  return optionsIn(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }));
}

function optionsIn({ properties = {}, required = [] }: Json): OptionHelp[] {
  return Object.entries(properties).map(([name, property]) => {
    const json = property as Json;
    const inner = alternatives(json).find(({ properties }) => properties !== undefined);
    const isOneOfSeveral = alternatives(json).filter(({ type }) => type !== "null").length > 1;
    return {
      name,
      type: typeText(json),
      range: rangeText(json),
      default: isPlain(json.default) ? undefined : JSON.stringify(json.default),
      required: required.includes(name),
      text: json.description,
      options: inner && !isOneOfSeveral ? optionsIn(inner) : undefined,
    };
  });
}

/** `{}` stands for an object whose options all have defaults. */
const isPlain = (value: unknown) => typeof value === "object" && value !== null && Object.keys(value).length === 0;

const alternatives = (json: Json): Json[] => json.oneOf ?? json.anyOf ?? [json];

/** A value as TypeScript writes its type. */
function typeText(json: Json): string {
  const several = json.oneOf ?? json.anyOf;
  if (several) return [...new Set(alternatives(json).map(typeText))].join(" | ");
  if (json.const !== undefined) return JSON.stringify(json.const);
  if (json.enum) return json.enum.map((value) => JSON.stringify(value)).join(" | ");
  switch (json.type) {
    case "integer":
      return "number";
    case "array": {
      if (json.prefixItems) return `readonly [${(json.prefixItems as Json[]).map(typeText).join(", ")}]`;
      const item = typeText(json.items as Json);
      return `readonly ${item.includes("|") ? `(${item})` : item}[]`;
    }
    case "object":
      return json.properties ? objectText(json) : "Record<string, unknown>";
    default:
      return json.type === undefined ? "unknown" : [json.type].flat().join(" | ");
  }
}

/** Objects of which there may be several are told apart by what they must have. */
function objectText({ properties = {}, required = [] }: Json): string {
  if (required.length === 0) return "object";
  const entries = Object.entries(properties).map(([name, json]) => {
    return `${name}${required.includes(name) ? "" : "?"}: ${typeText(json as Json)}`;
  });
  return `{ ${entries.join("; ")} }`;
}

function rangeText(json: Json): string | undefined {
  const [number] = alternatives(json).map((one) => (one.type === "array" ? ((one.items || one) as Json) : one));
  const { type, exclusiveMinimum: above, exclusiveMaximum: below, multipleOf } = number!;
  const [least, most] = [finite(number!.minimum), finite(number!.maximum)];
  const isWhole = type === "integer";
  const bounds = isWhole && above === 0 ? ["at least 1"] : above === undefined ? [] : [`above ${above}`];
  if (least !== undefined && most !== undefined) bounds.push(`from ${least} to ${most}`);
  else if (least !== undefined) bounds.push(`at least ${least}`);
  else if (most !== undefined) bounds.push(`at most ${most}`);
  if (below !== undefined) bounds.push(`below ${below}`);
  if (multipleOf !== undefined) bounds.push(`a multiple of ${multipleOf}`);
  return [...(isWhole ? ["whole number"] : []), ...bounds].join(", ") || undefined;
}

/** Whole numbers have the limits of exact ones, which says nothing. */
const finite = (limit: number | undefined) =>
  limit === undefined || Math.abs(limit) === Number.MAX_SAFE_INTEGER ? undefined : limit;

/** What it does, which values, and what it is if it is left out, as sentences. */
export function optionSentence({ text, range, default: preset, required }: OptionHelp): string {
  // Not of a name, as in "linear: upper end ...".
  const capital = (words: string) => (/^\w+(:|_)/.test(words) ? words : words.charAt(0).toUpperCase() + words.slice(1));
  const rest = required ? "Must be given" : preset === undefined ? undefined : `Default ${preset}`;
  return [text, range, rest].flatMap((part) => (part ? [`${capital(part)}.`] : [])).join(" ");
}
