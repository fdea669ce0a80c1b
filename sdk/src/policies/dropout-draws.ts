// What networks draw while they learn, masks of dropout and how pictures are moved, as draws of a training batch.
import type { Weights } from "../engine/tensor.js";
import { maskDraw, type Mask, type TrainingDraw } from "../nn/dropout.js";
import type { Encoder } from "../nn/network.js";
import type { Draws, TrainingBatch } from "./definition.js";

interface Masked {
  readonly masks: readonly Mask[];
}

/** What a network drops while it trains; nothing of it when its loss is only measured. */
export const maskDraws = ({ masks }: Masked): Draws => drawsOf(masks.map(maskDraw));

/** The draws of a policy, and those of the encoder that its network has. */
export function withEncoderDraws(draws: Draws, { training = [] }: Encoder): Draws {
  if (training.length === 0) return draws;
  const own = drawsOf(training);
  return {
    shapes: { ...draws.shapes, ...own.shapes },
    fill(out, random) {
      draws.fill(out, random);
      own.fill(out, random);
    },
    onlyTraining: [...(draws.onlyTraining ?? []), ...own.onlyTraining!],
  };
}

/** The table of weights with the masks that the batch has. */
export const withMasks = (weights: Weights, batch: TrainingBatch, { masks }: Masked): Weights =>
  withDrawn(weights, batch, masks);

/** The table of weights with what was drawn for the encoder, as far as the batch has it. */
export const withEncoderDrawn = (weights: Weights, batch: TrainingBatch, { training = [] }: Encoder): Weights =>
  withDrawn(weights, batch, training);

function drawsOf(all: readonly TrainingDraw[]): Draws {
  return {
    shapes: Object.fromEntries(all.map(({ name, shape }) => [name, shape])),
    fill: (out, random) => all.forEach(({ name, fill }) => fill(out[name]!, random)),
    onlyTraining: all.map(({ name }) => name),
  };
}

function withDrawn(weights: Weights, batch: TrainingBatch, all: readonly { readonly name: string }[]): Weights {
  const drawn = all.flatMap(({ name }) => (batch[name] ? [[name, batch[name]] as const] : []));
  return drawn.length > 0 ? { ...weights, ...Object.fromEntries(drawn) } : weights;
}
