// Options of the denoising chain that policy gradients act on, by the reference's names, and what they mean to policies/chain.ts.
import { z } from "zod";
import type { ChainOptions } from "../policies/chain.js";
import type { SamplingOptions } from "../policies/sampling.js";

export const chainSchema = z.strictObject({
  denoisingSteps: z.int().positive().default(1).describe("network calls K per action chunk"),
  ftDenoisingSteps: z.int().positive().optional().describe("last steps with learned noise, by default all"),
  clipIntermediateActions: z.boolean().default(true).describe("clip the mean of every step"),
  denoisedClipValue: z.number().positive().default(1),
  randnClipValue: z.number().positive().default(3).describe("noise is clipped at so many standard deviations"),
  likelihood: z
    .enum(["summed", "reference"])
    .default("summed")
    .describe("density of the chain; or divided by its entries and steps, as in the reference"),
  accountForInitialStochasticity: z.boolean().default(true).describe("reference likelihood: count the initial noise"),
});
type ChainSettings = z.output<typeof chainSchema>;

export function chainOptions(options: ChainSettings): ChainOptions {
  const normalized = options.likelihood === "reference";
  return {
    steps: options.denoisingSteps,
    noisySteps: options.ftDenoisingSteps,
    meanClip: options.clipIntermediateActions ? options.denoisedClipValue : null,
    noiseClip: options.randnClipValue,
    normalized,
    initialTerm: normalized && options.accountForInitialStochasticity,
  };
}

/** The same chain without exploration noise. */
export function samplingOptions(
  options: Pick<ChainSettings, "denoisingSteps" | "clipIntermediateActions">,
): SamplingOptions {
  return { steps: options.denoisingSteps, clipIntermediate: options.clipIntermediateActions };
}
