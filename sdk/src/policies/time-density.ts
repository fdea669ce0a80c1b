// Densities of the times that training draws (time-sampling.ts): of one draw, and of t and r made from two.
import { z } from "zod";
import { incompleteBeta, logBeta, normalCdf } from "./special-functions.js";
import { parseOptions } from "../options.js";
import { tableLaw, timeDistribution, type TimeDistribution, type TimeDistributionInput } from "./time-sampling.js";

/** One draw; t, the larger of two; or r: the smaller one, or t in the share `flowRatio` of the rows. */
export type DrawnTime = "draw" | "t" | "r";

/**
 * Probability density as a function of the time in (0, 1) (0 is data, 1 is noise).
 * @param flowRatio share of rows with r = t in [0, 1], which only the density of r depends on; default 0.5.
 * @throws InputError DMPO_OPTIONS for an unknown distribution or parameters outside their range.
 */
export function timeDensity(
  distribution: TimeDistributionInput,
  time: DrawnTime = "draw",
  flowRatio = 0.5,
): (x: number) => number {
  const { times } = parseOptions(z.strictObject({ times: timeDistribution }), { times: distribution });
  const { density, cumulative } = laws(times);
  const larger = (x: number) => 2 * density(x) * cumulative(x);
  const smaller = (x: number) => 2 * density(x) * (1 - cumulative(x));
  return { draw: density, t: larger, r: (x: number) => flowRatio * larger(x) + (1 - flowRatio) * smaller(x) }[time];
}

/** Density and distribution function on (0, 1). */
function laws(times: TimeDistribution): Record<"density" | "cumulative", (x: number) => number> {
  switch (times.type) {
    case "uniform":
      return { density: () => 1, cumulative: (x) => x };
    case "beta": {
      const { a, b } = times;
      return {
        density: (x) => Math.exp((a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x) - logBeta(a, b)),
        cumulative: (x) => incompleteBeta(x, a, b),
      };
    }
    case "logitNormal": {
      const { mean, std } = times;
      const standardised = (x: number) => (Math.log(x) - Math.log1p(-x) - mean) / std;
      return {
        density: (x) => Math.exp(-0.5 * standardised(x) ** 2) / (std * Math.sqrt(2 * Math.PI) * x * (1 - x)),
        cumulative: (x) => normalCdf(standardised(x)),
      };
    }
    case "table":
      return tableLaw(times.density);
    case "quantiles":
      return quantileLaw(times.values);
    case "mixture": {
      const parts = times.parts.map(({ weight, times: part }) => ({ weight, ...laws(part) }));
      const total = parts.reduce((sum, { weight }) => sum + weight, 0);
      const mixed = (law: "density" | "cumulative") => (x: number) =>
        parts.reduce((sum, part) => sum + (part.weight / total) * part[law](x), 0);
      return { density: mixed("density"), cumulative: mixed("cumulative") };
    }
  }
}

/** Uniform between neighbouring quantiles; what has a probability of its own is not in the density. */
function quantileLaw(values: readonly number[]): Record<"density" | "cumulative", (x: number) => number> {
  const steps = values.length - 1;
  /** The last quantile at or below x. */
  const lastBelow = (x: number) => {
    let [low, high] = [-1, values.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (values[middle]! <= x) low = middle;
      else high = middle;
    }
    return low;
  };
  const isOutside = (cell: number) => cell < 0 || cell >= steps;
  return {
    density(x) {
      const cell = lastBelow(x);
      return isOutside(cell) ? 0 : 1 / (steps * (values[cell + 1]! - values[cell]!));
    },
    cumulative(x) {
      const cell = lastBelow(x);
      if (isOutside(cell)) return cell < 0 ? 0 : 1;
      return (cell + (x - values[cell]!) / (values[cell + 1]! - values[cell]!)) / steps;
    },
  };
}
