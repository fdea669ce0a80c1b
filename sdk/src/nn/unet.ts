// Unet1D: noise of an action chunk by convolutions along its time, at ever coarser resolutions and back, each modulated by the
// embedding of the noise level and the observation (FiLM, Perez et al. 2018). Chi et al. 2023 (arXiv 2303.04137), section 3.1.
import { z } from "zod";
import { tf, type Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import { count } from "../options.js";
import { activationName, activations } from "./activations.js";
import { convolution, doubling, groupNorm, type SequenceModule } from "./convolution.js";
import type { DiffusionNetwork } from "./denoising-network.js";
import { timeEmbedding } from "./embeddings.js";
import { inOrder, sizeOptions, stateSizes } from "./head.js";
import { linear } from "./linear.js";
import type { Encoder, NetworkFamily } from "./network.js";
import { residualMlp } from "./residual-mlp.js";
import { inferUnet } from "./unet-shapes.js";

export const unetOptions = z.strictObject({
  ...sizeOptions,
  diffusionStepEmbedDim: z
    .int()
    .min(4)
    .multipleOf(2)
    .default(32)
    .describe("width of the embedding of the step of the noise schedule"),
  dim: count.default(32).describe("channels at the full resolution"),
  dimMults: z
    .array(count)
    .min(1)
    .refine(([first]) => first === 1, "1 at first: the last map reads as many channels as dim")
    .default([1, 2, 4, 8])
    .describe("channels at each resolution as multiples of dim; each halves the one before"),
  kernelSize: z
    .int()
    .positive()
    .refine((width) => width % 2 === 1, "an odd number")
    .default(5)
    .describe("actions that a convolution sees, an odd number"),
  nGroups: count.nullable().default(null).describe("groups of channels that are normalised; null: none"),
  groupnormEps: z.number().positive().default(1e-5).describe("added to the variance of a group"),
  smallerEncoder: z.boolean().default(false).describe("one linear map of the condition in each block instead of three"),
  condPredictScale: z
    .boolean()
    .default(false)
    .describe("the condition scales channels too, instead of shifting them only"),
  condMlpDims: z
    .array(count)
    .min(2)
    .nullable()
    .default(null)
    .describe("widths of a residual condition encoder, an even number of them, the last being its output"),
  activationType: activationName.default("Mish").describe("between the layers"),
});
export type UnetOptions = z.output<typeof unetOptions>;

/** A block: sequences (B, L, in) and features (B, F) of noise level and observation to sequences (B, L, out). */
interface Block extends Pick<SequenceModule, "parameters"> {
  apply(weights: Weights, x: tf.Tensor3D, features: tf.Tensor2D): tf.Tensor3D;
}

/**
 * Builds the network; `prefix` starts every parameter name, e.g. "network.".
 *
 * @throws InputError if resolutions do not divide the chunk, or groups the channels.
 */
export function unet(input: z.input<typeof unetOptions>, prefix = ""): DiffusionNetwork {
  const options = unetOptions.parse(input);
  return unetNetwork(options, conditionEncoder(`${prefix}cond_mlp`, options), prefix);
}

/** The network behind an encoder of its observations. @throws InputError as {@link unet}. */
export function unetNetwork(options: Omit<UnetOptions, "condDim">, encoder: Encoder, prefix: string): DiffusionNetwork {
  const { horizonSteps, actionDim, diffusionStepEmbedDim, dim, dimMults } = options;
  const levels = dimMults.length;
  if (horizonSteps % 2 ** (levels - 1) !== 0) {
    const expected = `a multiple of ${2 ** (levels - 1)}, as dimMults has ${levels} resolutions`;
    fail(
      "DMPO_NETWORK",
      "horizonSteps",
      `is ${horizonSteps}`,
      expected,
      "choose another length of the chunk, or fewer dimMults",
    );
  }
  const channels = dimMults.map((multiple) => dim * multiple);
  const timeOf = timeEmbedding(`${prefix}time_mlp`, diffusionStepEmbedDim, 4);
  const block = (name: string, inputs: number, outputs: number) =>
    residualBlock(`${prefix}${name}`, inputs, outputs, diffusionStepEmbedDim + encoder.width, options);
  const pair = (name: string, inputs: number, outputs: number) =>
    [block(`${name}.0`, inputs, outputs), block(`${name}.1`, outputs, outputs)] as const;

  const last = channels.at(-1)!;
  const mid = pair("mid_modules", last, last);
  const down = channels.map((outputs, i) => ({
    blocks: pair(`down_modules.${i}`, channels[i - 1] ?? actionDim, outputs),
    halve: i < levels - 1 ? convolution(`${prefix}down_modules.${i}.2.conv`, outputs, outputs, 3, 2) : undefined,
  }));
  // From the coarsest resolution up; what the finest left behind is not read.
  const up = channels
    .slice(1)
    .map((_, i) => levels - 1 - i)
    .map((level, i) => ({
      blocks: pair(`up_modules.${i}`, 2 * channels[level]!, channels[level - 1]!),
      double: doubling(`${prefix}up_modules.${i}.2.conv`, channels[level - 1]!),
    }));
  const final = convolutionBlock(`${prefix}final_conv.0`, dim, dim, options);
  const answer = convolution(`${prefix}final_conv.1`, dim, actionDim, 1);
  const stages = [
    ...mid,
    ...down.flatMap(({ blocks, halve }) => [...blocks, ...(halve ? [halve] : [])]),
    ...up.flatMap(({ blocks, double }) => [...blocks, double]),
  ];
  return {
    ...{ horizonSteps, actionDim, encoder },
    parameters: inOrder([timeOf], encoder, [...stages, final, answer]),
    noise(weights, actions, t, condition) {
      const features = tf.concat2d([timeOf.apply(weights, t), condition], 1);
      const through = (blocks: readonly Block[], x: tf.Tensor3D) =>
        blocks.reduce((sequence, each) => each.apply(weights, sequence, features), x);
      const left: tf.Tensor3D[] = [];
      let x = actions;
      for (const { blocks, halve } of down) {
        x = through(blocks, x);
        left.push(x);
        if (halve) x = halve.apply(weights, x);
      }
      x = through(mid, x);
      for (const { blocks, double } of up) {
        x = double.apply(weights, through(blocks, tf.concat3d([x, left.pop()!], 2)));
      }
      return answer.apply(weights, final.apply(weights, x));
    },
  };
}

/** Convolution, normalisation in groups, activation; `<name>.block.0.*` and `.2.*`. */
function convolutionBlock(
  name: string,
  inputs: number,
  outputs: number,
  { kernelSize, nGroups, groupnormEps, activationType }: Omit<UnetOptions, "condDim">,
): SequenceModule {
  if (nGroups !== null && outputs % nGroups !== 0) {
    fail("DMPO_NETWORK", "nGroups", `is ${nGroups}`, `a divisor of the ${outputs} channels of ${name}`);
  }
  const parts = [
    convolution(`${name}.block.0`, inputs, outputs, kernelSize),
    ...(nGroups === null ? [] : [groupNorm(`${name}.block.2`, outputs, nGroups, groupnormEps)]),
  ];
  return {
    parameters: parts.flatMap(({ parameters }) => parameters),
    apply: (weights, x) => activations[activationType](parts.reduce((y, part) => part.apply(weights, y), x)),
  };
}

/** Two convolution blocks, between which the features scale and shift the channels, beside a residual connection. */
function residualBlock(
  name: string,
  inputs: number,
  outputs: number,
  features: number,
  options: Omit<UnetOptions, "condDim">,
): Block {
  const [first, second] = [
    convolutionBlock(`${name}.blocks.0`, inputs, outputs, options),
    convolutionBlock(`${name}.blocks.1`, outputs, outputs, options),
  ];
  const modulation = options.condPredictScale ? 2 * outputs : outputs;
  const isSmall = options.smallerEncoder || options.condMlpDims !== null;
  const encode = isSmall
    ? [linear(`${name}.cond_encoder.1`, features, modulation)]
    : [0, 2, 4].map((i) => linear(`${name}.cond_encoder.${i}`, i === 0 ? features : modulation, modulation));
  const residual = inputs === outputs ? undefined : convolution(`${name}.residual_conv`, inputs, outputs, 1);
  const activation = activations[options.activationType];
  return {
    parameters: [first, second, ...encode, ...(residual ? [residual] : [])].flatMap(({ parameters }) => parameters),
    apply(weights, x, given) {
      const modulated = encode
        .reduce((rows, map, i) => map.apply(weights, i > 0 || isSmall ? activation(rows) : rows), given)
        .expandDims<tf.Tensor3D>(1);
      const y = first.apply(weights, x);
      const [scale, shift] = options.condPredictScale
        ? (tf.split(modulated, 2, 2) as [tf.Tensor3D, tf.Tensor3D])
        : [undefined, modulated];
      const changed: tf.Tensor3D = (scale ? y.mul<tf.Tensor3D>(scale) : y).add(shift);
      return second.apply(weights, changed).add(residual?.apply(weights, x) ?? x);
    },
  };
}

/** Passes the state on as a row, through residual blocks where widths are given. */
function conditionEncoder(name: string, { condDim, condMlpDims, activationType: activation }: UnetOptions): Encoder {
  const module = condMlpDims && residualMlp(name, [condDim, ...condMlpDims], { activation });
  return {
    parameters: module?.parameters ?? [],
    width: condMlpDims?.at(-1) ?? condDim,
    stateSize: condDim,
    apply(weights, { state }) {
      const rows = state.reshape<tf.Tensor2D>([-1, condDim]);
      return module ? module.apply(weights, rows) : rows;
    },
  };
}

/** {@link unet} as a policy lists it. */
export const unetFamily: NetworkFamily<DiffusionNetwork> = {
  options: unetOptions,
  untold: ["activationType", "nGroups", "groupnormEps"],
  sizes: stateSizes,
  build: (options, prefix) => unet(options as UnetOptions, prefix),
  infer: inferUnet,
};
