// compile(): a pure function of tensors becomes one ONNX Runtime call. Traced once per input shape.
import { setImmediate as nextTurn } from "node:timers/promises";
import { defaultThreads, warnRejected, warnUnavailable, type ExecutorName } from "./device.js";
import { loadProgram, type Program, type Provider } from "./executors/onnx.js";
import { describeGraph, type GraphDescription } from "./describe.js";
import { runEagerly } from "./executors/tfjs.js";
import { sameShape, type DataType } from "./graph.js";
import { sizeOf } from "../space.js";
import { outputName, toOnnx } from "./onnx.js";
import { tf, type Host, type HostTensor, type TensorTree } from "./tensor.js";
import { dataTypeOf, isHostTensor, seenTypeOf, trace, type OutputStructure } from "./trace.js";
import { leavesOf, mapTree, sameTree, type Leaf } from "./tree.js";
import { warn } from "../plain-text.js";

/** How a function is compiled, and where it runs. */
export interface CompileOptions {
  /** Name used in errors; the function's own name by default. */
  readonly name?: string;
  /** Where it runs; falls back to the CPU, with one warning, when it is not available. Default `cpu`. */
  readonly executor?: ExecutorName;
  /** Which GPU, for `cuda`. Default 0. */
  readonly deviceId?: number;
  /** Threads inside one call on the CPU. Default: all cores. */
  readonly threads?: number;
}

/** A compiled function: from host arrays to host arrays. */
export interface Compiled<I, O> {
  /**
   * Runs the function. Dtypes follow the array types (see {@link HostTensor}). Results are written
   * into `output` where given (the same structure, right sizes), else into new arrays.
   */
  (input: Host<I>, output?: Host<O>): Promise<Host<O>>;
  /** Compiles for these shapes now, and returns arrays that can be passed as `output` again and again. */
  prepare(input: Host<I>): Promise<Host<O>>;
  /** What one call with these shapes costs, counted on the graph that is executed; values do not matter. */
  describe(input: Host<I>): GraphDescription;
  /** Releases the native sessions; the function can be called again and compiles anew. */
  dispose(): Promise<void>;
}

/** Programs kept per function; the one that was not used for the longest gives way. More shapes often mean that every call has its own. */
const MAX_SHAPES = 32;

/** The event loop gets a turn at least so often, also with executors that compute on the calling thread. */
const TURN_MILLISECONDS = 100;
let lastTurn = 0;

interface Specialization {
  readonly program: Program;
  readonly outputs: readonly { readonly shape: readonly number[]; readonly dtype: DataType }[];
  readonly structure: OutputStructure;
}

/** A call that was made. The same arrays in the same places repeat it; others of the same kind take its specialization. */
interface BoundCall {
  readonly input: Snapshot;
  readonly output: Snapshot;
  readonly specialization: Specialization;
  readonly run: () => Promise<void>;
}

/** A tree of host tensors as it was, and its leaves in order. */
interface Snapshot {
  readonly tree: unknown;
  readonly leaves: readonly HostTensor[];
}

/**
 * Compiles a pure function whose argument and result are tensors nested in objects and arrays.
 * It must not read values, draw random numbers or depend on anything but its argument (and constants).
 *
 * @throws Error (at the first call) naming function, op and remedy when it cannot be compiled.
 */
