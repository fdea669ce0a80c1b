// Schedules of a fine-tuning run by iteration: options for learning rates and exploration noise, and the functions they mean.
import { z } from "zod";
import {
  behaviourCloningCoefficient,
  constant,
  constantWarmup,
  cosine,
  cosineWithWarmupAndRestarts,
  linear,
  upperNoiseStd,
  type Schedule,
} from "../learning/schedule.js";

const minLr = z.number().nonnegative().optional().describe("lowest rate; by default 10 % of the highest");

/** How a learning rate changes; the rate given beside it is the highest. */
export const learningRateSchedule = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("constant") }),
  z.strictObject({
    type: z.literal("cosine").describe("linear warm-up and cosine, again every firstCycleSteps iterations"),
    firstCycleSteps: z.int().positive(),
    warmupSteps: z.int().nonnegative().default(0),
    minLr,
  }),
  z.strictObject({
    type: z.literal("constant_warmup").describe("linear up from minLr, then constant"),
    warmupSteps: z.int().positive(),
    minLr,
  }),
  z.strictObject({
    type: z.literal("cosine_custom").describe("constant, then one cosine down to minLr, by default over the whole run"),
    holdSteps: z.int().nonnegative().default(0),
    annealSteps: z.int().positive().optional(),
    minLr,
  }),
]);

/** The rate by iteration: at most `max`. */
export function learningRate(max: number, options: LearningRateSchedule, iterations: number): Schedule {
  if (options.type === "constant") return constant(max);
  const min = options.minLr ?? max / 10;
  switch (options.type) {
    case "cosine":
      return cosineWithWarmupAndRestarts({ ...options, maxLearningRate: max, minLearningRate: min });
    case "constant_warmup":
      return constantWarmup({ ...options, min, max });
    case "cosine_custom":
      return cosine({ min, max, holdSteps: options.holdSteps, annealSteps: options.annealSteps ?? iterations });
  }
}

type LearningRateSchedule = z.output<typeof learningRateSchedule>;

export interface Rates {
  readonly actor: number;
  readonly critic: number;
}

export interface LearningRateOptions {
  readonly iterations: number;
  /** The actor's schedule stands still at its start for so long. */
  readonly nCriticWarmupItr: number;
  readonly actorLr: number;
  readonly actorLrScheduler: LearningRateSchedule;
  readonly criticLr: number;
  readonly criticLrScheduler: LearningRateSchedule;
}

export function learningRates(o: LearningRateOptions): (iteration: number) => Rates {
  const actor = learningRate(o.actorLr, o.actorLrScheduler, o.iterations);
  const critic = learningRate(o.criticLr, o.criticLrScheduler, o.iterations);
  return (iteration) => ({ actor: actor(Math.max(0, iteration - o.nCriticWarmupItr)), critic: critic(iteration) });
}

/** Rates after a step of so many times the aimed-at divergence: smaller above 2, larger below 1/2, within fixed bounds. */
export function adaptedRates({ actor, critic }: Rates, divergence: number): Rates {
  if (divergence > 2) return { actor: Math.max(1e-5, actor / 1.5), critic: Math.max(1e-5, critic / 1.5) };
  if (divergence > 0 && divergence < 0.5)
    return { actor: Math.min(5e-4, actor * 1.5), critic: Math.min(1e-3, critic * 1.5) };
  return { actor, critic };
}

/** Range of the learned exploration noise, as standard deviations of normalised actions, and how its upper end moves. */
export const explorationNoise = z.strictObject({
  minStd: z.number().positive().default(0.05).describe("lower end, of normalised actions"),
  maxStd: z.number().positive().default(0.5).describe("the noise starts near the geometric mean of both ends"),
  schedule: z
    .enum(["learn", "learn_decay", "linear"])
    .default("learn")
    .describe("upper end: fixed, held and annealed by half a cosine, or linear to finalMaxStd over the whole run"),
  finalMaxStd: z.number().positive().default(0.2).describe("linear: upper end after the last iteration"),
  holdRatio: z.number().min(0).max(1).default(0.35).describe("learn_decay: share of the run before the decay"),
  decayRatio: z.number().min(0).max(1).default(0.7).describe("learn_decay: share of the range that remains"),
});

export function upperStd(options: z.output<typeof explorationNoise>, iterations: number): Schedule {
  const { schedule, maxStd, finalMaxStd } = options;
  if (schedule === "learn_decay") return upperNoiseStd({ ...options, iterations });
  if (schedule === "learn") return constant(maxStd);
  return linear({ max: maxStd, min: finalMaxStd, holdSteps: 0, annealSteps: iterations });
}

export interface CloningDecay {
  readonly bcLossCoeff: number;
  readonly bcLossCoeffFinal?: number | undefined;
  readonly bcLossDecayStart: number;
  readonly bcLossDecayEnd?: number | undefined;
  readonly iterations: number;
}

/** Weight of the cloning loss: linear between the two iterations; constant where the end does not follow the start. */
export function cloningWeight(options: CloningDecay): Schedule {
  const { bcLossCoeff: initial, bcLossCoeffFinal: final = initial, bcLossDecayStart: start } = options;
  const end = options.bcLossDecayEnd ?? options.iterations;
  return end <= start ? constant(initial) : behaviourCloningCoefficient({ initial, final, start, end });
}
