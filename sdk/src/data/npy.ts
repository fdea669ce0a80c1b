// One NumPy array as bytes: the .npy format, versions 1 to 3, numeric types only.
// Layout: magic, version, header length, header (a Python dict literal padded to 64 bytes), values.
import { endianness } from "node:os";
import { fail } from "../errors.js";
import {
  elementCount,
  numpyTypes,
  fromNumbers,
  isNumpyType,
  swapBytes,
  toNumbers,
  type NumpyType,
  type NumberArray,
} from "./numpy-types.js";
import { parsePythonLiteral, PythonLiteralError, type PythonLiteral } from "./python-literal.js";

/** Values in row-major order; 64-bit integers as doubles, booleans as 0 and 1. */
export interface NpyArray {
  readonly type: NumpyType;
  readonly shape: readonly number[];
  readonly data: NumberArray;
}

const magic = Buffer.from("\x93NUMPY", "latin1");

/**
 * Decodes one array. Both byte orders and both memory orders are understood.
 * @param where how errors name the array, e.g. "train.npz: states".
 * @throws InputError `DMPO_DATA_FORMAT` for anything else: damaged, truncated, object or structured arrays.
 */
export function decodeNpy(bytes: Uint8Array, where: string): NpyArray {
  const { header, start } = splitHeader(bytes, where);
  const { type, bigEndian, fortranOrder, shape } = parseHeader(header, where);
  const Values = numpyTypes[type];
  const size = elementCount(shape) * Values.BYTES_PER_ELEMENT;
  if (bytes.length - start !== size) {
    const wrong = `holds ${bytes.length - start} bytes of values`;
    fail(
      "DMPO_DATA_FORMAT",
      where,
      wrong,
      `${size} bytes for ${type} of shape (${shape.join(", ")})`,
      "the array is truncated or damaged",
    );
  }
  const values = new Uint8Array(bytes.subarray(start));
  if (bigEndian !== (endianness() === "BE")) swapBytes(values, Values.BYTES_PER_ELEMENT);
  const data = toNumbers(type, new Values(values.buffer));
  return { type, shape, data: fortranOrder && shape.length > 1 ? toRowMajor(data, shape) : data };
}

/** Encodes one array in version 1, little-endian, row-major: what `numpy.save` writes. */
export function encodeNpy({ type, shape, data }: NpyArray): Uint8Array {
  return Buffer.concat([npyHeader(type, shape), encodeValues(type, data)]);
}

/** A copy of the values as a file has them. */
export function encodeValues(type: NumpyType, data: ArrayLike<number>): Uint8Array {
  const values = fromNumbers(type, data);
  const bytes = new Uint8Array(values.buffer);
  if (endianness() === "BE") swapBytes(bytes, values.BYTES_PER_ELEMENT);
  return bytes;
}

/** What stands before the values of an array of version 1, little-endian, row-major. */
export function npyHeader(type: NumpyType, shape: readonly number[]): Uint8Array {
  const order = type.endsWith("1") ? "|" : "<";
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${order}${type}', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const header = dictionary.padEnd(Math.ceil((dictionary.length + 11) / 64) * 64 - 11) + "\n";
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([magic, Buffer.of(1, 0), length, Buffer.from(header, "latin1")]);
}

/** The header of an array of which at least the first 64 KiB are in `bytes`, and where its values start. */
export function describeNpy(bytes: Uint8Array, where: string) {
  const { header, start } = splitHeader(bytes, where);
  return { ...parseHeader(header, where), start };
}

function splitHeader(bytes: Uint8Array, where: string): { header: string; start: number } {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!view.subarray(0, magic.length).equals(magic)) {
    fail(
      "DMPO_DATA_FORMAT",
      where,
      "does not start like a .npy array",
      "an array written by numpy.save or numpy.savez",
    );
  }
  const version = view[6] ?? 0;
  if (version < 1 || version > 3) {
    fail("DMPO_DATA_FORMAT", where, `is of .npy version ${version}`, "version 1, 2 or 3");
  }
  const prefix = version === 1 ? 10 : 12;
  const length = view.length < prefix ? Infinity : version === 1 ? view.readUInt16LE(8) : view.readUInt32LE(8);
  const start = prefix + length;
  if (start > view.length) {
    fail("DMPO_DATA_FORMAT", where, "ends inside its header", "a complete array", "the array is truncated");
  }
  return { header: view.toString(version === 3 ? "utf8" : "latin1", prefix, start), start };
}

