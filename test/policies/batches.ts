// The networks and closed-form batches on which the reference's numbers were computed.
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { meanFlowMlp } from "../../sdk/src/nn/mean-flow-mlp.js";
import type { NoiseNet } from "../../sdk/src/nn/noise-net.js";
import type { VelocityNetwork } from "../../sdk/src/nn/velocity-network.js";
import type { NoisySteps } from "../../sdk/src/policies/chain.js";
import { meanFlow, meanFlowSteps, type MeanFlowBatch } from "../../sdk/src/policies/mean-flow.js";
import { wave } from "../nn/close.js";
import { filledWeights, pretrainFormula, pretrainOptions, referenceFormula, referenceOptions } from "../nn/weights.js";

/** `pretrain-golden.json`: B = 4, Ta = 2, Da = 3; row 1 has r = t. */
export const pretrainNetwork = meanFlowMlp(pretrainOptions);
export const pretrainWeights = (): Weights => filledWeights(pretrainNetwork.parameters, pretrainFormula);
export const pretrainBatch = (): MeanFlowBatch => ({
  action: wave([4, 2, 3], Math.sin, 0.5, 0.2, 0.8),
  noise: wave([4, 2, 3], Math.cos, 1.1, 0.4),
  state: wave([4, 1, 5], Math.cos, 0.3),
  t: tf.tensor1d([0.2, 0.4, 0.6, 0.8]),
  r: tf.tensor1d([0.1, 0.4, 0.15, 0.5]),
});

/** `dmpo-reference.md` 9.3: B = 3, Ta = Da = 2; row 1 has r = t. */
export const referenceNetwork = meanFlowMlp(referenceOptions);
export const referenceWeights = (): Weights => filledWeights(referenceNetwork.parameters, referenceFormula);
export const referenceBatch = (): MeanFlowBatch => ({
  action: wave([3, 2, 2], Math.sin, 0.5, 1, 1.2),
  noise: wave([3, 2, 2], Math.sin, 1.1, -0.3, 1.5),
  state: wave([3, 1, 3], Math.sin, 0.4, 0.7),
  t: tf.tensor1d([0.2, 0.55, 0.9]),
  r: tf.tensor1d([0.1, 0.55, 0.3]),
});

/** What the network's policy trains on: the mean over the rows and the terms of the whole batch. */
export function lossOf({
  rows,
  batchwise = {},
}: {
  rows: tf.Tensor1D;
  batchwise?: Readonly<Record<string, tf.Scalar>>;
}): { loss: tf.Scalar } {
  return { loss: Object.values(batchwise).reduce<tf.Scalar>((sum, term) => sum.add(term), rows.mean()) };
}

/** The steps of MeanFlow with exploration noise. */
export const noisy = (network: VelocityNetwork, noise: Pick<NoiseNet, "logStd">): NoisySteps => ({
  times: (steps) => meanFlowSteps.times(steps, meanFlow.configure()),
  step: (...input) => meanFlowSteps.step(network, ...input),
  noise,
});
