// Command-line overrides in Hydra's syntax: a.b=1 changes, +a.b=1 adds, ++a.b=1 does either, ~a.b removes.
import { InputError, nearest, type Problem } from "../errors.js";
import { parseValue, ValueSyntaxError } from "./override-values.js";
import { assign, lookup, remove, type Settings, type Value } from "./settings.js";

export interface Override {
  readonly kind: "change" | "add" | "remove";
  readonly path: string;
  readonly value?: Value;
  /** As typed. */
  readonly text: string;
}

const pattern = /^(?<mark>\+\+|\+|~)?(?<path>[A-Za-z_][\w.\-]*)(?:=(?<value>.*))?$/s;

/**
 * Parses all overrides.
 * @throws InputError `DMPO_OVERRIDE_SYNTAX` with every malformed one.
 */
export function parseOverrides(texts: readonly string[]): Override[] {
  const problems: Problem[] = [];
  const overrides = texts.flatMap((text): Override[] => {
    const { mark, path, value } = pattern.exec(text)?.groups ?? {};
    if (path === undefined || (value === undefined && mark !== "~")) {
      problems.push({ path: text, wrong: "not an override", expected: "key=value, +key=value or ~key" });
      return [];
    }
    try {
      const kind = mark === "~" ? "remove" : mark ? "add" : "change";
      return [{ kind, path, value: value === undefined ? undefined : parseValue(value), text }];
    } catch (error) {
      if (!(error instanceof ValueSyntaxError)) throw error;
      problems.push({ path: text, wrong: error.message, expected: error.expected });
      return [];
    }
  });
  if (problems.length > 0) throw new InputError("DMPO_OVERRIDE_SYNTAX", problems);
  return overrides;
}

/**
 * Applies overrides in order; later ones win. A change must name a key of the configuration or of the schema.
 * @param known paths the schema has beside those written in the configuration
 * @throws InputError `DMPO_OVERRIDE_KEY` with every unknown key and the nearest known one.
 */
export function applyOverrides(settings: Settings, overrides: readonly Override[], known: readonly string[]): void {
  const problems: Problem[] = [];
  const isKnown = (path: string) => lookup(settings, path) !== undefined || known.includes(path);
  for (const { kind, path, value, text } of overrides) {
    if (kind === "remove") {
      if (!remove(settings, path)) problems.push(unknownKey(path, text, [...settings.keys()]));
    } else if (kind === "add" || isKnown(path)) {
      assign(settings, path, { value: value!, origin: `command line: ${text}` });
    } else {
      problems.push(unknownKey(path, text, [...settings.keys(), ...known]));
    }
  }
  if (problems.length > 0) throw new InputError("DMPO_OVERRIDE_KEY", problems);
}

function unknownKey(path: string, text: string, candidates: readonly string[]): Problem {
  const close = nearest(path, candidates);
  return {
    path,
    wrong: `unknown key (command line: ${text})`,
    expected: "a key of this configuration (`dmpo config show` lists them)",
    remedy: close && `did you mean "${close}"?`,
  };
}
