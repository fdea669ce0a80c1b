// GMM_MLP: a mixture of Gaussians over an action chunk from low-dimensional observations. Means, weights and, where they are
// read off the state, deviations come from networks of their own, all of the same style.
import type { z } from "zod";
import { type tf } from "../engine/tensor.js";
import { count } from "../options.js";
import { activations } from "./activations.js";
import { changeableDeviation, sharedDeviation, stateLogStd, stdMap } from "./deviation.js";
import { gaussianMlpOptions } from "./gaussian-mlp.js";
import { inferMixture } from "./gaussian-mlp-shapes.js";
import type { MixtureNetwork } from "./gaussian-network.js";
import { head, stateSizes } from "./head.js";
import { stateEncoder, type NetworkFamily } from "./network.js";

export const gmmMlpOptions = gaussianMlpOptions.extend({
  numModes: count.default(5).describe("components of the mixture"),
  stdMap,
});
type GmmMlpOptions = z.output<typeof gmmMlpOptions>;

/** Builds the network; `prefix` starts every parameter name, e.g. "network.". @throws InputError, see `head`. */
export function gmmMlp(input: z.input<typeof gmmMlpOptions>, prefix = ""): MixtureNetwork {
  const options = gmmMlpOptions.parse(input);
  const { horizonSteps, actionDim, condDim, numModes, mlpDims } = options;
  const encoder = stateEncoder("", condDim, null, options.activationType);
  const squash = activations[options.tanhOutput ? "Tanh" : "Identity"];
  const part = (name: string, outputs: number) => head(`${prefix}${name}`, [condDim, ...mlpDims, outputs], options);
  const size = numModes * horizonSteps * actionDim;
  const chunks = (rows: tf.Tensor): tf.Tensor4D => rows.reshape([-1, numModes, horizonSteps, actionDim]);

  const shared = sharedDeviation(prefix, [numModes, 1, actionDim], options);
  const deviations = shared ? [] : [part("mlp_logvar", size)];
  const [means, logits] = [part("mlp_mean", size), part("mlp_weights", numModes)];
  return {
    parameters: [shared, means, ...deviations, logits].flatMap((module) => module?.parameters ?? []),
    ...{ horizonSteps, actionDim, encoder, modes: numModes },
    masks: [means, ...deviations, logits].flatMap(({ masks }) => masks),
    mixture(weights, condition) {
      const mean = chunks(squash(means.apply(weights, condition)));
      const [learned] = deviations;
      const logStd = learned
        ? chunks(stateLogStd(learned.apply(weights, condition), options))
        : shared!.logStd(weights).broadcastTo(mean.shape);
      return { logits: logits.apply(weights, condition), means: mean, logStds: logStd as tf.Tensor4D };
    },
  };
}

/** {@link gmmMlp} as a policy lists it. */
export const gmmMlpFamily: NetworkFamily<MixtureNetwork> = {
  options: gmmMlpOptions,
  untold: ["activationType", "tanhOutput", "dropout", "fixedStd"],
  sizes: stateSizes,
  build: (options, prefix) => gmmMlp(options as GmmMlpOptions, prefix),
  infer: inferMixture,
  changeable: (now, wanted) => ["dropout", ...changeableDeviation(now, wanted)],
};
