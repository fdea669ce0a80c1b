// Runs ONNX models with ONNX Runtime: the native library of onnxruntime-node, or WebAssembly (onnxruntime-web) where there is none.
import type * as OnnxRuntime from "onnxruntime-node";
import type { Tensor } from "onnxruntime-node";
import { fail } from "../../errors.js";
import { webRuntimeRemedy } from "../device.js";
import type { HostTensor } from "../tensor.js";
import { dataTypeOf } from "../trace.js";
import { turnOffTelemetry } from "./telemetry.js";

type Runtime = typeof OnnxRuntime;
type Tensors = Readonly<Record<string, Tensor>>;
/** Null asks for a new tensor. */
type Targets = Readonly<Record<string, Tensor | null>>;

/** The part of a session below `InferenceSession.run`, which checks and copies all names anew at every call (6 of 100 microseconds). */
interface SessionHandler {
  run(feeds: Tensors, fetches: Targets, options: object): Promise<Tensors>;
}

/** Where a model runs: an ONNX Runtime provider, or `wasm` for the portable build. */
export type Provider = "cpu" | "cuda" | "webgpu" | "wasm";

export interface Program {
  /** A call that reads and writes these arrays each time it is made; they must not change while it runs. */
  bind(inputs: readonly HostTensor[], outputs: readonly HostTensor[]): () => Promise<void>;
  dispose(): Promise<void>;
}

export interface ProgramOptions {
  readonly provider: Provider;
  readonly deviceId?: number;
  readonly threads: number;
}

/** Loads a model; `inputNames` and `outputNames` give the order of the arrays passed to `bind`. */
export async function loadProgram(
  model: Uint8Array,
  inputNames: readonly string[],
  outputNames: readonly string[],
  { provider, deviceId, threads }: ProgramOptions,
): Promise<Program> {
  const runtime = await loadRuntime(provider);
  const session = await runtime.InferenceSession.create(model, {
    executionProviders: [provider === "cuda" ? { name: "cuda", deviceId: deviceId ?? 0 } : provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    // Threads that wait for work sleep: algorithms alternate between several programs, and each would spin against the others.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
  const { handler } = session as unknown as { handler: SessionHandler };
  const accepted = new Set(session.inputNames);
  const [wrapInput, wrapOutput] = [wrapper(runtime), wrapper(runtime)];
  return {
    bind(inputs, outputs) {
      const named = inputs.map((input, i) => [inputNames[i]!, wrapInput(input, i)] as const);
      const feeds = Object.fromEntries(named.filter(([name]) => accepted.has(name)));
      // Native sessions write into the arrays given. The portable build does not, and returns its own.
      const isNative = provider !== "wasm";
      const fetches = Object.fromEntries(
        outputNames.map((name, i) => [name, isNative ? wrapOutput(outputs[i]!, i) : null]),
      );
      return async () => {
        const results = await handler.run(feeds, fetches, {});
        if (isNative) return;
        outputs.forEach(({ data }, i) => data.set(results[outputNames[i]!]!.data as HostTensor["data"]));
      };
    },
    dispose: () => session.release(),
  };
}

/** Makes tensors of arrays; an array that was at the same position in the last call keeps its tensor. */
function wrapper(runtime: Runtime) {
  const latest: { data: HostTensor["data"]; tensor: Tensor }[] = [];
  return ({ data, shape }: HostTensor, position: number): Tensor => {
    const known = latest[position];
    if (known?.data === data) return known.tensor;
    const type = dataTypeOf({ data, shape });
    // ONNX Runtime would copy the clamped array.
    const array = type === "uint8" ? new Uint8Array(data.buffer, data.byteOffset, data.length) : data;
    const tensor = new runtime.Tensor(type as "float32", array as Float32Array, shape);
    latest[position] = { data, tensor };
    return tensor;
  };
}

async function loadRuntime(provider: Provider): Promise<Runtime> {
  if (provider === "wasm") return loadWebRuntime();
  await turnOffTelemetry();
  const runtime = await import("onnxruntime-node");
  // What fails is thrown, with the reason; the library would print it as well, in red, for every device that is tried.
  runtime.env.logLevel = "fatal";
  return runtime;
}

/** The optional package. @throws InputError DMPO_DEVICE where it is not installed. */
export async function loadWebRuntime(name = "onnxruntime-web"): Promise<Runtime> {
  try {
    return (await import(name)) as Runtime;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    return fail("DMPO_DEVICE", 'device "wasm"', `needs ${name}`, "the package beside dmpo", webRuntimeRemedy);
  }
}
