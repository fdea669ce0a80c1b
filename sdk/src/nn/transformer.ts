// The transformer of Gaussian and GMM policies: learned queries, one per action of the chunk, attend to each other and to the
// observation, which is one token. Vaswani et al. 2017; layers normalise first, as in Xiong et al. 2020, fig. 1b.
import type { z } from "zod";
import type { ParameterSpec } from "../engine/parameters.js";
import { tf, type Weights } from "../engine/tensor.js";
import { count } from "../options.js";
import { activations } from "./activations.js";
import { attention, transformerStart } from "./attention.js";
import { deviationOptions, stdMap, storedRange } from "./deviation.js";
import { dropout, dropoutRate, type Mask } from "./dropout.js";
import { reader, refuse, USUAL_STD } from "./gaussian-mlp-shapes.js";
import { sizeOptions } from "./head.js";
import { layerNorm, linear } from "./linear.js";
import { weight } from "./module.js";
import type { InferredNetwork, Shapes } from "./network.js";

export const transformerOptions = {
  ...sizeOptions,
  transformerEmbedDim: count.default(256).describe("width E of a token, a multiple of the heads"),
  transformerNumHeads: count.default(8).describe("heads of attention"),
  transformerNumLayers: count.default(6).describe("layers of the decoder"),
  dropout: dropoutRate,
  ...deviationOptions,
  stdMap,
};
export type TransformerOptions = z.output<z.ZodObject<typeof transformerOptions>>;

/** Options that leave no trace in weights. */
export const untoldOfTransformers = ["transformerNumHeads", "dropout", "fixedStd"];

export interface Transformer {
  readonly parameters: readonly ParameterSpec[];
  readonly masks: readonly Mask[];
  /** Features (B Ta, E) of every action of a chunk and what the head makes of them (B Ta, outputs), for condition encodings (B, C). */
  apply(weights: Weights, condition: tf.Tensor2D): { features: tf.Tensor2D; outputs: tf.Tensor2D };
}

/** Parameters are called `<name>.*`; `outputs` numbers per action. @throws InputError if the heads do not divide the width. */
export function transformer(name: string, options: TransformerOptions, outputs: number): Transformer {
  const { horizonSteps: tokens, condDim, transformerEmbedDim: width, dropout: rate } = options;
  const { cond_pos_emb, pos_emb } = { cond_pos_emb: `${name}.cond_pos_emb`, pos_emb: `${name}.pos_emb` };
  const observe = linear(`${name}.cond_obs_emb`, condDim, width, transformerStart);
  const encode = [
    linear(`${name}.encoder.0`, width, 4 * width, transformerStart),
    linear(`${name}.encoder.2`, 4 * width, width, transformerStart),
  ] as const;
  const layers = Array.from({ length: options.transformerNumLayers }, (_, i) =>
    decoderLayer(`${name}.decoder.layers.${i}`, options),
  );
  const [norm, head] = [
    layerNorm(`${name}.ln_f`, width, 1e-5),
    linear(`${name}.head`, width, outputs, transformerStart),
  ];
  const [memoryDrop, queryDrop] = [dropout(cond_pos_emb, [width], rate), dropout(pos_emb, [tokens, width], rate)];
  const initialise = transformerStart.weight;
  return {
    parameters: [
      { name: cond_pos_emb, shape: [1, 1, width], initialise },
      { name: pos_emb, shape: [1, tokens, width], initialise },
      ...[observe, ...encode, ...layers, norm, head].flatMap(({ parameters }) => parameters),
    ],
    masks: [memoryDrop, queryDrop, ...layers].flatMap(({ masks }) => masks),
    apply(weights, condition) {
      const observed = observe
        .apply(weights, condition)
        .add<tf.Tensor2D>(weight(weights, cond_pos_emb).reshape([width]));
      const [widen, narrow] = encode;
      const token = memoryDrop.apply(weights, observed);
      const memory = narrow.apply(weights, activations.Mish(widen.apply(weights, token)));
      const queries = tf.tile(weight<tf.Tensor3D>(weights, pos_emb), [condition.shape[0], 1, 1]);
      const start = queryDrop.apply(weights, queries.reshape<tf.Tensor2D>([-1, width]));
      const decoded = layers.reduce((x, layer) => layer.apply(weights, x, memory), start);
      const features = norm.apply(weights, decoded);
      return { features, outputs: head.apply(weights, features) };
    },
  };
}

