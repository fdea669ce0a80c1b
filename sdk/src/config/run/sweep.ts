// Choices in overrides, as in Hydra: `seed=1,2 train.gamma=0.9,0.99` means one run for each combination; `seed=0..9` are ten.
import { fail } from "../../errors.js";

/** Overrides with comma lists -> the overrides of every run, the last list varying fastest. Without lists it is one run. */
export function expandSweep(overrides: readonly string[]): string[][] {
  return overrides.reduce<string[][]>(
    (runs, override) => {
      const choices = choicesOf(override);
      return runs.flatMap((run) => choices.map((choice) => [...run, choice]));
    },
    [[]],
  );
}

/** The overrides that have more than one choice, as "key=value" in one run. */
export function sweptOverrides(overrides: readonly string[], run: readonly string[]): string[] {
  return run.filter((_, index) => choicesOf(overrides[index]!).length > 1);
}

/** "seed=1,2" -> ["seed=1", "seed=2"]; commas in lists, mappings, quotes and interpolations separate nothing. */
export function choicesOf(override: string): string[] {
  const equals = override.indexOf("=");
  if (equals < 0) return [override];
  const key = override.slice(0, equals + 1);
  const values = splitAtCommas(override.slice(equals + 1)).flatMap((value) => wholeNumbers(value, override));
  if (values.length > 1 && values.some((value) => value.trim() === "")) {
    fail("DMPO_OVERRIDE_SYNTAX", override, "has an empty choice", "values separated by commas: key=1,2,3");
  }
  return values.map((value) => key + value.trim());
}

const mostNumbers = 100_000;

/** "0..9" -> "0", ..., "9"; any other text is itself. */
function wholeNumbers(text: string, override: string): string[] {
  const [, from, to] = /^\s*(-?\d+)\.\.(-?\d+)\s*$/.exec(text) ?? [];
  if (from === undefined) return [text];
  const [first, count] = [Number(from), Number(to) - Number(from) + 1];
  if (count >= 1 && count <= mostNumbers) return Array.from({ length: count }, (_, index) => String(first + index));
  return fail("DMPO_OVERRIDE_SYNTAX", override, `counts from ${from} to ${to}`, "an upward range such as 0..9");
}

function splitAtCommas(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let start = 0;
  for (const [position, character] of [...text].entries()) {
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if ("[{(".includes(character)) depth++;
    else if ("]})".includes(character)) depth--;
    else if (character === "," && depth === 0) {
      parts.push([...text].slice(start, position).join(""));
      start = position + 1;
    }
  }
  return [...parts, [...text].slice(start).join("")];
}
