// Values as text: what console.log shows, except that arrays of numbers are summarised.
import { inspect } from "node:util";

interface TensorLike {
  readonly shape: readonly number[];
  readonly dtype?: string;
  /** Values; a tfjs tensor has a method of this name. */
  readonly data?: unknown;
  dataSync?(): ArrayLike<unknown>;
}

type NumberArray = ArrayLike<number | bigint> & { readonly BYTES_PER_ELEMENT: number };

const shown = 8;
const elementTypes: Readonly<Record<string, string>> = {
  Float32Array: "float32",
  Float64Array: "float64",
  Int8Array: "int8",
  Int16Array: "int16",
  Int32Array: "int32",
  Uint8Array: "uint8",
  Uint8ClampedArray: "uint8",
  Uint16Array: "uint16",
  Uint32Array: "uint32",
  BigInt64Array: "int64",
  BigUint64Array: "uint64",
};

/** Text for a value that is the result of a cell. Strings are shown as they are. Never throws. */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return value;
  for (const format of [summarised, inspected]) {
    try {
      const text = format(value);
      if (text !== undefined) return text;
    } catch {
      // Properties may throw when they are read, and so may a value's own way to show itself.
    }
  }
  return `(a value of type ${typeof value} that cannot be shown)`;
}

function summarised(value: unknown): string | undefined {
  if (isNumberArray(value)) return summary(value.constructor.name, elementType(value), [value.length], value);
  return isTensor(value) ? formatTensor(value) : undefined;
}

function inspected(value: unknown): string {
  return inspect(value, { depth: 4, maxArrayLength: 50, maxStringLength: 10_000, breakLength: 100 });
}

function formatTensor(tensor: TensorLike): string {
  const values = valuesOf(tensor);
  const type = tensor.dtype ?? (isNumberArray(tensor.data) ? elementType(tensor.data) : "float32");
  return summary("Tensor", type, tensor.shape, values);
}

/** Values where they can be read: a tensor of a traced computation or a disposed one has none. */
function valuesOf(tensor: TensorLike): ArrayLike<unknown> | undefined {
  try {
    return isNumberArray(tensor.data) ? tensor.data : tensor.dataSync?.();
  } catch {
    return undefined;
  }
}

function summary(name: string, type: string, shape: readonly number[], values: ArrayLike<unknown> | undefined): string {
  const head = `${name} ${type} (${shape.join(" × ")})`;
  if (!values) return head;
  const first = Array.from({ length: Math.min(shown, values.length) }, (_, at) => formatNumber(values[at]));
  return `${head} [${first.join(", ")}${values.length > shown ? ", …" : ""}]`;
}

function formatNumber(value: unknown): string {
  return typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(6))) : String(value);
}

function elementType(array: object): string {
  return elementTypes[array.constructor.name] ?? array.constructor.name;
}

function isNumberArray(value: unknown): value is NumberArray {
  // A Buffer is text or bytes of a file more often than numbers; console.log's form says more.
  return ArrayBuffer.isView(value) && value.constructor.name in elementTypes;
}

/** tfjs tensors, and plain `{ data, shape }`. */
function isTensor(value: unknown): value is TensorLike {
  if (typeof value !== "object" || value === null || !("shape" in value)) return false;
  const { shape } = value;
  if (!Array.isArray(shape) || !shape.every((size) => Number.isInteger(size))) return false;
  if ("data" in value && isNumberArray(value.data)) return true;
  return "dataSync" in value && typeof value.dataSync === "function" && "dtype" in value;
}
