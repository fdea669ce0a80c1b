// Configurations from tables of keys: a table says where each option stands in the YAML, the option's own schema says the rest.
import { z } from "zod";
import type { Keys } from "../../options.js";
import { unwrapped } from "../../schema-issues.js";

/** Options and where they stand. */
export interface KeyTable {
  readonly keys: Keys;
  readonly options: z.ZodObject;
}

/** Further keys by their dotted path, e.g. "train.render". */
export type Extra = Readonly<Record<string, z.ZodType>>;

/** What a part brings to a configuration. */
export interface Section {
  readonly tables?: readonly KeyTable[];
  readonly extra?: Extra;
}

interface Leaf {
  readonly schema: z.ZodType;
  /** The object among the options that it belongs to, with its path; none for what is no option, and at the top. */
  readonly parent?: { readonly path: string; readonly schema: z.ZodType } | undefined;
}
type Tree = Map<string, Leaf | Tree>;

/** The keys of all sections as one shape; where two name the same key, the later one counts. */
export function shapeOf(sections: readonly Section[]): z.ZodRawShape {
  const tree: Tree = new Map();
  for (const { tables = [], extra = {} } of sections) {
    for (const { keys, options } of tables) {
      for (const [path, option] of Object.entries(keys)) plant(tree, path, leafOf(options, option));
    }
    for (const [path, schema] of Object.entries(extra)) plant(tree, path, { schema });
  }
  return shape(tree);
}

/** The options of a table that a valid configuration (in camelCase) states. */
export function optionsOf({ keys, options: schema }: KeyTable, config: object): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [path, option] of Object.entries(keys)) {
    const [names, options] = [path.split("."), option.split(".")];
    const value = valueAt(config, names);
    if (value !== undefined) put(found, options, value);
    // A section that is null makes null the option it stands for.
    else if (options.length > 1 && valueAt(config, names.slice(0, -1)) === null) put(found, options.slice(0, -1), null);
  }
  return completeTuples(found, schema);
}

function plant(tree: Tree, path: string, leaf: Leaf): void {
  const names = path.split(".");
  const last = names.pop()!;
  let node = tree;
  for (const name of names) {
    let below = node.get(name);
    if (!(below instanceof Map)) node.set(name, (below = new Map() as Tree));
    node = below;
  }
  node.set(last, leaf);
}

function shape(tree: Tree): Record<string, z.ZodType> {
  return Object.fromEntries([...tree].map(([name, node]) => [name, node instanceof Map ? section(node) : node.schema]));
}

/** A section that holds all of one object of the options may be left out or null as that object may. */
function section(tree: Tree): z.ZodType {
  const object = z.strictObject(shape(tree));
  const parents = [...tree.values()].map((node) => (node instanceof Map ? undefined : node.parent));
  const [first] = parents;
  if (!first || parents.some((parent) => parent?.path !== first.path)) return object.prefault({});
  return isNullable(first.schema) ? object.nullable().default(null) : object.prefault({});
}

function leafOf(options: z.ZodObject, path: string): Leaf {
  const names = path.split(".");
  const last = names.pop()!;
  const parent = names.reduce<z.ZodType>(within, options);
  return {
    schema: within(parent, last),
    parent: names.length > 0 ? { path: names.join("."), schema: parent } : undefined,
  };
}

/** The schema of an entry; of an element of a tuple, which may be left out, null. */
function within(schema: z.ZodType, name: string): z.ZodType {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodTuple) return (inner.def.items[Number(name)] as z.ZodType).nullable().default(null);
  const found = inner instanceof z.ZodObject ? (inner.shape as z.ZodRawShape)[name] : undefined;
  if (!found) throw new Error(`a table of keys names the option "${name}", which does not exist`);
  return found as z.ZodType;
}

const isNullable = (schema: z.ZodType) => schema.safeParse(null).success;

/** The value at a path; undefined where it is not stated, or stands in a section that is null. */
export function valueAt(config: object, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (node, name) =>
      typeof node === "object" && node !== null && Object.hasOwn(node, name)
        ? (node as Record<string, unknown>)[name]
        : undefined,
    config,
  );
}

function put(target: Record<string, unknown>, [name, ...below]: readonly string[], value: unknown): void {
  if (below.length === 0) target[name!] = value;
  else put((target[name!] ??= isIndex(below[0]!) ? [] : {}) as Record<string, unknown>, below, value);
}

const isIndex = (name: string) => /^\d+$/.test(name);

/** A tuple that is not given whole is null. */
function completeTuples(found: Record<string, unknown>, options: z.ZodObject): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(found).map(([name, value]) => {
      const isTuple = unwrapped(options.shape[name] as z.ZodType) instanceof z.ZodTuple;
      return [name, isTuple && Array.isArray(value) && value.includes(null) ? null : value];
    }),
  );
}
