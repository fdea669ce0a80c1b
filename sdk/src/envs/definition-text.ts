// Definitions as text, for threads: what closes over nothing can be made again from its source and its plain values.
import { runInThisContext } from "node:vm";
import { defineEnvironment, inputOf, type EnvironmentDefinition, type EnvironmentInput } from "./environment.js";
import { readFunction } from "./free-names.js";
import { defineRobot, type Robot } from "./robot.js";

/** A definition that can be sent to a thread. */
export interface DefinitionText {
  readonly form: "environment" | "robot";
  readonly values: Readonly<Record<string, unknown>>;
  /** Expressions that are functions. */
  readonly functions: Readonly<Record<string, string>>;
}

/** What threads do not call. */
const callersOnly = ["prepare", "pose"];

/** The definition as text, or in words what keeps it in this thread, e.g. "its create() uses gravity from outside". */
export async function definitionText(definition: EnvironmentDefinition): Promise<DefinitionText | string> {
  const { form, input } = inputOf(definition);
  const prototype: unknown = Object.getPrototypeOf(input);
  if (prototype !== Object.prototype && prototype !== null) return "it is no plain object";
  const values: Record<string, unknown> = {};
  const functions: Record<string, string> = {};
  for (const [key, value] of Object.entries(input) as [string, unknown][]) {
    if (callersOnly.includes(key)) continue;
    if (typeof value !== "function") {
      try {
        values[key] = structuredClone(value);
      } catch {
        return `its ${key} is no plain value`;
      }
      continue;
    }
    const read = await readFunction(value as () => unknown);
    if (!read) return `its ${key}() cannot be read`;
    const outside = read.freeNames.filter((name) => !Object.hasOwn(helpers, name));
    if (outside.length > 0) return `its ${key}() uses ${outside.join(", ")} from outside`;
    functions[key] = read.expression;
  }
  return { form, values, functions };
}

/** The definition again, in another thread. */
export function definitionFrom({ form, values, functions }: DefinitionText): EnvironmentDefinition {
  const made = Object.entries(functions).map(([key, expression]) => {
    const text = `(function (${Object.keys(helpers).join(", ")}) { "use strict"; return ${expression}; })`;
    const make = runInThisContext(text, { filename: `${String(values.name)}.${key}` }) as (
      ...given: unknown[]
    ) => unknown;
    return [key, make(...Object.values(helpers))] as const;
  });
  const input = { ...values, ...Object.fromEntries(made) };
  return form === "robot"
    ? defineRobot(input as unknown as Robot)
    : defineEnvironment(input as unknown as EnvironmentInput);
}

/** What compilers of TypeScript call within functions. */
const helpers = {
  // the notebook kernel's, around what is awaited
  __cell__: {
    suspend: (awaited: unknown) => awaited,
    resume: (value: unknown) => value,
    suspended: (values: unknown) => values,
  },
  // esbuild's, where it keeps the names of functions
  __name: (named: object, name: string) => Object.defineProperty(named, "name", { value: name, configurable: true }),
};
