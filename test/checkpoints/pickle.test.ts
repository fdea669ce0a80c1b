// The allow-list unpickler: pickles written by hand (as pickletools describes them), genuine ones, and hostile ones.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { numpyGlobals, type NumpyArray } from "../../sdk/src/checkpoints/numpy-pickle.js";
import { readPickle, type PickleGlobals } from "../../sdk/src/checkpoints/pickle.js";
import { plainGlobals } from "../../sdk/src/checkpoints/plain-pickle.js";
import { readTorch } from "../../sdk/src/checkpoints/torch-file.js";
import { torchGlobals } from "../../sdk/src/checkpoints/torch-pickle.js";
import { InputError } from "../../sdk/src/errors.js";
import { hasShared } from "../shared.js";
import { described, manifest, referenceFile as file } from "./reference-files.js";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const read = (text: string, globals: PickleGlobals = plainGlobals, maxObjects?: number) =>
  readPickle(bytes(text), { source: "p", globals, maxObjects }).value;

test.each<[string, string, unknown]>([
  ["None", "N.", null],
  ["booleans of protocol 0", "(I01\nI00\nl.", [true, false]],
  ["integers as text", "(I-7\nL123L\nL36893488147419103232L\nt.", [-7, 123, 2n ** 65n]],
  ["binary integers", "(J\xff\xff\xff\xffK\xffM\x01\x02t.", [-1, 255, 513]],
  ["long integers", "(\x8a\x00\x8a\x01\xff\x8a\x02\xff\x00\x8a\x09\0\0\0\0\0\0\0\0\x01t.", [0, -1, 255, 2n ** 64n]],
  ["floats", "(F-1.5\nFnan\nF-inf\nG\x3f\xf8\0\0\0\0\0\0t.", [-1.5, NaN, -Infinity, 1.5]],
  ["Python 2 strings", "(S'a\\n\\x41\\''\nU\x02hiT\x01\0\0\0\xe4t.", ["a\nA'", "hi", "ä"]],
  ["unicode", "(V\\u4e2d\\U0001f600\nX\x02\0\0\0\xc3\xa4\x8c\x01xt.", ["中😀", "ä", "x"]],
  ["bytes", "(C\x02abB\x01\0\0\0ct.", [bytes("ab"), bytes("c")]],
  ["lists", "](K\x01K\x02eK\x03a.", [1, 2, 3]],
  ["tuples", "()K\x01\x85K\x01K\x02\x86K\x01K\x02K\x03\x87t.", [[], [1], [1, 2], [1, 2, 3]]],
  ["dicts", "}(U\x01aK\x01uU\x01bK\x02s.", new Map([["a", 1], ["b", 2]])], // prettier-ignore
  ["dicts from a mark", "(U\x01aK\x01d.", new Map([["a", 1]])],
  ["sets", "\x8f(K\x01K\x02\x90.", new Set([1, 2])],
  ["frozen sets", "(K\x01\x91.", new Set([1])],
  ["the memo", "(]q\x05h\x05]\x94h\x01]r\0\x01\0\0j\0\x01\0\0]p7\ng7\nt.", [[], [], [], [], [], [], [], []]],
  ["POP, POP_MARK and DUP", "(N0(NN1K\x012t.", [1, 1]],
  ["a frame and a protocol", "\x80\x04\x95\x02\0\0\0\0\0\0\0N.", null],
  ["an ordered dict with attributes", "ccollections\nOrderedDict\n)R}U\x09_metadataNsb.", new Map()],
  ["bytes under protocol 2", "c_codecs\nencode\n(X\x02\0\0\0\xc3\xa4U\x06latin1tR.", bytes("ä")],
])("reads %s", (_, text, expected) => expect(read(text)).toEqual(expected));

test("parts that the pickle shares are shared", () => {
  const [a, b] = read("(]q\0h\0t.") as unknown[];
  expect(a).toBe(b);
});

