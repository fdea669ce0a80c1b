// How a value shows itself in a notebook: `[Symbol.for("Jupyter.display")]()` returns one representation per MIME type,
// the convention of Deno's kernel. Everything else is shown as text, tables also as HTML.
import { inspect } from "node:util";
import { HostTypeError } from "../runtime/host.js";
import { formatValue } from "./format-value.js";

/** MIME type -> content; images as base64 text. */
export type MimeBundle = Record<string, unknown>;

const display = Symbol.for("Jupyter.display");
const mimeType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:;.*)?$/;
const jsonType = /^[^/]+\/(?:json|[^;]+\+json)(?:;.*)?$/;

/** @throws whatever the value's own display method throws, and what {@link checkedBundle} does */
export async function mimeBundle(value: unknown): Promise<MimeBundle> {
  const own = await ownBundle(value);
  if (own) return checkedBundle(own);
  const text = formatValue(value);
  const html = tableHtml(value);
  return html === undefined ? { "text/plain": text } : { "text/plain": tableText(value) ?? text, "text/html": html };
}

/**
 * A copy of `bundle` with what notebook files may hold: text, or lists of lines, and any JSON under JSON types. What is
 * undefined is left out.
 * @throws TypeError for anything else, naming the MIME type: Jupyter would refuse to save the notebook.
 */
export function checkedBundle(bundle: unknown): MimeBundle {
  if (!isRecord(bundle))
    throw new HostTypeError(
      `display: ${inspect(bundle, { depth: 0 })} is no MIME bundle; expected { "text/plain": "…", … }`,
    );
  const checked = Object.create(null) as MimeBundle;
  for (const [type, content] of Object.entries(bundle)) {
    if (content === undefined) continue;
    const name = JSON.stringify(type);
    if (!mimeType.test(type))
      throw new HostTypeError(`display: ${name} is no MIME type; expected one like "text/html" or "image/png"`);
    const isText =
      typeof content === "string" ||
      (Array.isArray(content) && content.every((line: unknown) => typeof line === "string"));
    if (!jsonType.test(type) && !isText) {
      const remedy = ArrayBuffer.isView(content)
        ? 'give bytes as Buffer.from(bytes).toString("base64")'
        : "convert it, or show it under a JSON type";
      throw new HostTypeError(
        `display: ${name} is ${inspect(content, { depth: 0, maxArrayLength: 3 })}; expected a string: ${remedy}`,
      );
    }
    checked[type] = content;
  }
  return checked;
}

async function ownBundle(value: unknown): Promise<object | undefined> {
  const show = method(value, display);
  const bundle = show && (await show());
  return typeof bundle === "object" && bundle !== null ? bundle : undefined;
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
  let found: unknown;
  try {
    found = Reflect.get(value, name);
  } catch {
    // A value that throws when it is looked at can still be shown as text.
    return undefined;
  }
  return typeof found === "function" ? () => Reflect.apply(found, value, []) as unknown : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}
