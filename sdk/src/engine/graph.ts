// The dataflow graph that tracing builds and ONNX Runtime executes. Shapes are static. Common subexpressions are shared and
// trivial arithmetic (x + 0, x * 1, constants) is folded while the graph grows, so a kernel may emit naively.

export type DataType = "float32" | "int32" | "bool" | "int64" | "uint8";
export type ConstantData = Float32Array | Int32Array | Uint8Array | BigInt64Array;
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** A tensor-valued edge of the graph. A constant is either an array (`data`) or one number repeated (`uniform`). */
export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: DataType;
  readonly data?: ConstantData;
  readonly uniform?: number;
}

export interface Node {
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface GraphInput {
  readonly name: string;
  readonly value: Value;
}

type Signature = { readonly shape: readonly number[]; readonly dtype: DataType };

const FOLDABLE: Record<string, (a: number, b: number) => number> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Neg: (a) => -a,
  Exp: (a) => Math.exp(a),
  Log: (a) => Math.log(a),
  Sqrt: (a) => Math.sqrt(a),
  Reciprocal: (a) => 1 / a,
};

export class Graph {
  readonly nodes: Node[] = [];
  readonly inputs: GraphInput[] = [];
  private values = 0;
  private readonly known = new Map<string, readonly Value[]>();
  private readonly expanded = new Map<number, Value>();
  private readonly widened = new Map<number, Value>();

  input(name: string, shape: readonly number[], dtype: DataType): Value {
    const value = { id: this.values++, shape, dtype };
    this.inputs.push({ name, value });
    return value;
  }

  constant(data: ConstantData, shape: readonly number[], dtype: DataType): Value {
    if (data.length > 0 && !(data instanceof BigInt64Array) && isRepeated(data)) {
      return this.filled(data[0]!, shape, dtype);
    }
    const key = data.length <= 64 ? `constant|${dtype}|${shape.join()}|${data.join()}` : undefined;
    return this.shared(key, () => [{ id: this.values++, shape, dtype, data }])[0]!;
  }

  /** A tensor of the given shape in which every entry is `value`. */
  filled(value: number, shape: readonly number[], dtype: DataType = "float32"): Value {
    const uniform = dtype === "float32" ? Math.fround(value) : value;
    const key = `uniform|${dtype}|${shape.join()}|${Object.is(uniform, -0) ? "-0" : uniform}`;
    return this.shared(key, () => [{ id: this.values++, shape, dtype, uniform }])[0]!;
  }

  scalar(value: number, dtype: DataType = "float32"): Value {
    return this.filled(value, [], dtype);
  }

  /** A one-dimensional int64 constant: shapes, axes, indices. */
  indices(values: readonly number[]): Value {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length], "int64");
  }

  /** Adds a node with one output (or finds an equal one). */
  node(op: string, inputs: readonly Value[], signature: Signature, attributes: Node["attributes"] = {}): Value {
    return this.simplified(op, inputs, signature) ?? this.multi(op, inputs, [signature], attributes)[0]!;
  }

  /** Adds a node with several outputs. */
  multi(
    op: string,
    inputs: readonly Value[],
    signatures: readonly Signature[],
    attributes: Node["attributes"] = {},
  ): readonly Value[] {
    const shapes = signatures.map(({ shape, dtype }) => `${dtype}:${shape.join()}`).join(";");
    const key = `${op}|${inputs.map(({ id }) => id).join()}|${shapes}|${JSON.stringify(attributes)}`;
    return this.shared(key, () => {
      const outputs = signatures.map(({ shape, dtype }) => ({ id: this.values++, shape, dtype }));
      this.nodes.push({ op, inputs, outputs, attributes });
      return outputs;
    });
  }

  reshape(x: Value, shape: readonly number[]): Value {
    if (sameShape(x.shape, shape)) return x;
    if (x.uniform !== undefined) return this.filled(x.uniform, shape, x.dtype);
    if (x.data && x.dtype !== "int64") return this.constant(x.data, shape, x.dtype);
    const bytes = this.bytesOf(x);
    if (bytes) return this.widen(this.reshape(bytes, shape));
    return this.node("Reshape", [x, this.indices(shape)], { shape, dtype: x.dtype });
  }

  /** Repeats `x` along broadcast axes until it has the given shape. */
  expand(x: Value, shape: readonly number[]): Value {
    if (sameShape(x.shape, shape)) return x;
    if (x.uniform !== undefined) return this.filled(x.uniform, shape, x.dtype);
    const y = this.node("Expand", [x, this.indices(shape)], { shape, dtype: x.dtype });
    this.expanded.set(y.id, x);
    return y;
  }

  /** Bytes as the int32 that TensorFlow.js knows. */
  widen(bytes: Value): Value {
    const x = this.node("Cast", [bytes], { shape: bytes.shape, dtype: "int32" }, { to: 6 });
    this.widened.set(x.id, bytes);
    return x;
  }

  /** The bytes that `x` was {@link widen}ed from, if it was. */
  bytesOf(x: Value): Value | undefined {
    return this.widened.get(x.id);
  }

  /** A smaller tensor that broadcasts to `x`, if there is one: for ops that broadcast, where another operand has the full shape. */
  unexpanded(x: Value): Value {
    return x.uniform !== undefined ? this.scalar(x.uniform, x.dtype) : (this.expanded.get(x.id) ?? x);
  }

  private shared(key: string | undefined, make: () => readonly Value[]): readonly Value[] {
    const existing = key === undefined ? undefined : this.known.get(key);
    if (existing) return existing;
    const made = make();
    if (key !== undefined) this.known.set(key, made);
    return made;
  }

  private simplified(op: string, inputs: readonly Value[], { shape, dtype }: Signature): Value | undefined {
    const [a, b] = inputs;
    const fold = FOLDABLE[op];
    if (!fold || !a || dtype !== "float32") return undefined;
    if (a.uniform !== undefined && (!b || b.uniform !== undefined)) {
      return this.filled(fold(a.uniform, b?.uniform ?? 0), shape, dtype);
    }
    if (!b) return undefined;
    if ((op === "Mul" && a.uniform === 1) || (op === "Add" && a.uniform === 0)) return this.expand(b, shape);
    if ((op === "Mul" && b.uniform === 1) || (op === "Div" && b.uniform === 1)) return this.expand(a, shape);
    if ((op === "Add" || op === "Sub") && b.uniform === 0) return this.expand(a, shape);
    return undefined;
  }
}

function isRepeated(data: ArrayLike<number>): boolean {
  for (let i = 1; i < data.length; i++) if (data[i] !== data[0]) return false;
  return true;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
