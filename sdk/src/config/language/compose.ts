// Composes a configuration from its file and the base files its `defaults:` list names; later values win.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fail, nearest } from "../../errors.js";
import { partNames, projectConfigRoot, shownPath } from "../run/locations.js";
import { merge, type Settings } from "./settings.js";
import { readYaml } from "./yaml-source.js";

/** Changes the settings of one file before they are merged, and names further parts to put below them. */
export type Adapt = (
  settings: Settings,
  file: string,
) => { readonly settings: Settings; readonly parts: readonly string[] };

/**
 * Settings of `file` over those of its defaults, in order; `_self_` in the list marks the file's own place (default: last).
 * Entries are paths below `root` (else below the project's cfg), or relative to the file if they start with a dot.
 * @throws InputError `DMPO_CONFIG_DEFAULTS` for a missing part or a cycle.
 */
export function compose(file: string, root: string, adapt: Adapt = (settings) => ({ settings, parts: [] })): Settings {
  return composeFile(file, root, adapt, []);
}

function composeFile(file: string, root: string, adapt: Adapt, above: readonly string[]): Settings {
  const { settings, defaults } = readYaml(file);
  const { settings: own, parts } = adapt(settings, file);
  const chain = [...above, file];
  const result: Settings = new Map();
  for (const part of parts)
    merge(result, composeFile(join(projectConfigRoot, `${part}.yaml`), projectConfigRoot, adapt, chain));
  for (const { name, origin } of defaults) {
    if (name === "_self_") {
      merge(result, own);
      continue;
    }
    const part = locatePart(name, file, root, origin);
    if (chain.includes(part)) {
      const cycle = [...chain.slice(chain.indexOf(part)), part].map(shownPath).join(" -> ");
      fail("DMPO_CONFIG_DEFAULTS", origin, `defaults form a cycle: ${cycle}`, "files that do not include themselves");
    }
    merge(result, composeFile(part, root, adapt, chain));
  }
  if (!defaults.some(({ name }) => name === "_self_")) merge(result, own);
  return result;
}

function locatePart(name: string, file: string, root: string, origin: string): string {
  const folders = name.startsWith(".") ? [dirname(file)] : [root, projectConfigRoot];
  const found = folders.map((folder) => join(folder, `${name}.yaml`)).find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  const close = nearest(name, partNames(root));
  const expected = name.startsWith(".")
    ? `a file relative to ${shownPath(dirname(file))}`
    : `a file below ${shownPath(root)}`;
  fail("DMPO_CONFIG_DEFAULTS", origin, `there is no "${name}.yaml"`, expected, close && `did you mean "${close}"?`);
}
