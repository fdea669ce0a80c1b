// Reads one YAML file into settings, keeping the line of every value.
import { readFileSync } from "node:fs";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";
import { fail, InputError } from "../../errors.js";
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
  const document = parseDocument(readFileSync(file, "utf8"), { lineCounter: lines });
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

  function read(node: Node | null, path: string, place: string): void {
    if (isMap(node) && node.items.length > 0) {
      for (const { key, value } of node.items) {
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
