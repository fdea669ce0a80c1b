// GMM_Transformer: a mixture of Gaussians over an action chunk. The transformer gives every action's means in all components;
// the components' weights are read off all actions together.
import { z } from "zod";
import { type tf } from "../engine/tensor.js";
import { count } from "../options.js";
import { changeableDeviation, sharedDeviation, stateLogStd } from "./deviation.js";
import { refuse } from "./gaussian-mlp-shapes.js";
import type { MixtureNetwork } from "./gaussian-network.js";
import { stateSizes } from "./head.js";
import { linear } from "./linear.js";
import { stateEncoder, type NetworkFamily } from "./network.js";
import { inferTransformer, transformer, transformerOptions, untoldOfTransformers } from "./transformer.js";

export const gmmTransformerOptions = z.strictObject({
  ...transformerOptions,
  numModes: count.default(5).describe("components of the mixture"),
});
type GmmTransformerOptions = z.output<typeof gmmTransformerOptions>;

/** Builds the network; `prefix` starts every parameter name, e.g. "network.". @throws InputError, see `transformer`. */
export function gmmTransformer(input: z.input<typeof gmmTransformerOptions>, prefix = ""): MixtureNetwork {
  const options = gmmTransformerOptions.parse(input);
  const { horizonSteps, actionDim, condDim, numModes, transformerEmbedDim } = options;
  const encoder = stateEncoder("", condDim, null, "Identity");
  const shared = sharedDeviation(prefix, [numModes, 1, actionDim], options);
  const parts = shared ? 1 : 2;
  const body = transformer(`${prefix}transformer`, options, parts * numModes * actionDim);
  const features = horizonSteps * transformerEmbedDim;
  const logits = linear(`${prefix}modes_head`, features, numModes);
  return {
    parameters: [...(shared?.parameters ?? []), ...body.parameters, ...logits.parameters],
    ...{ horizonSteps, actionDim, encoder, modes: numModes, masks: body.masks },
    mixture(weights, condition) {
      const decoded = body.apply(weights, condition);
      const numbers = decoded.outputs.reshape([-1, horizonSteps, parts * numModes, actionDim]);
      const chunks = (i: number): tf.Tensor4D =>
        numbers.slice([0, 0, i * numModes], [-1, -1, numModes]).transpose([0, 2, 1, 3]);
      const means = chunks(0).tanh<tf.Tensor4D>();
      const logStds = shared ? shared.logStd(weights).broadcastTo(means.shape) : stateLogStd(chunks(1), options);
      return {
        logits: logits.apply(weights, decoded.features.reshape<tf.Tensor2D>([-1, features])),
        means,
        logStds: logStds as tf.Tensor4D,
      };
    },
  };
}

/** {@link gmmTransformer} as a policy lists it. */
export const gmmTransformerFamily: NetworkFamily<MixtureNetwork> = {
  options: gmmTransformerOptions,
  untold: untoldOfTransformers,
  sizes: stateSizes,
  build: (options, prefix) => gmmTransformer(options as GmmTransformerOptions, prefix),
  infer(shapes, prefix, source, scalars = new Map()) {
    const [numModes] = shapes.get(`${prefix}modes_head.weight`) ?? [];
    if (numModes === undefined) refuse(shapes, undefined, source, "a GMM transformer (transformer.*, modes_head)");
    const { options, ...sizes } = inferTransformer(shapes, prefix, source, scalars, numModes);
    return { ...sizes, options: { numModes, ...options } };
  },
  changeable: (now, wanted) => ["dropout", ...changeableDeviation(now, wanted)],
};
