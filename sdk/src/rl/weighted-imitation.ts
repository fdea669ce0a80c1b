// Imitation of one's own actions, better ones more: the step of the policy that reward- and advantage-weighted regression share.
import type { CompileOptions } from "../engine/compile.js";
import type { RandomStream } from "../engine/random.js";
import { hostTensor, type tf, type Weights } from "../engine/tensor.js";
import type { Trainable } from "../engine/optimizer.js";
import { compileTraining } from "../engine/training-step.js";
import type { Observation } from "../nn/network.js";
import type { Tensors } from "../policies/definition.js";
import { emptyDraws, fillDraws, type PolicyModel } from "../policies/policy-model.js";
import type { ReplayBuffer } from "./replay-buffer.js";

/** Mean 0 and deviation 1 (population), but for `epsilon`. */
export function populationStandardized(values: readonly number[], epsilon: number): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return values.map((value) => (value - mean) / (Math.sqrt(variance) + epsilon));
}

/** exp(beta x), at most `most`. */
export const exponentialWeight = (value: number, beta: number, most: number) => Math.min(Math.exp(beta * value), most);

/** How many equal weights would average as well: (sum w)^2 / sum w^2, as a share of the rows. */
export function effectiveShare(weights: ArrayLike<number>): number {
  const all = Array.from(weights);
  const [sum, squares] = [all.reduce((a, w) => a + w, 0), all.reduce((a, w) => a + w * w, 0)];
  return sum ** 2 / squares / all.length;
}

interface Batch {
  readonly observation: Observation;
  readonly action: tf.Tensor3D;
  readonly weight: tf.Tensor1D;
  readonly draws: Tensors;
}

/** Leaves the gradient of the weighted imitation loss in `actor.gradient`. Batches of one size are compiled once. */
export function weightedImitation(
  model: PolicyModel,
  actor: Trainable,
  random: RandomStream,
  compile?: CompileOptions,
) {
  const loss = (weights: Weights, { observation, action, weight, draws }: Batch) => {
    const rows = model.rowLosses(weights, { action, ...observation, ...draws });
    return { loss: rows.mul(weight).mean(), bcLoss: rows.mean() };
  };
  const step = compileTraining<Batch>(loss, actor, { name: "weighted imitation", ...compile });
  return {
    /** The transitions `indices` (B) with their weights (B). */
    async gradient(buffer: ReplayBuffer, indices: Int32Array, weights: Float32Array) {
      const draws = emptyDraws(model.trainingDraws, indices.length);
      fillDraws(model.trainingDraws, draws, random);
      const { observation, action } = buffer.at(indices);
      const weight = hostTensor(weights, [weights.length]);
      const { loss, bcLoss } = await step({ observation, action, weight, draws });
      return {
        policyLoss: loss!,
        bcLoss: bcLoss!,
        meanWeight: meanOf(weights),
        effectiveSampleSize: effectiveShare(weights),
      };
    },
    dispose: () => step.dispose(),
  };
}

const meanOf = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
