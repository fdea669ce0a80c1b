// The webgpu executor beside the CPU. Without a GPU, Chromium's software Vulkan driver (Debian: chromium, libvulkan1) will do.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { compile } from "../../sdk/src/engine/compile.js";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { Random } from "../../sdk/src/engine/random.js";
import { hostTensor, type Host, type HostTensor, type tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import type { TrainingBatch } from "../../sdk/src/policies/definition.js";

const softwareDriver = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (existsSync(softwareDriver)) process.env.VK_ICD_FILENAMES ??= softwareDriver;

const size = 8;
const random = new Random(3);
const uniform = (...shape: number[]) =>
  hostTensor(random.stream("data").uniform(new Float32Array(shape.reduce((a, b) => a * b)), -1, 1), shape);
const model = new PolicyModel({
  options: { tangent: "predicted", dispersive: {} },
  network: { horizonSteps: 4, actionDim: 3, condDim: 11, mlpDims: [32, 32, 32] },
});
const weights = model.views(model.layout.initialise(random.stream("weights")));
const state = uniform(size, 1, 11);

/** Whether an adapter exists, asked in another process: where none does, graphics libraries complain on standard error. */
async function hasAdapter(): Promise<boolean> {
  const engine = (file: string) => JSON.stringify(new URL(`../../sdk/src/engine/${file}.ts`, import.meta.url).href);
  const program = `
    const [{ compile }, { hostTensor }] = [await import(${engine("compile")}), await import(${engine("tensor")})];
    console.warn = () => process.exit(3);
    await compile((x) => x.neg(), { executor: "webgpu" })(hostTensor(new Float32Array(2), [2]));`;
  const parameters = ["--import", "tsx", "--input-type=module", "-e", program];
  const found = await promisify(execFile)(process.execPath, parameters).then(
    () => true,
    () => false,
  );
  if (!found) console.log("tests of the webgpu executor are skipped: no graphics adapter (`npx dmpo doctor`)");
  return found;
}
const onAdapter = test.skipIf(!(await hasAdapter()));

onAdapter("acting equals the CPU", async () => {
  const act = ({ weights, state, noise }: { weights: Weights; state: tf.Tensor; noise: tf.Tensor3D }) =>
    model.sample(weights, { state }, { noise }, { steps: 2 });
  const input = { weights, state, noise: uniform(size, 4, 3) };
  const [gpu, cpu] = await Promise.all([
    compile(act, { executor: "webgpu" })(input),
    compile(act, { threads: 1 })(input),
  ]);
  expectClose(gpu, cpu);
});

onAdapter("loss and gradients equal the CPU's", async () => {
  const step = ({ weights, batch }: { weights: Weights; batch: TrainingBatch }) =>
    valueAndGradients((w) => ({ loss: model.loss(w, batch).loss }), weights);
  const draws = emptyDraws(model.trainingDraws, size);
  fillDraws(model.trainingDraws, draws, random.stream("draws"));
  const batch = { action: uniform(size, 4, 3), state, ...draws } as Host<TrainingBatch>;
  const gpu = await compile(step, { executor: "webgpu" })({ weights, batch });
  const cpu = await compile(step, { threads: 1 })({ weights, batch });
  expectClose(gpu.value.loss, cpu.value.loss);
  for (const name of Object.keys(weights)) expectClose(gpu.gradients[name]!, cpu.gradients[name]!);
});

function expectClose(got: HostTensor, expected: HostTensor): void {
  expect(got.shape).toEqual(expected.shape);
  expected.data.forEach((value, i) =>
    expect(Math.abs(got.data[i]! - value)).toBeLessThan(1e-4 * (1 + Math.abs(value))),
  );
}
