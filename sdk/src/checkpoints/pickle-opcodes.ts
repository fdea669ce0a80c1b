// The opcodes of Python pickles that describe data, each by its byte; the machine they act on is the reader's.

import { OmittedValue } from "./omitted-value.js";

/** What an opcode may do. */
export interface Machine {
  push(value: unknown): void;
  /** Pushes something that costs memory. */
  make(value: unknown): void;
  pop(): unknown;
  /** Everything above the topmost mark, which goes too. */
  popMark(): unknown[];
  top(): unknown;
  mark(): void;
  discard(): void;
  take(count: number): Buffer;
  line(): string;
  /** Without an index: the next one. */
  put(index?: number): void;
  get(index: number): void;
  global(module: unknown, name: unknown): unknown;
  call(callee: unknown, args: unknown): unknown;
  build(made: unknown, state: unknown): void;
  persistent(id: unknown): unknown;
  fail(wrong: string, expected: string): never;
}

/** Bytes or digits of an integer; more is no number that data contains, and slow to parse. */
const MAX_INTEGER = 1024;

type Opcode = (m: Machine) => void;

const u8 = (m: Machine) => m.take(1)[0]!;
const u32 = (m: Machine) => m.take(4).readUInt32LE();
const u64 = (m: Machine) => Number(m.take(8).readBigUInt64LE());
const utf8 =
  (size: (m: Machine) => number): Opcode =>
  (m) =>
    m.push(m.take(size(m)).toString("utf8"));
const latin1 =
  (size: (m: Machine) => number): Opcode =>
  (m) =>
    m.push(m.take(size(m)).toString("latin1"));
const raw =
  (size: (m: Machine) => number): Opcode =>
  (m) =>
    m.make(new Uint8Array(m.take(size(m))));
const tuple =
  (size: number): Opcode =>
  (m) =>
    m.make(Array.from({ length: size }, () => m.pop()).reverse());

/** The list to append to; what is appended to an omitted value is omitted. */
function asList(m: Machine, value: unknown): unknown[] {
  if (value instanceof OmittedValue) return [];
  return Array.isArray(value) ? value : m.fail("appends to what is no list", "a list");
}

function asDict(m: Machine, value: unknown): Map<unknown, unknown> {
  if (value instanceof OmittedValue) return new Map();
  return value instanceof Map ? value : m.fail("sets an item of what is no dict", "a dict");
}

function addPairs(m: Machine, dict: Map<unknown, unknown>, items: readonly unknown[]): void {
  if (items.length % 2 !== 0) m.fail("has a key without a value", "pairs");
  for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
}

/** Little-endian two's complement. */
function long(m: Machine, size: number): number | bigint {
  if (size > MAX_INTEGER) m.fail(`holds an integer of ${size} bytes`, `at most ${MAX_INTEGER}`);
  if (size === 0) return 0;
  const hex = Buffer.from(m.take(size)).reverse().toString("hex");
  return narrow(BigInt.asIntN(8 * size, BigInt(`0x${hex}`)));
}

const narrow = (value: bigint) =>
  BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value;

function integerOf(m: Machine, text: string): number | bigint {
  if (text.length > MAX_INTEGER || !/^\s*[+-]?\d+L?\s*$/.test(text))
    m.fail(`holds ${JSON.stringify(text.slice(0, 40))}`, "an integer");
  return narrow(BigInt(text.replace("L", "").replace("+", "").trim()));
}

function index(m: Machine): number {
  const value = integerOf(m, m.line());
  return typeof value === "number" && value >= 0 ? value : m.fail(`refers to memo ${value}`, "a count");
}

function floatOf(m: Machine, text: string): number {
  const special: Record<string, number> = { nan: NaN, inf: Infinity, "-inf": -Infinity };
  if (Object.hasOwn(special, text)) return special[text]!;
  const value = Number(text);
  return text !== "" && !Number.isNaN(value) ? value : m.fail(`holds ${JSON.stringify(text.slice(0, 40))}`, "a number");
}

/** A quoted Python 2 string; escapes as repr() writes them. */
function quoted(m: Machine, text: string): string {
  const body = /^(['"])(.*)\1$/s.exec(text)?.[2];
  if (body === undefined) m.fail("holds a string without quotes", "'...'");
  const named: Record<string, string> = { n: "\n", t: "\t", r: "\r" };
  return body.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? (named[letter] ?? letter) : String.fromCharCode(parseInt(hex, 16)),
  );
}

/** Python's raw-unicode-escape: latin-1 with \uXXXX and \UXXXXXXXX. */
function rawUnicode(m: Machine, text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, short?: string, wide?: string) => {
    const point = parseInt(short ?? wide!, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : m.fail(`holds character ${point}`, "Unicode");
  });
}

