// Answers of the protocol that need the compiler but run nothing: completion, inspection, completeness.
import { toCodePoints, toUtf16 } from "./code-points.js";
import type { Compiler } from "./compiler.js";
import { completenessOf } from "./completeness.js";
import { calledName, describeName } from "./inspection.js";

type Content = Readonly<Record<string, unknown>>;

/** Content of the reply to a request of `type`. @param declarations what earlier cells declared */
export function answer(compiler: Compiler, declarations: string, type: string, content: Content): Content {
  const code = String(content.code);
  const offset = toUtf16(code, Number(content.cursor_pos ?? 0));
  switch (type) {
    case "complete_request":
      return complete(compiler, declarations, code, offset);
    case "inspect_request":
      return inspect(compiler, declarations, code, offset);
    default:
      return { ...completenessOf(code) };
  }
}

function complete(compiler: Compiler, declarations: string, code: string, offset: number): Content {
  const { start, end, names, kinds } = compiler.complete(declarations, code, offset);
  const cursor = { cursor_start: toCodePoints(code, start), cursor_end: toCodePoints(code, end) };
  const types = names.map((text) => ({
    text,
    type: kinds.get(text) ?? "",
    start: cursor.cursor_start,
    end: cursor.cursor_end,
  }));
  return { status: "ok", matches: names, ...cursor, metadata: { _jupyter_types_experimental: types } };
}

function inspect(compiler: Compiler, declarations: string, code: string, offset: number): Content {
  const called = calledName(code, offset);
  const at = (position: number) => compiler.inspect(declarations, code, position);
  const info =
    at(offset) ?? (offset > 0 ? at(offset - 1) : undefined) ?? (called === undefined ? undefined : at(called));
  const data = info ? { "text/plain": describeName(info) } : {};
  return { status: "ok", found: info !== undefined, data, metadata: {} };
}
