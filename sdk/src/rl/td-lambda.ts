// TD(lambda) targets along the streams of a buffer: Sutton and Barto 2018, section 12.1, and Peng et al. 2019 (AWR, arXiv
// 1910.00177), algorithm 1. Values are computed backwards in time; a time-out goes on with the value of its last observation.
import type { ReplayBuffer } from "./replay-buffer.js";

export interface TdLambdaOptions {
  /** Discount per chunk. */
  readonly gamma: number;
  /** Share of later errors. */
  readonly lambda: number;
  /** Share of every error that a target moves by; 1 is the usual definition. */
  readonly rate: number;
  readonly rewardScale: number;
}

/**
 * Targets V + sum over later errors of (gamma lambda)^k rate (r + gamma V' - V), for all transitions (N).
 *
 * @param values of the observations before the transitions (N), `nextValues` of those after them, read where no transition of the
 *   same episode follows.
 */
export function tdLambda(
  buffer: ReplayBuffer,
  values: ArrayLike<number>,
  nextValues: (index: number) => number,
  { gamma, lambda, rate, rewardScale }: TdLambdaOptions,
): Float32Array {
  const { rewards, terminated } = buffer.outcomes;
  const sums = buffer.backwards((i, later) => {
    const next = buffer.following(i);
    const future = terminated[i] ? 0 : next < 0 ? nextValues(i) : values[next]!;
    const error = rewardScale * rewards[i]! + gamma * future - values[i]!;
    return rate * error + gamma * lambda * (later ?? 0);
  });
  return Float32Array.from(sums, (sum, i) => sum + values[i]!);
}
