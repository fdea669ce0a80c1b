// Tracing: a TensorFlow.js backend whose kernels compute nothing but record what they would compute into a graph.
import { Graph, type ConstantData, type DataType, type Value } from "./graph.js";
import { kernels } from "./kernels/index.js";
import type { KernelRule, Named } from "./kernels/rule.js";
import { onceLoaded, tf, type HostTensor, type TensorTree } from "./tensor.js";
import { leavesOf, mapTree, type Leaf } from "./tree.js";

/** A function as a graph: what goes in, what comes out, and how the outputs nest. */
export interface Trace {
  readonly graph: Graph;
  readonly outputs: readonly Leaf<Value>[];
  /** The outputs' structure; each leaf is its index in `outputs`. */
  readonly structure: OutputStructure;
}
export type OutputStructure = number | { readonly [key: string]: OutputStructure } | readonly OutputStructure[];

const TRACE_BACKEND = "dmpo-trace";

/** The trace in progress: its graph, and the graph value behind each tensor. */
let current: { readonly name: string; readonly graph: Graph; readonly values: WeakMap<object, Value> } | null = null;

export const isTensor = (node: unknown): node is tf.Tensor => node instanceof tf.Tensor;
export const isHostTensor = (node: unknown): node is HostTensor =>
  typeof node === "object" && node !== null && "data" in node && "shape" in node && ArrayBuffer.isView(node.data);

export function dataTypeOf({ data }: HostTensor): Exclude<DataType, "int64"> {
  if (data instanceof Uint8ClampedArray) return "uint8";
  return data instanceof Float32Array ? "float32" : data instanceof Int32Array ? "int32" : "bool";
}

/** The dtype by which functions see it: TensorFlow.js has no bytes. */
export function seenTypeOf(tensor: HostTensor): "float32" | "int32" | "bool" {
  const dtype = dataTypeOf(tensor);
  return dtype === "uint8" ? "int32" : dtype;
}

/**
 * Runs `fn` once on symbolic tensors shaped like `input` and returns the graph of what it computes.
 *
 * @throws Error naming the function, the op and the remedy when `fn` reads a value, draws random numbers, or uses an op
 *   that cannot be compiled.
 */
export function trace(name: string, fn: (input: never) => TensorTree, input: unknown): Trace {
  if (current)
    throw new Error(`compile(${name}): a compiled function cannot be called while ${current.name} is being traced`);
  const graph = new Graph();
  const engine = tf.engine();
  const previousBackend = engine.backendName || "cpu";
  const random = Math.random;
  current = { name, graph, values: new WeakMap() };
  void tf.setBackend(TRACE_BACKEND); // synchronous for a backend registered with a plain factory
  Math.random = () => {
    throw new Error("draws random numbers, which compiling would freeze; pass noise as an argument");
  };
  engine.startScope(name);
  try {
    const names = leavesOf(input as HostTensor, isHostTensor)
      .map(({ name }) => name)
      .values();
    const symbolic = mapTree(input as HostTensor, isHostTensor, (leaf) => {
      const value = graph.input(names.next().value!, [...leaf.shape], dataTypeOf(leaf));
      return symbolicTensor(value.dtype === "uint8" ? graph.widen(value) : value);
    });
    const result = fn(symbolic as never);
    const outputs = leavesOf(result, isTensor).map(({ name, leaf }) => ({ name, leaf: valueOf(leaf) }));
    let index = 0;
    return { graph, outputs, structure: mapTree(result, isTensor, () => index++) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const unknownKernel = /Kernel '(\w+)' not registered/.exec(message)?.[1];
    const reason = unknownKernel
      ? `the op ${unknownKernel} cannot be compiled; use one of ${Object.keys(kernels).sort().join(", ")}, ` +
        `or run the function with executor "tfjs"`
      : message;
    throw new Error(`compile(${name}): ${reason}`, { cause: error });
  } finally {
    engine.endScope();
    Math.random = random;
    current = null;
    void tf.setBackend(previousBackend);
  }
}

const reading = (): never => {
  throw new Error(
    "reads a tensor's value (data, array, print, or an op whose output shape depends on values), which does not exist " +
      "while compiling; use tf.where or masks instead, or return the tensor",
  );
};

onceLoaded(() => {
  class TraceBackend extends tf.KernelBackend {
    override write(data: unknown, shape: number[], dtype: string): object {
      return dataOf(active().graph.constant(copyOf(data as ArrayLike<number>, dtype), shape, dtype as DataType));
    }
    override disposeData = () => true;
    override incRef = () => undefined;
    override refCount = () => 1;
    override numDataIds = () => 0;
    override floatPrecision = () => 32 as const;
    override epsilon = () => 1e-7;
    override timerAvailable = () => false;
    override readSync = reading;
    override read = reading;
    override memory = () => ({ unreliable: true, reasons: ["tracing holds no data"] });
  }
  tf.registerBackend(TRACE_BACKEND, () => new TraceBackend());
  for (const [name, rule] of Object.entries(kernels)) register(name, rule);
});

const register = (kernelName: string, rule: KernelRule) =>
  tf.registerKernel({
    kernelName,
    backendName: TRACE_BACKEND,
    kernelFunc: ({ inputs, attrs }) => {
      const values = Array.isArray(inputs)
        ? (inputs as tf.TensorInfo[]).map(valueOf)
        : Object.fromEntries(Object.entries(inputs).map(([key, x]) => [key, valueOf(x as tf.TensorInfo)]));
      try {
        const result = rule.emit(active().graph, values as Named<Value>, attrs ?? {});
        return Array.isArray(result) ? result.map(infoOf) : infoOf(result as Value);
      } catch (error) {
        throw new Error(`${kernelName}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    },
  });

function active() {
  return current ?? reading();
}

/** The graph value behind a tensor; a tensor made outside the traced function is a constant. */
function valueOf(tensor: tf.TensorInfo): Value {
  const { graph, values } = active();
  const known = values.get(tensor.dataId);
  if (known) return known;
  const owner = tf.engine().state.tensorInfo.get(tensor.dataId)?.backend;
  if (!owner || owner === tf.findBackend(TRACE_BACKEND))
    throw new Error("uses a tensor of an earlier trace; make it inside the function");
  const value = graph.constant(
    copyOf(owner.readSync(tensor.dataId) as Float32Array, tensor.dtype),
    tensor.shape,
    tensor.dtype as DataType,
  );
  values.set(tensor.dataId, value);
  return value;
}

function dataOf(value: Value): object {
  const id = {};
  active().values.set(id, value);
  return id;
}

function infoOf(value: Value): tf.TensorInfo {
  return { dataId: dataOf(value), shape: [...value.shape], dtype: value.dtype as tf.DataType };
}

function symbolicTensor(value: Value): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo(infoOf(value));
}

function copyOf(data: ArrayLike<number>, dtype: string): ConstantData {
  return dtype === "float32"
    ? Float32Array.from(data)
    : dtype === "int32"
      ? Int32Array.from(data)
      : Uint8Array.from(data);
}
