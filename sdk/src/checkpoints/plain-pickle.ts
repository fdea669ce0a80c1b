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
  build: () => undefined,
};

/** How often each key occurs: called with a dict. */
const counter: PickleGlobal = {
  call: (counts = new Map()) => (counts instanceof Map ? new Map(counts) : refuse("Counter", "a dict")),
  build: () => undefined,
};

/** The items follow; what makes missing ones is left out. */
const defaultDict: PickleGlobal = { call: () => new Map(), build: () => undefined };

const deque: PickleGlobal = {
  call: (items = []) => (Array.isArray(items) ? [...(items as unknown[])] : refuse("deque", "a list")),
  build: () => undefined,
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

/** Of bytes, or of text as protocol 2 writes it. */
const byteArray: PickleGlobal = {
  call: (content = new Uint8Array(0)) =>
    content instanceof Uint8Array
      ? content
      : typeof content === "string"
        ? new Uint8Array(Buffer.from(content, "latin1"))
        : refuse("bytearray", "bytes"),
};

export const plainGlobals: PickleGlobals = {
  "collections.OrderedDict": orderedDict,
  "collections.Counter": counter,
  "collections.defaultdict": defaultDict,
  "collections.deque": deque,
  "_codecs.encode": encode,
  "__builtin__.set": set,
  "builtins.set": set,
  "__builtin__.frozenset": set,
  "builtins.frozenset": set,
  "__builtin__.bytearray": byteArray,
  "builtins.bytearray": byteArray,
  "__builtin__.bytes": emptyBytes,
  "builtins.bytes": emptyBytes,
};
