// The numeric element types that array files use, named as NumPy does: kind and size in bytes.

/** f4 float32, i8 int64, u1 uint8, b1 boolean, ... */
export const elementTypes = {
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

export type ElementType = keyof typeof elementTypes;

export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(elementTypes, name);
}

export type NumberArray =
  Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

/** The same values as numbers: 64-bit integers become doubles, exact up to 2^53; all else is returned as it is. */
export function toNumbers(values: NumberArray | BigInt64Array | BigUint64Array): NumberArray {
  if (!(values instanceof BigInt64Array || values instanceof BigUint64Array)) return values;
  const numbers = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) numbers[i] = Number(values[i]);
  return numbers;
}

/** Number of elements of an array of this shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
