// Reads one YAML file into settings, keeping the line of every value.
import { readFileSync } from "node:fs";
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";
import { fail, InputError } from "../../errors.js";
import { foreignFile } from "../../foreign-file.js";
import { shownPath } from "../run/locations.js";
import { assign, type Settings, type Value } from "./settings.js";

export interface YamlSource {
  readonly settings: Settings;
  /** The entries of the top-level `defaults:` list with their origins. */
  readonly defaults: readonly { readonly name: string; readonly origin: string }[];
}

/**
 * Settings of one file. YAML 1.2: `1e-4` is a number, `True` and `False` are booleans, `yes` is a string.
 * @throws InputError `DMPO_CONFIG_YAML` with every syntax error of the file and its line.
 */
export function readYaml(file: string): YamlSource {
  const shown = shownPath(file);
  const lines = new LineCounter();
  const document = parseDocument(readText(file, shown), { lineCounter: lines, merge: true });
  if (document.errors.length > 0) {
    throw new InputError(
      "DMPO_CONFIG_YAML",
      document.errors.map(({ message, pos }) => ({
        path: `${shown}:${lines.linePos(pos[0]).line}`,
        wrong: message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/, ""),
        expected: "a YAML mapping of snake_case keys",
      })),
    );
  }
  const settings: Settings = new Map();
  const defaults: { name: string; origin: string }[] = [];
  const origin = (node: Node) => `${shown}:${lines.linePos(node.range![0]).line}`;
  const root = document.contents;
  // An alias inside of what it names would never end.
  visit(document, {
    Alias(_, alias, ancestors) {
      const named = alias.resolve(document);
      if (named && !(ancestors as readonly unknown[]).includes(named)) return;
      const wrong = `the alias *${alias.source} ${named ? "is part of what it names" : "names nothing above it"}`;
      fail("DMPO_CONFIG_YAML", origin(alias), wrong, "aliases (*name) of anchors (&name) above them");
    },
  });

  /** What `<<:` brings in, a mapping or several of which the first wins; the mapping's own keys win over all of them. */
  function readMerged(value: unknown, path: string, place: string): void {
    const source = isAlias(value) ? value.resolve(document) : value;
    if (isSeq(source)) for (const item of [...source.items].reverse()) readMerged(item, path, place);
    else if (isMap(source)) read(source, path, place);
    else
      fail("DMPO_CONFIG_YAML", place, "<< is followed by what is no mapping", "a mapping, *name, or a list of these");
  }

  const isMerge = (key: unknown) => isScalar(key) && key.type === "PLAIN" && (key.source ?? key.value) === "<<";

  function read(node: Node | null, path: string, place: string): void {
    if (isMap(node) && node.items.length > 0) {
      for (const { key, value } of node.items) if (isMerge(key)) readMerged(value, path, origin(key as Node));
      for (const { key, value } of node.items) {
        if (isMerge(key)) continue;
        const name = isScalar(key) ? String(key.value) : "";
        const at = origin(key as Node);
        if (name === "" || name.includes(".")) {
          fail(
            "DMPO_CONFIG_YAML",
            at,
            `the key "${name}"`,
            "a plain name",
            `write ${name.replaceAll(".", ": ")} as nested mappings`,
          );
        }
        read(value as Node | null, path === "" ? name : `${path}.${name}`, at);
      }
    } else {
      assign(settings, path, { value: node === null ? null : valueOf(node, place), origin: place });
    }
  }

  /** Aliases of aliases can multiply: the library gives up at some point. */
  function valueOf(node: Node, place: string): Value {
    try {
      return node.toJS(document) as Value;
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      fail("DMPO_CONFIG_YAML", place, error.message, "few aliases (*name)");
    }
  }

  if (root === null) return { settings, defaults };
  if (!isMap(root)) fail("DMPO_CONFIG_YAML", `${shown}:1`, "not a mapping", "a YAML mapping of snake_case keys");
  const list = root.get("defaults", true) as Node | undefined;
  if (list !== undefined) {
    root.delete("defaults");
    if (!isSeq(list))
      fail("DMPO_CONFIG_YAML", origin(list), "defaults is not a list", 'a list such as ["base/pretrain"]');
    for (const item of list.items as Node[]) {
      if (!isScalar(item) || typeof item.value !== "string") {
        fail(
          "DMPO_CONFIG_YAML",
          origin(item),
          "an entry of defaults is not a string",
          "a path below cfg/, without .yaml",
        );
      }
      defaults.push({ name: item.value, origin: origin(item) });
    }
  }
  if (root.items.length > 0) read(root, "", "");
  return { settings, defaults };
}

/** @throws InputError where the bytes are not UTF-8, with the line; a byte order mark is taken off. */
function readText(file: string, shown: string): string {
  const bytes = readFileSync(file);
  const foreign = foreignFile(bytes);
  if (foreign) fail("DMPO_CONFIG_YAML", shown, foreign.wrong, "a YAML mapping of snake_case keys", foreign.remedy);
  const decode = (part: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(part);
  try {
    return decode(bytes);
  } catch {
    let [line, start] = [1, 0];
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      try {
        decode(bytes.subarray(start, end));
      } catch {
        break;
      }
      [line, start] = [line + 1, end + 1];
    }
    const remedy = "save the file in the encoding UTF-8; `iconv -f latin1 -t utf-8` converts it from Latin-1";
    fail("DMPO_CONFIG_YAML", `${shown}:${line}`, "is not UTF-8 text", "UTF-8", remedy);
  }
}
