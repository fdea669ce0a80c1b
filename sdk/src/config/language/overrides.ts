// Command-line overrides in Hydra's syntax: a.b=1, +a.b=1 and ++a.b=1 set a value, ~a.b removes one.
import { InputError, nearest, type Problem } from "../../errors.js";
import { parseValue, ValueSyntaxError } from "./override-values.js";
import { assign, remove, type Settings, type Value } from "./settings.js";

export interface Override {
  readonly kind: "set" | "remove";
  readonly path: string;
  readonly value?: Value;
  /** As typed. */
  readonly text: string;
}

const pattern = /^(?<mark>\+\+|\+|~)?(?<path>[A-Za-z_][\w.-]*)(?:=(?<value>.*))?$/s;

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
      const kind = mark === "~" ? "remove" : "set";
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
 * Applies overrides in order; later ones win. Whether a key exists is the schema's question, asked once for all keys.
 * @throws InputError `DMPO_OVERRIDE_KEY` with every removal of a key that is not there.
 */
export function applyOverrides(settings: Settings, overrides: readonly Override[]): void {
  const problems: Problem[] = [];
  for (const { kind, path, value, text } of overrides) {
    if (kind === "set") {
      assign(settings, path, { value: value!, origin: `command line: ${text}` });
    } else if (!remove(settings, path)) {
      const close = nearest(path, settings.keys());
      const remedy = close && `did you mean ~${close}?`;
      problems.push({
        path,
        wrong: `not set (command line: ${text})`,
        expected: "a key that the configuration sets",
        remedy,
      });
    }
  }
  if (problems.length > 0) throw new InputError("DMPO_OVERRIDE_KEY", problems);
}
