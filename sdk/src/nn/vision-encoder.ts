// What a policy sees of pictures and the state: cameras through a vision transformer, tokens compressed to one vector per camera,
// the state beside them. Pictures stay bytes until here; while a policy learns, they are moved at random (Laskin et al. 2020).
import { z } from "zod";
import type { ParameterSpec } from "../engine/parameters.js";
import { normal } from "../engine/parameters.js";
import { shifted } from "../engine/operations.js";
import { tf, type Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { count } from "../options.js";
import type { Space } from "../space.js";
import { dropout, dropoutRate, maskDraw, type Mask, type TrainingDraw } from "./dropout.js";
import { sizeOptions, stateSizes } from "./head.js";
import { layerNorm, linear } from "./linear.js";
import { weight } from "./module.js";
import type { Encoder, Gaze, Observation, PictureShape, Shapes } from "./network.js";
import { backboneOptions, pixelsFor, visionTransformer, type BackboneOptions } from "./vision-transformer.js";
import { shapesBelow } from "./weight-shapes.js";

/** Pixels by which pictures move at most, in each direction. */
export const SHIFT = 4;

/** Sizes that follow from the data or the environment. */
export const pictureSizes = {
  imgCondSteps: count.describe("pictures Ti in the history, the present one among them"),
  imgChannels: count.describe("channels of a picture, 3 per camera"),
  imgSize: count.describe("pixels in width and height"),
};

/** Marks options as without effect where no pictures are seen. */
export function ofPictures<T extends z.ZodRawShape>(options: T): T {
  const marked = Object.entries(options).map(([name, schema]) => [
    name,
    (schema as z.ZodType).meta({ ofPictures: true }),
  ]);
  return Object.fromEntries(marked) as T;
}

export const eyeOptions = {
  backbone: backboneOptions.prefault({}).describe("vision transformer"),
  spatialEmb: z
    .int()
    .nonnegative()
    .default(128)
    .describe("width of what a camera's tokens become, by learned weights for each place; 0: by one dense map"),
  visualFeatureDim: count.default(128).describe("width of what that dense map makes of them"),
};

/** What networks that see have besides those of their kind. */
export const lookOptions = {
  ...eyeOptions,
  numImg: count.default(1).describe("cameras that are looked at one by one, with the same vision transformer"),
  augment: z.boolean().default(true).describe("move pictures at random while learning from demonstrations"),
  dropout: dropoutRate,
};
/** They, with the sizes that follow from what is seen. */
export const visionOptions = { ...lookOptions, ...sizeOptions, ...pictureSizes };
/** Of networks that look at all cameras at once. */
export const stackedVisionOptions = {
  ...visionOptions,
  numImg: visionOptions.numImg.unwrap().default(1).describe("cameras, as channels of one picture: without effect"),
  dropout: dropoutRate.unwrap().default(0.1).describe(dropoutRate.description!),
};
export type VisionOptions = z.output<z.ZodObject<typeof visionOptions>>;

/** Options that leave no trace in weights, and may change while these stay. */
export const passingVisionOptions = ["augment", "dropout"] as const;

/** A network's options as its head takes them: dropout is the encoder's. */
export const headOf = <T extends object>(options: T): T & { readonly dropout: 0 } => ({ ...options, dropout: 0 });

/** @throws InputError `DMPO_NETWORK` where there are no pictures. */
export function visionSizes(space: Space): Record<string, number> {
  const [imgCondSteps, imgChannels, height] = picturesOf(space);
  return { ...stateSizes(space), imgCondSteps, imgChannels, imgSize: height };
}

function picturesOf({ rgb }: Pick<Space, "rgb">): PictureShape {
  if (rgb) return rgb as PictureShape;
  const remedy = "choose a network for states, or data and environments with pictures";
  return fail(
    "DMPO_NETWORK",
    "network",
    "looks at pictures, and there are none",
    "observations { state, rgb }",
    remedy,
  );
}

/** Tokens (B, P, E) with the state (B, S) to rows (B, width). */
interface Compressor {
  readonly parameters: readonly ParameterSpec[];
  readonly masks: readonly Mask[];
  apply(weights: Weights, tokens: tf.Tensor3D, state: tf.Tensor2D): tf.Tensor2D;
  /** Weights of each place for each number that comes out: (outputs, P). */
  spatial?(weights: Weights): tf.Tensor2D;
}

export type EyeOptions = Pick<VisionOptions, "backbone" | "spatialEmb" | "visualFeatureDim"> & {
  readonly numImg: number;
  readonly dropout: number;
  readonly augment: boolean;
};

/** What a {@link visionEncoder} reads. */
export interface SeenSizes {
  readonly rgb: PictureShape;
  /** Numbers To x Do. */
  readonly stateSize: number;
}

/** They, of an observation space. @throws InputError `DMPO_NETWORK` where there are no pictures. */
export const seenSizes = (space: Pick<Space, "state" | "rgb">): SeenSizes => ({
  rgb: picturesOf(space),
  stateSize: space.state[0] * space.state[1],
});

/** They, of a network's options. */
export const optionSizes = ({ imgCondSteps, imgChannels, imgSize, condDim }: VisionOptions): SeenSizes => ({
  rgb: [imgCondSteps, imgChannels, imgSize, imgSize],
  stateSize: condDim,
});

/**
 * Features [cameras, state] (B, C). Parameters `<prefix>backbone.vit.*`, which all cameras share, and `<prefix>compress.*`, with
 * several `compress1.*`, `compress2.*`, ..., which start alike.
 *
 * @param eyes with numImg cameras that are looked at one by one: channels are theirs in order; frames become channels.
 * @throws InputError for pictures that do not divide.
 */
export function visionEncoder(eyes: EyeOptions, { rgb, stateSize }: SeenSizes, prefix = ""): Encoder {
  const [frames, channels, size, width] = rgb;
  const { numImg: cameras, augment } = eyes;
  if (channels % cameras !== 0 || size !== width) {
    const expected = `square pictures of a multiple of ${cameras} channels (numImg)`;
    fail("DMPO_NETWORK", "pictures", `have ${channels} x ${size} x ${width} values`, expected);
  }
  const own = channels / cameras;
  const vit = visionTransformer(`${prefix}backbone.vit`, frames * own, size, eyes.backbone);
  const names = cameras === 1 ? ["compress"] : Array.from({ length: cameras }, (_, i) => `compress${i + 1}`);
  const compressors = names
    .map((name) => compressor(`${prefix}${name}`, vit.tokens, vit.width, stateSize, eyes))
    .map((each, _, [first]) => ({ ...each, parameters: startingAs(first!.parameters, each.parameters) }));
  const shifts = names.map((_, i) => `${prefix}shift${cameras === 1 ? "" : i + 1}`);
  const moves = shifts.map((name): TrainingDraw => ({ name, shape: [2], fill: fillShifts }));
  /** What a camera saw, (B, Ti C, H, W), moved where the table of weights says so. */
  const view = (weights: Weights, pictures: tf.Tensor, i: number): tf.Tensor4D => {
    const [batch] = pictures.shape as [number];
    const all = pictures.reshape([batch, frames, cameras, own, size, size]);
    const seen = cameras === 1 ? all : all.slice([0, 0, i], [batch, frames, 1]);
    const picture = seen.reshape<tf.Tensor4D>([batch, frames * own, size, size]);
    const offsets = weights[shifts[i]!] as tf.Tensor2D | undefined;
    return (offsets ? shifted(picture, offsets, SHIFT) : picture).cast("float32");
  };
  /** What the transformer reads, (V B, Ti C, H, W), camera by camera. */
  const viewsOf = (weights: Weights, { rgb: pictures }: Observation): tf.Tensor4D => {
    const seen = pictures ?? fail("DMPO_NETWORK", "observation", "has no pictures", "rgb beside the state");
    const views = names.map((_, i) => view(weights, seen, i));
    return cameras === 1 ? views[0]! : tf.concat4d(views, 0);
  };
  const isSpatial = eyes.spatialEmb > 0;
  const spatial = (weights: Weights) =>
    tf.stack(compressors.map((each) => each.spatial!(weights))) as unknown as tf.Tensor3D;
  const gaze: Gaze = {
    ...{ cameras, layers: eyes.backbone.depth, patch: vit.patch },
    attention: (weights, observation, layer) => vit.shares(weights, viewsOf(weights, observation), layer),
    ...(isSpatial && { spatial }),
  };
  return {
    ...{ rgb, stateSize, gaze },
    parameters: [vit, ...compressors].flatMap(({ parameters }) => parameters),
    width: cameras * (eyes.spatialEmb || eyes.visualFeatureDim) + stateSize,
    training: [...(augment ? moves : []), ...compressors.flatMap(({ masks }) => masks.map(maskDraw))],
    apply(weights, observation) {
      const state = observation.state.reshape<tf.Tensor2D>([-1, stateSize]);
      const tokens = vit.apply(weights, viewsOf(weights, observation));
      const rows = tokens.shape[0] / cameras;
      const features = compressors.map((each, i) =>
        each.apply(weights, cameras === 1 ? tokens : tokens.slice([i * rows], [rows]), state),
      );
      return tf.concat2d([...features, state], 1);
    },
  };
}

const startingAs = (first: readonly ParameterSpec[], own: readonly ParameterSpec[]): readonly ParameterSpec[] =>
  first === own ? own : own.map((spec, i) => ({ ...spec, startsAs: first[i]!.name }));

/** Whole numbers from 0 to 2 {@link SHIFT}. */
export function fillShifts(out: Float32Array, random: { uniform(out: Float32Array): Float32Array }): void {
  random.uniform(out);
  for (let i = 0; i < out.length; i++) out[i] = Math.floor(out[i]! * (2 * SHIFT + 1));
}

function compressor(name: string, tokens: number, width: number, stateSize: number, eyes: EyeOptions): Compressor {
  const { spatialEmb, visualFeatureDim, dropout: rate } = eyes;
  return spatialEmb > 0
    ? spatialEmbedding(name, tokens, width, stateSize, spatialEmb, rate)
    : denseCompression(name, tokens * width, visualFeatureDim, rate);
}

/** For every feature of a token: its values at all places and the state to `outputs` numbers, weighted and summed. */
function spatialEmbedding(
  name: string,
  tokens: number,
  width: number,
  stateSize: number,
  outputs: number,
  rate: number,
): Compressor {
  const project = linear(`${name}.input_proj.0`, tokens + stateSize, outputs);
  const norm = layerNorm(`${name}.input_proj.1`, outputs, 1e-5);
  const dropped = dropout(name, [outputs], rate);
  return {
    parameters: [
      { name: `${name}.weight`, shape: [1, width, outputs], initialise: normal(1) },
      ...[project, norm].flatMap(({ parameters }) => parameters),
    ],
    masks: dropped.masks,
    spatial: (weights) => weight<tf.Tensor2D>(weights, `${name}.input_proj.0.weight`).slice([0, 0], [outputs, tokens]),
    apply(weights, seen, state) {
      const matrix = weight<tf.Tensor2D>(weights, `${name}.input_proj.0.weight`);
      // The state is the same for all features, so that its part of the map is computed once.
      const places = seen.transpose<tf.Tensor3D>([0, 2, 1]).reshape<tf.Tensor2D>([-1, tokens]);
      const ofPlaces = tf.matMul(places, matrix.slice([0, 0], [outputs, tokens]), false, true);
      const ofState: tf.Tensor2D = tf
        .matMul(state, matrix.slice([0, tokens], [outputs, stateSize]), false, true)
        .add(weight(weights, `${name}.input_proj.0.bias`));
      const projected = ofPlaces
        .reshape<tf.Tensor3D>([-1, width, outputs])
        .add(ofState.expandDims(1))
        .reshape<tf.Tensor2D>([-1, outputs]);
      const kept = tf.relu(norm.apply(weights, projected)).reshape<tf.Tensor3D>([-1, width, outputs]);
      return dropped.apply(weights, kept.mul(weight(weights, `${name}.weight`)).sum<tf.Tensor2D>(1));
    },
  };
}

function denseCompression(name: string, inputs: number, outputs: number, rate: number): Compressor {
  const [map, norm] = [linear(`${name}.0`, inputs, outputs), layerNorm(`${name}.1`, outputs, 1e-5)];
  const dropped = dropout(name, [outputs], rate);
  return {
    parameters: [map, norm].flatMap(({ parameters }) => parameters),
    masks: dropped.masks,
    apply(weights, seen) {
      const rows = map.apply(weights, seen.reshape<tf.Tensor2D>([-1, inputs]));
      return tf.relu(dropped.apply(weights, norm.apply(weights, rows)));
    },
  };
}

/**
 * What weights tell of a vision encoder; frames and channels cannot be told apart, and are taken for one frame.
 *
 * @throws InputError `DMPO_WEIGHTS` naming `source` if there is none.
 */
export function inferVision(
  shapes: Shapes,
  prefix: string,
  source: string,
): {
  readonly rgb: PictureShape;
  /** Numbers To x Do of the observation history, where weights of the encoder tell. */
  readonly stateSize: number | undefined;
  /** Width of what it makes of pictures. */
  readonly width: number;
  readonly options: { readonly backbone: Partial<BackboneOptions> } & Record<string, unknown>;
} {
  const expected = "the weights of a network that sees (backbone.vit, compress)";
  const { shape, has } = shapesBelow(shapes, prefix, source, expected);
  const [, tokens, embedDim] = shape("backbone.vit.pos_embed") as [number, number, number];
  const embedStyle = has("backbone.vit.patch_embed.conv.weight") ? "embed1" : "embed2";
  const first = embedStyle === "embed1" ? "patch_embed.conv" : "patch_embed.embed.0";
  const [, seen] = shape(`backbone.vit.${first}.weight`) as [number, number];
  let depth = 0;
  while (has(`backbone.vit.net.${depth}.linear1.weight`)) depth++;
  let cameras = 0;
  while (has(`compress${cameras + 1}.weight`) || has(`compress${cameras + 1}.0.weight`)) cameras++;
  const name = cameras > 0 ? "compress1" : "compress";
  const isSpatial = has(`${name}.input_proj.0.weight`);
  const [outputs, inputs] = shape(isSpatial ? `${name}.input_proj.0.weight` : `${name}.0.weight`) as [number, number];
  const size = pixelsFor(Math.sqrt(tokens), embedStyle);
  const numImg = Math.max(1, cameras);
  return {
    stateSize: isSpatial ? inputs - tokens : undefined,
    rgb: [1, seen * numImg, size, size],
    width: numImg * outputs,
    options: {
      backbone: { depth, embedDim, embedStyle, embedNorm: Number(has("backbone.vit.patch_embed.embed.1.weight")) },
      numImg,
      ...(isSpatial ? { spatialEmb: outputs } : { spatialEmb: 0, visualFeatureDim: outputs }),
    },
  };
}
