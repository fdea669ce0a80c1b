// Settings of PPO beside the defaults, which are the short recipe.
import type { z } from "zod";
import type { ppoOptions } from "./ppo.js";

export const ppoPresets = {
  /** The long recipe for hopper, 4 million steps with 40 environments: decays remove the falls that the short one leaves. */
  thorough: {
    iterations: 280,
    steps: 100,
    batchSize: 800,
    actorLr: 1e-4,
    actorLrScheduler: { type: "cosine_custom" },
    criticLrScheduler: { type: "cosine_custom" },
    noise: { schedule: "linear" },
  },
  /** The released settings for gym tasks; with them belong 40 environments and the noise net's `stdMap: "clamp"`. */
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
    nCriticWarmupItr: 2,
    actorLr: 3e-6,
    maxGradNorm: 25,
    criticLr: 4.5e-4,
    criticLrScheduler: { type: "cosine", firstCycleSteps: 100, warmupSteps: 25, minLr: 3e-4 },
    criticWeightDecay: 1e-5,
    useBcLoss: true,
  },
} as const satisfies Record<string, z.input<typeof ppoOptions>>;
