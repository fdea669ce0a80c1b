// Whether a console should run what was typed or ask for another line (is_complete_request).
import ts from "typescript";

export type Completeness =
  { readonly status: "complete" | "invalid" } | { readonly status: "incomplete"; readonly indent: string };

/** Unterminated template literal, comment, regular expression. */
const openEnded = new Set([1160, 1010, 1161]);

export function completenessOf(code: string): Completeness {
  const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS);
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: readonly ts.DiagnosticWithLocation[] };
  if (parseDiagnostics.length === 0) return { status: "complete" };
  const end = code.trimEnd().length;
  const isOpen = parseDiagnostics.some(
    ({ code: number, start, length }) => openEnded.has(number) || start + length >= end + 1 || start >= end,
  );
  return isOpen ? { status: "incomplete", indent: indentAfter(code) } : { status: "invalid" };
}

function indentAfter(code: string): string {
  const line = code.slice(code.lastIndexOf("\n") + 1);
  const indent = /^\s*/.exec(line)![0];
  return /[{([]\s*$/.test(line) ? `${indent}  ` : indent;
}
