// Noise levels that flows are trained at; for MeanFlow pairs r <= t in [0, 1] (t = 1 is noise), a given share of them equal.
import { z } from "zod";
import type { RandomStream } from "../engine/random.js";

/** A distribution of noise levels in [0, 1], 1 being noise; which one and with which mean by default is the policy's choice. */
export function timeDistributionWith({
  type,
  logitNormalMean,
}: {
  readonly type: "logitNormal" | "uniform" | "beta";
  readonly logitNormalMean: number;
}) {
  return z
    .discriminatedUnion("type", [
      z.strictObject({
        type: z.literal("logitNormal"),
        mean: z.number().default(logitNormalMean),
        std: z.number().positive().default(1),
      }),
      z.strictObject({ type: z.literal("uniform") }),
      z.strictObject({
        type: z.literal("beta"),
        a: z.number().positive().default(1.5).describe("a > b favours noisy actions"),
        b: z.number().positive().default(1),
      }),
    ])
    .prefault({ type });
}

export const timeDistribution = timeDistributionWith({ type: "logitNormal", logitNormalMean: -0.4 }).describe(
  "distribution of the two times whose maximum is t and whose minimum is r",
);
export type TimeDistribution = z.output<typeof timeDistribution>;
/**
 * Distribution of noise levels in [0, 1], 1 being noise: `{ type: "logitNormal", mean?, std? }` (defaults -0.4, of ReFlow 0, and
 * 1), `{ type: "uniform" }`, or `{ type: "beta", a?, b? }` (defaults 1.5 and 1); std, a, b > 0.
 */
export type TimeDistributionInput = NonNullable<z.input<typeof timeDistribution>>;

/** Rows of a batch of `size` that have r = t: the first floor(flowRatio size). */
export function equalRows(flowRatio: number, size: number): number {
  return Math.floor(flowRatio * size);
}

/**
 * Fills `t` and `r` (B each): two draws per row, sorted, then r = t in the first {@link equalRows}. Which rows are equal is
 * not drawn, because batches are random permutations already; known rows let the loss skip their tangents.
 */
export function fillTimes(
  t: Float32Array,
  r: Float32Array,
  random: RandomStream,
  { times, flowRatio }: { times: TimeDistribution; flowRatio: number },
): void {
  drawTimes(t, random, times);
  drawTimes(r, random, times);
  const equal = equalRows(flowRatio, t.length);
  for (let i = 0; i < t.length; i++) {
    const [low, high] = [Math.min(t[i]!, r[i]!), Math.max(t[i]!, r[i]!)];
    t[i] = high;
    r[i] = i < equal ? high : low;
  }
}

/** Fills `out` with independent noise levels. */
export function drawTimes(out: Float32Array, random: RandomStream, times: TimeDistribution): void {
  switch (times.type) {
    case "logitNormal":
      random.logitNormal(out, times.mean, times.std);
      break;
    case "uniform":
      random.uniform(out);
      break;
    case "beta":
      random.beta(out, times.a, times.b);
      break;
  }
}
