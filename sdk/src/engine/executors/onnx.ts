// Runs ONNX models with ONNX Runtime: the native library of onnxruntime-node, or WebAssembly (onnxruntime-web) where there is none.
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { HostTensor } from "../tensor.js";

type Runtime = typeof import("onnxruntime-node");

/** Where a model runs: an ONNX Runtime provider, or `wasm` for the portable build. */
export type Provider = "cpu" | "cuda" | "webgpu" | "wasm";

export interface Program {
  /** Computes the outputs into the given arrays, which must not change meanwhile. */
  run(inputs: readonly HostTensor[], outputs: readonly HostTensor[]): Promise<void>;
  dispose(): Promise<void>;
}

export interface ProgramOptions {
  readonly provider: Provider;
  readonly deviceId?: number;
  readonly threads: number;
}

/** Loads a model; `inputNames` and `outputNames` give the order of the arrays passed to `run`. */
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
  });
  const accepted = new Set(session.inputNames);
  const wrapped = new WeakMap<HostTensor["data"], Tensor>();
  // Wrapping an array costs more than a small kernel, and training passes the same ones again and again.
  const wrap = ({ data, shape }: HostTensor) => {
    let tensor = wrapped.get(data);
    if (!tensor) {
      const type = data instanceof Float32Array ? "float32" : data instanceof Int32Array ? "int32" : "bool";
      tensor = new runtime.Tensor(type as "float32", data as Float32Array, shape);
      wrapped.set(data, tensor);
    }
    return tensor;
  };
  return {
    async run(inputs, outputs) {
      const feeds: Record<string, Tensor> = {};
      inputs.forEach((input, i) => accepted.has(inputNames[i]!) && (feeds[inputNames[i]!] = wrap(input)));
      const fetches: Record<string, Tensor> = {};
      outputs.forEach((output, i) => (fetches[outputNames[i]!] = wrap(output)));
      const results = await session.run(feeds, fetches as InferenceSession.OnnxValueMapType);
      // Native sessions fill our arrays; others return their own.
      outputs.forEach(({ data }, i) => {
        const result = results[outputNames[i]!]!.data as HostTensor["data"];
        if (result !== data) data.set(result);
      });
    },
    dispose: () => session.release(),
  };
}

async function loadRuntime(provider: Provider): Promise<Runtime> {
  if (provider === "wasm") return (await import("onnxruntime-web")) as unknown as Runtime;
  return import("onnxruntime-node");
}
