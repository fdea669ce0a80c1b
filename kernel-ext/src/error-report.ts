// Errors as the protocol shows them: name, message and traceback, in the lines that the user wrote.
import { inspect } from "node:util";
import { CompileError } from "./runtime/executor.js";
import { KeyboardInterrupt } from "./runtime/run.js";

/** Content of a message of type `error`. */
export interface ErrorReport {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

const deepestCause = 5;
const red = (text: string) => `\x1b[31m${text}\x1b[39m`;
const dim = (text: string) => `\x1b[2m${text}\x1b[22m`;

/** @param cell name and source of the cell that failed, for the excerpt */
export function reportError(error: unknown, cell: { name: string; code: string }): ErrorReport {
  if (error instanceof CompileError) return compileReport(error, cell.code);
  if (error instanceof KeyboardInterrupt)
    return { ename: error.name, evalue: error.message, traceback: [red(`${error.name}: ${error.message}`)] };
  if (!(error instanceof Error)) return thrownValueReport(error);
  const ename = String(error.name || "Error");
  const evalue = String(error.message);
  const frames = framesOf(error);
  const traceback = [red(`${ename}: ${evalue}`), ...excerptAt(frames, cell), ...frames, ...causes(error, deepestCause)];
  return { ename, evalue, traceback };
}

/** The same as one text, for errors that no cell waits for. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error);
  return [`${error.name}: ${error.message}`, ...framesOf(error), ...causes(error, deepestCause)].join("\n");
}

function compileReport({ problems }: CompileError, code: string): ErrorReport {
  // Numbers below 2000 are the parser's.
  const ename = problems.some(({ code: number }) => number < 2000) ? "SyntaxError" : "TypeScriptError";
  const lines = problems.map(
    ({ file, line, column, message, code: number }) =>
      `${file === undefined ? "" : `${file} `}${line}:${column} - ${message} (TS${number})`,
  );
  const first = problems.find(({ file }) => file === undefined);
  const traceback = [red(`${ename}:`), ...lines, ...(first ? excerpt(code, first.line, first.column) : [])];
  return { ename, evalue: lines.join("\n"), traceback };
}

function thrownValueReport(value: unknown): ErrorReport {
  const evalue = typeof value === "string" ? value : inspect(value);
  return { ename: "Thrown value", evalue, traceback: [red(`Thrown value: ${evalue}`)] };
}

/** Lines of the stack below the message, without Node's internals. */
function framesOf(error: Error): string[] {
  const lines = typeof error.stack === "string" ? error.stack.split("\n") : [];
  return lines.filter((line) => /^\s+at /.test(line) && !/\(?node:/.test(line));
}

function causes(error: Error, depth: number): string[] {
  const below = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const all = error.cause === undefined ? below : [error.cause, ...below];
  if (depth === 0) return [];
  return all.flatMap((cause) =>
    cause instanceof Error
      ? [`caused by ${cause.name}: ${cause.message}`, ...framesOf(cause), ...causes(cause, depth - 1)]
      : [`caused by ${inspect(cause)}`],
  );
}

function excerptAt(frames: readonly string[], { name, code }: { name: string; code: string }): string[] {
  for (const frame of frames) {
    const at = frame.indexOf(`${name}:`);
    const [line, column] = at < 0 ? [] : frame.slice(at + name.length + 1).split(/[:)]/);
    if (line !== undefined && column !== undefined) return excerpt(code, Number(line), Number(column));
  }
  return [];
}

/** The line with its neighbours, and a mark below the column. */
function excerpt(code: string, line: number, column: number): string[] {
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
