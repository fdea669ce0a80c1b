// Resolves ${...} in settings, as OmegaConf does: references ${a.b}, ${a.list[0]}, relative ones ${.b}, ${..b}, escaped \${text}, values
// that must be given (???), and the resolvers eval, round_up, round_down, oc.env, oc.select, oc.decode, now.
import { InputError, nearest, type Problem } from "../../errors.js";
import { ArithmeticError, evaluateArithmetic } from "./arithmetic.js";
import { parseValue, toScalar, ValueSyntaxError } from "./override-values.js";
import { asText, assign, isMapping, lookup, originOf, type Settings, type Value } from "./settings.js";
import { formatTime } from "./strftime.js";

export interface InterpolationContext {
  /** The one moment that every ${now:...} of a run shows. */
  readonly now: Date;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Another path to try where a reference finds no scalar. */
  readonly alias?: (path: string) => string | undefined;
  /** Values of paths that the settings leave open. */
  readonly defaults?: ReadonlyMap<string, Value>;
}

/** The value of one path, which exists. @throws InputError `DMPO_CONFIG_INTERPOLATION` */
export function interpolated(settings: Settings, path: string, context: InterpolationContext): Value {
  try {
    return new Resolver(settings, context).at(path);
  } catch (error) {
    if (!(error instanceof Unresolvable)) throw error;
    throw new InputError("DMPO_CONFIG_INTERPOLATION", [error.problem]);
  }
}

export interface Interpolated {
  /** Without the paths that could not be resolved. */
  readonly settings: Settings;
  /** Every unknown reference, cycle, unset variable or bad expression, reported once each. */
  readonly problems: readonly Problem[];
  readonly unresolved: readonly string[];
}

/** A copy of `settings` with interpolations replaced. A string that is one interpolation takes the type of its value. */
export function interpolate(settings: Settings, context: InterpolationContext): Interpolated {
  const resolver = new Resolver(settings, context);
  const result: Settings = new Map();
  const problems = new Set<Problem>();
  const unresolved: string[] = [];
  for (const [path, { origin }] of settings) {
    try {
      assign(result, path, { value: resolver.at(path), origin });
    } catch (error) {
      if (!(error instanceof Unresolvable)) throw error;
      problems.add(error.problem);
      unresolved.push(path);
    }
  }
  return { settings: result, problems: [...problems], unresolved };
}

/** Carries its problem unchanged through everything that refers to the broken value, so that it is reported once. */
class Unresolvable extends Error {
  constructor(readonly problem: Problem) {
    super();
  }
}

class Resolver {
  private readonly values = new Map<string, Value>();
  private readonly errors = new Map<string, Unresolvable>();
  /** The chain of paths being resolved, to find cycles and to name the place of an error. */
  private readonly active: string[] = [];

  constructor(
    private readonly settings: Settings,
    private readonly context: InterpolationContext,
  ) {}

  /** The resolved value at a path that exists. */
  at(path: string): Value {
    const known = this.values.get(path);
    if (known !== undefined) return known;
    const failed = this.errors.get(path);
    if (failed) throw failed;
    if (this.active.includes(path)) {
      const cycle = [...this.active.slice(this.active.indexOf(path)), path].join(" -> ");
      throw this.unresolvable(`refers to itself: ${cycle}`, "values that do not depend on each other");
    }
    this.active.push(path);
    try {
      const value = this.value(lookup(this.settings, path)!);
      this.values.set(path, value);
      return value;
    } catch (error) {
      if (error instanceof Unresolvable) this.errors.set(path, error);
      throw error;
    } finally {
      this.active.pop();
    }
  }

