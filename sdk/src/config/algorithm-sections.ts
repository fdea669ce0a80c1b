// What `algorithm.type` can name, and the keys of fine-tuning that come with it. A new algorithm is one entry.
import { z } from "zod";
import { ppoOptions, type PpoOptions } from "../rl/ppo.js";

const { iterations, steps, resetAtIteration, noise, logProbRange, ...shape } = ppoOptions.shape;
const { denoisingSteps, ftDenoisingSteps, denoisedClipValue, randnClipValue, ...rest } = shape;
const { clipPlossCoef, clipVlossCoef, ...train } = rest;
const { minStd, maxStd, finalMaxStd, schedule, holdRatio, decayRatio } = noise.unwrap().shape;

const bound = z.number().nullable().default(null);

const ppo = {
  /** At the top level of the configuration. */
  top: { denoisingSteps, ftDenoisingSteps, minStd, maxStd, finalMaxStd },
  /** Below `env:`. */
  env: { resetAtIteration },
  /** Below `train:`. */
  train: {
    nTrainItr: iterations,
    nSteps: steps,
    ...train,
    maxNoiseHoldRatio: holdRatio,
    maxNoiseDecayRatio: decayRatio,
  },
  /** Below `model:`. */
  model: {
    denoisedClipValue,
    randnClipValue,
    clipPlossCoef,
    clipVlossCoef,
    logprobMin: bound.describe("log-probabilities are clamped to [logprob_min, logprob_max] if both are set"),
    logprobMax: bound,
    noiseSchedulerType: schedule,
  },
};

/** What an algorithm finds in a configuration. */
interface PpoKeys {
  readonly top: z.output<z.ZodObject<typeof ppo.top>>;
  readonly env: z.output<z.ZodObject<typeof ppo.env>>;
  readonly train: z.output<z.ZodObject<typeof ppo.train>>;
  readonly model: z.output<z.ZodObject<typeof ppo.model>>;
}

function ppoOptionsOf({ top, env, train: section, model }: PpoKeys): PpoOptions {
  const { nTrainItr, nSteps, maxNoiseHoldRatio, maxNoiseDecayRatio, ...same } = section;
  const { logprobMin, logprobMax } = model;
  return {
    ...same,
    iterations: nTrainItr,
    steps: nSteps,
    resetAtIteration: env.resetAtIteration,
    denoisingSteps: top.denoisingSteps,
    ftDenoisingSteps: top.ftDenoisingSteps,
    noise: {
      minStd: top.minStd,
      maxStd: top.maxStd,
      finalMaxStd: top.finalMaxStd,
      schedule: model.noiseSchedulerType,
      holdRatio: maxNoiseHoldRatio,
      decayRatio: maxNoiseDecayRatio,
    },
    denoisedClipValue: model.denoisedClipValue,
    randnClipValue: model.randnClipValue,
    clipPlossCoef: model.clipPlossCoef,
    clipVlossCoef: model.clipVlossCoef,
    logProbRange: logprobMin === null || logprobMax === null ? null : [logprobMin, logprobMax],
  };
}

export const algorithmSections = { ppo: { ...ppo, toOptions: ppoOptionsOf } } as const;

export type AlgorithmType = keyof typeof algorithmSections;
