// What `dmpo doctor` looks at: everything that a run needs, and what it could use.
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import { defaultThreads } from "../engine/device.js";
import { loadProgram, type Provider } from "../engine/executors/onnx.js";
import { outputName, toOnnx } from "../engine/onnx.js";
import type { tf } from "../engine/tensor.js";
import { trace } from "../engine/trace.js";
import { Simulator } from "../envs/simulator.js";
import { pathInUse } from "../paths.js";

export interface Finding {
  readonly name: string;
  /** `missing` is a fault, `absent` only says that something optional is not there. */
  readonly state: "ok" | "missing" | "absent";
  readonly detail: string;
}

/** Checks one after another; nothing is changed or downloaded. */
export async function* examine(): AsyncGenerator<Finding> {
  yield nodeVersion();
  yield await device("cpu", "native ONNX Runtime, the default device", "missing");
  yield await device("wasm", "portable ONNX Runtime", "absent");
  yield await device("webgpu", "GPU by Vulkan, Metal or Direct3D", "absent");
  yield await device("cuda", "NVIDIA GPU", "absent");
  yield await simulator();
  yield await folder("data");
  yield await folder("log");
  yield await program("git", ["--version"], "recorded with every run");
  yield await program("python3", ["--version"], "notebooks and wandb");
  yield await program("jupyter", ["--version"], "notebooks");
  yield await program("wandb", ["--version"], "`dmpo sync`");
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isEnough = major > 20 || (major === 20 && minor >= 19);
  const detail = `${process.versions.node}, ${defaultThreads()} threads${isEnough ? "" : "; 20.19 or newer is needed"}`;
  return { name: "node", state: isEnough ? "ok" : "missing", detail };
}

async function device(provider: Provider, what: string, otherwise: Finding["state"]): Promise<Finding> {
  const name = `device ${provider}`;
  const increment = ({ x }: { readonly x: tf.Tensor1D }) => ({ y: x.add(1) });
  try {
    const traced = trace("probe", increment, { x: { data: new Float32Array(1), shape: [1] } });
    const inputs = traced.graph.inputs.map((input) => input.name);
    const outputs = traced.outputs.map((output) => outputName(output.name));
    const model = toOnnx("probe", traced);
    const loaded = await loadProgram(model, inputs, outputs, { provider, threads: 1 });
    await loaded.dispose();
    return { name, state: "ok", detail: what };
  } catch (error) {
    return { name, state: otherwise, detail: `${what}: ${reasonOf(error)}` };
  }
}

async function simulator(): Promise<Finding> {
  const source = '<mujoco><worldbody><body><freejoint/><geom size="1"/></body></worldbody></mujoco>';
  try {
    (await Simulator.load(source)).delete();
    return { name: "mujoco", state: "ok", detail: "simulator, WebAssembly" };
  } catch (error) {
    return { name: "mujoco", state: "missing", detail: reasonOf(error) };
  }
}

/** Whether the folder, or the nearest one above it that exists, can be written. */
async function folder(setting: "data" | "log"): Promise<Finding> {
  const { value, origin } = pathInUse(setting);
  const name = `${setting} folder`;
  for (let current = resolve(value); ; current = dirname(current)) {
    try {
      await access(current, constants.W_OK);
      return { name, state: "ok", detail: `${resolve(value)} (${origin})` };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && dirname(current) !== current) continue;
      return { name, state: "missing", detail: `${resolve(value)} (${origin}) cannot be written: ${reasonOf(error)}` };
    }
  }
}

async function program(name: string, flags: readonly string[], purpose: string): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)(name, flags, { timeout: 20_000 });
    return { name, state: "ok", detail: stdout.trim().split("\n")[0]! };
  } catch {
    return { name, state: "absent", detail: `optional: ${purpose}` };
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}
