// Values that depend on the step only: learning rates, noise levels, coefficients.
// Cosine with warm restarts: Loshchilov and Hutter 2017, eq. 5. Every schedule is a pure function of a step counted from 0.
import { fail } from "../errors.js";

export type Schedule = (step: number) => number;

/** From `max` to `min`: `holdSteps` at `max`, then `annealSteps` down, then `min` for ever. */
export interface AnnealOptions {
  readonly max: number;
  readonly min: number;
  readonly holdSteps: number;
  readonly annealSteps: number;
}

/** From `min` straight up to `max`, which is reached at step `warmupSteps`. */
export interface WarmupOptions {
  readonly min: number;
  readonly max: number;
  readonly warmupSteps: number;
}

export function constant(level: number): Schedule {
  return () => level;
}

export function constantWarmup({ min, max, warmupSteps }: WarmupOptions): Schedule {
  return (step) => (step < warmupSteps ? min + ((max - min) * step) / warmupSteps : max);
}

export function linear(options: AnnealOptions): Schedule {
  const { max, min } = options;
  return (step) => max - (max - min) * annealed(step, options);
}

export function cosine(options: AnnealOptions): Schedule {
  const { max, min } = options;
  return (step) => min + ((max - min) * (1 + Math.cos(Math.PI * annealed(step, options)))) / 2;
}

/** {@link constantWarmup}, then {@link cosine}. */
export function cosineWarmup(options: WarmupOptions & AnnealOptions): Schedule {
  return afterWarmup(options, cosine(options));
}

export interface RestartOptions {
  /** Length of a cycle including its warm-up. */
  readonly firstCycleSteps: number;
  /** Fewer than `firstCycleSteps`. */
  readonly warmupSteps: number;
  readonly maxLearningRate: number;
  readonly minLearningRate: number;
}

/** Equal cycles: up from the minimum in `warmupSteps`, then down along a half cosine. Step 0 has the minimum, unless there is no warm-up. */
export function cosineWithWarmupAndRestarts(options: RestartOptions): Schedule {
  const { firstCycleSteps, warmupSteps, maxLearningRate: max, minLearningRate: min } = options;
  if (!(warmupSteps >= 0 && warmupSteps < firstCycleSteps)) {
    fail(
      "DMPO_SCHEDULE",
      "warmup_steps",
      `is ${warmupSteps} in a cycle of ${firstCycleSteps} steps`,
      `0 <= warmup_steps < first_cycle_steps`,
      "shorten the warm-up or lengthen the cycle",
    );
  }
  const cycle = cosineWarmup({ min, max, warmupSteps, holdSteps: 0, annealSteps: firstCycleSteps - warmupSteps });
  return (step) => cycle(step % firstCycleSteps);
}

export interface NoiseDecayOptions {
  readonly iterations: number;
  readonly minStd: number;
  readonly maxStd: number;
  /** Share of the iterations before the decay starts. Default 0.35. */
  readonly holdRatio?: number;
  /** Share of maxStd - minStd that remains at the end. Default 0.7. */
  readonly decayRatio?: number;
}

/** Upper bound of a learned exploration noise by iteration (`noise_scheduler_type: learn_decay`). */
export function upperNoiseStd({
  iterations,
  minStd,
  maxStd,
  holdRatio = 0.35,
  decayRatio = 0.7,
}: NoiseDecayOptions): Schedule {
  return cosine({
    max: maxStd,
    min: minStd * (1 - decayRatio) + maxStd * decayRatio,
    holdSteps: Math.floor(holdRatio * iterations),
    annealSteps: Math.floor((1 - holdRatio) * iterations),
  });
}

export interface CoefficientDecayOptions {
  readonly initial: number;
  readonly final: number;
  /** Last iteration at `initial`. */
  readonly start: number;
  /** First iteration at `final`. */
  readonly end: number;
}

/** Coefficient of the behaviour-cloning loss by iteration: linear between `start` and `end`. */
export function behaviourCloningCoefficient({ initial, final, start, end }: CoefficientDecayOptions): Schedule {
  return linear({ max: initial, min: final, holdSteps: start, annealSteps: end - start });
}

/** Share of the annealing done at `step`, from 0 to 1. */
function annealed(step: number, { holdSteps, annealSteps }: AnnealOptions): number {
  return step <= holdSteps ? 0 : Math.min(1, (step - holdSteps) / annealSteps);
}

function afterWarmup(options: WarmupOptions, schedule: Schedule): Schedule {
  const warmup = constantWarmup(options);
  return (step) => (step < options.warmupSteps ? warmup(step) : schedule(step - options.warmupSteps));
}
