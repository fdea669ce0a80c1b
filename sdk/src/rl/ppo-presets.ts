// Settings of PPO that belong together. The recipes `quick` and `thorough` are for hopper with 40 environments, measured in docs/results.md.
import type { z } from "zod";
import type { chainSchema } from "../policies/chain.js";
import type { ppoOptions } from "./ppo.js";

/**
 * Learning rates and the upper end of the exploration noise fall over the whole run, however long it is. Flows begin with little
 * noise: what PPO improves is near their central chunk, and noise that begins a step is noise in what comes of it.
 */
const decays = {
  initialNoiseStd: 0.1,
  actorLr: 1e-4,
  actorLrScheduler: { type: "cosine_custom" },
  criticLrScheduler: { type: "cosine_custom" },
  noise: { maxStd: 0.3, finalMaxStd: 0.1, schedule: "linear" },
} as const;

export const ppoPresets = {
  /** The short recipe: 0.43 million environment steps. */
  quick: { ...decays, iterations: 60 },
  /** The long recipe: 3 million environment steps. */
  thorough: { ...decays, iterations: 210, steps: 100, batchSize: 800 },
  /** From fresh weights, in eight environments: `PPO.train()`. */
  scratch: {
    iterations: 250,
    steps: 512,
    batchSize: 512,
    updateEpochs: 10,
    actorLr: 3e-4,
    targetKl: 0.03,
    nCriticWarmupItr: 0,
  },
  /** The released settings for gym tasks, those of the chain included; with them belong 40 environments, `legacyTimeouts`, and the noise net's `stdMap: "clamp"`. */
  reference: {
    iterations: 1000,
    steps: 500,
    timeOuts: "reference",
    denoisingSteps: 5,
    noise: { minStd: 0.05, maxStd: 0.12 },
    likelihood: "reference",
    logProbRange: [-1, 1],
    clipPlossCoef: 0.01,
    entCoef: 0.01,
    updateEpochs: 10,
    batchSize: 50_000,
    repeatSamples: 10,
    targetKl: 0.01,
    klStops: "both",
    stepBeforeKlStop: true,
    nCriticWarmupItr: 2,
    criticWarmupCounts: "iterations",
    actorLr: 3e-6,
    maxGradNorm: 25,
    criticLr: 4.5e-4,
    criticLrScheduler: { type: "cosine", firstCycleSteps: 100, warmupSteps: 25, minLr: 3e-4 },
    criticWeightDecay: 1e-5,
    useBcLoss: true,
  },
} as const satisfies Record<string, z.input<typeof ppoOptions> & z.input<typeof chainSchema>>;
