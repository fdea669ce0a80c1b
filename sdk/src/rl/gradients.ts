// The two compiled training graphs of an on-policy update, actor and critic, fed with minibatches of the rollout.
import { hostTensor, type tf, type Host, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { chainDensity } from "../policies/chain.js";
import type { Cloning } from "./cloning.js";
import type { Learner } from "./learner.js";
import { minibatchGradient, standardized } from "./minibatches.js";
import { gather } from "./rollout-buffer.js";
import { rangeInputs, scalar, type NoiseRange } from "./rollout.js";

type Terms = { readonly loss: tf.Tensor } & Readonly<Record<string, tf.Tensor>>;

/** Columns of a minibatch, each (B). */
export interface PolicyColumns {
  readonly logProb: tf.Tensor;
  readonly oldLogProb: tf.Tensor;
  /** Mean 0 and deviation 1 over the minibatch. */
  readonly advantage: tf.Tensor;
  readonly entropy: tf.Tensor;
}

export interface ValueColumns {
  readonly value: tf.Tensor;
  readonly oldValue: tf.Tensor;
  readonly target: tf.Tensor;
}

export interface Objectives {
  readonly policyLoss: (columns: PolicyColumns) => Terms;
  readonly valueLoss: (columns: ValueColumns) => Terms;
  readonly cloning: Cloning | undefined;
  /** Most rows in memory at once. */
  readonly microBatchSize: number;
}

interface ActorBatch {
  readonly state: tf.Tensor3D;
  readonly chain: tf.Tensor4D;
  readonly oldLogProb: tf.Tensor1D;
  readonly advantage: tf.Tensor1D;
  readonly range: { readonly min: tf.Scalar; readonly max: tf.Scalar };
  readonly cloningWeight: tf.Scalar;
  readonly cloning: Weights;
}

interface CriticBatch extends Omit<ValueColumns, "value"> {
  readonly state: tf.Tensor3D;
}

/** Terms that are extremes over rows, not means. */
const extremes = { oldLogProbMin: Math.min, newLogProbMin: Math.min, oldLogProbMax: Math.max, newLogProbMax: Math.max };

/** Gradients of minibatches, given as sample indices, left in the trainables' `accumulated`; they return the loss terms and throw when stopped. */
export interface Gradients {
  actor(indices: Int32Array, range: NoiseRange, cloningWeight: number): Promise<Record<string, number>>;
  critic(indices: Int32Array): Promise<Record<string, number>>;
  dispose(): Promise<void>;
}

export function compileGradients(
  learner: Learner,
  { policyLoss, valueLoss, cloning, microBatchSize }: Objectives,
): Gradients {
  const { policy, chain: chainOptions, critic, setup } = learner;
  const { buffer } = learner.collector;
  const { observation, chain } = buffer.shape;

  const actorLoss = (weights: Weights, batch: ActorBatch) => {
    const condition = policy.network.encode(weights, batch.state);
    const density = chainDensity(policy, weights, condition, batch.chain, batch.range, chainOptions);
    const { logProbability: logProb, entropy, std: noiseStd } = density;
    const terms = { ...policyLoss({ ...batch, logProb, entropy }), noiseStd };
    if (!cloning) return terms;
    const bcLoss = cloning.loss(weights, condition, batch.cloning, batch.state);
    return { ...terms, bcLoss, loss: terms.loss.add(bcLoss.mul(batch.cloningWeight)) };
  };
  const criticLoss = (weights: Weights, { state, oldValue, target }: CriticBatch) => {
    const value = critic.value(weights, state);
    return { ...valueLoss({ value, oldValue, target }), meanValue: value.mean() };
  };
  const actorStep = compileTraining(actorLoss, learner.actorWeights, { name: "actor loss", ...setup.compile });
  const criticStep = compileTraining(criticLoss, learner.criticWeights, { name: "critic loss", ...setup.compile });

  return {
    async actor(indices, range, cloningWeight) {
      setup.signal?.throwIfAborted();
      const advantages = standardized(buffer.advantages, indices);
      const shared = { range: rangeInputs(range), cloningWeight: scalar(cloningWeight) };
      const batch = (start: number, end: number): Host<ActorBatch> => {
        const rows = indices.subarray(start, end);
        return {
          ...shared,
          state: gather(buffer.observations, rows, observation),
          chain: gather(buffer.chains, rows, chain),
          oldLogProb: gather(buffer.logProbabilities, rows),
          advantage: hostTensor(advantages.subarray(start, end), [rows.length]),
          cloning: cloning?.inputs(rows) ?? {},
        };
      };
      return minibatchGradient(actorStep, learner.actorWeights, indices.length, microBatchSize, batch, extremes);
    },
    async critic(indices) {
      setup.signal?.throwIfAborted();
      const batch = (start: number, end: number): Host<CriticBatch> => {
        const rows = indices.subarray(start, end);
        return {
          state: gather(buffer.observations, rows, observation),
          oldValue: gather(buffer.values, rows),
          target: gather(buffer.returns, rows),
        };
      };
      return minibatchGradient(criticStep, learner.criticWeights, indices.length, microBatchSize, batch);
    },
    async dispose() {
      await Promise.all([actorStep.dispose(), criticStep.dispose()]);
    },
  };
}
