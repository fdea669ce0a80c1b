// Divides rewards by the running standard deviation of the discounted return. Engstrom et al. 2020, section 3;
// the moments follow the reference, including its division by (count - 1) when batches merge.

/** Everything that must be saved to continue exactly. */
export interface RewardScalerState {
  readonly mean: number;
  readonly variance: number;
  readonly count: number;
  /** Backward-looking discounted return of each environment (E). */
  readonly returns: readonly number[];
}

export class RewardScaler {
  private mean = 0;
  private variance = 1;
  private count = 1e-4;
  private returns: Float64Array;

  /** `gamma`: discount per step in [0, 1]. */
  constructor(
    environments: number,
    private readonly gamma: number,
  ) {
    this.returns = new Float64Array(environments);
  }

  /**
   * Takes the rewards (S, E) into the statistics, then writes `clip(reward / std, -10, 10)` to `out` (S, E).
   * `firsts` (S, E) is 1 where a step begins an episode.
   */
  scale(rewards: Float32Array, firsts: Uint8Array, out: Float32Array): void {
    const environments = this.returns.length;
    const history = new Float64Array(rewards.length);
    for (let i = 0; i < rewards.length; i++) {
      const environment = i % environments;
      const carried = firsts[i] ? 0 : this.gamma * this.returns[environment]!;
      history[i] = this.returns[environment] = rewards[i]! + carried;
    }
    this.merge(history);
    const scale = 1 / Math.sqrt(this.variance + 1e-8);
    for (let i = 0; i < rewards.length; i++) out[i] = Math.min(10, Math.max(-10, rewards[i]! * scale));
  }

  state(): { readonly values: RewardScalerState } {
    return {
      values: { mean: this.mean, variance: this.variance, count: this.count, returns: Array.from(this.returns) },
    };
  }

  restore({ values: { mean, variance, count, returns } }: { readonly values: RewardScalerState }): void {
    [this.mean, this.variance, this.count] = [mean, variance, count];
    this.returns = Float64Array.from(returns);
  }

  private merge(batch: Float64Array): void {
    const size = batch.length;
    const batchMean = batch.reduce((sum, value) => sum + value, 0) / size;
    const batchVariance = batch.reduce((sum, value) => sum + (value - batchMean) ** 2, 0) / size;
    const difference = batchMean - this.mean;
    const total = this.count + size;
    const squares = this.variance * this.count + batchVariance * size + (difference ** 2 * this.count * size) / total;
    this.mean += (difference * size) / total;
    this.variance = squares / (total - 1);
    this.count = total;
  }
}
