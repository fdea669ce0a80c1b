// What is said and done when a device does not run a function, whatever this machine has: providers are made to fail.
import { beforeEach, describe, expect, test, vi } from "vitest";
import { compile } from "../../sdk/src/engine/compile.js";
import type { ProgramOptions } from "../../sdk/src/engine/executors/onnx.js";
import { hostTensor, tf } from "../../sdk/src/engine/tensor.js";

/** How each provider answers: by the number of bytes of a model, or by the CPU's own program. */
const answers = new Map<string, (bytes: number) => Error | undefined>();

vi.mock(import("../../sdk/src/engine/executors/onnx.js"), async (original) => {
  const actual = await original();
  return {
    ...actual,
    async loadProgram(
      model: Uint8Array,
      inputs: readonly string[],
      outputs: readonly string[],
      options: ProgramOptions,
    ) {
      const error = answers.get(options.provider)?.(model.length);
      if (error) throw error;
      const provider = options.provider === "wasm" ? "wasm" : "cpu";
      return actual.loadProgram(model, inputs, outputs, { ...options, provider });
    },
  };
});

const warnings = vi.spyOn(console, "warn").mockImplementation(() => {});
beforeEach(() => {
  warnings.mockClear();
  answers.clear();
});

const x = () => hostTensor(Float32Array.of(0.5, -1, 2, 3), [2, 2]);
const layer = (x: tf.Tensor) => tf.matMul(x, x, false, true).tanh().add(x.sum());
const compute = async (executor: "cpu" | "cuda" | "webgpu", name: string) => [
  ...(await compile(layer, { executor, threads: 1, name })(x())).data,
];
/** The size of a model of one node, by which a device is tried. */
const probe = 200;

describe("a device that does not run a function", () => {
  test("is missing: one warning, with the reason and how to get it, however many functions ask", async () => {
    const expected = await compute("cpu", "layer");
    answers.set("cuda", () => new Error("libcuda.so.1: cannot open shared object file\nat somewhere"));
    expect(await compute("cuda", "first")).toEqual(expected);
    expect(await compute("cuda", "second")).toEqual(expected);
    expect(warnings.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^dmpo: device "cuda" is not available \(libcuda.so.1: cannot open shared object file\); the CPU computes\. To get it: install an NVIDIA driver/,
        ),
      ],
    ]);
  });

  test("rejects the model: it is named, once per cause, and what it does run stays there", async () => {
    const expected = await compute("cpu", "layer");
    answers.set("webgpu", (bytes) => (bytes > probe ? new Error("no kernel for Tanh") : undefined));
    expect(await compute("webgpu", "first")).toEqual(expected);
    expect(await compute("webgpu", "second")).toEqual(expected);
    answers.set("webgpu", (bytes) => (bytes > probe ? new Error("out of memory") : undefined));
    expect(await compute("webgpu", "third")).toEqual(expected);
    expect(warnings.mock.calls.flat()).toEqual([
      'dmpo: device "webgpu" does not run "first" (no kernel for Tanh); the CPU computes it. Other functions stay on the device.',
      'dmpo: device "webgpu" does not run "third" (out of memory); the CPU computes it. Other functions stay on the device.',
    ]);
    answers.delete("webgpu");
    warnings.mockClear();
    expect(await compute("webgpu", "fourth")).toEqual(expected);
    expect(warnings).not.toHaveBeenCalled();
  });

  test("is the CPU without its library: WebAssembly computes, and says so; a model that it rejects is a defect", async () => {
    const expected = await compute("cpu", "layer");
    answers.set("cpu", () => Object.assign(new Error("cannot find module"), { code: "MODULE_NOT_FOUND" }));
    (await compute("cpu", "elsewhere")).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    expect(warnings.mock.calls).toEqual([
      [expect.stringMatching(/device "cpu" is not available.*WebAssembly computes/)],
    ]);
    answers.set("cpu", () => new Error("invalid graph"));
    await expect(compute("cpu", "broken")).rejects.toThrow("invalid graph");
  });
});
