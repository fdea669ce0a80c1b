// `export` in cells, as code copied from a module has it. Later cells see what a cell declares anyway, and the converter
// exports it by itself; so the word is blanked out. All positions stay what they are.
import ts from "typescript";

/** The cell without `export`; re-exports become imports for their side effects. */
export function withoutExports(code: string): string {
  if (!code.includes("export")) return code;
  const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.Latest, false, ts.ScriptKind.TS);
  let text = code;
  const replace = (start: number, end: number, by = "") => {
    const blank = text.slice(start, end).replace(/[^\r\n]/g, " ");
    text = text.slice(0, start) + by + blank.slice(by.length) + text.slice(end);
  };
  for (const statement of file.statements) {
    const start = statement.getStart(file);
    if (ts.isExportDeclaration(statement)) {
      const { moduleSpecifier, isTypeOnly } = statement;
      if (moduleSpecifier && !isTypeOnly) replace(start, moduleSpecifier.getStart(file), "import");
      else replace(start, statement.end);
    } else if (ts.isExportAssignment(statement) && !statement.isExportEquals) {
      replace(start, statement.expression.getStart(file));
    } else if (ts.canHaveModifiers(statement)) {
      const words = (ts.getModifiers(statement) ?? []).filter(
        ({ kind }) => kind === ts.SyntaxKind.ExportKeyword || kind === ts.SyntaxKind.DefaultKeyword,
      );
      const isNameless =
        (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name === undefined;
      for (const [at, word] of words.entries())
        replace(word.getStart(file), word.end, isNameless && at === 0 ? "0," : "");
    }
  }
  return text;
}
