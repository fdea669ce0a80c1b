import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { numpyTypes, type NumpyType } from "../../sdk/src/data/numpy-types.js";
import { decodeNpy, encodeNpy } from "../../sdk/src/data/npy.js";
import { InputError } from "../../sdk/src/errors.js";
import { halfToNumber, numberToHalf } from "../../sdk/src/half-precision.js";
import { hasNumpy, python } from "./python.js";
import { temporaryFolder } from "./temporary-folder.js";

const types = Object.keys(numpyTypes) as NumpyType[];

/** An array as NumPy would write it, from the parts of its header. */
function npy(header: string, values: Uint8Array, version = 1): Buffer {
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(header.length);
  else length.writeUInt32LE(header.length);
  return Buffer.concat([
    Buffer.from("\x93NUMPY", "latin1"),
    Buffer.of(version, 0),
    length,
    Buffer.from(header),
    values,
  ]);
}

const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

test.each(types)("%s survives the round trip", (type) => {
  const values = type.startsWith("u") || type === "b1" ? [0, 1, 1, 0, 1, 0] : [0, 1, -1, 7, -8, 9];
  const data = Float64Array.from(values);
  const got = decodeNpy(encodeNpy({ type, shape: [2, 3], data }), "x");
  expect({ ...got, data: [...got.data] }).toEqual({ type, shape: [2, 3], data: values });
});

test.each([[[]], [[1]], [[0]], [[3, 0]], [[2, 1, 3]]])("shape %j survives", (shape) => {
  const data = new Float32Array(shape.reduce((product, n) => product * n, 1)).fill(2);
  expect(decodeNpy(encodeNpy({ type: "f4", shape, data }), "x")).toEqual({ type: "f4", shape, data });
});

test("the header ends on a multiple of 64 bytes, as NumPy aligns it", () => {
  const bytes = encodeNpy({ type: "f8", shape: [1], data: Float64Array.of(1) });
  expect((bytes.length - 8) % 64).toBe(0);
});

