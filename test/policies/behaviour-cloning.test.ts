import { beforeAll, test } from "vitest";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { velocityLoss, w2Loss, zeroNoiseAction } from "../../sdk/src/policies/behaviour-cloning.js";
import { sampleMeanFlow } from "../../sdk/src/policies/sampling.js";
import { expectClose } from "../nn/close.js";
import { expectFiniteDifferences } from "../nn/weights.js";
import {
  pretrainBatch,
  pretrainNetwork,
  pretrainWeights,
  referenceBatch,
  referenceNetwork,
  referenceWeights,
} from "./batches.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const steps = { steps: 2 };

// dmpo-reference.md 9.5, computed in float64.
test("the W2 loss between a policy and its weights times 1.1 equals the reference", () => {
  const { state } = referenceBatch();
  const weights = referenceWeights();
  const scaled = Object.fromEntries(Object.entries(weights).map(([name, w]) => [name, w.mul(1.1)]));
  const encode = (w: Weights) => referenceNetwork.encode(w, state);
  const teacher = zeroNoiseAction(referenceNetwork, weights, encode(weights), steps);
  expectClose(w2Loss(referenceNetwork, weights, encode(weights), teacher, steps), 0);
  expectClose(w2Loss(referenceNetwork, scaled, encode(scaled), teacher, steps), 0.0085514884);
});

test("zero-noise actions are sampled from zeros", () => {
  const weights = pretrainWeights();
  const condition = pretrainNetwork.encode(weights, pretrainBatch().state);
  const expected = sampleMeanFlow(pretrainNetwork, weights, condition, tf.zeros([4, 2, 3]), steps);
  expectClose(zeroNoiseAction(pretrainNetwork, weights, condition, steps), expected.arraySync());
});

test("both losses are differentiable in the student", () => {
  const [weights, { noise, t, r, state }] = [pretrainWeights(), pretrainBatch()];
  const encode = (w: Weights) => pretrainNetwork.encode(w, state);
  const teacher: tf.Tensor3D = zeroNoiseAction(pretrainNetwork, weights, encode(weights), steps).add(0.3);
  expectFiniteDifferences((w) => w2Loss(pretrainNetwork, w, encode(w), teacher, steps), weights);

  const velocity = (w: Weights) => pretrainNetwork.velocity(w, noise, t, r, encode(w));
  const teacherVelocity: tf.Tensor3D = velocity(weights).sub(0.2);
  expectClose(velocityLoss(velocity(weights), teacherVelocity), 0.04);
  expectFiniteDifferences((w) => velocityLoss(velocity(w), teacherVelocity), weights);
});
