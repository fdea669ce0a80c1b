// Gaussian_Transformer: mean and standard deviation of an action chunk, action by action from a transformer.
import { z } from "zod";
import type { tf } from "../engine/tensor.js";
import { changeableDeviation, sharedDeviation, stateLogStd } from "./deviation.js";
import { refuse } from "./gaussian-mlp-shapes.js";
import type { GaussianNetwork } from "./gaussian-network.js";
import { stateSizes } from "./head.js";
import { stateEncoder, type NetworkFamily } from "./network.js";
import { inferTransformer, transformer, transformerOptions, untoldOfTransformers } from "./transformer.js";

export const gaussianTransformerOptions = z.strictObject(transformerOptions);
type GaussianTransformerOptions = z.output<typeof gaussianTransformerOptions>;

/** Builds the network; `prefix` starts every parameter name, e.g. "network.". @throws InputError, see `transformer`. */
export function gaussianTransformer(input: z.input<typeof gaussianTransformerOptions>, prefix = ""): GaussianNetwork {
  const options = gaussianTransformerOptions.parse(input);
  const { horizonSteps, actionDim, condDim } = options;
  const encoder = stateEncoder("", condDim, null, "Identity");
  const shared = sharedDeviation(prefix, [actionDim], options);
  const body = transformer(`${prefix}transformer`, options, shared ? actionDim : 2 * actionDim);
  return {
    parameters: [...(shared?.parameters ?? []), ...body.parameters],
    ...{ horizonSteps, actionDim, encoder, masks: body.masks },
    distribution(weights, condition) {
      const chunk = body.apply(weights, condition).outputs.reshape([-1, horizonSteps, shared ? 1 : 2, actionDim]);
      const part = (i: number): tf.Tensor3D =>
        chunk.slice([0, 0, i], [-1, -1, 1]).reshape([-1, horizonSteps, actionDim]);
      const mean = part(0).tanh();
      const logStd = shared ? shared.logStd(weights).broadcastTo(mean.shape) : stateLogStd(part(1), options);
      return { mean, logStd: logStd as tf.Tensor3D };
    },
  };
}

/** {@link gaussianTransformer} as a policy lists it. */
export const gaussianTransformerFamily: NetworkFamily<GaussianNetwork> = {
  options: gaussianTransformerOptions,
  untold: untoldOfTransformers,
  sizes: stateSizes,
  build: (options, prefix) => gaussianTransformer(options as GaussianTransformerOptions, prefix),
  infer(shapes, prefix, source, scalars = new Map()) {
    const modes = `${prefix}modes_head.weight`;
    if (shapes.has(modes)) refuse(shapes, modes, source, "a Gaussian transformer");
    return inferTransformer(shapes, prefix, source, scalars, 1);
  },
  changeable: (now, wanted) => ["dropout", ...changeableDeviation(now, wanted)],
};
