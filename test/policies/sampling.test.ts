import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import { sampleMeanFlow, sampleMeanFlowChain } from "../../sdk/src/policies/sampling.js";
import { expectClose } from "../nn/close.js";
import { golden, hasShared } from "../shared.js";
import {
  pretrainBatch,
  pretrainNetwork,
  pretrainWeights,
  referenceBatch,
  referenceNetwork,
  referenceWeights,
} from "./batches.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

test.skipIf(!hasShared).each([1, 2, 5])("%i steps equal the reference", (steps) => {
  const [weights, { noise, state }] = [pretrainWeights(), pretrainBatch()];
  const condition = pretrainNetwork.encode(weights, state);
  expectClose(
    sampleMeanFlow(pretrainNetwork, weights, condition, noise, { steps }),
    golden("pretrain").meanflow_sample[steps],
  );
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
  const condition = referenceNetwork.encode(weights, state);
  expectClose(sampleMeanFlow(referenceNetwork, weights, condition, noise, options), expected);
});

test("the chain runs from the noise to the actions", () => {
  const [weights, { noise, state }] = [pretrainWeights(), pretrainBatch()];
  const condition = pretrainNetwork.encode(weights, state);
  const options = { steps: 3, actMin: -0.5, actMax: 0.5 };
  const chain = sampleMeanFlowChain(pretrainNetwork, weights, condition, noise, options);
  const at = (i: number) => chain.slice([0, i], [-1, 1]).squeeze<tf.Tensor3D>([1]);
  expect(chain.shape).toEqual([4, 4, 2, 3]);
  expectClose(at(0), noise.arraySync());
  expectClose(at(3), sampleMeanFlow(pretrainNetwork, weights, condition, noise, options).arraySync());
  expect(at(1).abs().max().dataSync()[0]).toBe(0.5);
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
    expectClose(sampleMeanFlow(exact, {}, tf.zeros([2, 1]), noise, { steps }), [0.3, -0.6, 0.3, -0.6]);
  }
});
