// A U-Net's options read off the shapes of its weights.
import { fail } from "../errors.js";
import type { InferredNetwork, Shapes } from "./network.js";
import { refuseVision } from "./shapes.js";
import { shapesBelow } from "./weight-shapes.js";

/** Groups of the released configurations; weights tell only that there are some. */
const USUAL_GROUPS = 8;

/** @throws InputError `DMPO_WEIGHTS` naming `source` if these are not the weights of a U-Net on low-dimensional observations. */
export function inferUnet(shapes: Shapes, prefix: string, source: string): InferredNetwork {
  refuseVision(shapes, source);
  const { features, ...rest } = inferBlocks(shapes, prefix, source);
  return { ...rest, stateSize: rest.stateSize ?? features };
}

/** The same but for what the encoder is: the width of `features` that blocks read besides the step, and the state's with `cond_mlp`. */
export function inferBlocks(shapes: Shapes, prefix: string, source: string) {
  const expected =
    "the weights of a U-Net on low-dimensional observations (time_mlp, mid_modules, down_modules, up_modules, final_conv)";
  const { shape, has } = shapesBelow(shapes, prefix, source, expected);
  const [actionDim, dim] = shape("final_conv.1.weight") as [number, number];
  const first = "down_modules.0.0";
  const [, , kernelSize] = shape(`${first}.blocks.0.block.0.weight`) as [number, number, number];
  const [embedded, diffusionStepEmbedDim] = shape("time_mlp.1.weight") as [number, number];
  const isSmall = has(`${first}.cond_encoder.1.weight`);
  const [modulation, features] = shape(`${first}.cond_encoder.${isSmall ? 1 : 0}.weight`) as [number, number];

  const dimMults: number[] = [];
  while (has(`down_modules.${dimMults.length}.0.blocks.0.block.0.weight`)) {
    const [channels] = shape(`down_modules.${dimMults.length}.0.blocks.0.block.0.weight`) as [number];
    dimMults.push(channels / dim);
  }
  if (embedded !== 4 * diffusionStepEmbedDim || dimMults[0] !== 1) {
    const wrong = `has time_mlp of ${embedded} by ${diffusionStepEmbedDim} and ${dim} channels at the end of ${dimMults.map((multiple) => multiple * dim).join(", ")}`;
    fail(
      "DMPO_WEIGHTS",
      source,
      wrong,
      "4 times the width inside the embedding, and as many channels at the end as at first",
    );
  }

  const condMlpDims: number[] = [];
  if (has("cond_mlp.layers.0.weight")) {
    const [hidden] = shape("cond_mlp.layers.0.weight") as [number];
    let blocks = 0;
    while (has(`cond_mlp.layers.${blocks + 1}.l1.weight`)) blocks++;
    const [output] = shape(`cond_mlp.layers.${blocks + 1}.weight`) as [number];
    condMlpDims.push(...Array.from({ length: 2 * blocks + 1 }, () => hidden), output);
  }
  const isEncoded = condMlpDims.length > 0;
  return {
    chunk: { actionDim },
    stateSize: isEncoded ? shape("cond_mlp.layers.0.weight")[1]! : undefined,
    features: features - diffusionStepEmbedDim,
    options: {
      ...{ diffusionStepEmbedDim, dim, dimMults, kernelSize },
      nGroups: has(`${first}.blocks.0.block.2.weight`) ? USUAL_GROUPS : null,
      smallerEncoder: isSmall && !isEncoded,
      condPredictScale: modulation === 2 * dim,
      condMlpDims: isEncoded ? condMlpDims : null,
    },
  };
}
