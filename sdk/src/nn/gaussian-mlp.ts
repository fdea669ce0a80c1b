// Gaussian_MLP: mean and standard deviation of an action chunk from low-dimensional observations.
import { z } from "zod";
import { constant, type ParameterSpec } from "../engine/parameters.js";
import { tf, type Weights } from "../engine/tensor.js";
import { count } from "../options.js";
import { activationName, activations } from "./activations.js";
import { head, sizeOptions, stateSizes } from "./head.js";
import { mlp } from "./mlp.js";
import { weight, type LayeredModule } from "./module.js";
import { stateEncoder, type Network, type NetworkFamily } from "./network.js";
import { inferGaussian } from "./gaussian-mlp-shapes.js";

export const gaussianMlpOptions = z.strictObject({
  ...sizeOptions,
  mlpDims: z.array(count).min(1).default([256, 256, 256]).describe("hidden widths"),
  activationType: activationName.default("Mish"),
  tanhOutput: z.boolean().default(true).describe("means are squashed to (-1, 1)"),
  residualStyle: z.boolean().default(false).describe("residual blocks or a plain network"),
  useLayernorm: z.boolean().default(false),
  fixedStd: z.number().positive().nullable().default(null).describe("standard deviation; null: learned from the state"),
  learnFixedStd: z.boolean().default(false).describe("fixedStd is where one learned deviation per action entry starts"),
  stdMin: z.number().positive().default(0.01).describe("learned deviations stay between these"),
  stdMax: z.number().positive().default(1),
});
type GaussianMlpOptions = z.output<typeof gaussianMlpOptions>;

export interface GaussianNetwork extends Network {
  /** Means and ln of the standard deviations, both (B, Ta, Da), for condition encodings (B, C). */
  distribution(weights: Weights, condition: tf.Tensor2D): { mean: tf.Tensor3D; logStd: tf.Tensor3D };
}

/** Builds the network; `prefix` starts every parameter name, e.g. "network.". */
export function gaussianMlp(input: z.input<typeof gaussianMlpOptions>, prefix = ""): GaussianNetwork {
  const options = gaussianMlpOptions.parse(input);
  const { horizonSteps, actionDim, condDim, activationType: activation } = options;
  const size = horizonSteps * actionDim;
  const encoder = stateEncoder("", condDim, null, activation);
  const squash = activations[options.tanhOutput ? "Tanh" : "Identity"];
  const chunk = (rows: tf.Tensor): tf.Tensor3D => rows.reshape([-1, horizonSteps, actionDim]);
  const [low, high] = [Math.log(options.stdMin), Math.log(options.stdMax)];
  const { fixedStd } = options;

  if (fixedStd !== null) {
    const means = head(`${prefix}mlp_mean`, [condDim, ...options.mlpDims, size], options);
    const name = `${prefix}logvar`;
    const learned: ParameterSpec[] = options.learnFixedStd
      ? [{ name, shape: [actionDim], initialise: constant(2 * Math.log(fixedStd)) }]
      : [];
    return {
      parameters: [...learned, ...means.parameters],
      ...{ horizonSteps, actionDim, encoder },
      distribution(weights, condition) {
        const mean = chunk(squash(means.apply(weights, condition)));
        const logStd = options.learnFixedStd
          ? weight(weights, name).mul(0.5).clipByValue(low, high)
          : tf.scalar(Math.log(fixedStd));
        return { mean, logStd: logStd.broadcastTo(mean.shape) };
      },
    };
  }
  const base = head(
    `${prefix}mlp_base`,
    [condDim, ...options.mlpDims],
    { ...options, outActivationType: activation },
    { layerNormFinal: options.useLayernorm },
  );
  const width = options.mlpDims.at(-1)!;
  const [means, deviations] = ["mlp_mean", "mlp_logvar"].map((name) => mlp(`${prefix}${name}`, [width, size])) as [
    LayeredModule,
    LayeredModule,
  ];
  return {
    parameters: [base, means, deviations].flatMap(({ parameters }) => parameters),
    ...{ horizonSteps, actionDim, encoder },
    distribution(weights, condition) {
      const features = base.apply(weights, condition);
      const share = deviations.apply(weights, features).tanh().add(1).mul(0.5);
      return {
        mean: chunk(squash(means.apply(weights, features))),
        logStd: chunk(share.mul(high - low).add(low)),
      };
    },
  };
}

/** {@link gaussianMlp} as a policy lists it. */
export const gaussianMlpFamily: NetworkFamily<GaussianNetwork> = {
  options: gaussianMlpOptions,
  sizes: stateSizes,
  build: (options, prefix) => gaussianMlp(options as GaussianMlpOptions, prefix),
  infer: inferGaussian,
};
