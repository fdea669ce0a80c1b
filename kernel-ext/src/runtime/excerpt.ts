// The lines of a cell around a position, as tracebacks show them.
export const red = (text: string) => `\x1b[31m${text}\x1b[39m`;
const dim = (text: string) => `\x1b[2m${text}\x1b[22m`;

/** The line with its neighbours, and a mark below the column; both count from 1. */
export function excerpt(code: string, line: number, column: number): string[] {
  const lines = code.split("\n");
  const first = Math.max(1, line - 1);
  const width = String(line + 1).length;
  return lines.slice(first - 1, line + 1).flatMap((text, index) => {
    const number = first + index;
    const label = `${String(number).padStart(width)} | `;
    if (number !== line) return [dim(`  ${label}${text}`)];
    return [`> ${label}${text}`, `${" ".repeat(label.length + 1 + column)}${red("^")}`];
  });
}
