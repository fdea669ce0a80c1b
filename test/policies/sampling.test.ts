import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import type { SamplingOptions } from "../../sdk/src/policies/definition.js";
import { sampleFlow } from "../../sdk/src/policies/flow.js";
import { meanFlow, meanFlowSteps } from "../../sdk/src/policies/mean-flow.js";
import type { VelocityNetwork } from "../../sdk/src/nn/velocity-network.js";
import type { Weights } from "../../sdk/src/engine/tensor.js";
import { expectClose } from "../nn/close.js";
import { golden } from "../shared.js";
import {
  pretrainBatch,
  pretrainNetwork,
  pretrainWeights,
  referenceBatch,
  referenceNetwork,
  referenceWeights,
} from "./batches.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const sample = (
  network: VelocityNetwork,
  weights: Weights,
  condition: tf.Tensor2D,
  noise: tf.Tensor3D,
  {
    actMin = -1,
    actMax = 1,
    initialNoiseStd = 1,
    ...sampling
  }: SamplingOptions & { actMin?: number; actMax?: number; initialNoiseStd?: number },
) => {
  const options = meanFlow.configure({ actMin, actMax, initialNoiseStd });
  return sampleFlow(meanFlowSteps, network, weights, condition, noise, options, sampling);
};

test.each([1, 2, 5])("%i steps equal the reference", (steps) => {
  const [weights, { noise, state }] = [pretrainWeights(), pretrainBatch()];
  const condition = pretrainNetwork.encoder.apply(weights, { state });
  expectClose(sample(pretrainNetwork, weights, condition, noise, { steps }), golden("pretrain").meanflow_sample[steps]);
});

// dmpo-reference.md 9.3, computed in float64.
test.each([
  [
    { steps: 1 },
    [
      -1, -0.8310996578, 0.2413690357, 0.2978545642, -1, -1, -1, 0.02074199708, 1, 0.3942954808, -0.355855334,
      -0.01585160082,
    ],
  ],
  [
    { steps: 2 },
    [
      -1, -0.5811351397, 0.2207043086, 0.01583633163, -0.9432684869, -1, -1, 0.2588020293, 0.7577429798, 0.1037538346,
      -0.6021833961, -0.1073972345,
    ],
  ],
  [
    { steps: 2, clipIntermediate: false },
    [
      -1, -0.598212917, 0.1581060543, -0.06418403125, -1, -1, -1, 0.07036917065, 0.9146180299, 0.1118020452,
      -0.5683480683, -0.06296239347,
    ],
  ],
  [
    { steps: 5 },
    [
      -1, -0.3435206544, 0.1509161457, -0.06157795903, -0.9389476415, -1, -1, 0.3108123555, 0.6591811469,
      -0.07527314462, -0.5643704195, -0.2244529168,
    ],
  ],
])("the reference's second network with %o", (options, expected) => {
  const [weights, { noise, state }] = [referenceWeights(), referenceBatch()];
  const condition = referenceNetwork.encoder.apply(weights, { state });
  expectClose(sample(referenceNetwork, weights, condition, noise, options), expected);
});

test("actions stay in their range, intermediate states where asked", () => {
  const [weights, { noise, state }] = [pretrainWeights(), pretrainBatch()];
  const condition = pretrainNetwork.encoder.apply(weights, { state });
  const range = { steps: 3, actMin: -0.5, actMax: 0.5 };
  const clipped = sample(pretrainNetwork, weights, condition, noise, range);
  expect(clipped.abs().max().dataSync()[0]).toBe(0.5);
  const late = sample(pretrainNetwork, weights, condition, noise, { ...range, clipIntermediate: false });
  expect(late.abs().max().dataSync()[0]).toBe(0.5);
  expect(late.arraySync()).not.toEqual(clipped.arraySync());
});

test.each([0, 0.3, 1.5])("initial noise of standard deviation %d", (initialNoiseStd) => {
  const [weights, { noise, state }] = [pretrainWeights(), pretrainBatch()];
  const condition = pretrainNetwork.encoder.apply(weights, { state });
  for (const steps of [1, 3]) {
    const scaled = sample(pretrainNetwork, weights, condition, noise.mul(initialNoiseStd), { steps });
    const own = sample(pretrainNetwork, weights, condition, noise, { steps, initialNoiseStd });
    expect(own.arraySync()).toEqual(scaled.arraySync());
  }
});

test("a network that knows the average velocity needs one step", () => {
  // Data are the point (0.3, -0.6), so the average velocity at x is (x - data) / t for every r.
  const data = tf.tensor3d([[[0.3, -0.6]]]);
  const exact = {
    ...pretrainNetwork,
    velocity: (_: unknown, x: tf.Tensor3D, t: tf.Tensor1D): tf.Tensor3D => x.sub(data).div(t.reshape([-1, 1, 1])),
  };
  const noise = tf.tensor3d([[[0.9, 0.4]], [[-0.2, 0.1]]]);
  for (const steps of [1, 2, 7]) {
    expectClose(sample(exact, {}, tf.zeros([2, 1]), noise, { steps }), [0.3, -0.6, 0.3, -0.6]);
  }
});
