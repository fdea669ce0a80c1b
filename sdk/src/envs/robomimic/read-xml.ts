// Reads the XML of MuJoCo models: elements with attributes, and comments, which are dropped. Models have no text between elements.
import { fail } from "../../errors.js";
import { element, type Element } from "../locomotion/model.js";

const token = /<!--[\s\S]*?-->|<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/g;
const attribute = /([\w.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * The root element; attributes are texts, as written.
 * @param source where the text is from, for the error.
 * @throws InputError DMPO_ENV_MODEL if an element is not closed.
 */
export function readXml(text: string, source: string): Element {
  type Open = { tag: string; attributes: Record<string, string>; children: Element[] };
  const root: Open = { tag: "", attributes: {}, children: [] };
  const open = [root];
  for (const [, closes, tag, written = "", closed] of text.matchAll(token)) {
    if (!tag) continue;
    const parent = open.at(-1)!;
    if (closes) {
      if (parent.tag !== tag || open.length === 1) break;
      open.pop();
      open.at(-1)!.children.push(element(parent.tag, parent.attributes, ...parent.children));
      continue;
    }
    const attributes = Object.fromEntries(
      [...written.matchAll(attribute)].map(([, name, double, single]) => [name!, double ?? single!]),
    );
    if (closed) parent.children.push(element(tag, attributes));
    else open.push({ tag, attributes, children: [] });
  }
  const [only] = root.children;
  if (only && open.length === 1 && root.children.length === 1) return only;
  return fail("DMPO_ENV_MODEL", source, "is not well-formed XML", "one element, everything in it closed");
}

/** The first element below `root` with this tag and, if given, this name; `root` itself counts. */
export function findElement(root: Element, tag: string, name?: string): Element | undefined {
  if (root.tag === tag && (name === undefined || root.attributes.name === name)) return root;
  for (const child of root.children) {
    const found = findElement(child, tag, name);
    if (found) return found;
  }
  return undefined;
}

/** A copy whose elements are what `change` makes of them, children first; `undefined` leaves one out. */
export function mapElements(root: Element, change: (found: Element) => Element | undefined): Element | undefined {
  const children = root.children.map((child) => mapElements(child, change)).filter((child) => child !== undefined);
  return change({ ...root, children });
}
