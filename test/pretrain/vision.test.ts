// Pre-training with pictures: what only they tell is learned, an interrupted run continues bit for bit, pictures reach acting and
// exported files, and what does not fit is refused.
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { trace } from "../../sdk/src/engine/trace.js";
import type { Weights } from "../../sdk/src/engine/tensor.js";
import { exportOnnx } from "../../sdk/src/experiments/export-onnx.js";
import { PolicyDescription } from "../../sdk/src/experiments/policy-description.js";
import type { RunState } from "../../sdk/src/learning/drive.js";
import type { TrainingBatch } from "../../sdk/src/policies/definition.js";
import { hostObservation } from "../../sdk/src/policies/host-observation.js";
import { emptyDraws } from "../../sdk/src/policies/policy-model.js";
import { findPolicy, type PolicyName } from "../../sdk/src/policies/registry.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { pretrainOptions } from "../../sdk/src/pretrain/options.js";
import { freshPolicy, pretraining } from "../../sdk/src/pretrain/pretrain.js";
import { emptyObservations } from "../../sdk/src/space.js";
import { temporaryFolder } from "../data/temporary-folder.js";
import { targets } from "../policies/targets.js";

const folder = temporaryFolder();

const SIZE = 32;
const backbone = { depth: 1, embedDim: 16, numHeads: 2 };
const small = { type: "vit", backbone, spatialEmb: 16, horizonSteps: 1 };
const described = (policy: PolicyName, network: object = {}, objective: object = {}) =>
  new PolicyDescription(findPolicy(policy), objective, {
    ...small,
    ...("dim" in network ? {} : { mlpDims: [32, 32, 32] }),
    ...network,
  });
const data = Dataset.from({ name: "targets", ...targets(256, SIZE) });
const unseen = targets(64, SIZE, 2);
const pictureOf = (i: number) => unseen.images.data.subarray(i * 3 * SIZE * SIZE, (i + 1) * 3 * SIZE * SIZE);
const options = pretrainOptions.parse({ epochs: 2, batchSize: 32, seed: 3, ema: { decay: 0.95 } });

/** Mean distance from the red squares of pictures that were not learned from; 0.77 without looking. */
async function errorOf(policy: TrainedPolicy): Promise<number> {
  const seen = unseen.actions.map((_, i) => ({ state: [0], rgb: pictureOf(i) }));
  const chunks = await policy.act(seen, { initialNoise: "zero" });
  const distances = chunks.map(([action], i) =>
    Math.hypot(...[0, 1].map((at) => action![at]! - unseen.actions[i]![at]!)),
  );
  return distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
}

const trained = async (policy: PolicyName, network: object, epochs: number, learningRate = 3e-3) => {
  const all = { ...options, epochs, learningRate, schedule: { ...options.schedule, warmup: 10 } };
  const base = freshPolicy(described(policy, network).for(data), data, all.seed);
  const setup = { base, demonstrations: data, seed: all.seed, compile: { threads: 1 } };
  const { sets } = await pretraining.train(setup, all, {});
  return new TrainedPolicy({ ...base, weights: sets.ema! });
};

test("a policy learns what only pictures tell", async () => {
  const policy = await trained("gaussian", { fixedStd: 0.1, dropout: 0 }, 30);
  expect(await errorOf(policy)).toBeLessThan(0.2);
});

test("MeanFlow learns it in the one step that it acts with", async () => {
  const policy = await trained("meanflow", { dropout: 0 }, 30);
  expect(await errorOf(policy)).toBeLessThan(0.4);
});

const families: readonly [PolicyName, object][] = [
  ["meanflow", {}],
  ["shortcut", { tdEmbDim: 8 }],
  ["diffusion", { type: "unet_vit", dim: 8, dimMults: [1] }],
  ["gaussian", { fixedStd: 0.1 }],
];

describe.each(families)("%s %j", (policy, network) => {
  const base = freshPolicy(described(policy, network).for(data), data, 3);

  test("stopped within an epoch and resumed, it continues bit for bit", async () => {
    const setup = { base, demonstrations: data, seed: 3, compile: { threads: 1 } };
    const whole = await pretraining.train(setup, options, {});
    const controller = new AbortController();
    let state: RunState | undefined;
    const onAdvance = (epochs: number) => epochs > 1.3 && controller.abort();
    const onStop = (run: { state(): RunState }) => void (state = structuredClone(run.state()));
    await pretraining.train({ ...setup, onAdvance }, options, { signal: controller.signal, onStop });
    const resumed = await pretraining.train(setup, options, { resume: state! });
    expect(resumed.sets).toEqual(whole.sets);
    expect(whole.sets.model).not.toEqual(base.weights);
  });
});

