// Policies of one line for the scripted environment, which is told raw actions as its rewards.
import { hostTensor, type tf } from "../../sdk/src/engine/tensor.js";
import type { Observation } from "../../sdk/src/nn/network.js";
import type { Normalization } from "../../sdk/src/normalization.js";
import { normalNoise, type SamplingOptions } from "../../sdk/src/policies/definition.js";
import type { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { scripted } from "../envs/fixtures/scripted.js";

interface Script {
  /** Chunks (B, Ta, 1) from what is seen (B, To, 3), normalised, and noise (B, Ta, 1). */
  readonly sample: (observation: { state: tf.Tensor3D }, noise: tf.Tensor3D, options: SamplingOptions) => tf.Tensor3D;
  /** Default 1. */
  readonly horizonSteps?: number;
  /** Default 1. */
  readonly condSteps?: number;
  /** Default: the identity up to the epsilon of `normalize`. */
  readonly normalization?: Normalization;
}

const identity: Normalization = {
  observationMin: new Float32Array(3).fill(-1),
  observationMax: new Float32Array(3).fill(1),
  actionMin: Float32Array.of(-1),
  actionMax: Float32Array.of(1),
};

export function scriptedPolicy({
  sample,
  horizonSteps = 1,
  condSteps = 1,
  normalization = identity,
}: Script): TrainedPolicy {
  const model: Pick<PolicyModel, "spec" | "views" | "actingDraws" | "defaultSteps" | "sample"> & {
    definition: object;
    network: object;
  } = {
    spec: { policy: "scripted", options: {}, network: {} },
    definition: {},
    network: { horizonSteps, actionDim: 1, encoder: { stateSize: 3 * condSteps } },
    defaultSteps: 1,
    views: (vector) => ({ unused: hostTensor(vector, [vector.length]) }),
    actingDraws: () => normalNoise(horizonSteps, 1),
    sample: (_, observation: Observation, { noise }, options = {}) =>
      sample(observation as { state: tf.Tensor3D }, noise as tf.Tensor3D, options),
  };
  return new TrainedPolicy({
    model: model as unknown as PolicyModel,
    weights: new Float32Array(1),
    normalization,
    environment: scripted,
  });
}
