// What NumPy's arrays, scalars and element types are in a pickle: the names for readPickle, under old and new module paths.
import { fail } from "../errors.js";
import { halfToNumber } from "../half-precision.js";
import { OmittedValue } from "./omitted-value.js";
import type { PickleGlobal, PickleGlobals } from "./pickle.js";

/** An element type as NumPy writes it: kind and size (`f4`, `i8`, `b1`) and byte order. */
export class NumpyType {
  constructor(
    readonly code: string,
    public bigEndian = false,
  ) {}

  /** Whether it is one of the numeric types that are read. */
  get isNumeric(): boolean {
    return this.code === "f2" || Object.hasOwn(plain, this.code) || Object.hasOwn(wide, this.code);
  }

  get itemSize(): number {
    return Number(this.code.slice(1));
  }
}

/** Values in row-major order, 64-bit integers as doubles (exact up to 2^53). */
export class NumpyArray {
  constructor(
    public type: NumpyType,
    public shape: readonly number[],
    public data: NumpyValues,
  ) {}
}

export type NumpyValues =
  Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

const wide = { i8: BigInt64Array, u8: BigUint64Array } as const;
const plain = {
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  b1: Uint8Array,
} as const;

function damaged(wrong: string, expected: string): never {
  fail("DMPO_PICKLE", "NumPy array in a pickle", wrong, expected, "only arrays of numbers are read");
}

/** Text stands for bytes where Python 2 wrote them. */
const bytesOf = (value: unknown): Uint8Array =>
  value instanceof Uint8Array
    ? value
    : typeof value === "string"
      ? Uint8Array.from(Buffer.from(value, "latin1"))
      : damaged("holds no bytes", "the array's bytes");

const typeOf = (value: unknown): NumpyType =>
  value instanceof NumpyType ? value : damaged("has no element type", "a dtype");

function shapeOf(value: unknown): number[] {
  const isShape = Array.isArray(value) && value.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  return isShape ? (value as number[]) : damaged(`has shape ${typeof value}`, "counts");
}

function decode({ code, bigEndian, itemSize }: NumpyType, raw: Uint8Array, count: number): NumpyValues {
  if (raw.length !== count * itemSize) damaged(`has ${raw.length} bytes`, `${count} elements of ${itemSize}`);
  const bytes = Buffer.from(raw);
  if (bigEndian && itemSize === 2) bytes.swap16();
  if (bigEndian && itemSize === 4) bytes.swap32();
  if (bigEndian && itemSize === 8) bytes.swap64();
  const aligned = new Uint8Array(bytes).buffer;
  if (code === "f2") return Float32Array.from(new Uint16Array(aligned), halfToNumber);
  if (code in wide) return Float64Array.from(new wide[code as keyof typeof wide](aligned), Number);
  return new plain[code as keyof typeof plain](aligned);
}

function arrayOf(type: NumpyType, shape: readonly number[], raw: Uint8Array, isFortran: boolean): NumpyArray {
  const data = decode(
    type,
    raw,
    shape.reduce((product, extent) => product * extent, 1),
  );
  return new NumpyArray(type, shape, isFortran && shape.length > 1 ? toRowMajor(data, shape) : data);
}

function toRowMajor(data: NumpyValues, shape: readonly number[]): NumpyValues {
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

const dtype: PickleGlobal = {
  call(name) {
    const [, order, code = ""] = /^([<>|=]?)(.*)$/s.exec(String(name)) ?? [];
    return new NumpyType(code.slice(0, 40), order === ">");
  },
  build(made, state) {
    if (!Array.isArray(state)) damaged("has a damaged element type", "a tuple");
    (made as NumpyType).bigEndian = state[1] === ">";
  },
};

/** An empty array, which BUILD fills with (version, shape, dtype, is Fortran, bytes). */
const reconstruct: PickleGlobal = {
  call: () => new NumpyArray(new NumpyType("f8"), [0], new Float64Array(0)),
  build(made, state) {
    if (!Array.isArray(state) || state.length !== 5) damaged("has a damaged state", "five parts");
    const [, shape, type, isFortran, raw] = state as unknown[];
    // Text, objects, records, complex numbers: the array stays empty, its type says why.
    if (!typeOf(type).isNumeric) return void Object.assign(made, { type });
    Object.assign(made, arrayOf(typeOf(type), shapeOf(shape), bytesOf(raw), isFortran === true));
  },
};

const frombuffer: PickleGlobal = {
  call: (raw, type, shape, order) =>
    typeOf(type).isNumeric
      ? arrayOf(typeOf(type), shapeOf(shape), bytesOf(raw), order === "F")
      : new OmittedValue(`NumPy array of ${typeOf(type).code}`),
};

const scalar: PickleGlobal = {
  call: (type, raw) =>
    typeOf(type).isNumeric
      ? decode(typeOf(type), bytesOf(raw), 1)[0]
      : new OmittedValue(`NumPy value of ${typeOf(type).code}`),
};

const modules = ["numpy.core", "numpy._core"];

/** Arrays become {@link NumpyArray}, scalars numbers. */
export const numpyGlobals: PickleGlobals = {
  "numpy.dtype": dtype,
  "numpy.ndarray": {},
  ...Object.fromEntries(
    modules.flatMap((module) => [
      [`${module}.multiarray._reconstruct`, reconstruct],
      [`${module}.multiarray.scalar`, scalar],
      [`${module}.numeric._frombuffer`, frombuffer],
    ]),
  ),
};
