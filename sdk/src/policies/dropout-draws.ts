// The masks of dropout as draws of a training batch.
import type { Weights } from "../engine/tensor.js";
import { fillMask, type Mask } from "../nn/dropout.js";
import type { Draws, TrainingBatch } from "./definition.js";

interface Masked {
  readonly masks: readonly Mask[];
}

/** What a network drops while it trains; nothing of it when its loss is only measured. */
export function maskDraws({ masks }: Masked): Draws {
  return {
    shapes: Object.fromEntries(masks.map(({ name, shape }) => [name, shape])),
    fill: (out, random) => masks.forEach((mask) => fillMask(out[mask.name]!, mask, random)),
    onlyTraining: masks.map(({ name }) => name),
  };
}

/** The table of weights with the masks that the batch has. */
export function withMasks(weights: Weights, batch: TrainingBatch, { masks }: Masked): Weights {
  const drawn = masks.flatMap(({ name }) => (batch[name] ? [[name, batch[name]] as const] : []));
  return drawn.length > 0 ? { ...weights, ...Object.fromEntries(drawn) } : weights;
}
