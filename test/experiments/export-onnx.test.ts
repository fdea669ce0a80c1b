// Exported policies, run by plain ONNX Runtime: the same chunks as the policy itself, for any batch.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { beforeAll, expect, test } from "vitest";
import { constants } from "../../sdk/src/engine/compile.js";
import { Random } from "../../sdk/src/engine/random.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { exportOnnx } from "../../sdk/src/experiments/export-onnx.js";
import { loadPolicy } from "../../sdk/src/experiments/load-policy.js";
import { denormalize, normalize, type Normalization } from "../../sdk/src/normalization.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { described, referenceFile } from "../checkpoints/reference-files.js";
import { temporaryFolder } from "../data/temporary-folder.js";
import { pythonWith, runPython } from "../python.js";
import { hasShared } from "../shared.js";

beforeAll(async () => void (await tf.setBackend("cpu")));
const folder = temporaryFolder();

const random = new Random(5);
const normal = (count: number) => random.stream("inputs").normal(new Float32Array(count));
const normalization: Normalization = {
  observationMin: Float32Array.of(-1, 0, 5),
  observationMax: Float32Array.of(1, 10, 6),
  actionMin: Float32Array.of(-2, 0),
  actionMax: Float32Array.of(2, 1),
};

function policy(network: Record<string, unknown> = {}): TrainedPolicy {
  const model = new PolicyModel({
    network: { horizonSteps: 4, actionDim: 2, condDim: 6, mlpDims: [16, 16, 16], condMlpDims: [8, 4], ...network },
  });
  const weights = model.layout.initialise(random.stream("weights"));
  return new TrainedPolicy({ model, weights, normalization, environment: "test" });
}

/** The chunk by the SDK's own ops, on normalised values. */
function sample({ model, weights }: TrainedPolicy, observation: Float32Array, noise: Float32Array, steps: number) {
  return tf.tidy(() => {
    const batch = observation.length / 6;
    const state = tf.tensor3d(observation, [batch, 2, 3]);
    const start = tf.tensor3d(noise, [batch, 4, 2]);
    return model.sample(constants<Weights>(model.views(weights)), { state }, { noise: start }, { steps }).dataSync();
  });
}

async function run(
  path: string,
  observation: Float32Array,
  noise: Float32Array,
  shapes: number[][],
): Promise<Float32Array> {
  const session = await InferenceSession.create(path);
  const [a, b] = shapes as [number[], number[]];
  const { action } = await session.run({ observation: new Tensor(observation, a), noise: new Tensor(noise, b) });
  expect(action!.dims).toEqual(b);
  return action!.data as Float32Array;
}

function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++) expect(Math.abs(got[i]! - expected[i]!), String(i)).toBeLessThan(1e-5);
}

test.each([
  ["gaussian", { mlpDims: [16], fixedStd: 0.1 }],
  ["gmm", { mlpDims: [16], numModes: 3 }],
  [
    "gmm",
    { type: "transformer", numModes: 3, transformerEmbedDim: 8, transformerNumHeads: 2, transformerNumLayers: 1 },
  ],
])("a %s policy with network %o, any batch", async (name, network) => {
  const model = new PolicyModel({ policy: name, network: { horizonSteps: 4, actionDim: 2, condDim: 6, ...network } });
  const exported = policy();
  const other = new TrainedPolicy({ ...exported, model, weights: model.layout.initialise(random.stream("weights")) });
  const path = join(folder, `${name}.onnx`);
  const { shapes, batch: taken } = await exportOnnx(other, path, { includeNormalization: false });
  expect(taken).toBe("any");
  expect(shapes).toEqual({ observation: [2, 3], ...model.actingDraws().shapes, action: [4, 2] });
  const session = await InferenceSession.create(path);
  for (const batch of [1, 5]) {
    const observation = normal(batch * 6);
    const draws = Object.entries(model.actingDraws().shapes).map(([draw, shape]) => {
      const size = [batch, ...shape];
      return [draw, normal(size.reduce((product, n) => product * n, 1)), size] as const;
    });
    const feeds = Object.fromEntries(draws.map(([draw, data, size]) => [draw, new Tensor(data, size)]));
    const { action } = await session.run({ observation: new Tensor(observation, [batch, 2, 3]), ...feeds });
    const want = tf.tidy(() => {
      const drawn = Object.fromEntries(draws.map(([draw, data, size]) => [draw, tf.tensor(data, size)]));
      const state = tf.tensor3d(observation, [batch, 2, 3]);
      return model.sample(constants<Weights>(model.views(other.weights)), { state }, drawn).dataSync();
    });
    expectClose(action!.data as Float32Array, want);
  }
});

test.each([
  [1, {}],
  [3, {}],
  [2, { residualStyle: false, mlpDims: [12], useLayernorm: true, condMlpDims: null, activationType: "GELU" as const }],
])("%i steps, any batch", async (steps, network) => {
  const exported = policy(network);
  const path = join(folder, `policy-${steps}.onnx`);
  const result = await exportOnnx(exported, path, { steps, includeNormalization: false });
  expect(result).toMatchObject({ batch: "any", shapes: { observation: [2, 3], noise: [4, 2], action: [4, 2] } });
  for (const batch of [1, 5]) {
    const [observation, noise] = [normal(batch * 6), normal(batch * 8)];
    const got = await run(path, observation, noise, [[batch, 2, 3], [batch, 4, 2]]); // prettier-ignore
    expectClose(got, sample(exported, observation, noise, steps));
  }
});