/** The header is any literal that Python's `ast.literal_eval` takes. */
function parseHeader(header: string, where: string) {
  let parts: PythonLiteral;
  try {
    parts = parsePythonLiteral(header);
  } catch (error) {
    if (!(error instanceof PythonLiteralError)) throw error;
    unreadable(where);
  }
  if (!(parts instanceof Map)) unreadable(where);
  const dictionary = parts as ReadonlyMap<PythonLiteral, PythonLiteral>;
  const { type, order } = elementType(dictionary.get("descr"), where);
  const [fortranOrder, shape] = [dictionary.get("fortran_order"), dictionary.get("shape")];
  const isShape = Array.isArray(shape) && shape.every((extent) => Number.isSafeInteger(extent) && Number(extent) >= 0);
  if (typeof fortranOrder !== "boolean" || !isShape) unreadable(where);
  const extents = shape as readonly number[];
  if (!Number.isSafeInteger(elementCount(extents) * 8)) unreadable(where);
  return { type, bigEndian: order === ">", fortranOrder, shape: extents };
}

function unreadable(where: string): never {
  fail(
    "DMPO_DATA_FORMAT",
    where,
    "has an unreadable header",
    "'descr', 'fortran_order' and 'shape'",
    "the array is damaged",
  );
}

/** Names and one-letter codes that NumPy understands besides kind and size. C's long has 8 bytes. */
const typeNames: ReadonlyMap<string, NumpyType> = new Map(
  Object.entries({
    f2: "half float16 e",
    f4: "single float32 f",
    f8: "double float64 float d",
    i1: "byte int8 b",
    i2: "short int16 h",
    i4: "intc int32 i",
    i8: "int int64 long longlong int_ intp l q p",
    u1: "ubyte uint8 B",
    u2: "ushort uint16 H",
    u4: "uintc uint32 I",
    u8: "uint uint64 ulong ulonglong uintp L Q P",
    b1: "bool bool_ bool8 ?",
  }).flatMap(([type, names]) => names.split(" ").map((name) => [name, type as NumpyType] as const)),
);

function elementType(descr: PythonLiteral | undefined, where: string): { type: NumpyType; order: string } {
  const [, order, name] = /^([<>|=]?)(.*)$/s.exec(typeof descr === "string" ? descr : "") as unknown as string[];
  if (name!.startsWith("O") || name === "object") {
    fail(
      "DMPO_DATA_FORMAT",
      where,
      "holds pickled Python objects",
      "numbers",
      "objects are not read because unpickling can run code; save the numbers as plain arrays",
    );
  }
  const type = typeNames.get(name!) ?? name!;
  if (isNumpyType(type)) return { type, order: order! };
  const found = descr === undefined ? "missing" : shown(descr);
  fail("DMPO_DATA_FORMAT", where, `element type is ${found}`, `one of ${Object.keys(numpyTypes).join(", ")}`);
}

/** As Python prints it, of lists and tuples without telling them apart. */
function shown(literal: PythonLiteral): string {
  if (typeof literal === "string") return `'${literal.slice(0, 80)}'`;
  if (!Array.isArray(literal)) return typeof literal === "object" && literal ? "a dict" : String(literal);
  const parts = (literal as readonly PythonLiteral[]).slice(0, 8);
  return `[${parts.map((part) => (Array.isArray(part) ? `(${shown(part).slice(1, -1)})` : shown(part))).join(", ")}]`;
}

function toRowMajor(data: NumberArray, shape: readonly number[]): NumberArray {
  const out = data.slice();
  const index = shape.map(() => 0);
  for (let position = 0; position < data.length; position++) {
    let source = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) source = source * shape[axis]! + index[axis]!;
    out[position] = data[source]!;
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return out;
}
