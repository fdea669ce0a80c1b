// Shuffled minibatches, and the gradient of one taken in micro-batches so that memory stays bounded.
import type { Trainable } from "../engine/optimizer.js";
import type { RandomStream } from "../engine/random.js";
import type { Host } from "../engine/tensor.js";
import type { TrainingStep } from "../engine/training-step.js";

/**
 * Sample indices of each minibatch of one epoch, from a fresh permutation; the last minibatch may be smaller.
 * With `repeatSamples` > 1 every sample occurs that many times per epoch (10 in the reference).
 */
export function* minibatches(
  samples: number,
  { batchSize, repeatSamples = 1 }: { readonly batchSize: number; readonly repeatSamples?: number },
  stream: Pick<RandomStream, "permutation">,
): Generator<Int32Array> {
  const order = stream.permutation(samples * repeatSamples).map((index) => Math.floor(index / repeatSamples));
  for (let start = 0; start < order.length; start += batchSize) yield order.subarray(start, start + batchSize);
}

/** The values at `indices` with mean 0 and standard deviation 1 (unbiased), in the order of `indices`. */
export function standardized(values: Float32Array, indices: Int32Array): Float32Array {
  const picked = Float64Array.from(indices, (index) => values[index]!);
  const mean = picked.reduce((sum, value) => sum + value, 0) / picked.length;
  const squares = picked.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const std = Math.sqrt(squares / Math.max(1, picked.length - 1));
  return Float32Array.from(picked, (value) => (value - mean) / (std + 1e-8));
}

type Combine = (total: number, part: number) => number;

/**
 * Leaves the gradient of a minibatch of `rows` samples in `trainable.accumulated`, computed over ranges of at most
 * `microBatchSize` rows. The gradient and all terms that are means over rows come out as of the undivided minibatch;
 * terms in `extremes` are combined by the function given there.
 *
 * @param isFurther adds it to the gradient that is there already.
 */
export async function minibatchGradient<B>(
  step: TrainingStep<B>,
  trainable: Trainable,
  rows: number,
  microBatchSize: number,
  batch: (start: number, end: number) => Host<B>,
  extremes: Readonly<Record<string, Combine>> = {},
  isFurther = false,
): Promise<Record<string, number>> {
  const terms: Record<string, number> = {};
  if (!isFurther) trainable.accumulated!.fill(0);
  for (let start = 0; start < rows; start += microBatchSize) {
    const end = Math.min(start + microBatchSize, rows);
    const share = (end - start) / rows;
    const part = await step(batch(start, end));
    trainable.accumulateGradient(share);
    for (const [name, value] of Object.entries(part)) {
      const combine = extremes[name];
      if (combine) terms[name] = name in terms ? combine(terms[name]!, value) : value;
      else terms[name] = (terms[name] ?? 0) + share * value;
    }
  }
  return terms;
}
