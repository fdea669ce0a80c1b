// The two compiled training graphs of an on-policy update, actor and critic, fed with minibatches of the rollout.
import type { CompileOptions } from "../engine/compile.js";
import { hostTensor, type tf, type Host, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import type { HostObservation, Observation } from "../nn/network.js";
import type { Controls, Tensors } from "../policies/definition.js";
import type { Cloning } from "./cloning.js";
import { minibatchGradient, standardized } from "./minibatches.js";
import { gather, gatherObservations, type RolloutBuffer } from "./rollout-buffer.js";
import { column, controlInputs, encodings, scalar, type ControlValues, type ValuedPlayers } from "./rollout.js";

type Terms = { readonly loss: tf.Tensor } & Readonly<Record<string, tf.Tensor>>;

/** Columns of a minibatch, each (B). */
export interface PolicyColumns {
  readonly logProb: tf.Tensor;
  readonly oldLogProb: tf.Tensor;
  /** Mean 0 and deviation 1 over the minibatch, then discounted where the path does. */
  readonly advantage: tf.Tensor;
  readonly entropy: tf.Tensor;
  /** Clip of the ratio, where it depends on the decision. */
  readonly clip?: tf.Tensor;
}

export interface ValueColumns {
  readonly value: tf.Tensor;
  readonly oldValue: tf.Tensor;
  readonly target: tf.Tensor;
}

export interface Objectives {
  readonly policyLoss: (columns: PolicyColumns) => Terms;
  readonly valueLoss: (columns: ValueColumns) => Terms;
  /** Clip of each unit's ratio (U); absent where all have the same. */
  readonly clips?: readonly number[] | undefined;
  readonly cloning: Cloning | undefined;
  /** Most rows in memory at once. */
  readonly microBatchSize: number;
}

interface ActorBatch {
  /** Absent where nothing reads it: encodings are kept, and nothing is cloned. */
  readonly observation?: Observation;
  readonly stored: Tensors;
  /** Which decision of its chunk each row is (B); absent where a chunk has one. */
  readonly unit?: tf.Tensor1D;
  readonly oldLogProb: tf.Tensor1D;
  readonly advantage: tf.Tensor1D;
  /** Clip of each row's ratio (B), where they differ. */
  readonly clip?: tf.Tensor1D;
  readonly controls: Controls;
  readonly cloningWeight: tf.Scalar;
  readonly cloning: Tensors;
}

interface CriticBatch extends Omit<ValueColumns, "value"> {
  /** Or, in its state, the kept encodings. */
  readonly observation: Observation;
}

/** Terms that are extremes over rows, not means. */
const extremes = { oldLogProbMin: Math.min, newLogProbMin: Math.min, oldLogProbMax: Math.max, newLogProbMax: Math.max };

/**
 * Gradients of minibatches, given as sample indices, left in the trainables' `accumulated` or, further ones, added to what is there;
 * they return the loss terms and throw when stopped.
 */
export interface Gradients {
  actor(
    indices: Int32Array,
    controls: ControlValues,
    cloningWeight: number,
    isFurther?: boolean,
  ): Promise<Record<string, number>>;
  critic(indices: Int32Array, isFurther?: boolean): Promise<Record<string, number>>;
  dispose(): Promise<void>;
}

export function compileGradients(
  { network, path, actor, critic, criticWeights, arena, compile, keepsEncodings }: ValuedPlayers,
  buffer: RolloutBuffer,
  { policyLoss, valueLoss, clips, cloning, microBatchSize }: Objectives,
): Gradients {
  const { space, units } = buffer.shape;

  const actorLoss = (weights: Weights, batch: ActorBatch) => {
    const condition = keepsEncodings
      ? (batch.stored[encodings] as tf.Tensor2D)
      : network.encoder.apply(weights, batch.observation!);
    const {
      logProbability: logProb,
      entropy,
      terms: measured,
    } = path.density(weights, condition, batch.stored, batch.controls, batch.unit);
    const { clip } = batch;
    const terms = { ...policyLoss({ ...batch, logProb, entropy, ...(clip && { clip }) }), ...measured };
    if (!cloning) return terms;
    const bcLoss = cloning.loss(weights, condition, batch.cloning, batch.observation!);
    return { ...terms, bcLoss, loss: terms.loss.add(bcLoss.mul(batch.cloningWeight)) };
  };
  const criticLoss = (weights: Weights, { observation, oldValue, target }: CriticBatch) => {
    const value = critic.value(weights, observation);
    return { ...valueLoss({ value, oldValue, target }), meanValue: value.mean() };
  };
  const options = (name: string): CompileOptions => ({ name, ...compile });
  const actorStep = compileTraining(actorLoss, actor, options("actor loss"));
  const criticStep = compileTraining(criticLoss, criticWeights, options("critic loss"));
  const chunksOf = (samples: Int32Array) =>
    units === 1 ? samples : samples.map((sample) => Math.floor(sample / units));
  const unitOf = (samples: Int32Array) => samples.map((sample) => sample % units);
  const perUnit = (table: readonly number[], samples: Int32Array) =>
    column(Array.from(unitOf(samples), (unit) => table[unit]!));
  const seen = (chunks: Int32Array): HostObservation => gatherObservations(buffer.observations, chunks, space);

  return {
    async actor(indices, values, cloningWeight, isFurther) {
      arena.signal?.throwIfAborted();
      const advantages = standardized(buffer.advantages, chunksOf(indices));
      const { unitDiscounts } = path;
      if (unitDiscounts) unitOf(indices).forEach((unit, i) => (advantages[i]! *= unitDiscounts[unit]!));
      const shared = { controls: controlInputs(path, values), cloningWeight: scalar(cloningWeight) };
      const batch = (start: number, end: number) => {
        const rows = indices.subarray(start, end);
        const chunks = chunksOf(rows);
        return {
          ...shared,
          ...(units > 1 && { unit: column(unitOf(rows)) }),
          ...(clips && { clip: perUnit(clips, rows) }),
          ...((cloning || !keepsEncodings) && { observation: seen(chunks) }),
          stored: buffer.storedAt(chunks),
          oldLogProb: gather(buffer.logProbabilities, rows),
          advantage: hostTensor(advantages.subarray(start, end), [rows.length]),
          cloning: cloning?.inputs(chunks) ?? {},
        } as Host<ActorBatch>;
      };
      return minibatchGradient(actorStep, actor, indices.length, microBatchSize, batch, extremes, isFurther);
    },
    async critic(indices, isFurther) {
      arena.signal?.throwIfAborted();
      const batch = (start: number, end: number) => {
        const chunks = chunksOf(indices.subarray(start, end));
        return {
          observation: keepsEncodings ? { state: buffer.storedAt(chunks)[encodings]! } : seen(chunks),
          oldValue: gather(buffer.values, chunks),
          target: gather(buffer.returns, chunks),
        } as Host<CriticBatch>;
      };
      return minibatchGradient(criticStep, criticWeights, indices.length, microBatchSize, batch, {}, isFurther);
    },
    async dispose() {
      await Promise.all([actorStep.dispose(), criticStep.dispose()]);
    },
  };
}