test("big-endian, Fortran order and versions 2 and 3", () => {
  const big = Buffer.alloc(8);
  big.writeFloatBE(1.5, 0);
  big.writeFloatBE(-2, 4);
  expect([...decodeNpy(npy(header("'>f4'", "(2,)"), big), "x").data]).toEqual([1.5, -2]);
  const columns = npy(header("'|u1'", "(2, 3)", "True"), Buffer.of(1, 4, 2, 5, 3, 6), 2);
  expect([...decodeNpy(columns, "x").data]).toEqual([1, 2, 3, 4, 5, 6]);
  expect([...decodeNpy(npy(header("'|i1'", "(1,)"), Buffer.of(255), 3), "x").data]).toEqual([-1]);
  const cube = npy(header("'|u1'", "(2, 2, 2)", "True"), Buffer.of(0, 4, 2, 6, 1, 5, 3, 7));
  expect([...decodeNpy(cube, "x").data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("accepts Python 2 shapes and a view at an odd offset", () => {
  const bytes = npy(header("'<i4'", "(2L,)"), Buffer.from(Int32Array.of(3, -4).buffer));
  const shifted = Buffer.concat([Buffer.of(0), bytes]).subarray(1);
  expect([...decodeNpy(shifted, "x").data]).toEqual([3, -4]);
});

const two = Buffer.from(Float32Array.of(1.5, -2).buffer);
test.each([
  ["double quotes", '{"descr": "<f4", "fortran_order": False, "shape": (2,)}'],
  ["no spaces", "{'descr':'<f4','fortran_order':False,'shape':(2,),}"],
  ["spaces everywhere", " { 'shape' : ( 2 , ) , 'fortran_order' : False , 'descr' : '<f4' } \n"],
  ["a list for a tuple", "{'descr': '<f4', 'fortran_order': False, 'shape': [2]}"],
  ["unicode texts of Python 2", "{u'descr': u'<f4', u'fortran_order': False, u'shape': (2L,)}"],
  ["the name of a type", "{'descr': 'float32', 'fortran_order': False, 'shape': (2,)}"],
  ["the letter of a type", "{'descr': '=f', 'fortran_order': False, 'shape': (2,)}"],
  ["further keys", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': {'y': [1, None]}}"],
])("a header is a Python literal: %s", (_, text) => {
  const { type, data } = decodeNpy(npy(text, two), "x");
  expect([type, ...data]).toEqual(["f4", 1.5, -2]);
});

test.each([
  ["no tuple", "{'descr': '<f4', 'fortran_order': False, 'shape': (2)}"],
  ["an open quote", "{'descr': '<f4"],
  ["an open dict", "{'descr': '<f4', "],
  ["code", "__import__('os')"],
  ["no dict", "[1]"],
  ["nested without end", "(".repeat(9999)],
])("a header that is %s is unreadable", (_, text) => {
  expect(() => decodeNpy(npy(text, two), "x")).toThrow("x: has an unreadable header");
});

test("half precision of both byte orders, and back", () => {
  const values = [1, -2.5, 65504, 2 ** -24, 2 ** -14, 0, -Infinity];
  const bits = [0x3c00, 0xc100, 0x7bff, 0x0001, 0x0400, 0, 0xfc00];
  const bytes = Buffer.from(Uint16Array.from(bits).buffer);
  expect([...decodeNpy(npy(header("'<f2'", "(7,)"), bytes), "x").data]).toEqual(values);
  expect([...decodeNpy(npy(header("'>f2'", "(7,)"), Buffer.from(bytes).swap16()), "x").data]).toEqual(values);
  const written = encodeNpy({ type: "f2", shape: [7], data: Float64Array.from(values) });
  expect(Buffer.from(written.slice(-14))).toEqual(bytes);
  for (let half = 0; half < 0x7c00; half++) expect(numberToHalf(halfToNumber(half))).toBe(half);
  // Half-way cases go to the even neighbour.
  expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, NaN].map(numberToHalf)).toEqual([
    0x3c00, 0x3c02, 0x7bff, 0x7c00, 0x7e00,
  ]);
});

describe("refuses", () => {
  test.each([
    [
      "object arrays",
      npy(header("'|O'", "(1,)"), Buffer.alloc(8)),
      /x: holds pickled Python objects\n.*numbers\n.*unpickling/,
    ],
    ["structured arrays", npy(header("[('a', '<f4')]", "(1,)"), Buffer.alloc(4)), /element type is \[\('a', '<f4'\)\]/],
    ["long doubles", npy(header("'<f16'", "(1,)"), Buffer.alloc(16)), /element type is '<f16'\n.*one of f2, f4, f8/],
    ["complex numbers", npy(header("'<c8'", "(1,)"), Buffer.alloc(8)), /element type is '<c8'/],
    ["text", npy(header("'<U3'", "(1,)"), Buffer.alloc(12)), /element type is '<U3'/],
    [
      "truncated values",
      npy(header("'<f4'", "(3,)"), Buffer.alloc(8)),
      /holds 8 bytes.*\n.*12 bytes for f4 of shape \(3\)/,
    ],
    ["surplus values", npy(header("'<f4'", "(1,)"), Buffer.alloc(8)), /holds 8 bytes.*\n.*4 bytes/],
    ["an absurd shape", npy(header("'<f4'", "(999999999, 999999999)"), Buffer.alloc(8)), /unreadable header/],
    ["a missing shape", npy("{'descr': '<f4', 'fortran_order': False}", Buffer.alloc(4)), /unreadable header/],
    ["version 4", npy(header("'<f4'", "(1,)"), Buffer.alloc(4), 4), /version 4/],
    ["other files", Buffer.from("PK something else"), /does not start like a \.npy array/],
    ["nothing", Buffer.alloc(0), /does not start like/],
    ["only the magic", Buffer.from("\x93NUMPY\x01", "latin1"), /ends inside its header/],
  ])("%s", (_, bytes, message) => {
    expect(() => decodeNpy(bytes, "x")).toThrow(message);
    expect(() => decodeNpy(bytes, "x")).toThrow(InputError);
  });
});

describe.skipIf(!hasNumpy)("NumPy", () => {
  const folder = temporaryFolder();

  test("NumPy's files of all types in both byte orders and memory orders are read", () => {
    const program = `import numpy, sys, json
values = {}
for t in sys.argv[2:]:
    for order in "<>":
        for layout in "CF":
            a = numpy.asarray(numpy.arange(24).reshape(2, 3, 4) % (2 if t == "b1" else 24), dtype=order + t, order=layout)
            name = t + ("big" if order == ">" else "little") + layout + ".npy"
            numpy.save(sys.argv[1] + "/" + name, a)
            values[name] = [float(x) for x in a.ravel(order="C")]
print(json.dumps(values))`;
    const files = python(program, folder, ...types) as Record<string, number[]>;
    expect(Object.keys(files).length).toBe(types.length * 4);
    for (const [name, expected] of Object.entries(files)) {
      const got = decodeNpy(readFileSync(join(folder, name)), name);
      expect({ ...got, data: [...got.data] }).toEqual({ type: name.slice(0, 2), shape: [2, 3, 4], data: expected });
    }
  });

  test("an object array written by NumPy is refused by name", () => {
    const path = join(folder, "object.npy");
    python(`import numpy, sys; numpy.save(sys.argv[1], numpy.array([{}, 1], dtype=object)); print(0)`, path);
    expect(() => decodeNpy(readFileSync(path), "object.npy")).toThrow(/object\.npy: holds pickled Python objects/);
  });
});
