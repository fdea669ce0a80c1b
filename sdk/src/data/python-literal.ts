// Python literals as data: dicts, tuples, lists, texts, numbers, True, False and None. Nothing is evaluated.

export type PythonLiteral =
  string | number | boolean | null | readonly PythonLiteral[] | ReadonlyMap<PythonLiteral, PythonLiteral>;

/** Text that is no literal. */
export class PythonLiteralError extends Error {}

const deepest = 20;
const words: ReadonlyMap<string, PythonLiteral> = new Map<string, PythonLiteral>([
  ["True", true],
  ["False", false],
  ["None", null],
]);

/**
 * The value of `text`: tuple and list become Array, dict Map; a comma may follow the last item; integers of Python 2 may end in L.
 * @throws PythonLiteralError
 */
export function parsePythonLiteral(text: string): PythonLiteral {
  const tokens = text.match(/[bBuUrR]{0,2}(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|[\w.+-]+|[^\s]/gs) ?? [];
  let at = 0;

  function value(depth: number): PythonLiteral {
    const token = tokens[at++];
    if (token === undefined || depth > deepest) throw new PythonLiteralError("ends too early");
    if (token === "{") return dict(depth);
    if (token === "[") return items("]", depth).list;
    if (token === "(") {
      const { list, isTuple } = items(")", depth);
      return isTuple || list.length !== 1 ? list : list[0]!;
    }
    if (/^\w*(['"]).*\1$/s.test(token)) return unquoted(token);
    if (words.has(token)) return words.get(token)!;
    const number = /^[+-]?(\d[\d_]*(\.\d*)?|\.\d+)(e[+-]?\d+)?L?$/i.test(token)
      ? Number(token.replace(/[_L]/g, ""))
      : NaN;
    if (Number.isNaN(number)) throw new PythonLiteralError(`"${token}" is no literal`);
    return number;
  }

  function items(end: string, depth: number): { list: PythonLiteral[]; isTuple: boolean } {
    const list: PythonLiteral[] = [];
    let isTuple = false;
    while (tokens[at] !== end) {
      list.push(value(depth + 1));
      if (tokens[at] === ",") [isTuple, at] = [true, at + 1];
      else if (tokens[at] !== end) throw new PythonLiteralError("a comma is missing");
    }
    at++;
    return { list, isTuple };
  }

  function dict(depth: number): PythonLiteral {
    const found = new Map<PythonLiteral, PythonLiteral>();
    while (tokens[at] !== "}") {
      const key = value(depth + 1);
      if (tokens[at++] !== ":") throw new PythonLiteralError("a colon is missing");
      found.set(key, value(depth + 1));
      if (tokens[at] === ",") at++;
      else if (tokens[at] !== "}") throw new PythonLiteralError("a comma is missing");
    }
    at++;
    return found;
  }

  const found = value(0);
  if (at < tokens.length) throw new PythonLiteralError(`"${tokens[at]}" follows the literal`);
  return found;
}

function unquoted(token: string): string {
  const [, prefix, , body] = /^(\w*)(['"])(.*)\2$/s.exec(token)!;
  if (/r/i.test(prefix!)) return body!;
  const named: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "0": "\0" };
  return body!.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex: string | undefined, letter: string) =>
    hex === undefined
      ? Object.hasOwn(named, letter)
        ? named[letter]!
        : letter
      : String.fromCharCode(parseInt(hex, 16)),
  );
}
