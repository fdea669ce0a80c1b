// What the type checker found, as the protocol shows errors.
import type { ErrorReport } from "../channel.js";
import { excerpt, red } from "../runtime/excerpt.js";
import type { Problem } from "./compiler.js";

export function compileReport(problems: readonly Problem[], code: string): ErrorReport {
  // Numbers below 2000 are the parser's.
  const ename = problems.some(({ code: number }) => number < 2000) ? "SyntaxError" : "TypeScriptError";
  const lines = problems.map(
    ({ file, line, column, message, code: number }) =>
      `${file === undefined ? "" : `${file} `}${line}:${column} - ${message} (TS${number})`,
  );
  const first = problems.find(({ file }) => file === undefined);
  const traceback = [red(`${ename}:`), ...lines, ...(first ? excerpt(code, first.line, first.column) : [])];
  return { ename, evalue: lines.join("\n"), traceback: traceback.join("\n") };
}
