// The element types of tensors in files, and how each becomes one of the three kinds of array used here.
import { fail } from "../errors.js";
import { halfToNumber } from "../half-precision.js";

export type ElementArray = Float32Array | Int32Array | Uint8Array | Uint8ClampedArray;

/** A tensor as files hold it: nothing converted yet. */
export interface RawTensor {
  readonly dtype: ElementTypeName;
  readonly shape: readonly number[];
  /** Little-endian, row-major. */
  readonly bytes: Uint8Array;
}

interface ElementType {
  readonly bytes: number;
  /** Elements of `raw`, as a view where the type and the alignment allow it. `path` names the tensor in errors. */
  read(raw: Uint8Array, path: string): ElementArray;
}

/** Named as in safetensors. */
export const elementTypes = {
  F64: { bytes: 8, read: (raw) => Float32Array.from(view(Float64Array, raw)) },
  F32: { bytes: 4, read: (raw) => view(Float32Array, raw) },
  F16: { bytes: 2, read: (raw) => Float32Array.from(view(Uint16Array, raw), halfToNumber) },
  BF16: {
    bytes: 2,
    read: (raw) =>
      view(
        Float32Array,
        Uint32Array.from(view(Uint16Array, raw), (bits) => bits << 16),
      ),
  },
  I32: { bytes: 4, read: (raw) => view(Int32Array, raw) },
  I64: { bytes: 8, read: (raw, path) => Int32Array.from(view(BigInt64Array, raw), (value) => narrow(value, path)) },
  I16: { bytes: 2, read: (raw) => Int32Array.from(view(Int16Array, raw)) },
  I8: { bytes: 1, read: (raw) => Int32Array.from(view(Int8Array, raw)) },
  U8: { bytes: 1, read: (raw) => raw },
  BOOL: { bytes: 1, read: (raw) => raw },
  U16: { bytes: 2, read: (raw) => Int32Array.from(view(Uint16Array, raw)) },
  U32: { bytes: 4, read: (raw, path) => Int32Array.from(view(Uint32Array, raw), (value) => narrow(value, path)) },
  U64: { bytes: 8, read: (raw, path) => Int32Array.from(view(BigUint64Array, raw), (value) => narrow(value, path)) },
  F8_E4M3: { bytes: 1, read: (raw) => Float32Array.from(raw, float8(4)) },
  F8_E5M2: { bytes: 1, read: (raw) => Float32Array.from(raw, float8(5)) },
  C64: { bytes: 8, read: (_, path) => refuseComplex(path) },
} satisfies Record<string, ElementType>;

export type ElementTypeName = keyof typeof elementTypes;

export const isElementType = (name: unknown): name is ElementTypeName =>
  typeof name === "string" && Object.hasOwn(elementTypes, name);

/** The tensor's values: floats as float32, integers as int32, booleans and bytes as uint8; views where nothing changes. */
export function elementsOf({ dtype, bytes }: RawTensor, path: string): ElementArray {
  const type: ElementType = elementTypes[dtype];
  return type.read(bytes, path);
}

/** The type that a kind of array is written as. */
export function elementTypeOf(data: ElementArray): "F32" | "I32" | "U8" {
  if (data instanceof Float32Array) return "F32";
  return data instanceof Int32Array ? "I32" : "U8";
}

interface ArrayType<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
}

function view<T>(type: ArrayType<T>, { buffer, byteOffset, byteLength }: ArrayBufferView): T {
  const length = byteLength / type.BYTES_PER_ELEMENT;
  if (byteOffset % type.BYTES_PER_ELEMENT === 0) return new type(buffer, byteOffset, length);
  return new type(buffer.slice(byteOffset, byteOffset + byteLength), 0, length);
}

/** One byte: a sign, `exponentBits` with bias 2^(exponentBits - 1) - 1, and the rest; IEEE infinities in E5M2 only. */
function float8(exponentBits: 4 | 5): (bits: number) => number {
  const fractionBits = 7 - exponentBits;
  const [bias, most] = [2 ** (exponentBits - 1) - 1, 2 ** exponentBits - 1];
  return (bits) => {
    const sign = bits & 0x80 ? -1 : 1;
    const exponent = (bits >> fractionBits) & most;
    const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
    if (exponentBits === 5 && exponent === most) return fraction ? NaN : sign * Infinity;
    if (exponentBits === 4 && (bits & 0x7f) === 0x7f) return NaN;
    return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
  };
}

function narrow(value: bigint | number, path: string): number {
  if (BigInt.asIntN(32, BigInt(value)) !== BigInt(value))
    fail("DMPO_SAFETENSORS", path, `contains ${value}`, "integers of 32 bits");
  return Number(value);
}

function refuseComplex(path: string): never {
  fail("DMPO_SAFETENSORS", path, "holds complex numbers", "real numbers, which alone a policy has");
}
