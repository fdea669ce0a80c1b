import { beforeAll, expect, test } from "vitest";
import { jvp } from "../../sdk/src/engine/jvp.js";
import { tf } from "../../sdk/src/engine/tensor.js";
import { meanFlowMlp } from "../../sdk/src/nn/mean-flow-mlp.js";
import { timeEmbedding } from "../../sdk/src/nn/embeddings.js";
import { golden } from "../shared.js";
import { expectClose, wave } from "./close.js";
import { expectFiniteDifferences, filledWeights, parameterCount, pretrainFormula } from "./weights.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const hopper = { horizonSteps: 4, actionDim: 3, condDim: 11 };
const tiny = {
  horizonSteps: 2,
  actionDim: 3,
  condDim: 5,
  timeDim: 4,
  rEmbeddingDim: 4,
  mlpDims: [8, 8, 8],
  condMlpDims: [6, 4],
};

function batch() {
  const action = wave<tf.Tensor3D>([4, 2, 3], Math.sin, 0.5, 0.2, 0.8);
  const noise = wave<tf.Tensor3D>([4, 2, 3], Math.cos, 1.1, 0.4);
  const t = tf.tensor1d([0.2, 0.4, 0.6, 0.8]);
  const r = tf.tensor1d([0.1, 0.4, 0.15, 0.5]);
  const v: tf.Tensor3D = noise.sub(action);
  const x: tf.Tensor3D = action.add(t.reshape([-1, 1, 1]).mul(v));
  return { x, v, t, r, state: wave<tf.Tensor3D>([4, 1, 5], Math.cos, 0.3) };
}

test.each([
  [hopper, 566652],
  [{ ...hopper, actionDim: 6, condDim: 17 }, 579336],
  [{ ...hopper, actionDim: 8, condDim: 111, condMlpDims: [128, 32] }, 612000],
  [{ ...hopper, actionDim: 17, condDim: 376, mlpDims: [768, 768, 768], condMlpDims: [128, 32] }, 1390148],
  [{ ...hopper, actionDim: 9, condDim: 60, mlpDims: [256, 256, 256], condMlpDims: [32, 16] }, 167220],
])("parameter count of %o", (options, count) => {
  expect(parameterCount(meanFlowMlp(options).parameters)).toBe(count);
});

test("velocity, tangent and embeddings equal the reference", () => {
  const { param_order, ...expected } = golden("pretrain").meanflow_mlp;
  const net = meanFlowMlp(tiny);
  expect(net.parameters.map(({ name }) => name)).toEqual(param_order);
  const weights = filledWeights(net.parameters, pretrainFormula);
  const { x, v, t, r, state } = batch();
  const condition = net.encoder.apply(weights, { state });
  const [u, du] = jvp(
    (x: tf.Tensor3D, t: tf.Tensor1D, r: tf.Tensor1D) => net.velocity(weights, x, t, r, condition),
    [x, t, r],
    [v, tf.onesLike(t), null],
  );
  expectClose(u, expected.u);
  expectClose(du, expected.jvp_tangent_v);
  expectClose(condition, expected.cond_emb);
  expectClose(timeEmbedding("time_embedding", 4).apply(weights, t), expected.time_emb);
  expectClose(timeEmbedding("r_embedding", 4).apply(weights, r), expected.r_emb);
});

test("the tangent equals the difference quotient", () => {
  const net = meanFlowMlp(tiny);
  const weights = filledWeights(net.parameters, (n, k) => Math.sin(1.3 * n + 0.7 * k));
  const { x, v, t, r, state } = batch();
  const condition = net.encoder.apply(weights, { state });
  const velocity = (x: tf.Tensor3D, t: tf.Tensor1D, r: tf.Tensor1D) => net.velocity(weights, x, t, r, condition);
  const [, du] = jvp(velocity, [x, t, r], [v, tf.onesLike(t), null]);
  const at = (h: number) => velocity(x.add(v.mul(h)), t.add(h), r);
  expectClose(du, at(5e-3).sub(at(-5e-3)).div(1e-2).arraySync(), 5e-3);
});

test("features are the head's hidden layers and come with the same velocity", () => {
  const { x, t, r, state } = batch();
  for (const residualStyle of [true, false]) {
    const net = meanFlowMlp({ ...tiny, residualStyle });
    const weights = filledWeights(net.parameters, pretrainFormula);
    const condition = net.encoder.apply(weights, { state });
    const { velocity, hidden } = net.features(weights, x, t, r, condition);
    expectClose(velocity, net.velocity(weights, x, t, r, condition).arraySync());
    expect(hidden.map(({ shape }) => shape)).toEqual(
      residualStyle
        ? [
            [4, 8],
            [4, 8],
          ]
        : [
            [4, 8],
            [4, 8],
            [4, 8],
          ],
    );
  }
});

test("without a condition encoder the head reads the observations", () => {
  const net = meanFlowMlp({ ...tiny, condMlpDims: null }, "network.");
  expect(net.encoder.width).toBe(5);
  const { state } = batch();
  expectClose(net.encoder.apply({}, { state }), state.reshape([4, 5]).arraySync());
  expect(net.parameters[0]!.name).toBe("network.time_embedding.1.weight");
});

test("gradients equal finite differences", () => {
  const net = meanFlowMlp({ ...tiny, useLayernorm: true });
  const weights = filledWeights(net.parameters, (n, k) => 0.5 * Math.sin(1.3 * n + 0.7 * k + 0.1));
  const { x, t, r, state } = batch();
  expectFiniteDifferences((w) => net.velocity(w, x, t, r, net.encoder.apply(w, { state })).square().mean(), weights);
});

test("an unknown option is refused", () => {
  expect(() => meanFlowMlp({ ...tiny, mlpDim: [8] } as never)).toThrow("mlpDim");
});