test("normalisation inside: raw observations in, raw actions out", async () => {
  const exported = policy();
  const path = join(folder, "raw.onnx");
  await exportOnnx({ policy: exported }, path);
  const [observation, noise] = [normal(12).map((x, i) => x + i), normal(16)];
  const { observationMin, observationMax, actionMin, actionMax } = normalization;
  const inside = observation.map((x, i) => normalize(x, observationMin[i % 3]!, observationMax[i % 3]!));
  const expected = sample(exported, inside, noise, 1).map((a, i) =>
    denormalize(a, actionMin[i % 2]!, actionMax[i % 2]!),
  );
  expectClose(await run(path, observation, noise, [[2, 2, 3], [2, 4, 2]]), expected); // prettier-ignore
});

test("observations are cut off where the policy's environment does, and the file says where normalisation is", async () => {
  const exported = new TrainedPolicy({ ...policy(), observationBound: 0.5 });
  const path = join(folder, "bounded.onnx");
  await exportOnnx(exported, path);
  const [observation, noise] = [normal(12).map((x, i) => x + i), normal(16)];
  const { observationMin, observationMax, actionMin, actionMax } = normalization;
  const cut = (x: number) => Math.max(-0.5, Math.min(0.5, x));
  const inside = observation.map((x, i) => cut(normalize(x, observationMin[i % 3]!, observationMax[i % 3]!)));
  expect(inside.filter((x) => Math.abs(x) === 0.5).length).toBeGreaterThan(0);
  const expected = sample(exported, inside, noise, 1).map((a, i) =>
    denormalize(a, actionMin[i % 2]!, actionMax[i % 2]!),
  );
  expectClose(await run(path, observation, noise, [[2, 2, 3], [2, 4, 2]]), expected); // prettier-ignore
  const outside = join(folder, "outside.onnx");
  await exportOnnx(exported, outside, { includeNormalization: false });
  // What is normalised already has been cut already.
  expectClose(await run(outside, observation, noise, [[2, 2, 3], [2, 4, 2]]), sample(exported, observation, noise, 1)); // prettier-ignore
  const said = (file: string) => /normalization\W+(inside|outside)/.exec(readFileSync(file, "latin1"))?.[1];
  expect([said(path), said(outside)]).toEqual(["inside", "outside"]);
});

test("diffusion takes its own number of steps and the noise of each of them", async () => {
  const model = new PolicyModel({
    policy: "diffusion",
    options: { denoisingSteps: 4, ftDenoisingSteps: 2 },
    network: { horizonSteps: 4, actionDim: 2, condDim: 6, mlpDims: [16, 16, 16], condMlpDims: [8, 4] },
  });
  const weights = model.layout.initialise(random.stream("weights")).map((w, i) => w + 0.1 * Math.sin(i));
  const path = join(folder, "diffusion.onnx");
  const exported = new TrainedPolicy({ model, weights, normalization, environment: "test" });
  const result = await exportOnnx(exported, path, { includeNormalization: false });
  expect(result).toMatchObject({ batch: "any", shapes: { noise: [4, 2], stepNoise: [3, 4, 2], action: [4, 2] } });
  const session = await InferenceSession.create(path);
  for (const batch of [1, 5]) {
    const [observation, noise, stepNoise] = [normal(batch * 6), normal(batch * 8), normal(batch * 24)];
    const { action } = await session.run({
      observation: new Tensor(observation, [batch, 2, 3]),
      noise: new Tensor(noise, [batch, 4, 2]),
      stepNoise: new Tensor(stepNoise, [batch, 3, 4, 2]),
    });
    const draws = { noise: tf.tensor(noise, [batch, 4, 2]), stepNoise: tf.tensor(stepNoise, [batch, 3, 4, 2]) };
    const views = constants<Weights>(model.views(weights));
    const expected = model.sample(views, { state: tf.tensor(observation, [batch, 2, 3]) }, draws).dataSync();
    expectClose(action!.data as Float32Array, expected);
  }
});

test.each([0, 1.5])("%d steps are refused", async (steps) => {
  await expect(exportOnnx(policy(), join(folder, "no.onnx"), { steps })).rejects.toThrow(`steps: is ${steps}`);
});

/** A checkpoint of the reference as ONNX: its path, and what the reference computed with it. */
async function exportedReference(steps: number) {
  const name = "pretrain_hopper/state_10.pt";
  const { observation, noise, expected } = described(name);
  const loaded = await loadPolicy(referenceFile(name), { normalization: "none", actionDim: 3 });
  const path = join(folder, `hopper-${steps}.onnx`);
  await exportOnnx(loaded, path, { steps, includeNormalization: false });
  return { path, inputs: { observation, noise }, expected: expected.ema[`K${steps}`].data as number[] };
}

test.skipIf(!hasShared).each([1, 5])("a checkpoint of the reference, %i steps, acts as there", async (steps) => {
  const { path, inputs, expected } = await exportedReference(steps);
  const { observation, noise } = inputs;
  const [seen, drawn] = [observation, noise].map(({ data }) => Float32Array.from(data as number[]));
  expectClose(await run(path, seen!, drawn!, [observation.shape, noise.shape]), expected);
});

const python = pythonWith("onnxruntime");
test.skipIf(!hasShared || !python).each([1, 5])("so it does in Python's ONNX Runtime, %i steps", async (steps) => {
  const { path, inputs, expected } = await exportedReference(steps);
  const program = `
import json, sys, numpy, onnxruntime
inputs = json.loads(sys.argv[2])
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
feeds = {key: numpy.array(table["data"], numpy.float32).reshape(table["shape"]) for key, table in inputs.items()}
print(json.dumps(session.run(["action"], feeds)[0].flatten().tolist()))`;
  expectClose(runPython(python!, program, path, JSON.stringify(inputs)) as number[], expected);
});