export function compile<I, O>(fn: (input: I) => O, options: CompileOptions = {}): Compiled<I, O> {
  const name = options.name ?? (fn.name || "anonymous function");
  const { executor = "cpu", deviceId, threads = defaultThreads() } = options;
  const traceable = fn as unknown as (input: never) => TensorTree;
  const specializations = new Map<string, Promise<Specialization>>();
  const evicted: Promise<Specialization>[] = [];
  let callsInProgress = 0;
  let hasManyShapes = false;
  let latest: BoundCall | undefined;

  async function specialize(input: unknown): Promise<Specialization> {
    const traced = trace(name, traceable, input);
    const model = toOnnx(name, traced);
    const program = await loadWithFallback(
      name,
      model,
      traced.graph.inputs.map(({ name }) => name),
      traced.outputs.map(({ name }) => outputName(name)),
      {
        provider: executor as Provider,
        deviceId,
        threads,
      },
    );
    return { program, outputs: traced.outputs.map(({ leaf }) => leaf), structure: traced.structure };
  }

  function specialized(input: unknown): Promise<Specialization> {
    const leaves = namedLeaves(input);
    const key = leaves.map(({ name, leaf }) => `${name}:${dataTypeOf(leaf)}[${leaf.shape.join()}]`).join(" ");
    let found = specializations.get(key);
    if (!found) {
      checkSizes(name, leaves);
      if (specializations.size >= MAX_SHAPES) evictOldest();
      found = specialize(input);
      found.catch(() => specializations.delete(key));
    }
    // The order of a Map is that of insertion: the least recently used comes first.
    specializations.delete(key);
    specializations.set(key, found);
    return found;
  }

  function evictOldest(): void {
    const [key, oldest] = specializations.entries().next().value!;
    specializations.delete(key);
    if (!hasManyShapes) {
      warn(
        `dmpo: compile(${name}) was called with more than ${MAX_SHAPES} different shapes; each one is compiled separately, ` +
          `and the oldest are compiled anew when they come back. Pad batches to a fixed size, or drop the last, smaller one.`,
      );
    }
    hasManyShapes = true;
    evicted.push(oldest);
  }

  /** A call in progress may still use what was evicted. */
  function release(): void {
    if (callsInProgress > 0) return;
    for (const entry of evicted.splice(0)) {
      void entry.then(
        (specialization) => {
          if (latest?.specialization === specialization) latest = undefined;
          return specialization.program.dispose();
        },
        () => {},
      );
    }
  }

  async function prepare(input: unknown): Promise<unknown> {
    if (executor === "tfjs") return runEagerly(traceable, input);
    const { outputs, structure } = await specialized(input);
    return nested(
      structure,
      outputs.map(({ shape, dtype }) => ({ data: emptyArray(dtype, sizeOf(shape)), shape })),
    );
  }

  async function call(input: unknown, output?: unknown): Promise<unknown> {
    if (performance.now() - lastTurn > TURN_MILLISECONDS) {
      await nextTurn();
      lastTurn = performance.now();
    }
    if (executor === "tfjs") return runEagerly(traceable, input, output);
    callsInProgress++;
    try {
      return await compute(input, output);
    } finally {
      callsInProgress--;
      if (evicted.length > 0) release();
    }
  }

  async function compute(input: unknown, output?: unknown): Promise<unknown> {
    if (!latest || !output || !isSame(latest.input, input, sameArray) || !isSame(latest.output, output, sameArray)) {
      output ??= await prepare(input);
      latest = await bind(input, output);
    }
    await latest.run();
    return output;
  }

  async function bind(input: unknown, output: unknown): Promise<BoundCall> {
    const known = latest && isSame(latest.input, input, sameKind) && latest.specialization;
    const specialization = known || (await specialized(input));
    const [given, targets] = [snapshot(input), snapshot(output)];
    checkTargets(name, output, targets.leaves, specialization.outputs);
    const run = specialization.program.bind(given.leaves, targets.leaves);
    return { input: given, output: targets, specialization, run };
  }

  async function dispose(): Promise<void> {
    const all = [...specializations.values()];
    specializations.clear();
    latest = undefined;
    await Promise.all(all.map(async (entry) => (await entry).program.dispose()));
  }

  const describe = (input: unknown) => describeGraph(name, trace(name, traceable, input));

  return Object.assign(call, { prepare, describe, dispose }) as unknown as Compiled<I, O>;
}

/** Tensors with the values of host arrays. Inside a compiled function they are constants, e.g. the weights of a frozen policy. */
export function constants<T>(tree: Record<string, HostTensor>): T {
  return Object.fromEntries(
    Object.entries(tree).map(([name, { data, shape }]) => [
      name,
      tf.tensor(data, [...shape], seenTypeOf({ data, shape })),
    ]),
  ) as T;
}

const namedLeaves = (tree: unknown) => leavesOf(tree as HostTensor, isHostTensor);

function snapshot(tree: unknown): Snapshot {
  const leaves: HostTensor[] = [];
  const copy = mapTree(tree as HostTensor, isHostTensor, ({ data, shape }) => {
    const leaf = { data, shape };
    leaves.push(leaf);
    return leaf;
  });
  return { tree: copy, leaves };
}

