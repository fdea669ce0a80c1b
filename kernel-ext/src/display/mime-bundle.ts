// How a value shows itself in a notebook: `[Symbol.for("Jupyter.display")]()` returns one representation per MIME type,
// the convention of Deno's kernel. Everything else is shown as text, tables also as HTML.
import { formatValue } from "./format-value.js";

/** MIME type -> content; images as base64 text. */
export type MimeBundle = Record<string, unknown>;

const display = Symbol.for("Jupyter.display");

/** @throws whatever the value's own display method throws */
export async function mimeBundle(value: unknown): Promise<MimeBundle> {
  const own = await ownBundle(value);
  if (own) return own;
  const text = formatValue(value);
  const html = tableHtml(value);
  return html === undefined ? { "text/plain": text } : { "text/plain": tableText(value) ?? text, "text/html": html };
}

async function ownBundle(value: unknown): Promise<MimeBundle | undefined> {
  const show = method(value, display);
  const bundle = show && (await show());
  return isRecord(bundle) ? bundle : undefined;
}

/** Data frames (arquero, polars) know their own HTML. */
function tableHtml(value: unknown): string | undefined {
  if (!method(value, "numRows") && !method(value, "getColumns")) return undefined;
  const html = method(value, "toHTML")?.();
  return typeof html === "string" ? html : undefined;
}

function tableText(value: unknown): string | undefined {
  const text = method(value, "toMarkdown")?.();
  return typeof text === "string" ? text : undefined;
}

function method(value: unknown, name: string | symbol): (() => unknown) | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const found = Reflect.get(value, name) as unknown;
  return typeof found === "function" ? () => Reflect.apply(found, value, []) as unknown : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
