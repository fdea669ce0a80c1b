// The numeric element types that array files use, named as NumPy does: kind and size in bytes.
import { halfToNumber, numberToHalf } from "../half-precision.js";

/** f4 float32, i8 int64, u1 uint8, b1 boolean, ...; float16 (f2) by its bits. */
export const numpyTypes = {
  f2: Uint16Array,
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  b1: Uint8Array,
} as const;

export type NumpyType = keyof typeof numpyTypes;

export function isNumpyType(name: string): name is NumpyType {
  return Object.hasOwn(numpyTypes, name);
}

export type NumberArray =
  Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

type StoredArray = NumberArray | BigInt64Array | BigUint64Array;

/** The same values as numbers: halves become float32, 64-bit integers doubles, exact up to 2^53; all else is returned as it is. */
export function toNumbers(type: NumpyType, values: StoredArray): NumberArray {
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    const numbers = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) numbers[i] = Number(values[i]);
    return numbers;
  }
  return type === "f2" ? Float32Array.from(values, halfToNumber) : values;
}

/** The inverse of {@link toNumbers}: a copy of the values as files store them. */
export function fromNumbers(type: NumpyType, values: ArrayLike<number>): StoredArray {
  if (type === "i8" || type === "u8") return new numpyTypes[type](Array.from(values, BigInt));
  return type === "f2" ? Uint16Array.from(values, numberToHalf) : new numpyTypes[type](values);
}

/** Turns the bytes of each element around. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) buffer.swap16();
  else if (size === 4) buffer.swap32();
  else if (size === 8) buffer.swap64();
}

/** Number of elements of an array of this shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
