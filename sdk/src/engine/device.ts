// Which executor a `device` string means, and what happens when it is not available.
import { availableParallelism } from "node:os";
import { fail } from "../errors.js";
import type { Provider } from "./executors/onnx.js";
import { warn } from "../plain-text.js";

/** `tfjs` runs eagerly on the registered TensorFlow.js backend; the others run compiled. */
export type ExecutorName = Provider | "tfjs";

export interface Device {
  readonly executor: ExecutorName;
  readonly deviceId?: number;
}

/**
 * Reads `cpu`, `cuda`, `cuda:N`, `webgpu`, `wasm`, `tfjs`; null or undefined means `cpu`.
 *
 * @throws InputError for anything else.
 */
export function parseDevice(device: string | null | undefined): Device {
  const match = /^(?:(cpu|webgpu|wasm|tfjs)|cuda(?::(\d+))?)$/.exec(device ?? "cpu");
  if (!match) fail("DMPO_DEVICE", "device", `"${device}"`, "cpu, cuda:N, webgpu, wasm, tfjs or null");
  return match[1] ? { executor: match[1] as ExecutorName } : { executor: "cuda", deviceId: Number(match[2] ?? 0) };
}

/** Compute threads used when nothing else is said: the cores this process may use. */
export const defaultThreads = () => Number(process.env.DMPO_THREADS) || availableParallelism();

const warned = new Set<string>();

const firstLine = (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)).split("\n")[0]!;

/** Says once per process and cause that `device` does not run the function called `name`, though it runs others. */
export function warnRejected(device: ExecutorName, name: string, reason: unknown): void {
  const cause = firstLine(reason);
  const key = `${device}: ${cause}`;
  if (warned.has(key)) return;
  warned.add(key);
  warn(
    `dmpo: device "${device}" does not run "${name}" (${cause}); the CPU computes it. Other functions stay on the device.`,
  );
}

/** How the executor in WebAssembly, an optional package, is installed. */
export const webRuntimeRemedy = "npm install onnxruntime-web@1.30.0";

/** Says once per process that `device` is not available, why, and how to get it. */
export function warnUnavailable(device: ExecutorName, reason: unknown): void {
  if (warned.has(device)) return;
  warned.add(device);
  const advice = {
    cuda: "install an NVIDIA driver with CUDA 12, then run `ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node --ignore-scripts=false`",
    webgpu: "install a Vulkan (Linux), Metal (macOS) or Direct3D 12 (Windows) driver",
    cpu: `this platform has no native ONNX Runtime in the npm package; the WebAssembly build works (${webRuntimeRemedy}) but is about 7x slower`,
    wasm: webRuntimeRemedy,
    tfjs: "install @tensorflow/tfjs-node",
  }[device];
  const then = device === "cpu" ? "WebAssembly computes" : "the CPU computes";
  warn(`dmpo: device "${device}" is not available (${firstLine(reason)}); ${then}. To get it: ${advice}.`);
}
