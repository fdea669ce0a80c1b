// A configuration under construction: a flat table from dotted path to value and origin.
// Flat, because composing, overriding and reporting all speak of paths ("train.lr_scheduler.min_lr"), never of subtrees.

/** A leaf: scalar, list, or `{}` for a mapping without keys. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

export interface Setting {
  readonly value: Value;
  /** Where the value was written: "cfg/base/gym.yaml:14", "command line: seed=42". */
  readonly origin: string;
}

export type Settings = Map<string, Setting>;

/** Writes one path. A value replaces the mapping that stood there, and a scalar above it (`wandb: null`) gives way. */
export function assign(settings: Settings, path: string, setting: Setting): void {
  removeBelow(settings, path);
  for (let dot = path.indexOf("."); dot >= 0; dot = path.indexOf(".", dot + 1)) settings.delete(path.slice(0, dot));
  if (isMapping(setting.value)) {
    for (const [key, value] of Object.entries(setting.value)) {
      assign(settings, `${path}.${key}`, { value, origin: setting.origin });
    }
    if (Object.keys(setting.value).length > 0) return;
  }
  settings.set(path, setting);
}

/** Deletes a path and everything below it; false if there was nothing. */
export function remove(settings: Settings, path: string): boolean {
  const removedBelow = removeBelow(settings, path);
  return settings.delete(path) || removedBelow;
}

/** Writes all of `top` over `base`: later wins, mappings merge, lists are replaced as a whole. */
export function merge(base: Settings, top: Settings): void {
  for (const [path, setting] of top) {
    // A mapping without keys adds nothing to one that has some.
    if (isMapping(setting.value) && pathsBelow(base, path).length > 0) continue;
    assign(base, path, setting);
  }
}

/** The value at a path: a leaf, or the mapping below it as a plain object; undefined if there is nothing. */
export function lookup(settings: Settings, path: string): Value | undefined {
  const leaf = settings.get(path);
  if (leaf) return leaf.value;
  const below = pathsBelow(settings, path);
  if (below.length === 0) return undefined;
  return nest(new Map(below.map((inner) => [inner.slice(path.length + 1), settings.get(inner)!])));
}

/** The table as nested plain objects. */
export function nest(settings: Settings): Record<string, Value> {
  const root: Record<string, Value> = {};
  for (const [path, { value }] of settings) {
    const keys = path.split(".");
    const last = keys.pop()!;
    let node = root;
    for (const key of keys) node = (node[key] ??= {}) as Record<string, Value>;
    node[last] = value;
  }
  return root;
}

/** Where the value at `path` was written; for a mapping the origin of its first value, for an element that of its list. */
export function originOf(settings: Settings, path: string): string | undefined {
  for (let outer = path; outer !== ""; outer = outer.slice(0, Math.max(0, outer.lastIndexOf(".")))) {
    const setting = settings.get(outer) ?? settings.get(pathsBelow(settings, outer)[0] ?? "");
    if (setting) return setting.origin;
  }
  return undefined;
}

export function isMapping(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value inside text. */
export function asText(value: Value): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function removeBelow(settings: Settings, path: string): boolean {
  const below = pathsBelow(settings, path);
  for (const inner of below) settings.delete(inner);
  return below.length > 0;
}

function pathsBelow(settings: Settings, path: string): string[] {
  return [...settings.keys()].filter((key) => key.startsWith(`${path}.`));
}