test.each<[string, string, string]>([
  ["a global outside the list", "cos\nsystem\n.", 'p: byte 0: refers to "os.system"'],
  ["a name from JavaScript's prototype", "c__proto__\ntoString\n.", 'refers to "__proto__.toString"'],
  ["a global put together at run time", "\x8c\x02os\x8c\x06system\x93.", 'byte 12: refers to "os.system"'],
  ["a call of what is no constructor", "K\x01)R.", "calls number"],
  ["a state for a plain value", "]}b.", "sets the state of a plain value"],
  ["INST", "(ios\nsystem\n.", 'refers to "os.system"'],
  ["PERSID", "P1\n.", "uses opcode PERSID"],
  ["BINPERSID where there is nothing to refer to", "K\x01Q.", "uses opcode BINPERSID"],
  ["the extension registry", "\x82\x01.", "uses opcode EXT1"],
  ["an unknown opcode", "\xff.", "uses opcode 0xff"],
  ["a newer protocol", "\x80\x06N.", "is of pickle protocol 6"],
  ["a truncated pickle", "K", "needs 1 bytes where 0 are left"],
  ["a line without end", "I12", "ends inside a line"],
  ["an announced terabyte", "\x8e\0\0\0\0\0\x01\0\0.", "needs 1099511627776 bytes"],
  ["an integer of a megabyte", "\x8b\0\0\x10\0.", "holds an integer of 1048576 bytes"],
  ["no integer", "I1e5\n.", 'holds "1e5"'],
  ["an empty stack", ".", "takes more from the stack"],
  ["a mark where a value is needed", "(a.", "takes more from the stack"],
  ["an unknown memo", "h\x07.", "refers to memo 7"],
  ["a key without a value", "}(Nu.", "has a key without a value"],
  ["appending to a dict", "}Na.", "appends to what is no list"],
])("refuses %s", (_, text, message) => {
  expect(() => read(text)).toThrow(InputError);
  expect(() => read(text)).toThrow(message);
});

test("makes no more objects than allowed", () => {
  expect(read("(" + "]".repeat(10) + "t.", {}, 11)).toHaveLength(10);
  expect(() => read("(" + "]".repeat(10) + "t.", {}, 10)).toThrow("holds more than 10 objects");
});

describe.skipIf(!hasShared)("files in ../shared/data/checkpoints", () => {
  const globals = { ...plainGlobals, ...numpyGlobals };

  test.each(["arrays_protocol2.pkl", "arrays_protocol4.pkl", "arrays_protocol5.pkl", "arrays_numpy2_names.pkl"])(
    "%s",
    (name) => {
      const { value } = readPickle(readFileSync(file(name)), { source: name, globals });
      const arrays = Object.entries<{ shape: number[]; data: number[] }>(described(name).expected);
      for (const [key, { shape, data }] of arrays) {
        const found = (value as Map<string, NumpyArray>).get(key)!;
        expect({ shape: found.shape, data: Array.from(found.data) }, key).toEqual({ shape, data });
      }
    },
  );

  test.each(["result.pkl", "result_numpy2_names.pkl"])("%s", (name) => {
    const { value } = readPickle(readFileSync(file(name)), { source: name, globals });
    const rows = (value as Map<string, number>[]).map((row) => Object.fromEntries(row));
    expect(JSON.parse(JSON.stringify(rows))).toEqual(described(name).expected);
  });

  const hostile = hasShared ? manifest("malicious/manifest.json") : [];
  test.each<[string, string, string]>(hostile.map(({ file, outcome, marker }) => [file, outcome, marker]))(
    "%s: %s",
    (name, outcome, marker) => {
      const contents = readFileSync(file(`malicious/${name}`));
      const load = () =>
        name.endsWith(".pt")
          ? readTorch(contents, name)
          : readPickle(contents, { source: name, globals: torchGlobals(name, contents.length) }).value;
      const prototype = Object.getOwnPropertyNames(Object.prototype);
      const before = process.memoryUsage();
      let found = "load";
      try {
        load();
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        found = "refuse";
      }
      if (outcome !== "either") expect(found).toBe(outcome);
      expect(existsSync(marker)).toBe(false);
      expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototype);
      expect(process.memoryUsage().rss - before.rss).toBeLessThan(2 ** 27);
    },
  );
});
