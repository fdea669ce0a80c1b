// Arithmetic inside ${eval:'...'}: Python's operators and rounding, nothing else; no code is ever executed.

/** Thrown for text that is not arithmetic; the message names the place. */
export class ArithmeticError extends Error {}

const functions: Readonly<Record<string, (...values: number[]) => number>> = {
  round: roundHalfEven,
  int: Math.trunc,
  float: (x) => x,
  abs: Math.abs,
  min: Math.min,
  max: Math.max,
  ceil: Math.ceil,
  floor: Math.floor,
};

/** Python's `round`: ties go to the even neighbour. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** Value of an expression of numbers, + - * / // % **, parentheses and round, int, float, abs, min, max, ceil, floor. */
export function evaluateArithmetic(text: string): number {
  const tokens = text.match(/\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|[a-z]+|\*\*|\/\/|\S/gi) ?? [];
  let position = 0;

  const peek = () => tokens[position];
  const take = (...wanted: string[]) => (wanted.includes(peek() ?? "") ? tokens[position++] : undefined);
  function demand(token: string): void {
    if (!take(token))
      throw new ArithmeticError(`"${text}": expected "${token}" instead of ${peek() ? `"${peek()}"` : "the end"}`);
  }

  function sum(): number {
    let value = product();
    for (let operator = take("+", "-"); operator; operator = take("+", "-")) {
      const right = product();
      value = operator === "+" ? value + right : value - right;
    }
    return value;
  }

  function product(): number {
    let value = sign();
    for (let operator = take("*", "/", "//", "%"); operator; operator = take("*", "/", "//", "%")) {
      const right = sign();
      if (operator === "*") value *= right;
      else if (right === 0) throw new ArithmeticError(`"${text}": division by zero`);
      else if (operator === "/") value /= right;
      else if (operator === "//") value = Math.floor(value / right);
      else value -= right * Math.floor(value / right);
    }
    return value;
  }

  function sign(): number {
    if (take("-")) return -sign();
    if (take("+")) return sign();
    const base = atom();
    return take("**") ? base ** sign() : base;
  }

  function atom(): number {
    const token = tokens[position++];
    if (token === undefined) throw new ArithmeticError(`"${text}": ends too early`);
    if (/^[\d.]/.test(token)) return Number(token);
    if (token === "(") {
      const value = sum();
      demand(")");
      return value;
    }
    if (!Object.hasOwn(functions, token))
      throw new ArithmeticError(`"${text}": "${token}" is not a number or a known function`);
    demand("(");
    const values = [sum()];
    while (take(",")) values.push(sum());
    demand(")");
    return functions[token]!(...values);
  }

  const value = sum();
  if (position < tokens.length) throw new ArithmeticError(`"${text}": "${peek()}" is unexpected`);
  return value;
}
