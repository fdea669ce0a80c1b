// Text from outside for terminals and logs: a leaf. Names of tensors, runs and files may hold what a terminal obeys.

/**
 * The text with every control character but line feed and tab, and everything that reverses the direction of writing, in
 * writing: an escape becomes `\x1b`.
 */
export function plainText(text: string): string {
  return text.replace(/(?!\r?\n|\t)[\p{Cc}\p{Bidi_Control}]/gu, (character) => {
    const code = character.codePointAt(0)!;
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** A notice beside a program's output: on standard error, but not in notebooks, which show that in red as if something had failed. */
export function warn(line: string): void {
  const isNotebook = Symbol.for("dmpo.notebook") in globalThis;
  (isNotebook ? console.info : console.warn)(plainText(line));
}
