// ShortCutFlowViT: velocity s(x, t, d | pictures, state) of an action chunk for steps of size d. The state may pass a network of
// its own; it and what the cameras saw become as wide as the embedding of t and d, which they are combined with.
import { z } from "zod";
import { tf } from "../engine/tensor.js";
import { flowHeadOptions } from "./head.js";
import { linear } from "./linear.js";
import { mlp } from "./mlp.js";
import type { Encoder, InferredNetwork, NetworkFamily, Shapes } from "./network.js";
import { weightsOf } from "./shapes.js";
import { shortcutMlpOptions, shortcutNetwork, type ShortcutNetwork } from "./shortcut-mlp.js";
import {
  headOf,
  inferVision,
  optionSizes,
  passingVisionOptions,
  visionEncoder,
  visionOptions,
  visionSizes,
} from "./vision-encoder.js";

export const shortcutVitOptions = z.strictObject({
  ...shortcutMlpOptions.shape,
  condMlpDims: flowHeadOptions.condMlpDims.describe(
    "widths of the network of the state; null leaves the state as it is",
  ),
  ...visionOptions,
});
type ShortcutVitOptions = z.output<typeof shortcutVitOptions>;

/** Builds the network; `prefix` starts every parameter name. @throws InputError for pictures that the convolutions do not divide. */
export function shortcutVit(input: z.input<typeof shortcutVitOptions>, prefix = ""): ShortcutNetwork {
  const options = shortcutVitOptions.parse(input);
  return shortcutNetwork(headOf(options), conditionEncoder(options, prefix), "td_emb", prefix);
}

/** [pictures, state], as it is for "concate", else through two linear maps. */
function conditionEncoder(options: ShortcutVitOptions, prefix: string): Encoder {
  const { condDim, condMlpDims, tdEmbDim, embedCombinationType, activationType: activation } = options;
  const eyes = visionEncoder(options, optionSizes(options), prefix);
  const visual = eyes.width - condDim;
  const state = condMlpDims && mlp(`${prefix}prop_emb`, [condDim, ...condMlpDims], { activation });
  const width = visual + (condMlpDims?.at(-1) ?? condDim);
  const maps =
    embedCombinationType === "concate"
      ? []
      : [linear(`${prefix}cond_embed.0`, width, 2 * tdEmbDim), linear(`${prefix}cond_embed.2`, 2 * tdEmbDim, tdEmbDim)];
  return {
    ...eyes,
    parameters: [...(state ? [state] : []), eyes, ...maps].flatMap(({ parameters }) => parameters),
    width: maps.length > 0 ? tdEmbDim : width,
    apply(weights, observation) {
      const seen = eyes.apply(weights, observation);
      const [pictures, rows] = tf.split(seen, [visual, condDim], 1) as [tf.Tensor2D, tf.Tensor2D];
      const all = state ? tf.concat2d([pictures, state.apply(weights, rows)], 1) : seen;
      return maps.reduce((x, map, i) => map.apply(weights, i > 0 ? tf.relu(x) : x), all);
    },
  };
}

/** {@link shortcutVit} as a policy lists it. */
export const shortcutVitFamily: NetworkFamily<ShortcutNetwork> = {
  options: shortcutVitOptions,
  untold: ["activationType", "outActivationType", "embedCombinationType", ...passingVisionOptions],
  training: passingVisionOptions,
  sizes: visionSizes,
  build: (options, prefix) => shortcutVit(options as ShortcutVitOptions, prefix),
  infer: inferShortcutVit,
  changeable: () => passingVisionOptions,
};

/** Sums and products look the same in weights, so `embedCombinationType` is told only where both stand side by side. */
function inferShortcutVit(shapes: Shapes, prefix: string, source: string): InferredNetwork {
  const seen = inferVision(shapes, prefix, source);
  const { matrix, read } = weightsOf(shapes, prefix, source, {
    encoder: "prop_emb",
    head: "vel_head",
    embeddings: ["td_emb"],
  });
  const tdEmbDim = matrix("td_emb.0").outputs;
  const { headInputs, chunkSize, stateSize, options } = read();
  const isConcatenated = !shapes.has(`${prefix}cond_embed.0.weight`);
  const condition = isConcatenated ? headInputs - chunkSize - tdEmbDim : matrix("cond_embed.0").inputs;
  return {
    chunk: { size: chunkSize },
    stateSize: stateSize ?? seen.stateSize ?? condition - seen.width,
    rgb: seen.rgb,
    options: { tdEmbDim, ...(isConcatenated && { embedCombinationType: "concate" }), ...options, ...seen.options },
  };
}