type Comparison = (a: HostTensor, b: HostTensor) => boolean;
const sameArray: Comparison = (a, b) => a.data === b.data && sameShape(a.shape, b.shape);
const sameKind: Comparison = (a, b) => dataTypeOf(a) === dataTypeOf(b) && sameShape(a.shape, b.shape);
const isSame = (earlier: Snapshot, tree: unknown, comparison: Comparison) =>
  sameTree(earlier.tree as HostTensor, tree as HostTensor, isHostTensor, comparison);

type LoadArguments = Parameters<typeof loadProgram>;

async function loadWithFallback(
  name: string,
  model: LoadArguments[0],
  inputs: LoadArguments[1],
  outputs: LoadArguments[2],
  options: LoadArguments[3],
): Promise<Program> {
  for (const provider of [options.provider, "cpu", "wasm"] as const) {
    try {
      return await loadProgram(model, inputs, outputs, { ...options, provider });
    } catch (error) {
      if (provider === "wasm" || (provider === "cpu" && !isMissingLibrary(error))) throw error;
      if (provider !== "cpu" && (await isAvailable(provider, options))) warnRejected(provider, name, error);
      else warnUnavailable(provider, error);
    }
  }
  throw new Error("unreachable");
}

const available = new Map<string, Promise<boolean>>();

/** Whether a device runs anything at all: a model of one node tells a missing device from a model that it rejects. */
function isAvailable(provider: Provider, options: LoadArguments[3]): Promise<boolean> {
  const key = `${provider}:${options.deviceId ?? 0}`;
  const known = available.get(key) ?? probe(provider, options);
  available.set(key, known);
  return known;
}

async function probe(provider: Provider, options: LoadArguments[3]): Promise<boolean> {
  const traced = trace("probe", (x: tf.Tensor) => x.neg(), { data: new Float32Array(2), shape: [2] });
  try {
    const [inputs, outputs] = [traced.graph.inputs.map(({ name }) => name), [outputName(traced.outputs[0]!.name)]];
    await (await loadProgram(toOnnx("probe", traced), inputs, outputs, { ...options, provider })).dispose();
    return true;
  } catch {
    return false;
  }
}

/** A model that the CPU rejects is a defect to report; a missing native library is a platform to work around. */
const isMissingLibrary = (error: unknown) =>
  /ERR_DLOPEN_FAILED|MODULE_NOT_FOUND|cannot find module|dlopen|no such file/i.test(
    `${(error as NodeJS.ErrnoException).code} ${String(error)}`,
  );

function nested(structure: OutputStructure, leaves: readonly HostTensor[]): unknown {
  if (typeof structure === "number") return leaves[structure];
  if (Array.isArray(structure)) return structure.map((child: OutputStructure) => nested(child, leaves));
  return Object.fromEntries(Object.entries(structure).map(([key, child]) => [key, nested(child, leaves)]));
}

function emptyArray(dtype: DataType, size: number): HostTensor["data"] {
  return dtype === "float32" ? new Float32Array(size) : dtype === "int32" ? new Int32Array(size) : new Uint8Array(size);
}

function checkSizes(name: string, leaves: readonly Leaf<HostTensor>[]): void {
  for (const { name: path, leaf } of leaves) {
    if (leaf.data.length !== sizeOf(leaf.shape)) {
      throw new Error(
        `${name}: input ${path} has ${leaf.data.length} values; its shape [${leaf.shape.join(", ")}] needs ${sizeOf(leaf.shape)}`,
      );
    }
  }
}

function checkTargets(
  name: string,
  tree: unknown,
  targets: readonly HostTensor[],
  outputs: Specialization["outputs"],
): void {
  if (targets.length !== outputs.length) {
    throw new Error(`${name}: ${targets.length} output arrays given, the function returns ${outputs.length} tensors`);
  }
  outputs.forEach(({ shape }, i) => {
    const { length } = targets[i]!.data;
    if (length === sizeOf(shape)) return;
    throw new Error(
      `${name}: output ${namedLeaves(tree)[i]!.name} has room for ${length} values, the result has shape [${shape.join(", ")}]`,
    );
  });
}
