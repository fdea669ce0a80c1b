// Generalised advantage estimation over a rollout of S steps in E environments. Schulman et al. 2016, eq. 16.
// Runs backwards in time, in double precision; one step is one action chunk.

/** Step results, all (S, E) row-major unless said otherwise. */
export interface AdvantageInput {
  readonly rewards: Float32Array;
  /** V of the observation acted on. */
  readonly values: Float32Array;
  /** 1 where the step ended in failure or success: no future. */
  readonly terminated: Uint8Array;
  /** 1 where only the time limit ended the episode. */
  readonly truncated: Uint8Array;
  /** V of the last observation before the automatic reset; read where `truncated`. */
  readonly finalValues: Float32Array;
  /** V of the observation after the last step (E). */
  readonly lastValues: Float32Array;
}

export interface AdvantageOptions {
  /** Discount per step, in [0, 1]. */
  readonly gamma: number;
  /** Trace decay, in [0, 1]. */
  readonly lambda: number;
  /**
   * What a time-out means. `bootstrap` (default): the episode would have gone on, so its final observation's value
   * follows and the trace is cut. `reference`: ignored, values and trace run on into the next episode.
   */
  readonly timeOuts?: "bootstrap" | "reference";
  /** Factor on the rewards, default 1. */
  readonly rewardScale?: number;
}

/** Fills `advantages` and `returns` (S, E): `return = advantage + value`. */
export function generalizedAdvantages(
  { rewards, values, terminated, truncated, finalValues, lastValues }: AdvantageInput,
  { gamma, lambda, timeOuts = "bootstrap", rewardScale = 1 }: AdvantageOptions,
  out: { readonly advantages: Float32Array; readonly returns: Float32Array },
): void {
  const environments = lastValues.length;
  for (let environment = 0; environment < environments; environment++) {
    let nextValue = lastValues[environment]!;
    let nextAdvantage = 0;
    for (let i = rewards.length - environments + environment; i >= 0; i -= environments) {
      const timedOut = timeOuts === "bootstrap" && truncated[i];
      if (terminated[i]) nextValue = 0;
      else if (timedOut) nextValue = finalValues[i]!;
      if (terminated[i] || timedOut) nextAdvantage = 0;

      const error = rewardScale * rewards[i]! + gamma * nextValue - values[i]!;
      nextAdvantage = error + gamma * lambda * nextAdvantage;
      nextValue = values[i]!;
      out.advantages[i] = nextAdvantage;
      out.returns[i] = nextAdvantage + nextValue;
    }
  }
}

/** Share of the returns' variance that the values explain: 1 - Var(return - value) / Var(return); NaN for constant returns. */
export function explainedVariance(values: Float32Array, returns: Float32Array): number {
  const total = variance(returns);
  return total === 0 ? NaN : 1 - variance(returns.map((target, i) => target - values[i]!)) / total;
}

function variance(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
