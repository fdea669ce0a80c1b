// One step of denoising, as training with noise of several levels allows it: Song et al. 2021 (DDIM, arXiv 2010.02502), eq. 12 and 16,
// with the posterior of Ho et al. 2020 (DDPM, arXiv 2006.11239), eq. 7, as the case eta = 1. Time falls from T - 1, noise, to 0.
import { z } from "zod";
import { tf, type Weights } from "../engine/tensor.js";
import type { DiffusionNetwork } from "../nn/denoising-network.js";
import { count } from "../options.js";
import type { NoiseLevel } from "./noise-schedule.js";

export const diffusionOptions = z.strictObject({
  denoisingSteps: count.default(20).describe("levels of noise T that the network learns"),
  predictEpsilon: z.boolean().default(true).describe("the network learns the noise; false: the clean actions"),
  denoisedClipValue: z
    .number()
    .positive()
    .nullable()
    .default(1)
    .describe("predicted actions are clipped to plus or minus this"),
  epsClipValue: z.number().positive().nullable().default(null).describe("so is the noise that follows from them"),
  randnClipValue: z
    .number()
    .positive()
    .default(10)
    .describe("noise of a step is clipped at so many standard deviations"),
  finalActionClipValue: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe("actions are clipped after the last step"),
  useDdim: z.boolean().default(false).describe("denoise without noise of its own (DDIM); false: DDPM"),
  ddimSteps: count.optional().describe("network calls per chunk with DDIM, by default one for each level"),
  ftDenoisingSteps: z
    .int()
    .nonnegative()
    .nullable()
    .default(null)
    .describe("last steps that fine-tuning changes, earlier ones keep the pre-trained network; null: all"),
});
export type DiffusionOptions = z.output<typeof diffusionOptions>;

/** Network calls per chunk unless asked otherwise. */
export const ownSteps = ({ denoisingSteps, useDdim, ddimSteps }: DiffusionOptions) =>
  useDdim ? (ddimSteps ?? denoisingSteps) : denoisingSteps;

/** Levels of noise below this are the fine-tuned network's, whatever the number of steps now. */
export const tunedLevels = (options: DiffusionOptions) =>
  (options.ftDenoisingSteps ?? Infinity) * (options.denoisingSteps / ownSteps(options));

/** The entries of `table` at `index` (B), whole numbers, as (B, 1, 1). */
export function entriesOf(table: ArrayLike<number>, index: tf.Tensor): tf.Tensor3D {
  return tf.gather(tf.tensor1d(Float32Array.from(table)), index.cast("int32")).reshape([-1, 1, 1]);
}

/** What one step does: numbers, or one for each row (B, 1, 1). */
export type Coefficients = Readonly<
  Record<"signal" | "noise" | "nextSignal" | "direction" | "sigma", number | tf.Tensor>
>;

/** Of the step from a noise level to the next, with so much new noise: 1 is DDPM, 0 DDIM. */
export function coefficients({ share, next }: NoiseLevel, eta: number) {
  const sigma = eta * Math.sqrt(((1 - next) / (1 - share)) * (1 - share / next));
  return {
    signal: Math.sqrt(share),
    noise: Math.sqrt(1 - share),
    nextSignal: Math.sqrt(next),
    direction: Math.sqrt(Math.max(0, 1 - next - sigma ** 2)),
    sigma,
  };
}

/** Mean (B, Ta, Da) of the next state, before noise of deviation sigma, given the network's answer at x. */
export function nextMean(
  answer: tf.Tensor3D,
  x: tf.Tensor3D,
  { signal, noise, nextSignal, direction }: Coefficients,
  { predictEpsilon, denoisedClipValue, epsClipValue }: DiffusionOptions,
): tf.Tensor3D {
  const clean = clipped(predictEpsilon ? x.sub(answer.mul(noise)).div(signal) : answer, denoisedClipValue);
  const remaining = clipped(x.sub(clean.mul(signal)).div(noise), epsClipValue);
  return clean.mul(nextSignal).add(remaining.mul(direction));
}

export const clipped = <T extends tf.Tensor>(x: T, limit: number | null): T =>
  limit === null ? x : tf.clipByValue(x, -limit, limit);

/** Mean of the state after a step of the schedule, for chunks that are all at the same level. */
export function stepMean(
  network: DiffusionNetwork,
  weights: Weights,
  x: tf.Tensor3D,
  condition: tf.Tensor2D,
  { time }: NoiseLevel,
  step: Coefficients,
  options: DiffusionOptions,
): tf.Tensor3D {
  const { pretrained } = network;
  const chosen = pretrained && time >= tunedLevels(options) ? pretrained : network;
  const t = tf.fill<tf.Rank.R1>([x.shape[0]], time);
  return nextMean(chosen.noise(weights, x, t, condition), x, step, options);
}
