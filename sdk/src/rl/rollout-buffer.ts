// The memory of one on-policy iteration: S steps in E environments as flat (S, E, ...) arrays, overwritten by the next.
import { hostTensor, type HostTensor } from "../engine/tensor.js";

export interface RolloutShape {
  /** Chunk steps S and environments E. */
  readonly steps: number;
  readonly environments: number;
  /** Shape of an observation history, [To, Do]. */
  readonly observation: readonly number[];
  /** Shape of a chain, [K + 1, Ta, Da]. */
  readonly chain: readonly number[];
}

/** Values per sample and step, all (S, E) unless said otherwise. */
export class RolloutBuffer {
  /** Number of samples, S E. */
  readonly samples: number;
  /** (S, E, To, Do). */
  readonly observations: Float32Array;
  /** (S, E, K + 1, Ta, Da). */
  readonly chains: Float32Array;
  readonly logProbabilities: Float32Array;
  readonly values: Float32Array;
  /** Value of an episode's final observation, where the time limit cut it. */
  readonly finalValues: Float32Array;
  /** Value of the observation after the last step (E). */
  readonly lastValues: Float32Array;
  /** Sum of the environment's rewards over the chunk. */
  readonly rewards: Float32Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  /** 1 where a step begins an episode (S + 1, E); the last row belongs to the next iteration. */
  readonly firsts: Uint8Array;
  /** Environment steps executed in the chunk, 1..Te. */
  readonly executedSteps: Int32Array;
  readonly advantages: Float32Array;
  readonly returns: Float32Array;

  constructor(readonly shape: RolloutShape) {
    const samples = (this.samples = shape.steps * shape.environments);
    this.observations = new Float32Array(samples * sizeOf(shape.observation));
    this.chains = new Float32Array(samples * sizeOf(shape.chain));
    this.logProbabilities = new Float32Array(samples);
    this.values = new Float32Array(samples);
    this.finalValues = new Float32Array(samples);
    this.lastValues = new Float32Array(shape.environments);
    this.rewards = new Float32Array(samples);
    this.terminated = new Uint8Array(samples);
    this.truncated = new Uint8Array(samples);
    this.firsts = new Uint8Array(samples + shape.environments);
    this.executedSteps = new Int32Array(samples);
    this.advantages = new Float32Array(samples);
    this.returns = new Float32Array(samples);
  }

  /** The part of an array that belongs to one step: a view, to be written in place. */
  row<T extends Float32Array | Int32Array | Uint8Array>(array: T, step: number): T {
    const width = Math.floor(array.length / this.samples) * this.shape.environments;
    return array.subarray(step * width, (step + 1) * width) as T;
  }
}

/** The samples `indices` of a (S, E, ...shape) array as one tensor (B, ...shape). */
export function gather(source: Float32Array, indices: Int32Array, shape: readonly number[] = []): HostTensor {
  const width = sizeOf(shape);
  const rows = new Float32Array(indices.length * width);
  if (width === 1) indices.forEach((index, row) => (rows[row] = source[index]!));
  else indices.forEach((index, row) => rows.set(source.subarray(index * width, (index + 1) * width), row * width));
  return hostTensor(rows, [indices.length, ...shape]);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
