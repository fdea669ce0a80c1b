// Standard deviations of Gaussian networks: the same for all states, fixed or learned, or read off the state.
import { z } from "zod";
import { constant, type ParameterSpec } from "../engine/parameters.js";
import { tf, type Weights } from "../engine/tensor.js";
import { weight } from "./module.js";
import { stdMaps } from "./noise-net.js";

export const deviationOptions = {
  fixedStd: z.number().positive().nullable().default(null).describe("standard deviation; null: learned from the state"),
  learnFixedStd: z.boolean().default(false).describe("fixedStd is where one learned deviation per action entry starts"),
  stdMin: z.number().positive().default(0.01).describe("learned deviations stay between these"),
  stdMax: z.number().positive().default(1).describe("highest deviation"),
};
/** Of networks other than Gaussian_MLP, whose clamp leaves outputs beyond the range without a gradient: half of them at first. */
export const stdMap = z
  .enum(["tanh", "clamp"])
  .default("tanh")
  .describe("how deviations read off the state reach their range; clamp as in the reference");
type DeviationOptions = z.output<z.ZodObject<typeof deviationOptions>>;

/** ln of the deviations that a network's outputs of any shape stand for. */
export function stateLogStd(
  outputs: tf.Tensor,
  { stdMin: min, stdMax: max, stdMap }: DeviationOptions & { readonly stdMap: keyof typeof stdMaps },
): tf.Tensor {
  return stdMaps[stdMap](outputs, { min, max });
}

/** A deviation that is the same for all states. */
export interface SharedDeviation {
  readonly parameters: readonly ParameterSpec[];
  /** ln of the deviations, of the shape it was made for. */
  logStd(weights: Weights): tf.Tensor;
}

/**
 * One deviation per entry of `shape`, learned as `<prefix>logvar` (flat) or fixed; undefined where it depends on the state.
 */
export function sharedDeviation(
  prefix: string,
  shape: readonly number[],
  options: DeviationOptions,
): SharedDeviation | undefined {
  const { fixedStd, learnFixedStd, stdMin: min, stdMax: max } = options;
  if (fixedStd === null) return undefined;
  const name = `${prefix}logvar`;
  const size = tf.util.sizeFromShape([...shape]);
  return {
    parameters: learnFixedStd ? [{ name, shape: [size], initialise: constant(2 * Math.log(fixedStd)) }] : [],
    logStd: (weights) =>
      learnFixedStd
        ? stdMaps.clamp(weight(weights, name), { min, max }).reshape([...shape])
        : tf.fill([...shape], Math.log(fixedStd)),
  };
}

/** Settings of the deviation that may change while the weights stay: not whether it is read off the state. */
export function changeableDeviation(now: object, wanted: object): readonly string[] {
  const isShared = (network: object) => (network as Partial<DeviationOptions>).fixedStd != null;
  return isShared(now) && isShared(wanted) ? Object.keys(deviationOptions) : [];
}

/** The range that files of the reference hold beside the weights: `logvar_min` and `logvar_max` are ln of variances. */
export function storedRange(scalars: ReadonlyMap<string, number>, prefix: string): Partial<DeviationOptions> {
  const ends = { stdMin: "logvar_min", stdMax: "logvar_max" };
  const found = Object.entries(ends).flatMap(([option, name]) => {
    const logVariance = scalars.get(`${prefix}${name}`);
    // As it was written down: the logarithm is rounded to float32.
    return logVariance === undefined ? [] : [[option, Number(Math.exp(logVariance / 2).toPrecision(5))]];
  });
  return Object.fromEntries(found) as Partial<DeviationOptions>;
}
