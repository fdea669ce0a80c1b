// Names that plain data uses in pickles of any library: ordered dicts, sets, bytes written under Python 2's protocol.
import { fail } from "../errors.js";
import type { PickleGlobal, PickleGlobals } from "./pickle.js";

function pairsOf(items: unknown): [unknown, unknown][] {
  if (items === undefined) return [];
  const isPairs = Array.isArray(items) && items.every((item) => Array.isArray(item) && item.length === 2);
  return isPairs ? (items as [unknown, unknown][]) : refuse("OrderedDict", "a list of pairs");
}

function refuse(name: string, expected: string): never {
  fail("DMPO_PICKLE", name, "has arguments of another kind", expected, "the file is damaged");
}

/** Its state only carries attributes, such as the `_metadata` of a state_dict, which no reader needs. */
const orderedDict: PickleGlobal = {
  call: (items) => new Map(pairsOf(items)),
  build: (_made, state) => {
    if (!(state instanceof Map)) refuse("OrderedDict", "attributes as a dict");
  },
};

const set: PickleGlobal = {
  call: (items = []) => new Set(Array.isArray(items) ? (items as unknown[]) : refuse("set", "a list")),
};

/** Protocol 2 writes bytes as `_codecs.encode(text, "latin1")`. */
const encode: PickleGlobal = {
  call: (text, encoding) =>
    typeof text === "string" && (encoding === "latin1" || encoding === "latin-1")
      ? new Uint8Array(Buffer.from(text, "latin1"))
      : refuse("_codecs.encode", 'text and "latin1"'),
};

const emptyBytes: PickleGlobal = {
  call: (...args) => (args.length === 0 ? new Uint8Array(0) : refuse("bytes", "nothing")),
};

export const plainGlobals: PickleGlobals = {
  "collections.OrderedDict": orderedDict,
  "_codecs.encode": encode,
  "__builtin__.set": set,
  "builtins.set": set,
  "__builtin__.bytes": emptyBytes,
  "builtins.bytes": emptyBytes,
};
