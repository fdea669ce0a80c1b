// safetensors: bytes written by hand, round trips, and files that lie.
import { expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../sdk/src/checkpoints/safetensors.js";

/** A file with this header and data, assembled independently of the encoder. */
function file(header: unknown, data: readonly number[] = []): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const length = Buffer.alloc(8);
  length.writeUInt32LE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text), Buffer.from(data)]);
}

const one = (dtype: string, shape: number[], data: number[]) =>
  decodeSafetensors(file({ w: { dtype, shape, data_offsets: [0, data.length] } }, data), "f").tensors["w"]!;

test.each([
  ["F32", [0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0], new Float32Array([1, -2.5])],
  [
    "F16",
    [0x00, 0x3c, 0x00, 0xc1, 0xff, 0x7b, 0x00, 0x7c, 0x01, 0x80],
    new Float32Array([1, -2.5, 65504, Infinity, -(2 ** -24)]),
  ],
  ["F16", [0x01, 0x7c], new Float32Array([NaN])],
  ["BF16", [0x80, 0x3f, 0x20, 0xc0], new Float32Array([1, -2.5])],
  ["I32", [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], new Int32Array([1, -1])],
  ["I64", [1, 0, 0, 0, 0, 0, 0, 0, ...Array<number>(8).fill(0xff)], new Int32Array([1, -1])],
  ["F64", [0, 0, 0, 0, 0, 0, 4, 0xc0], new Float32Array([-2.5])],
  ["I16", [0xff, 0xff], new Int32Array([-1])],
  ["I8", [1, 0xff], new Int32Array([1, -1])],
  ["U8", [7, 255], new Uint8Array([7, 255])],
  ["BOOL", [0, 1], new Uint8Array([0, 1])],
])("reads %s", (dtype, bytes, expected) => {
  expect(one(dtype, [expected.length], bytes).data).toEqual(expected);
});

test("writes the bytes of the format, wide elements first, data aligned to 8 bytes", () => {
  const tensors = {
    flag: { data: new Uint8Array([1]), shape: [1] },
    w: { data: new Float32Array([1]), shape: [] },
  };
  const header =
    '{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]},' +
    '"flag":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}}';
  const expected = file(header.padEnd(Math.ceil(header.length / 8) * 8), [0, 0, 0x80, 0x3f, 1]);
  expect(Buffer.from(encodeSafetensors({ tensors, metadata: { a: "b" } }))).toEqual(expected);
});

test("round trip, with empty tensors, odd names and no metadata", () => {
  const tensors = {
    "network.layer.0.weight": { data: new Float32Array([1, 2, 3, 4, 5, 6]).subarray(1, 5), shape: [2, 2] },
    'quoted "{name}" 漢字': { data: new Int32Array([-(2 ** 31)]), shape: [1, 1] },
    empty: { data: new Float32Array(0), shape: [0, 3] },
    bytes: { data: new Uint8Array([1, 2, 3]), shape: [3] },
  };
  const decoded = decodeSafetensors(encodeSafetensors({ tensors, metadata: {} }), "f");
  expect(decoded).toEqual({ tensors, metadata: {} });
});

test("aligned tensors are views, others are copied, wherever the bytes begin", () => {
  const tensors = { w: { data: new Float32Array([1, 2]), shape: [2] } };
  const bytes = encodeSafetensors({ tensors, metadata: {} });
  expect(decodeSafetensors(bytes, "f").tensors["w"]!.data.buffer).toBe(bytes.buffer);
  const shifted = new Uint8Array(bytes.length + 1).subarray(1);
  shifted.set(bytes);
  expect(decodeSafetensors(shifted, "f")).toEqual({ tensors, metadata: {} });
});

test("a tensor called __proto__ is only a name", () => {
  const tensors = Object.fromEntries([["__proto__", { data: new Uint8Array([1]), shape: [1] }]]);
  const decoded = decodeSafetensors(encodeSafetensors({ tensors, metadata: {} }), "f").tensors;
  expect(Object.entries(decoded)).toEqual(Object.entries(tensors));
});

const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});
const zeros = (count: number) => Array<number>(count).fill(0);

test.each<[string, Uint8Array, string | RegExp]>([
  ["too short", new Uint8Array(3), "model.safetensors: has 3 bytes"],
  ["a huge header", new Uint8Array(16).fill(0xff), /claims a header of \d+ bytes[^]*100000000/],
  ["a truncated header", file({ w: f32(0, 4) }).subarray(0, 20), "ends inside its header"],
  ["no text", file("\xff").fill(0xff, 8), "not UTF-8"],
  ["no JSON", file("{"), "not JSON"],
  ["no object", file([1]), "not an object"],
  ["a repeated name", file(`{"w":${JSON.stringify(f32(0, 4))},"\\u0077":{}}`, zeros(4)), 'tensor "w": occurs twice'],
  ["no entry", file({ w: 3 }), 'tensor "w": has dtype undefined'],
  [
    "an unknown type",
    file({ w: { ...f32(0, 4), dtype: "F8" } }, zeros(4)),
    'has dtype "F8"\n  expected one of F64, F32, F16',
  ],
  ["a type from the prototype", file({ w: { ...f32(0, 4), dtype: "toString" } }, zeros(4)), 'dtype "toString"'],
  ["a bad shape", file({ w: { ...f32(0, 4), shape: [-1] } }, zeros(4)), "has shape [-1]"],
  ["bad offsets", file({ w: { ...f32(0, 4), data_offsets: [4, 0] } }, zeros(4)), "has data_offsets [4,0]"],
  ["another size", file({ w: f32(0, 8, [3]) }, zeros(8)), "occupies 8 bytes\n  expected 12 for F32 of shape [3]"],
  ["an overlap", file({ a: f32(0, 8), b: f32(4, 12) }, zeros(12)), 'tensor "b": overlaps'],
  ["a gap", file({ a: f32(0, 4), b: f32(8, 12) }, zeros(12)), 'tensor "b": follows 4 unused bytes'],
  ["truncated data", file({ a: f32(0, 4), b: f32(4, 12) }, zeros(8)), 'tensor "b": ends at byte 12 of 8'],
  ["trailing data", file({ a: f32(0, 4) }, zeros(6)), "has 2 unused bytes at its end"],
  ["bad metadata", file({ __metadata__: { a: 1 } }), "__metadata__: is not a table of texts"],
  [
    "a wide integer",
    file({ w: { dtype: "I64", shape: [1], data_offsets: [0, 8] } }, [0, 0, 0, 0, 1, 0, 0, 0]),
    "4294967296",
  ],
])("refuses %s", (_, bytes, message) => {
  expect(() => decodeSafetensors(bytes, "model.safetensors")).toThrow(message);
});

test("refuses to write what could not be read", () => {
  const write = (name: string, shape: number[]) => () =>
    encodeSafetensors({ tensors: { [name]: { data: new Float32Array(2), shape } }, metadata: {} });
  expect(write("w", [3])).toThrow('tensor "w": has 2 elements\n  expected 3 for shape [3]');
  expect(write("__metadata__", [2])).toThrow("reserved name");
});