export const opcodes: Readonly<Record<string, Opcode>> = Object.assign(Object.create(null) as object, {
  // Protocol and framing say nothing about the data.
  "\x80": (m) => {
    const protocol = u8(m);
    if (protocol > 5) m.fail(`is of pickle protocol ${protocol}`, "0 to 5");
  },
  "\x95": (m) => void m.take(8),
  // Constants and numbers.
  N: (m) => m.push(null),
  "\x88": (m) => m.push(true),
  "\x89": (m) => m.push(false),
  I: (m) => {
    const text = m.line();
    m.push(text === "01" ? true : text === "00" ? false : integerOf(m, text));
  },
  J: (m) => m.push(m.take(4).readInt32LE()),
  K: (m) => m.push(u8(m)),
  M: (m) => m.push(m.take(2).readUInt16LE()),
  L: (m) => m.push(integerOf(m, m.line())),
  "\x8a": (m) => m.push(long(m, u8(m))),
  "\x8b": (m) => m.push(long(m, u32(m))),
  F: (m) => m.push(floatOf(m, m.line())),
  G: (m) => m.push(m.take(8).readDoubleBE()),
  // Text and bytes. Python 2 strings are bytes: latin-1 keeps every one of them.
  S: (m) => m.push(quoted(m, m.line())),
  T: latin1(u32),
  U: latin1(u8),
  V: (m) => m.push(rawUnicode(m, m.line())),
  X: utf8(u32),
  "\x8c": utf8(u8),
  "\x8d": utf8(u64),
  B: raw(u32),
  C: raw(u8),
  "\x8e": raw(u64),
  "\x96": raw(u64),
  // Containers.
  "(": (m) => m.mark(),
  "]": (m) => m.make([]),
  l: (m) => m.make(m.popMark()),
  a: (m) => {
    const item = m.pop();
    asList(m, m.top()).push(item);
  },
  e: (m) => {
    const items = m.popMark();
    const list = asList(m, m.top());
    for (const item of items) list.push(item);
  },
  ")": tuple(0),
  "\x85": tuple(1),
  "\x86": tuple(2),
  "\x87": tuple(3),
  t: (m) => m.make(m.popMark()),
  "}": (m) => m.make(new Map()),
  d: (m) => {
    const items = m.popMark();
    const dict = new Map<unknown, unknown>();
    addPairs(m, dict, items);
    m.make(dict);
  },
  s: (m) => {
    const value = m.pop();
    const key = m.pop();
    addPairs(m, asDict(m, m.top()), [key, value]);
  },
  u: (m) => {
    const items = m.popMark();
    addPairs(m, asDict(m, m.top()), items);
  },
  "\x8f": (m) => m.make(new Set()),
  "\x90": (m) => {
    const items = m.popMark();
    const set = m.top();
    if (set instanceof OmittedValue) return;
    if (!(set instanceof Set)) return m.fail("adds to what is no set", "a set");
    for (const item of items) set.add(item);
  },
  "\x91": (m) => m.make(new Set(m.popMark())),
  // Stack and memo.
  "0": (m) => m.discard(),
  "1": (m) => void m.popMark(),
  "2": (m) => m.push(m.top()),
  p: (m) => m.put(index(m)),
  q: (m) => m.put(u8(m)),
  r: (m) => m.put(u32(m)),
  "\x94": (m) => m.put(),
  g: (m) => m.get(index(m)),
  h: (m) => m.get(u8(m)),
  j: (m) => m.get(u32(m)),
  // Names, all of which go through the caller's table.
  c: (m) => {
    const module = m.line();
    m.push(m.global(module, m.line()));
  },
  "\x93": (m) => {
    const name = m.pop();
    m.push(m.global(m.pop(), name));
  },
  R: (m) => {
    const args = m.pop();
    m.push(m.call(m.pop(), args));
  },
  "\x81": (m) => {
    const args = m.pop();
    m.push(m.call(m.pop(), args));
  },
  i: (m) => {
    const module = m.line();
    const made = m.global(module, m.line());
    m.push(m.call(made, m.popMark()));
  },
  o: (m) => {
    const [made, ...args] = m.popMark();
    m.push(m.call(made, args));
  },
  "\x92": (m) => {
    m.pop();
    const args = m.pop();
    m.push(m.call(m.pop(), args));
  },
  b: (m) => {
    const state = m.pop();
    m.build(m.top(), state);
  },
  Q: (m) => m.push(m.persistent(m.pop())),
} satisfies Record<string, Opcode>);

/** Opcodes that exist but have no place in data. */
export const refusedOpcodes: Readonly<Record<string, string>> = {
  P: "PERSID",
  "\x82": "EXT1",
  "\x83": "EXT2",
  "\x84": "EXT4",
  "\x97": "NEXT_BUFFER",
  "\x98": "READONLY_BUFFER",
};
