// Errors as the protocol shows them: name, message and traceback, in the lines that the user wrote. What was thrown may be
// anything, also something that throws as soon as it is looked at.
import { inspect, types } from "node:util";
import type { ErrorReport } from "../channel.js";
import { excerpt, red } from "./excerpt.js";
import { host } from "./host.js";
import { framesOf, shortened } from "./stack-frames.js";

const deepestCause = 5;

/** @param cell name and source of the cell that failed, for the excerpt */
export function reportError(error: unknown, cell: { name: string; code: string }): ErrorReport {
  if (!isError(error)) {
    const evalue = typeof error === "string" ? error : shown(error);
    return { ename: "Thrown value", evalue, traceback: red(`Thrown value: ${evalue}`) };
  }
  const ename = nameOf(error);
  const evalue = messageOf(error);
  const frames = readable(() => framesOf(error), []);
  const lines = [
    red(`${ename}: ${evalue}`),
    ...excerptAt(frames, cell),
    ...shortened(frames),
    ...causes(error, deepestCause, cell),
  ];
  return { ename, evalue, traceback: lines.join("\n") };
}

/** The same as one text, for errors that no cell waits for. */
export function errorText(error: unknown): string {
  if (!isError(error)) return shown(error);
  const frames = readable(() => framesOf(error), []);
  return [`${nameOf(error)}: ${messageOf(error)}`, ...shortened(frames), ...causes(error, deepestCause)].join("\n");
}

/** Also errors of other realms, whose classes are not the cells' ones, and objects that inherit from an error. */
function isError(value: unknown): value is Error {
  if (types.isNativeError(value)) return true;
  if (typeof value !== "object" || value === null || types.isProxy(value)) return false;
  return readable(() => value instanceof host.Error, false);
}

function nameOf(error: Error): string {
  return readable(() => textOf(error.name), undefined) || "Error";
}

function messageOf(error: Error): string {
  return readable(() => textOf(error.message), undefined) ?? "(the message cannot be read)";
}

function textOf(value: unknown): string {
  return typeof value === "object" && value !== null ? shown(value) : String(value);
}

function shown(value: unknown): string {
  return readable(() => inspect(value), undefined) ?? "(a value that cannot be shown)";
}

function readable<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

function causes(
  error: Error,
  depth: number,
  cell?: { name: string; code: string },
  seen: readonly unknown[] = [],
): string[] {
  if (depth === 0) return [];
  const above = [...seen, error];
  const cause = readable<unknown>(() => error.cause, undefined);
  const errors = readable(() => Reflect.get(error, "errors") as unknown, undefined);
  const below = readable(() => (Array.isArray(errors) ? [...(errors as unknown[])] : []), []);
  return [...(cause === undefined ? [] : [cause]), ...below].flatMap((each) => {
    if (above.includes(each)) return [];
    if (!isError(each)) return [`caused by ${shown(each)}`];
    const frames = readable(() => framesOf(each), []);
    return [
      `caused by ${nameOf(each)}: ${messageOf(each)}`,
      ...(cell ? excerptAt(frames, cell) : []),
      ...shortened(frames),
      ...causes(each, depth - 1, cell, above),
    ];
  });
}

function excerptAt(frames: readonly string[], { name, code }: { name: string; code: string }): string[] {
  for (const frame of frames) {
    const at = frame.indexOf(`${name}:`);
    const [line, column] = at < 0 ? [] : frame.slice(at + name.length + 1).split(/[:)]/);
    if (line !== undefined && column !== undefined) return excerpt(code, Number(line), Number(column));
  }
  return [];
}
