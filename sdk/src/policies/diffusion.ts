// Diffusion: a network learns the noise in noisy action chunks; a chunk is made by taking noise away step by step.
// Training: Ho et al. 2020 (DDPM, arXiv 2006.11239), eq. 14. Sampling: its algorithm 2, or DDIM (Song et al. 2021, arXiv 2010.02502);
// as a policy: Chi et al. 2023 (arXiv 2303.04137).
import { z } from "zod";
import { tf, type Weights } from "../engine/tensor.js";
import { withFrozenCopy, type DiffusionNetwork } from "../nn/denoising-network.js";
import { diffusionMlpFamily } from "../nn/diffusion-mlp.js";
import { diffusionVitFamily } from "../nn/flow-vit.js";
import { unetFamily } from "../nn/unet.js";
import { unetVisionFamily } from "../nn/unet-vision.js";
import { keysBelow } from "../options.js";
import { definePolicy, normalNoise, type Tensors, type TrainingBatch } from "./definition.js";
import { diffusionPath } from "./diffusion-path.js";
import {
  clipped,
  coefficients,
  diffusionOptions,
  entriesOf,
  ownSteps,
  stepMean,
  type DiffusionOptions,
} from "./diffusion-step.js";
import { cosineSchedule, noiseLevels } from "./noise-schedule.js";

type Trained = Pick<DiffusionOptions, "denoisingSteps" | "predictEpsilon">;

/** Noisy chunks of a batch's clean ones, the shares of signal and noise in them (B, 1, 1), and what the network answers. */
function noised(network: DiffusionNetwork, weights: Weights, batch: TrainingBatch, { denoisingSteps }: Trained) {
  const { action, t } = batch;
  const noise = batch.noise as tf.Tensor3D;
  const shares = cosineSchedule(denoisingSteps);
  const signal = entriesOf(shares.map(Math.sqrt), t!);
  const spread = entriesOf(
    shares.map((share) => Math.sqrt(1 - share)),
    t!,
  );
  const x: tf.Tensor3D = action.mul(signal).add(noise.mul(spread));
  return {
    x,
    signal,
    spread,
    answer: network.noise(weights, x, t as tf.Tensor1D, network.encoder.apply(weights, batch)),
  };
}

/** Loss of each row (B); noise (B, Ta, Da) standard normal, t (B) whole numbers below T. */
export function diffusionLoss(
  network: DiffusionNetwork,
  weights: Weights,
  batch: TrainingBatch,
  options: Trained,
): { rows: tf.Tensor1D } {
  const { answer } = noised(network, weights, batch, options);
  return {
    rows: answer
      .sub(options.predictEpsilon ? batch.noise! : batch.action)
      .square()
      .mean([1, 2]),
  };
}

/** Minus the noise that the network sees in noisy chunks: the score times its deviation. */
export function diffusionScore(network: DiffusionNetwork, weights: Weights, batch: TrainingBatch, options: Trained) {
  const { x, signal, spread, answer } = noised(network, weights, batch, options);
  const noise: tf.Tensor3D = options.predictEpsilon ? answer : x.sub(answer.mul(signal)).div(spread);
  return { noisy: x, score: noise.neg() };
}

/** Lowest deviation of the noise that DDPM adds after every step but the last. */
const MIN_STD = 1e-3;

/**
 * Chunks (B, Ta, Da) for condition encodings (B, C) in `steps` network calls, evenly spread over the levels of noise. Draws: `noise`
 * (B, Ta, Da) and, of DDPM with several steps, `stepNoise` (B, K - 1, Ta, Da), all standard normal. Differentiable in the weights.
 */
export function sampleDiffusion(
  network: DiffusionNetwork,
  weights: Weights,
  condition: tf.Tensor2D,
  { noise, stepNoise }: Tensors,
  options: DiffusionOptions,
  { steps, clipIntermediate = true }: { readonly steps: number; readonly clipIntermediate?: boolean },
): tf.Tensor3D {
  const { useDdim, randnClipValue, finalActionClipValue } = options;
  const added = stepNoise && (tf.unstack(clipped(stepNoise, randnClipValue), 1) as tf.Tensor3D[]);
  const loose = { ...options, denoisedClipValue: null };
  let x = noise as tf.Tensor3D;
  noiseLevels(options.denoisingSteps, steps).forEach((level, i) => {
    const isLast = i === steps - 1;
    const step = coefficients(level, useDdim ? 0 : 1);
    x = stepMean(network, weights, x, condition, level, step, isLast || clipIntermediate ? options : loose);
    if (added && !isLast) x = x.add(added[i]!.mul(Math.max(step.sigma, MIN_STD)));
  });
  return clipped(x, finalActionClipValue);
}

const { denoisingSteps, predictEpsilon, ftDenoisingSteps, ...acting } = diffusionOptions.shape;
const trainedKeys = { denoisingSteps: "denoisingSteps", ...keysBelow("model", z.object({ predictEpsilon })) };
const actingKeys = keysBelow("model", z.object(acting));

export const diffusion = definePolicy({
  name: "diffusion",
  title: "Diffusion",
  options: diffusionOptions,
  keys: { ...trainedKeys, ...actingKeys },
  presets: { ddim: { useDdim: true, ddimSteps: 5 } },
  networks: { mlp: diffusionMlpFamily, unet: unetFamily, vit: diffusionVitFamily, unet_vit: unetVisionFamily },
  assemble: {
    option: "ftDenoisingSteps",
    network: (network, options) =>
      (options.ftDenoisingSteps ?? Infinity) < ownSteps(options) ? withFrozenCopy(network) : network,
  },
  training: {
    keys: trainedKeys,
    draws: (options, { horizonSteps, actionDim }) => ({
      shapes: { noise: [horizonSteps, actionDim], t: [] },
      fill({ noise, t }, random) {
        random.normal(noise!);
        random.uniform(t!, 0, options.denoisingSteps).forEach((level, i) => (t![i] = Math.floor(level)));
      },
    }),
    loss: diffusionLoss,
  },
  score: diffusionScore,
  acting: {
    keys: { ...keysBelow("", z.object({ ftDenoisingSteps })), ...actingKeys },
    steps: { default: ownSteps },
    draws({ useDdim }, { horizonSteps, actionDim }, steps) {
      const shape = [horizonSteps, actionDim];
      if (useDdim || steps === 1) return normalNoise(...shape);
      return {
        shapes: { noise: shape, stepNoise: [steps - 1, ...shape] },
        fill({ noise, stepNoise }, random) {
          random.normal(noise!);
          random.normal(stepNoise!);
        },
      };
    },
    sample: sampleDiffusion,
  },
  path: diffusionPath,
});
