// A small vision transformer: pictures to tokens by two convolutions, then layers of self-attention. Dosovitskiy et al. 2021
// (arXiv 2010.11929) with the convolutional stem of Xiao et al. 2021 (arXiv 2106.14881); layers normalise first.
import { z } from "zod";
import { normal, ones, torchLinear, zeros, type ParameterSpec } from "../engine/parameters.js";
import { conv2d, groupNormalized } from "../engine/operations.js";
import { tf, type Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { count } from "../options.js";
import { activations } from "./activations.js";
import { attention, INITIAL_STD, transformerStart } from "./attention.js";
import { layerNorm, linear } from "./linear.js";
import { weight } from "./module.js";

export const backboneOptions = z.strictObject({
  depth: count.default(1).describe("layers of self-attention"),
  embedDim: count.default(128).describe("width of a token, a multiple of the heads"),
  numHeads: count.default(4).describe("heads of attention"),
  embedStyle: z
    .enum(["embed1", "embed2"])
    .default("embed2")
    .describe("tokens by one convolution (8 x 8 pixels each), or by two (overlapping patches)"),
  embedNorm: z.int().min(0).max(1).default(0).describe("1: embed2 normalises between its convolutions"),
  patchSize: z.int().positive().default(8).describe("without effect, as in the reference: patches have 8 x 8 pixels"),
});
export type BackboneOptions = z.output<typeof backboneOptions>;

/** Pictures (B, C, H, W), 0 to 255, to tokens (B, P, E). */
export interface VisionTransformer {
  readonly parameters: readonly ParameterSpec[];
  /** Tokens P of a picture. */
  readonly tokens: number;
  /** Width E of a token. */
  readonly width: number;
  apply(weights: Weights, pictures: tf.Tensor4D): tf.Tensor3D;
  /** By what shares each token of a layer, counted from 0, weighs the others: (B, heads, P, P), the last axis summing to 1. */
  shares(weights: Weights, pictures: tf.Tensor4D, layer: number): tf.Tensor4D;
  /** Pixels that a token reads, square, and from one token to the next. */
  readonly patch: Patch;
}

/** What a token reads of a picture. */
export interface Patch {
  /** Pixels in width and height. */
  readonly size: number;
  /** Pixels from one patch to the next. */
  readonly stride: number;
}

/** The convolutions of each style: kernel, stride. */
const stems = {
  embed1: [[8, 8]],
  embed2: [
    [8, 4],
    [3, 2],
  ],
} as const;

/** Pixels of the picture whose convolutions leave `extent` x `extent` tokens. */
export const pixelsFor = (extent: number, style: BackboneOptions["embedStyle"]): number =>
  stems[style].reduceRight((size: number, [kernel, stride]) => (size - 1) * stride + kernel, extent);

const patchOf = (style: BackboneOptions["embedStyle"]): Patch => ({
  size: pixelsFor(1, style),
  stride: pixelsFor(2, style) - pixelsFor(1, style),
});

/**
 * Parameters `<name>.pos_embed`, `<name>.patch_embed.*`, `<name>.net.*`, `<name>.norm.*`, for pictures of C x `size` x `size`.
 *
 * @throws InputError for sizes that the convolutions do not divide, or heads that do not divide the width.
 */
export function visionTransformer(
  name: string,
  channels: number,
  size: number,
  options: BackboneOptions,
): VisionTransformer {
  const { depth, embedDim: width, numHeads: heads, embedStyle, embedNorm } = options;
  const extents = stems[embedStyle].reduce(
    (sizes: number[], [kernel, stride]) => [...sizes, (sizes.at(-1)! - kernel) / stride + 1],
    [size],
  );
  if (!extents.every((extent) => Number.isInteger(extent) && extent > 0)) {
    const expected = `a size that its convolutions divide, e.g. ${[3, 7, 11].map((n) => pixelsFor(n, embedStyle)).join(", ")}`;
    fail("DMPO_NETWORK", "pictures", `have ${size} x ${size} pixels, which ${embedStyle} does not divide`, expected);
  }
  const tokens = extents.at(-1)! ** 2;
  const embedded = (place: string, inputs: number, kernel: number) => {
    const initialise = torchLinear(inputs * kernel ** 2);
    const own = `${name}.patch_embed.${place}`;
    return {
      parameters: [
        { name: `${own}.weight`, shape: [width, inputs, kernel, kernel], initialise },
        { name: `${own}.bias`, shape: [width], initialise },
      ],
      apply: (weights: Weights, x: tf.Tensor4D, stride: number): tf.Tensor4D =>
        conv2d(x, weight(weights, `${own}.weight`), { stride }).add(
          weight(weights, `${own}.bias`).reshape([width, 1, 1]),
        ),
    };
  };
  const places = embedStyle === "embed1" ? ["conv"] : ["embed.0", "embed.3"];
  const convolutions = stems[embedStyle].map(([kernel, stride], i) => ({
    ...embedded(places[i]!, i === 0 ? channels : width, kernel),
    stride,
  }));
  const norm = embedStyle === "embed2" && embedNorm ? channelNorm(`${name}.patch_embed.embed.1`, width) : undefined;
  const layers = Array.from({ length: depth }, (_, i) => layer(`${name}.net.${i}`, width, heads, tokens));
  const last = layerNorm(`${name}.norm`, width, 1e-5);
  const positions = `${name}.pos_embed`;
  const [first, ...more] = convolutions;
  /** Tokens (B P, E) that the first layer reads. */
  const embed = (weights: Weights, pictures: tf.Tensor4D): tf.Tensor2D => {
    const pixels: tf.Tensor4D = pictures.mul<tf.Tensor4D>(1 / 255).sub(0.5);
    const maps = convolutions.reduce((x, each, i) => {
      const seen = i > 0 ? tf.relu(norm?.apply(weights, x) ?? x) : x;
      return each.apply(weights, seen, each.stride);
    }, pixels);
    const rows = maps.transpose([0, 2, 3, 1]).reshape<tf.Tensor2D>([-1, tokens * width]);
    const placed = rows.add<tf.Tensor2D>(weight(weights, positions).reshape([tokens * width]));
    return placed.reshape<tf.Tensor2D>([-1, width]);
  };
  return {
    ...{ tokens, width, patch: patchOf(embedStyle) },
    parameters: [
      { name: positions, shape: [1, tokens, width], initialise: normal(INITIAL_STD) },
      ...[first!, ...(norm ? [norm] : []), ...more, ...layers, last].flatMap(({ parameters }) => parameters),
    ],
    apply(weights, pictures) {
      const attended = layers.reduce((x, each) => each.apply(weights, x), embed(weights, pictures));
      return last.apply(weights, attended).reshape([-1, tokens, width]);
    },
    shares(weights, pictures, layer) {
      const before = layers.slice(0, layer).reduce((x, each) => each.apply(weights, x), embed(weights, pictures));
      return layers[layer]!.shares(weights, before);
    },
  };
}

/** GroupNorm with as many groups as channels; `<name>.weight`, `<name>.bias`. */
function channelNorm(name: string, channels: number) {
  return {
    parameters: [
      { name: `${name}.weight`, shape: [channels], initialise: ones },
      { name: `${name}.bias`, shape: [channels], initialise: zeros },
    ],
    apply(weights: Weights, x: tf.Tensor4D): tf.Tensor4D {
      const [batch, , height, width] = x.shape;
      const sequences = x.reshape<tf.Tensor3D>([batch, channels, height * width]).transpose<tf.Tensor3D>([0, 2, 1]);
      return groupNormalized(sequences, channels, 1e-5)
        .mul(weight(weights, `${name}.weight`))
        .add(weight(weights, `${name}.bias`))
        .transpose([0, 2, 1])
        .reshape([batch, channels, height, width]);
    },
  };
}

function layer(name: string, width: number, heads: number, tokens: number) {
  const packed = { weight: "qkv_proj.weight", bias: "qkv_proj.bias" };
  const self = attention(`${name}.mha`, { width, heads, tokens, memoryTokens: tokens, dropout: 0 }, packed);
  const [norm1, norm2] = [1, 2].map((i) => layerNorm(`${name}.layer_norm${i}`, width, 1e-5));
  const widen = linear(`${name}.linear1`, width, 4 * width, transformerStart);
  const narrow = linear(`${name}.linear2`, 4 * width, width, transformerStart);
  return {
    parameters: [norm1!, self, norm2!, widen, narrow].flatMap(({ parameters }) => parameters),
    /** Tokens (B P, E). */
    apply(weights: Weights, x: tf.Tensor2D): tf.Tensor2D {
      const among = norm1!.apply(weights, x);
      const first = x.add<tf.Tensor2D>(self.apply(weights, among, among));
      const wide = activations.GELU(widen.apply(weights, norm2!.apply(weights, first)));
      return first.add(narrow.apply(weights, wide));
    },
    shares(weights: Weights, x: tf.Tensor2D): tf.Tensor4D {
      const among = norm1!.apply(weights, x);
      return self.shares(weights, among, among);
    },
  };
}
