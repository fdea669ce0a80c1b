// How much signal is left at each step of diffusion, and the steps that a sampler visits.
// Cosine schedule: Nichol and Dhariwal 2021 (arXiv 2102.09672), eq. 17; steps left out: Song et al. 2021 (arXiv 2010.02502), section 4.2.
import { fail } from "../errors.js";

const OFFSET = 0.008;

/** Share of the signal's variance, the product of 1 - beta up to each of T steps, falling; each beta is at most 0.999. */
export function cosineSchedule(steps: number): Float64Array {
  const signal = (i: number) => Math.cos(((i / steps + OFFSET) / (1 + OFFSET)) * (Math.PI / 2)) ** 2;
  let product = 1;
  return Float64Array.from(
    { length: steps },
    (_, i) => (product *= 1 - Math.min(0.999, 1 - signal(i + 1) / signal(i))),
  );
}

/** One step of denoising: from noise level `time` to the one below, or to clean actions. */
export interface NoiseLevel {
  /** Step of the schedule, 0 to T - 1. */
  readonly time: number;
  /** Share of the signal's variance here, and below: 1 for the last. */
  readonly share: number;
  readonly next: number;
}

/**
 * K of T levels, evenly spread and always with level 0, noisiest first.
 *
 * @throws InputError DMPO_OPTIONS if K is greater than T.
 */
export function noiseLevels(steps: number, count: number): readonly NoiseLevel[] {
  if (count > steps) {
    fail("DMPO_OPTIONS", "denoising steps", `is ${count}`, `at most ${steps}, the levels of noise that were trained`);
  }
  const shares = cosineSchedule(steps);
  const times = Array.from({ length: count }, (_, i) => Math.floor((i * steps) / count));
  return times.map((time, i) => ({ time, share: shares[time]!, next: i === 0 ? 1 : shares[times[i - 1]!]! })).reverse();
}
