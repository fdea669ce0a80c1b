import { expect, test } from "vitest";
import { compile } from "../../sdk/src/engine/compile.js";
import { parseDevice } from "../../sdk/src/engine/device.js";
import { loadWebRuntime } from "../../sdk/src/engine/executors/onnx.js";
import { hostTensor, tf } from "../../sdk/src/engine/tensor.js";

const x = () => hostTensor(Float32Array.of(0.5, -1, 2, 3), [2, 2]);
const layer = (x: tf.Tensor) => tf.matMul(x, x, false, true).tanh().add(x.sum());
const expected = async () => [...(await compile(layer, { threads: 1 })(x())).data];

test.each([
  ["cpu", { executor: "cpu" }],
  [null, { executor: "cpu" }],
  [undefined, { executor: "cpu" }],
  ["cuda", { executor: "cuda", deviceId: 0 }],
  ["cuda:3", { executor: "cuda", deviceId: 3 }],
  ["webgpu", { executor: "webgpu" }],
  ["wasm", { executor: "wasm" }],
  ["tfjs", { executor: "tfjs" }],
])("device %s", (device, meaning) => {
  expect(parseDevice(device)).toEqual(meaning);
});

test.each(["gpu", "cuda:", "cuda:x", "CPU", ""])('device "%s" is refused with what exists', (device) => {
  expect(() => parseDevice(device)).toThrow(/expected cpu, cuda:N, webgpu, wasm, tfjs or null/);
});

test("the WebAssembly build computes the same", async () => {
  const result = await compile(layer, { executor: "wasm", threads: 1 })(x());
  (await expected()).forEach((value, i) => expect(result.data[i]).toBeCloseTo(value, 5));
});

test("without the optional package the WebAssembly build says what to install", async () => {
  await expect(loadWebRuntime("onnxruntime-web-that-is-absent")).rejects.toThrow(
    /npm install onnxruntime-web@1\.30\.0/,
  );
});