function decoderLayer(name: string, options: TransformerOptions) {
  const { horizonSteps: tokens, transformerEmbedDim: width, transformerNumHeads: heads, dropout: rate } = options;
  const sizes = { width, heads, tokens, dropout: rate };
  const self = attention(`${name}.self_attn`, { ...sizes, memoryTokens: tokens });
  const cross = attention(`${name}.multihead_attn`, { ...sizes, memoryTokens: 1 });
  const widen = linear(`${name}.linear1`, width, 4 * width, transformerStart);
  const narrow = linear(`${name}.linear2`, 4 * width, width, transformerStart);
  const [norm1, norm2, norm3] = [1, 2, 3].map((i) => layerNorm(`${name}.norm${i}`, width, 1e-5));
  const [drop1, drop2, drop3] = [1, 2, 3].map((i) => dropout(`${name}.branch${i}`, [tokens, width], rate));
  const inner = dropout(`${name}.linear1`, [tokens, 4 * width], rate);
  return {
    parameters: [self, cross, widen, narrow, norm1!, norm2!, norm3!].flatMap(({ parameters }) => parameters),
    masks: [self, drop1!, cross, drop2!, inner, drop3!].flatMap(({ masks }) => masks),
    /** Tokens x (B Ta, E), memory (B, E). */
    apply(weights: Weights, x: tf.Tensor2D, memory: tf.Tensor2D): tf.Tensor2D {
      const among = norm1!.apply(weights, x);
      const first = x.add<tf.Tensor2D>(drop1!.apply(weights, self.apply(weights, among, among)));
      const seen = cross.apply(weights, norm2!.apply(weights, first), memory);
      const second = first.add<tf.Tensor2D>(drop2!.apply(weights, seen));
      const wide = activations.GELU(widen.apply(weights, norm3!.apply(weights, second)));
      const changed = narrow.apply(weights, inner.apply(weights, wide));
      return second.add<tf.Tensor2D>(drop3!.apply(weights, changed));
    },
  };
}

/**
 * What weights tell of such a network, whose deviation is taken to be fixed and whose heads to be 4, as the released
 * configurations have it.
 *
 * @param modes components K of a mixture, which the head's outputs are divided among; 1 for a Gaussian.
 * @throws InputError `DMPO_WEIGHTS` naming `source` if these are not the weights of a transformer.
 */
export function inferTransformer(
  shapes: Shapes,
  prefix: string,
  source: string,
  scalars: ReadonlyMap<string, number>,
  modes: number,
): InferredNetwork {
  const read = reader(shapes, `${prefix}transformer.`);
  const [positions, observe, head] = [read.shape("pos_emb"), read.matrix("cond_obs_emb"), read.matrix("head")];
  if (positions?.length !== 3 || !observe || !head) refuse(shapes, undefined, source, "a transformer (transformer.*)");
  let layers = 0;
  while (read.has(`decoder.layers.${layers}.linear1.weight`)) layers++;
  return {
    chunk: { size: (positions[1]! * head[0]) / modes },
    stateSize: observe[1],
    options: {
      transformerEmbedDim: observe[0],
      transformerNumHeads: 4,
      transformerNumLayers: layers,
      fixedStd: USUAL_STD,
      learnFixedStd: shapes.has(`${prefix}logvar`),
      ...storedRange(scalars, prefix),
    },
  };
}
