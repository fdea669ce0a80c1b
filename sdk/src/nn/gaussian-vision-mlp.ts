// Gaussian_VisionMLP: mean and standard deviation of an action chunk from pictures and the state, cameras looked at one by one.
import { z } from "zod";
import { type tf } from "../engine/tensor.js";
import { activations } from "./activations.js";
import { changeableDeviation, sharedDeviation, stateLogStd, stdMap, storedRange } from "./deviation.js";
import { gaussianMlpOptions } from "./gaussian-mlp.js";
import { reader, refuse, USUAL_STD } from "./gaussian-mlp-shapes.js";
import type { GaussianNetwork } from "./gaussian-network.js";
import { head } from "./head.js";
import { mlp } from "./mlp.js";
import type { InferredNetwork, NetworkFamily, Shapes } from "./network.js";
import {
  headOf,
  inferVision,
  optionSizes,
  passingVisionOptions,
  visionEncoder,
  visionOptions,
  visionSizes,
} from "./vision-encoder.js";

export const gaussianVisionOptions = z.strictObject({ ...gaussianMlpOptions.shape, ...visionOptions, stdMap });
type GaussianVisionOptions = z.output<typeof gaussianVisionOptions>;

/** Builds the network; `prefix` starts every parameter name. @throws InputError for pictures that the convolutions do not divide. */
export function gaussianVisionMlp(input: z.input<typeof gaussianVisionOptions>, prefix = ""): GaussianNetwork {
  const options = gaussianVisionOptions.parse(input);
  const { horizonSteps, actionDim, mlpDims, activationType: activation } = options;
  const size = horizonSteps * actionDim;
  const encoder = visionEncoder(options, optionSizes(options), prefix);
  const squash = activations[options.tanhOutput ? "Tanh" : "Identity"];
  const chunk = (rows: tf.Tensor): tf.Tensor3D => rows.reshape([-1, horizonSteps, actionDim]);
  const shared = sharedDeviation(prefix, [actionDim], options);

  const means = head(`${prefix}mlp_mean`, [encoder.width, ...mlpDims, size], headOf(options));
  const read = shared ? [] : [mlp(`${prefix}mlp_logvar`, [encoder.width, mlpDims.at(-1)!, size], { activation })];
  return {
    parameters: [...(shared?.parameters ?? []), ...[encoder, means, ...read].flatMap(({ parameters }) => parameters)],
    ...{ horizonSteps, actionDim, encoder, masks: [] },
    distribution(weights, condition) {
      const mean = chunk(squash(means.apply(weights, condition)));
      const [deviations] = read;
      const logStd = deviations
        ? chunk(stateLogStd(deviations.apply(weights, condition), options))
        : shared!.logStd(weights).broadcastTo<tf.Rank.R3>(mean.shape);
      return { mean, logStd };
    },
  };
}

/** {@link gaussianVisionMlp} as a policy lists it. */
export const gaussianVisionFamily: NetworkFamily<GaussianNetwork> = {
  options: gaussianVisionOptions,
  untold: ["activationType", "tanhOutput", "fixedStd", ...passingVisionOptions],
  training: passingVisionOptions,
  sizes: visionSizes,
  build: (options, prefix) => gaussianVisionMlp(options as GaussianVisionOptions, prefix),
  infer: inferGaussianVision,
  changeable: (now, wanted) => [...passingVisionOptions, ...changeableDeviation(now, wanted)],
};

function inferGaussianVision(
  shapes: Shapes,
  prefix: string,
  source: string,
  scalars: ReadonlyMap<string, number> = new Map(),
): InferredNetwork {
  const read = reader(shapes, prefix);
  const seen = inferVision(shapes, prefix, source);
  const { layers, ...style } = read.head("mlp_mean");
  const foreign = read.foreign(["time_embedding", "td_emb", "transformer.", "mlp_weights", "mlp_base"]);
  if (layers.length === 0 || foreign) refuse(shapes, foreign, source, "a Gaussian network that sees (mlp_mean)");
  const isLearned = read.head("mlp_logvar").layers.length > 0;
  const widths = layers.map(([outputs]) => outputs);
  return {
    chunk: { size: widths.at(-1)! },
    stateSize: seen.stateSize ?? layers[0]![1] - seen.width,
    rgb: seen.rgb,
    options: {
      mlpDims: widths.slice(0, -1),
      ...style,
      ...(isLearned ? { stdMap: "clamp" } : { fixedStd: USUAL_STD, learnFixedStd: read.has("logvar") }),
      ...storedRange(scalars, prefix),
      ...seen.options,
    },
  };
}