  private value(value: Value): Value {
    if (value === "???") {
      const path = this.active.at(-1)!;
      throw this.unresolvable("must be given, it is ???", "a value", `set it in the YAML file or with ${path}=...`);
    }
    if (typeof value === "string") return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.value(item as Value));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.value(inner)]));
  }

  private text(text: string): Value {
    let result = "";
    let position = 0;
    for (let start = text.indexOf("${"); start >= 0; start = text.indexOf("${", position)) {
      // Before an interpolation \\ is a backslash, and a single one takes the interpolation as text.
      const slashes = /\\*$/.exec(text.slice(position, start))![0].length;
      const kept = start - slashes + Math.floor(slashes / 2);
      if (slashes % 2 === 1) {
        result += `${text.slice(position, kept)}\${`;
        position = start + 2;
        continue;
      }
      const end = this.closingBrace(text, start + 2);
      const whole = start === 0 && end === text.length - 1;
      const value = this.expression(text.slice(start + 2, end), !whole);
      if (whole) return value;
      result += text.slice(position, kept) + asText(value);
      position = end + 1;
    }
    return result + text.slice(position);
  }

  private closingBrace(text: string, from: number): number {
    for (let depth = 1, position = from; position < text.length; position++) {
      if (text[position] === "{") depth++;
      if (text[position] === "}" && --depth === 0) return position;
    }
    throw this.unresolvable(`"${text}" is not closed`, 'a matching "}"');
  }

  private expression(inner: string, scalarWanted: boolean): Value {
    const call = /^\s*([A-Za-z_][\w.]*):(.*)$/s.exec(inner);
    if (call) return this.call(call[1]!, call[2]!);
    return this.reference(asText(this.text(inner)).trim(), scalarWanted);
  }

  private reference(name: string, scalarWanted: boolean): Value {
    const path = this.absolute(name.replace(/\[(["']?)([^\][]+)\1\]/g, ".$2"), name);
    const found = lookup(this.settings, path);
    if (found !== undefined && !(scalarWanted && isMapping(found))) return this.at(path);
    const alias = this.context.alias?.(path) ?? path;
    if (alias !== path && lookup(this.settings, alias) !== undefined) return this.at(alias);
    const fallback = this.context.defaults?.get(alias);
    if (fallback !== undefined) return fallback;
    const dot = path.lastIndexOf(".");
    const list = dot > 0 && this.settings.has(path.slice(0, dot)) ? this.at(path.slice(0, dot)) : undefined;
    const item = Array.isArray(list) ? (list as readonly Value[])[Number(path.slice(dot + 1))] : undefined;
    if (item !== undefined) return item;
    const close = nearest(path, this.settings.keys());
    throw this.unresolvable(
      `refers to \${${name}}, ${found === undefined ? "which does not exist" : "which is a mapping"}`,
      "a key of this configuration",
      close && `did you mean \${${close}}?`,
    );
  }

  /** `.b` beside the value itself, `..b` beside what holds it, and so on. `[a]` stands for `a`. */
  private absolute(path: string, written: string): string {
    if (!/^\./.test(written)) return path.replace(/^\./, "");
    const [, dots, rest] = /^(\.+)(.*)$/s.exec(path)!;
    const above = this.active.at(-1)!.split(".").slice(0, -dots!.length);
    if (dots!.length > this.active.at(-1)!.split(".").length) {
      throw this.unresolvable(`\${${written}} leads outside of the configuration`, "fewer dots");
    }
    return [...above, rest].join(".");
  }

  /** The value of a key, or the default where there is none, or null or ??? stands there. */
  private select(name: string, fallback: Value): Value {
    const path = this.absolute(name.replace(/\[(["']?)([^\][]+)\1\]/g, ".$2"), name);
    const found = lookup(this.settings, path);
    if (found === undefined) return this.context.defaults?.get(path) ?? fallback;
    return found === "???" ? fallback : this.at(path);
  }

  /** A text as it would stand in YAML: number, boolean, null, list, or itself. */
  private decode(value: Value): Value {
    if (typeof value !== "string") return value;
    try {
      return this.value(parseValue(value));
    } catch (error) {
      if (!(error instanceof ValueSyntaxError)) throw error;
      throw this.unresolvable(`oc.decode: ${error.message}`, error.expected);
    }
  }

  private call(name: string, argumentText: string): Value {
    const parameters = splitArguments(argumentText).map((part) => this.text(part));
    const first = asText(parameters[0]!);
    switch (name) {
      case "eval":
        return this.arithmetic(first);
      case "round_up":
        return Math.ceil(this.arithmetic(first));
      case "round_down":
        return Math.floor(this.arithmetic(first));
      case "now":
        // A format may contain commas, which separate arguments elsewhere.
        return formatTime(argumentText, this.context.now);
      case "oc.env":
        return this.environmentVariable(first, parameters[1]);
      case "oc.select":
        return this.select(first, parameters.length > 1 ? decoded(parameters[1]!) : null);
      case "oc.decode":
        return this.decode(parameters[0]!);
      default:
        throw this.unresolvable(
          `\${${name}:...} is not a known resolver`,
          "one of eval, round_up, round_down, oc.env, oc.select, oc.decode, now",
        );
    }
  }

  private arithmetic(text: string): number {
    try {
      return evaluateArithmetic(text);
    } catch (error) {
      if (!(error instanceof ArithmeticError)) throw error;
      throw this.unresolvable(error.message, "arithmetic on numbers");
    }
  }

  private environmentVariable(name: string, fallback: Value | undefined): Value {
    const value = this.context.environment[name];
    if (value !== undefined) return value;
    if (fallback !== undefined) return typeof fallback === "string" ? toScalar(fallback) : fallback;
    throw this.unresolvable(
      `the environment variable ${name} is not set`,
      `a value for ${name}`,
      `export ${name}=..., or override ${this.active.at(-1)}`,
    );
  }

  private unresolvable(wrong: string, expected: string, remedy?: string): Unresolvable {
    const path = this.active.at(-1)!;
    return new Unresolvable({ path, wrong: `${wrong} (${originOf(this.settings, path)})`, expected, remedy });
  }
}

const decoded = (value: Value): Value => (typeof value === "string" ? toScalar(value) : value);

/** Splits at commas outside quotes and nested interpolations, and takes the quotes off. */
function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let start = 0;
  for (let position = 0; position <= text.length; position++) {
    const character = text[position];
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === "'" || character === '"') quote = character;
    else if (character === "{") depth++;
    else if (character === "}") depth--;
    if (character === undefined || (character === "," && depth === 0 && quote === "")) {
      parts.push(text.slice(start, position).trim());
      start = position + 1;
    }
  }
  return parts.map((part) => /^(['"])(.*)\1$/s.exec(part)?.[2] ?? part);
}
