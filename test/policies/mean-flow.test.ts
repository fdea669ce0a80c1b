import { beforeAll, expect, test } from "vitest";
import type { z } from "zod";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { jvp } from "../../sdk/src/engine/jvp.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { meanFlow, meanFlowLoss, type MeanFlowBatch, type meanFlowOptions } from "../../sdk/src/policies/mean-flow.js";
import { findPolicy } from "../../sdk/src/policies/registry.js";
import { expectClose, wave } from "../nn/close.js";
import { golden } from "../shared.js";
import {
  lossOf,
  pretrainBatch,
  pretrainNetwork,
  pretrainWeights,
  referenceBatch,
  referenceNetwork,
  referenceWeights,
} from "./batches.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const dispersive = { type: "infonce_l2", weight: 0.5, temperature: 0.5 } as const;

const variants: Record<string, z.input<typeof meanFlowOptions>> = {
  MeanFlow_mse: {},
  MeanFlow_adaptive: { useAdaptiveLoss: true },
  ImprovedMeanFlow: { tangent: "predicted" },
  "ImprovedMeanFlowDispersive_infonce_l2_w0.5_T0.5": { tangent: "predicted", dispersive },
  "MeanFlowDispersive_infonce_l2_w0.5_T0.5": { dispersive },
};

const lossAndGradients = (batch: MeanFlowBatch, overrides: z.input<typeof meanFlowOptions>, equalCount?: number) =>
  valueAndGradients(
    (weights: Weights) =>
      lossOf(meanFlowLoss(pretrainNetwork, weights, batch, meanFlow.configure(overrides), equalCount)),
    pretrainWeights(),
  );

/** Rows in another order. */
const reordered = (batch: MeanFlowBatch, order: number[]): MeanFlowBatch =>
  Object.fromEntries(Object.entries(batch).map(([name, x]) => [name, tf.gather(x, order)])) as never;

const norm = (gradients: Weights) => tf.addN(Object.values(gradients).map((g) => g.square().sum())).sqrt();

test.each(Object.keys(variants))("loss and gradients of %s equal the reference", (name) => {
  const expected = golden("pretrain").full_losses[name];
  const inOrder = lossAndGradients(pretrainBatch(), variants[name]!);
  // With the row r = t in front, its tangent may be left out.
  const skipping = lossAndGradients(reordered(pretrainBatch(), [1, 3, 0, 2]), variants[name]!, 1);
  for (const { value, gradients } of [inOrder, skipping]) {
    expectClose(value.loss, expected.loss);
    expectClose(norm(gradients), expected.grad_l2_norm, 1e-4);
    expectClose(gradients["mlp_mean.layers.2.bias"]!, expected.grad_mlp_out_bias, 1e-4);
    expectClose(gradients["cond_mlp.moduleList.1.linear_1.bias"]!, expected.grad_cond_mlp_last_bias, 1e-4);
    expectClose(gradients["r_embedding.1.bias"]!, expected.grad_r_embedding_1_bias, 1e-4);
  }
});

test("predicted velocity, its tangent and V equal the reference", () => {
  const expected = golden("pretrain").improved_meanflow;
  const [weights, { action, noise, t, r, state }] = [pretrainWeights(), pretrainBatch()];
  const x: tf.Tensor3D = action.add(t.reshape([-1, 1, 1]).mul(noise.sub(action)));
  const condition = pretrainNetwork.encoder.apply(weights, { state });
  const velocity = (x: tf.Tensor3D, t: tf.Tensor1D, r: tf.Tensor1D) =>
    pretrainNetwork.velocity(weights, x, t, r, condition);
  const predicted = velocity(x, t, t);
  const [u, du] = jvp(velocity, [x, t, r], [predicted, tf.onesLike(t), null]);
  expectClose(predicted, expected.v_pred);
  expectClose(du, expected.jvp_tangent_vpred);
  expectClose(u.add(t.sub(r).reshape([-1, 1, 1]).mul(du)), expected.V);
  const { loss } = lossOf(meanFlowLoss(pretrainNetwork, weights, pretrainBatch(), meanFlow.improved()));
  expectClose(loss, expected.loss_mse);
});

// dmpo-reference.md 9.3, computed in float64.
test.each([
  ["MeanFlow", {}, 2.579414078],
  ["adaptive", { useAdaptiveLoss: true }, 1.588193942],
  ["improved", { tangent: "predicted" }, 2.746804523],
  ["improved, adaptive", { tangent: "predicted", useAdaptiveLoss: true }, 1.636017068],
  ["improved, dispersive", { tangent: "predicted", dispersive }, -2.253247265],
] as const)("loss on the reference's second network: %s", (_name, overrides, expected) => {
  const { loss } = lossOf(
    meanFlowLoss(referenceNetwork, referenceWeights(), referenceBatch(), meanFlow.configure(overrides)),
  );
  expectClose(loss, expected);
});

