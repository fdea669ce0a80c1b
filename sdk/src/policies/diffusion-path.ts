// Policy gradients through denoising: each of the last steps is a decision of an inner process, with a Gaussian density.
// Ren et al. 2024 (DPPO, arXiv 2409.00588), section 4; clip and discount by step as in its appendix.
import { z } from "zod";
import { constant } from "../engine/parameters.js";
import { tf, type Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import type { DiffusionNetwork } from "../nn/denoising-network.js";
import { weight } from "../nn/module.js";
import { count, keysBelow } from "../options.js";
import { normalNoise, type BoundPath, type Path } from "./definition.js";
import {
  clipped,
  coefficients,
  entriesOf,
  nextMean,
  ownSteps,
  stepMean,
  type Coefficients,
  type DiffusionOptions,
} from "./diffusion-step.js";
import { flowPath } from "./diffusion-flow.js";
import { noiseLevels } from "./noise-schedule.js";

export const diffusionPathOptions = z.strictObject({
  ftDenoisingSteps: count.optional().describe("last denoising steps that are fine-tuned, by default all"),
  minSamplingDenoisingStd: z.number().positive().default(0.1).describe("lowest deviation of the noise of a step"),
  minLogprobDenoisingStd: z.number().positive().default(0.1).describe("lowest deviation in its density"),
  gammaDenoising: z.number().min(0).max(1).default(0.99).describe("discount of advantages per denoising step"),
  clipPlossCoefBase: z
    .number()
    .positive()
    .optional()
    .describe(
      "clip of the ratio at the first fine-tuned step, from where it grows to clipPlossCoef; by default the same",
    ),
  clipPlossCoefRate: z.number().positive().default(3).describe("how late it grows"),
  rewardHorizon: count.optional().describe("actions of the chunk whose density counts, by default all"),
  learnEta: z.boolean().default(false).describe("DDIM: learn how much noise each step adds"),
  eta: z
    .strictObject({
      baseEta: z.number().min(0).default(1).describe("at first"),
      minEta: z.number().min(0).default(0.1).describe("lower end of its range"),
      maxEta: z.number().positive().default(1).describe("upper end of its range"),
    })
    .prefault({})
    .describe("DDIM: noise of a step as a share of DDPM's, at first and at the ends of its range"),
  likelihood: z
    .enum(["summed", "reference"])
    .default("summed")
    .describe("density of a step; or the mean over its entries, each within -5 and 2, as in the reference"),
  density: z
    .enum(["steps", "flow"])
    .default("steps")
    .describe("decisions: every denoising step; or the chunk, with the exact density of the probability flow"),
  sdeStepSize: z.number().positive().max(1).default(0.05).describe("flow: length of a step in a time from 0 to 1"),
  sdeNumEpsilon: z
    .int()
    .nonnegative()
    .default(2)
    .describe("flow: random directions in which divergences are measured; 0: all, exactly"),
  sdeHutchinsonType: z
    .enum(["Rademacher", "Gaussian"])
    .default("Rademacher")
    .describe("flow: what these are drawn from"),
});
type PathOptions = z.output<typeof diffusionPathOptions>;

/** Clip of the ratio at each of so many steps, noisiest first: exponential from `base` to `coefficient`. */
export function stepClips(
  steps: number,
  coefficient: number,
  { clipPlossCoefBase: base = coefficient, clipPlossCoefRate: rate }: PathOptions,
): number[] {
  return Array.from({ length: steps }, (_, k) => {
    const share = steps === 1 ? 1 : k / (steps - 1);
    return base + ((coefficient - base) * Math.expm1(rate * share)) / Math.expm1(rate);
  });
}

/** Discount of advantages at each of so many steps, noisiest first: an earlier one has less to do with the action. */
export function stepDiscounts(steps: number, { gammaDenoising }: PathOptions): number[] {
  return Array.from({ length: steps }, (_, k) => gammaDenoising ** (steps - 1 - k));
}

const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

const ETA = "actor_ft.eta.logit";

/** Denoising seen as an inner process: each of its last steps is a decision. */
function boundPath(network: DiffusionNetwork, options: DiffusionOptions, path: PathOptions): BoundPath {
  const { useDdim, randnClipValue, finalActionClipValue } = options;
  const steps = ownSteps(options);
  const units = options.ftDenoisingSteps ?? steps;
  if (units < 1 || units > steps)
    fail("DMPO_OPTIONS", "ftDenoisingSteps", `is ${units}`, `1 to ${steps}, the denoising steps of the policy`);
  const levels = noiseLevels(options.denoisingSteps, steps);
  const shape = [network.horizonSteps, network.actionDim];
  const { rewardHorizon = network.horizonSteps } = path;
  if (rewardHorizon > network.horizonSteps)
    fail(
      "DMPO_OPTIONS",
      "rewardHorizon",
      `is ${rewardHorizon}`,
      `at most the ${network.horizonSteps} actions of a chunk`,
    );
  const { baseEta, minEta, maxEta } = path.eta;
  const isLearned = useDdim && path.learnEta;
  const logit = Math.atanh(Math.max(-0.99, Math.min(0.99, (2 * (baseEta - minEta)) / (maxEta - minEta) - 1)));

  /** A step's coefficients under the present eta. */
  function withEta(step: Coefficients, next: number | tf.Tensor, weights: Weights): Coefficients {
    if (!isLearned) return step;
    const eta = weight(weights, ETA)
      .tanh()
      .add(1)
      .mul((maxEta - minEta) / 2)
      .add(minEta);
    const sigma = eta.mul(step.sigma);
    const direction = tf.scalar(1).sub(next).sub(sigma.square()).maximum(1e-10).sqrt();
    return { ...step, sigma, direction };
  }
  const table = levels.map((level) =>
    coefficients(level, isLearned || !useDdim ? 1 : Math.min(maxEta, Math.max(minEta, baseEta))),
  );
  const floored = (sigma: number | tf.Tensor, least: number) => tf.maximum(sigma, least);

  /** ln N of the next state in each row (B), and its entropy. */
  function gaussian(next: tf.Tensor3D, mean: tf.Tensor3D, std: tf.Tensor) {
    const executed = (x: tf.Tensor3D): tf.Tensor3D => x.slice([0, 0], [-1, rewardHorizon]);
    const logStd = std.log().broadcastTo<tf.Rank.R3>(mean.shape);
    const entries = executed(next.sub(mean).div(std).square().mul(-0.5).sub(logStd).sub(HALF_LOG_2PI));
    const entropies = executed(logStd.add(HALF_LOG_2PI + 0.5));
    if (path.likelihood === "reference") {
      return {
        logProbability: entries.clipByValue(-5, 2).mean<tf.Tensor1D>([1, 2]),
        entropy: entropies.mean<tf.Tensor1D>([1, 2]),
      };
    }
    return { logProbability: entries.sum<tf.Tensor1D>([1, 2]), entropy: entropies.sum<tf.Tensor1D>([1, 2]) };
  }

  return {
    units,
    parameters: isLearned ? [{ name: ETA, shape: [1], initialise: constant(logit) }] : [],
    controls: [],
    draws: normalNoise(steps + 1, ...shape),
    stored: { chain: [units + 1, ...shape] },
    sampling: { steps },
    unitDiscounts: stepDiscounts(units, path),
    unitClips: (coefficient) => stepClips(units, coefficient, path),
    sample(weights, condition, draws) {
      const [initial, ...noise] = tf.unstack(draws.noise!, 1) as tf.Tensor3D[];
      const states = [initial!];
      const logProbabilities: tf.Tensor1D[] = [];
      levels.forEach((level, i) => {
        const step = withEta(table[i]!, level.next, weights);
        const mean = stepMean(network, weights, states[i]!, condition, level, step, options);
        const std = floored(step.sigma, path.minSamplingDenoisingStd);
        const next: tf.Tensor3D = mean.add(clipped(noise[i]!, randnClipValue).mul(std));
        states.push(i === steps - 1 ? clipped(next, finalActionClipValue) : next);
        if (i < steps - units) return;
        const density = gaussian(states[i + 1]!, mean, floored(step.sigma, path.minLogprobDenoisingStd));
        logProbabilities.push(density.logProbability);
      });
      return {
        action: states.at(-1)!,
        stored: { chain: tf.stack(states.slice(-units - 1), 1) },
        logProbability: units === 1 ? logProbabilities[0]! : tf.stack(logProbabilities, 1),
      };
    },
    density(weights, condition, { chain }, _, unit = tf.zeros([chain!.shape[0]])) {
      const rows = chain!.shape[0];
      const tuned = levels.slice(-units);
      const column = (values: readonly number[]) => entriesOf(values, unit);
      const named = ["signal", "noise", "nextSignal", "direction", "sigma"] as const;
      const coefficientsOf = Object.fromEntries(
        named.map((name) => [name, column(table.slice(-units).map((step) => step[name]))]),
      ) as unknown as Coefficients;
      const step = withEta(coefficientsOf, column(tuned.map(({ next }) => next)), weights);
      const states = chain!.reshape([rows * (units + 1), ...shape]);
      const first = tf.tensor1d(Array.from({ length: rows }, (_, row) => row * (units + 1))).add(unit);
      const state = (index: tf.Tensor) => tf.gather(states, index.cast("int32")) as tf.Tensor3D;
      const [x, next] = [state(first), state(first.add(1))];
      const t = column(tuned.map(({ time }) => time)).reshape<tf.Tensor1D>([-1]);
      const mean = nextMean(network.noise(weights, x, t, condition), x, step, options);
      const std = floored(step.sigma, path.minLogprobDenoisingStd);
      return { ...gaussian(next, mean, std), terms: { noiseStd: std.mean() } };
    },
  };
}

const { ftDenoisingSteps, rewardHorizon, likelihood, eta, ...inModel } = diffusionPathOptions.shape;

export const diffusionPath: Path<DiffusionNetwork, DiffusionOptions> = {
  options: diffusionPathOptions,
  keys: {
    ...keysBelow("", z.object({ ftDenoisingSteps, rewardHorizon })),
    ...keysBelow("train", z.object({ likelihood })),
    ...keysBelow("model", z.object(inModel)),
    ...keysBelow("model.eta", eta.unwrap(), "eta"),
  },
  policyOptions(path) {
    const { ftDenoisingSteps } = path as PathOptions;
    return ftDenoisingSteps === undefined ? {} : { ftDenoisingSteps };
  },
  bind({ network, options, path }) {
    const settings = path as PathOptions;
    const steps = boundPath(network, options, settings);
    return settings.density === "flow" ? flowPath(steps, network, options, settings) : steps;
  },
};
