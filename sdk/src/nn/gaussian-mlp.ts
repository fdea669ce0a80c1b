// Gaussian_MLP: mean and standard deviation of an action chunk from low-dimensional observations.
import { z } from "zod";
import { type tf } from "../engine/tensor.js";
import { count } from "../options.js";
import { activationName, activations } from "./activations.js";
import { changeableDeviation, deviationOptions, sharedDeviation } from "./deviation.js";
import { dropoutRate } from "./dropout.js";
import { inferGaussian } from "./gaussian-mlp-shapes.js";
import type { GaussianNetwork } from "./gaussian-network.js";
import { head, sizeOptions, stateSizes } from "./head.js";
import { mlp } from "./mlp.js";
import type { LayeredModule } from "./module.js";
import { stdMaps } from "./noise-net.js";
import { stateEncoder, type NetworkFamily } from "./network.js";

export const gaussianMlpOptions = z.strictObject({
  ...sizeOptions,
  mlpDims: z.array(count).min(1).default([256, 256, 256]).describe("hidden widths"),
  activationType: activationName.default("Mish").describe("between the layers"),
  tanhOutput: z.boolean().default(true).describe("means are squashed to (-1, 1)"),
  residualStyle: z.boolean().default(false).describe("residual blocks or a plain network"),
  useLayernorm: z.boolean().default(false).describe("layer normalisation"),
  dropout: dropoutRate,
  ...deviationOptions,
});
type GaussianMlpOptions = z.output<typeof gaussianMlpOptions>;

/** Builds the network; `prefix` starts every parameter name, e.g. "network.". @throws InputError, see `head`. */
export function gaussianMlp(input: z.input<typeof gaussianMlpOptions>, prefix = ""): GaussianNetwork {
  const options = gaussianMlpOptions.parse(input);
  const { horizonSteps, actionDim, condDim, activationType: activation } = options;
  const size = horizonSteps * actionDim;
  const encoder = stateEncoder("", condDim, null, activation);
  const squash = activations[options.tanhOutput ? "Tanh" : "Identity"];
  const chunk = (rows: tf.Tensor): tf.Tensor3D => rows.reshape([-1, horizonSteps, actionDim]);

  const shared = sharedDeviation(prefix, [actionDim], options);
  if (shared) {
    const means = head(`${prefix}mlp_mean`, [condDim, ...options.mlpDims, size], options);
    return {
      parameters: [...shared.parameters, ...means.parameters],
      ...{ horizonSteps, actionDim, encoder, masks: means.masks },
      distribution(weights, condition) {
        const mean = chunk(squash(means.apply(weights, condition)));
        return { mean, logStd: shared.logStd(weights).broadcastTo(mean.shape) };
      },
    };
  }
  const base = head(
    `${prefix}mlp_base`,
    [condDim, ...options.mlpDims],
    { ...options, outActivationType: activation },
    { layerNormFinal: options.useLayernorm, dropoutFinal: true },
  );
  const width = options.mlpDims.at(-1)!;
  const [means, deviations] = ["mlp_mean", "mlp_logvar"].map((name) => mlp(`${prefix}${name}`, [width, size])) as [
    LayeredModule,
    LayeredModule,
  ];
  const range = { min: options.stdMin, max: options.stdMax };
  return {
    parameters: [base, means, deviations].flatMap(({ parameters }) => parameters),
    ...{ horizonSteps, actionDim, encoder, masks: base.masks },
    distribution(weights, condition) {
      const features = base.apply(weights, condition);
      return {
        mean: chunk(squash(means.apply(weights, features))),
        logStd: chunk(stdMaps.tanh(deviations.apply(weights, features), range)),
      };
    },
  };
}

/** {@link gaussianMlp} as a policy lists it. */
export const gaussianMlpFamily: NetworkFamily<GaussianNetwork> = {
  options: gaussianMlpOptions,
  untold: ["activationType", "tanhOutput", "dropout", "fixedStd"],
  sizes: stateSizes,
  build: (options, prefix) => gaussianMlp(options as GaussianMlpOptions, prefix),
  infer: inferGaussian,
  changeable: (now, wanted) => ["dropout", ...changeableDeviation(now, wanted)],
};