test.each([
  ["conditional", 3.873055765],
  ["predicted", 3.839491564],
] as const)("gradient norm on the reference's second network: %s", (tangent, expected) => {
  const { gradients } = valueAndGradients(
    (weights) => lossOf(meanFlowLoss(referenceNetwork, weights, referenceBatch(), meanFlow.configure({ tangent }))),
    referenceWeights(),
  );
  expectClose(norm(gradients), expected);
});

test("velocity and tangent on the reference's second network", () => {
  const [weights, { action, noise, t, r, state }] = [referenceWeights(), referenceBatch()];
  const condition = referenceNetwork.encoder.apply(weights, { state });
  const velocity = (x: tf.Tensor3D, t: tf.Tensor1D, r: tf.Tensor1D) =>
    referenceNetwork.velocity(weights, x, t, r, condition);
  expectClose(
    velocity(wave([3, 2, 2], Math.sin, 0.9, 0.2), t, r),
    [
      1.645235991, 1.528907398, 0.7218344227, -0.4156468597, -0.08059262865, 0.2963420786, 0.5357918331, 0.5283418909,
      1.271025505, 0.665698774, -0.2429054009, -1.048876813,
    ],
  );
  const v: tf.Tensor3D = noise.sub(action.clipByValue(-1, 1));
  const x: tf.Tensor3D = noise.sub(v).add(t.reshape([-1, 1, 1]).mul(v));
  const [u, du] = jvp(velocity, [x, t, r], [v, tf.onesLike(t), null]);
  expectClose(
    u,
    [
      1.982869313, 1.791274828, 0.7911675532, -0.5704694689, 0.07605871863, 0.4770340977, 0.6594176149, 0.5394097479,
      0.03763883207, -0.5434056986, -0.8849990726, -0.835744226,
    ],
  );
  expectClose(
    du,
    [
      -0.315710321, 0.09769472434, 0.4672477104, 0.6270680377, 0.2084725608, 1.545508338, 2.188814503, 1.849631348,
      0.05005291912, -1.133089794, -1.807624482, -1.670773945,
    ],
  );
});

test("a batch in which every row has r = t is plain flow matching", () => {
  const batch = { ...pretrainBatch(), r: pretrainBatch().t };
  for (const tangent of ["conditional", "predicted"] as const) {
    const full = lossAndGradients(batch, { tangent });
    const none = lossAndGradients(batch, { tangent }, 4);
    expectClose(none.value.loss, full.value.loss.dataSync()[0]!);
    for (const name of Object.keys(full.gradients)) {
      expectClose(none.gradients[name]!, full.gradients[name]!.arraySync(), 1e-4);
    }
  }
});

test("actions are clipped to their range", () => {
  const batch = pretrainBatch();
  const wide = { ...batch, action: batch.action.mul<tf.Tensor3D>(10) };
  const clipped = { ...batch, action: wide.action.clipByValue(-1, 1) as tf.Tensor3D };
  const loss = (b: MeanFlowBatch) => lossAndGradients(b, {}).value.loss.dataSync()[0]!;
  expect(loss(wide)).toBe(loss(clipped));
});

test.each(["early", "mid", "late", "all"] as const)("the dispersive term reaches the %s layer", (targetLayer) => {
  const gradientsWith = (weight: number) =>
    lossAndGradients(pretrainBatch(), { dispersive: { formulation: "paper", targetLayer, weight } }).gradients;
  const [without, strong] = [gradientsWith(0), gradientsWith(100)];
  const reached = (name: string) => without[name]!.sub(strong[name]!).abs().max().dataSync()[0]! > 1e-6;
  expect(reached("cond_mlp.moduleList.0.linear_1.weight")).toBe(true);
  expect(reached("mlp_mean.layers.0.weight")).toBe(targetLayer !== "early");
  expect(reached("mlp_mean.layers.1.l1.weight")).toBe(targetLayer === "late" || targetLayer === "all");
  expect(reached("mlp_mean.layers.2.weight")).toBe(false);
});

test("presets, options and the registry", () => {
  expect(meanFlow.configure()).toEqual({
    tangent: "conditional",
    flowRatio: 0.5,
    times: { type: "logitNormal", mean: -0.4, std: 1 },
    useAdaptiveLoss: false,
    gamma: 0.5,
    c: 1e-3,
    actMin: -1,
    actMax: 1,
    initialNoiseStd: 1,
    dispersive: null,
  });
  expect(meanFlow.improved({ flowRatio: 0.25 })).toMatchObject({ tangent: "predicted", flowRatio: 0.25 });
  expect(() => meanFlow.configure({ flowRatio: 2 })).toThrow("flowRatio");
  expect(findPolicy("meanflow")).toBe(meanFlow);
  expect(() => findPolicy("mean_flow")).toThrow('did you mean "meanflow"?');
});
