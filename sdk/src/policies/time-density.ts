// Closed-form densities of the times that training draws (time-sampling.ts): of one draw, and of t and r made from two.
import { z } from "zod";
import { incompleteBeta, logBeta, normalCdf } from "./special-functions.js";
import { parseOptions } from "../options.js";
import { timeDistribution, type TimeDistribution, type TimeDistributionInput } from "./time-sampling.js";

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
  }
}
