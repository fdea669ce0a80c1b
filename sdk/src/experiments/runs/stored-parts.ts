// Whether the state of a run in a file has the form that the parts of this run have, down to the last value.
import { InputError, type Problem } from "../../errors.js";
import { restoreParts, type PartState, type Parts } from "../../learning/parts.js";

/**
 * Tries the stored states on parts that have just been made. What their own states have, the stored ones must have too, of the
 * same kind; lengths of lists are a part's own business.
 * @throws InputError `DMPO_RESUME` with everything that does not fit.
 */
export function checkStoredParts(parts: Parts, states: Readonly<Record<string, PartState>>, path: string): void {
  const problems: Problem[] = [];
  const report = (where: string, found: unknown, own: unknown) => {
    const remedy = "the file is damaged, or of another configuration: take another checkpoint of the run";
    problems.push({ path: `${path}: ${where}`, wrong: `is ${kindOf(found)}`, expected: kindOf(own), remedy });
  };

  function compare(own: unknown, found: unknown, where: string): void {
    // What is not there yet has any form, and what was not there then is left out.
    if (own === null || own === undefined) return;
    if (kindOf(own) !== kindOf(found)) report(where, found, own);
    else if (Array.isArray(own)) for (const item of found as unknown[]) compare(own[0], item, `${where}[]`);
    else if (typeof own === "object") {
      for (const [key, value] of Object.entries(own)) {
        const inner = Object.hasOwn(found as object, key) ? (found as Record<string, unknown>)[key] : undefined;
        if (inner !== null || typeof value !== "object") compare(value, inner, `${where}.${key}`);
      }
    }
  }

  for (const [name, part] of Object.entries(parts)) {
    const own = part.state();
    // A part that is missing is the driver's question.
    const found = Object.hasOwn(states, name) ? states[name] : undefined;
    if (!found) continue;
    compare(own.values, found.values, `state.${name}`);
    for (const [vector, data] of Object.entries(own.vectors ?? {})) {
      const stored = found.vectors && Object.hasOwn(found.vectors, vector) ? found.vectors[vector] : undefined;
      if (stored?.constructor !== data.constructor) report(`state.${name}.${vector}`, stored, data);
    }
  }
  if (problems.length > 0) throw new InputError("DMPO_RESUME", problems);
  try {
    restoreParts(stored(parts, states), states);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    const expected = "the state of a run of this configuration";
    throw new InputError("DMPO_RESUME", [{ path, wrong: `has a damaged state: ${error.message}`, expected }], {
      cause: error,
    });
  }
}

/** The parts that are there, those that are missing left to the driver. */
function stored(parts: Parts, states: Readonly<Record<string, PartState>>): Parts {
  return Object.fromEntries(Object.entries(parts).filter(([name]) => Object.hasOwn(states, name)));
}

function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (ArrayBuffer.isView(value)) return `numbers (${value.constructor.name})`;
  if (typeof value === "number") return Number.isFinite(value) ? "a number" : String(value);
  return { string: "a text", boolean: "true or false", object: "a mapping" }[typeof value as string] ?? typeof value;
}
