// The value side of a command-line override, in Hydra's grammar: what `key=value` means as a typed value.
import { type Value } from "./settings.js";

/** Thrown by {@link parseValue}; `expected` completes "expected ...". */
export class ValueSyntaxError extends Error {
  constructor(
    message: string,
    readonly expected: string,
  ) {
    super(message);
  }
}

/**
 * `1e-3` number, `true`/`False` boolean, `null`, `[1,2,[3]]` list, `"quoted, text"` string, anything else an unquoted string.
 * An unquoted comma outside a list is a parameter sweep in Hydra and refused here.
 */
export function parseValue(text: string): Value {
  const reader = new ValueReader(text.trim());
  const value = reader.value("");
  if (!reader.atEnd()) {
    throw new ValueSyntaxError(
      `"${text}" continues after the value`,
      'one value; quote text that contains commas: key="a,b"; a list of choices needs --multirun',
    );
  }
  return value;
}

class ValueReader {
  private position = 0;

  constructor(private readonly text: string) {}

  atEnd(): boolean {
    this.skipSpace();
    return this.position === this.text.length;
  }

  /** Reads one value up to one of the `stops` characters or a comma. */
  value(stops: string): Value {
    this.skipSpace();
    const start = this.text[this.position];
    if (start === "[") return this.list();
    if (start === "{") throw new ValueSyntaxError("a mapping", "one override per key, such as env.n_envs=10");
    if (start === '"' || start === "'") return this.quoted(start);
    return toScalar(this.bare(stops));
  }

  private list(): Value {
    this.position++;
    const items: Value[] = [];
    this.skipSpace();
    if (this.text[this.position] === "]") {
      this.position++;
      return items;
    }
    for (;;) {
      items.push(this.value("]"));
      this.skipSpace();
      const next = this.text[this.position++];
      if (next === "]") return items;
      if (next !== ",")
        throw new ValueSyntaxError(`the list in "${this.text}" is not closed`, "a list such as [1,2,4]");
    }
  }

  private quoted(quote: string): string {
    let result = "";
    for (this.position++; this.position < this.text.length; this.position++) {
      const character = this.text[this.position]!;
      if (character === quote) {
        this.position++;
        return result;
      }
      const escaped = character === "\\" && [quote, "\\"].includes(this.text[this.position + 1] ?? "");
      result += escaped ? this.text[++this.position]! : character;
    }
    throw new ValueSyntaxError(`the quote in ${this.text} is not closed`, `a closing ${quote}`);
  }

  /** Unquoted text; commas inside an interpolation such as ${oc.env:HOME,/tmp} belong to it. */
  private bare(stops: string): string {
    const start = this.position;
    for (let depth = 0; this.position < this.text.length; this.position++) {
      const character = this.text[this.position]!;
      if (character === "{") depth++;
      else if (character === "}") depth--;
      else if (depth === 0 && (character === "," || stops.includes(character))) break;
    }
    return this.text.slice(start, this.position).trim();
  }

  private skipSpace(): void {
    while (this.text[this.position] === " ") this.position++;
  }
}

const number = /^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const words: Readonly<Record<string, Value>> = { null: null, true: true, false: false };

/** The typed value of unquoted text. */
export function toScalar(text: string): Value {
  const word = text.toLowerCase();
  if (Object.hasOwn(words, word)) return words[word]!;
  return number.test(text) ? Number(text.replaceAll("_", "")) : text;
}