test.each([
  ["meanflow", 1, 2],
  ["reflow", 5, 2],
] as const)(
  "the encoder is one pass: %s in %i steps has %i convolutions in each pass",
  (policy, steps, convolutions) => {
    const { model } = freshPolicy(described(policy).for(data), data, 3);
    const { space } = new TrainedPolicy({ ...freshPolicy(model, data, 3) });
    const observation = hostObservation(emptyObservations(space, 4), space, 4);
    const weights = model.views(
      model.layout.initialise({ uniform: (x: Float32Array) => x, normal: (x: Float32Array) => x } as never),
    );
    const count = (fn: (input: never) => object, input: object, op: string) =>
      trace("count", fn as never, input).graph.nodes.filter((node) => node.op === op).length;
    const acting = { weights, observation, draws: emptyDraws(model.actingDraws(steps), 4) };
    const sample = ({ weights: w, observation: o, draws }: { weights: Weights; observation: never; draws: never }) =>
      model.sample(w, o, draws, { steps });
    expect(count(sample as never, acting, "Conv")).toBe(convolutions);

    const action = { data: new Float32Array(8), shape: [4, 1, 2] };
    const batch = { ...observation, ...emptyDraws(model.trainingDraws, 4), action };
    const step = ({ weights: w, batch: b }: { weights: Weights; batch: TrainingBatch }) =>
      valueAndGradients((p) => model.loss(p, b), w);
    // Two forward, two for the gradients of their weights; one for the gradient of what lies between.
    expect(count(step as never, { weights, batch }, "Conv")).toBe(2 * convolutions);
    expect(count(step as never, { weights, batch }, "ConvTranspose")).toBe(1);
  },
);

test("pictures reach a closed loop and an exported file, whatever their number", async () => {
  const two = { imgCondSteps: 2, condSteps: 2 };
  const policy = freshPolicy(described("meanflow", two).for(data), data, 3);
  expect(policy.space).toEqual({ horizonSteps: 1, actionDim: 2, state: [2, 1], rgb: [2, 3, SIZE, SIZE] });
  const zero = { initialNoise: "zero" } as const;
  const actor = policy.actor(zero);
  const first = await actor.act({ state: [0.5], rgb: pictureOf(0) });
  const second = await actor.act({ state: [0.25], rgb: pictureOf(1) });
  const history = (a: number, b: number) => Uint8Array.from([...pictureOf(a), ...pictureOf(b)]);
  const [[same], [next]] = (await policy.act(
    [
      { state: [0.5], rgb: pictureOf(0) },
      { state: [0.5, 0.25], rgb: history(0, 1) },
    ],
    zero,
  )) as [Float64Array[], Float64Array[]];
  [...first, ...second].forEach((value, i) => expect(value).toBeCloseTo([...same!, ...next!][i]!, 5));
  expect(first).not.toEqual(second);

  const file = join(folder, "policy.onnx");
  const { batch, shapes } = await exportOnnx(policy, file);
  expect([batch, shapes.rgb]).toEqual(["any", [2, 3, SIZE, SIZE]]);
  const session = await InferenceSession.create(file);
  const { action } = await session.run({
    observation: new Tensor(Float32Array.of(0.5, 0.5, 0.5, 0.25), [2, 2, 1]),
    rgb: new Tensor("uint8", Uint8Array.from([...history(0, 0), ...history(0, 1)]), [2, 2, 3, SIZE, SIZE]),
    noise: new Tensor(new Float32Array(4), [2, 1, 2]),
  });
  (action!.data as Float32Array).forEach((value, i) => expect(value).toBeCloseTo([...same!, ...next!][i]!, 4));
});

test("what does not fit is refused", async () => {
  const policy = freshPolicy(described("meanflow").for(data), data, 3);
  await expect(policy.act([0.5])).rejects.toThrow(/rgb: missing[^]*picture of 3 x 32 x 32 bytes/);
  await expect(policy.act({ state: [0.5], rgb: new Uint8Array(7) })).rejects.toThrow(/rgb: 7 bytes[^]*3 x 32 x 32/);
  const blind = freshPolicy(new PolicyDescription(findPolicy("meanflow"), {}, { mlpDims: [8] }).for(data), data, 3);
  await expect(blind.act({ state: [0.5], rgb: pictureOf(0) })).rejects.toThrow(/sees no pictures/);
  const { images: _, ...rest } = targets(64, SIZE);
  const without = Dataset.from(rest);
  expect(() => described("meanflow").for(without)).toThrow(/looks at pictures, and there are none/);
  const train = (demonstrations: Dataset) =>
    pretraining.train({ base: policy, demonstrations, seed: 3, compile: { threads: 1 } }, options, {});
  await expect(train(without)).rejects.toThrow(/has no pictures[^]*the pictures of 3 x 32 x 32/);
  await expect(train(Dataset.from(targets(64, 64)))).rejects.toThrow(/has pictures of 3 x 64 x 64/);
  const images = { data: new Uint8Array(10), shape: [64, 3, 32, 32] };
  expect(() => Dataset.from({ ...rest, images })).toThrow(/images: are 64 pictures with 10 bytes/);
});
