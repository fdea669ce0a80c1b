// Flows: policies that carry noise to actions in K steps, each a network call. What MeanFlow, ReFlow and Shortcut share is
// how the steps follow each other; what differs is their times and where one step ends.
import { z } from "zod";
import { tf, type Weights } from "../engine/tensor.js";
import type { Network } from "../nn/network.js";
import { keysBelow } from "../options.js";
import { normalNoise, type PolicyDefinition, type SamplingOptions, type Tensors } from "./definition.js";

/** Range of actions, which every flow has among its options. */
export interface ActionRange {
  readonly actMin: number;
  readonly actMax: number;
}

/** What every flow has among its options besides. */
export interface FlowOptions extends ActionRange {
  readonly initialNoiseStd: number;
}

/** Standard deviation of the noise that acting begins with: training always has 1. */
export const initialNoiseStd = z
  .number()
  .min(0)
  .describe(
    "acting begins with noise of this standard deviation: 1 as in training, less for chunks nearer the central one",
  );

/** Where configurations have it. */
export const initialNoiseKeys = keysBelow("model", z.object({ initialNoiseStd }));

/** Where one of `steps` steps takes x (B, Ta, Da) from its time to the next, both (B), under condition encodings (B, C). */
export type FlowStep = (
  weights: Weights,
  x: tf.Tensor3D,
  from: tf.Tensor1D,
  to: tf.Tensor1D,
  condition: tf.Tensor2D,
  steps: number,
) => tf.Tensor3D;

export interface Flow<Net extends Network, Options> {
  /** Where each of K >= 1 steps begins and ends, in the policy's own direction of time. */
  times(steps: number, options: Options): readonly (readonly [from: number, to: number])[];
  step(network: Net, ...input: Parameters<FlowStep>): tf.Tensor3D;
}

/**
 * Actions (B, Ta, Da) in [actMin, actMax] for condition encodings (B, C), deterministic given the noise (B, Ta, Da): standard
 * normal, which is scaled by `initialNoiseStd`, or zero for one central chunk per condition. Differentiable with respect to the weights.
 */
export function sampleFlow<Net extends Network, Options extends FlowOptions>(
  flow: Flow<Net, Options>,
  network: Net,
  weights: Weights,
  condition: tf.Tensor2D,
  noise: tf.Tensor3D,
  options: Options,
  { steps = 1, clipIntermediate = true }: SamplingOptions = {},
): tf.Tensor3D {
  const { actMin, actMax, initialNoiseStd } = options;
  let x = initialNoise(noise, initialNoiseStd);
  flow.times(steps, options).forEach(([from, to], i) => {
    const [start, end] = [from, to].map((time) => tf.fill<tf.Rank.R1>([noise.shape[0]], time));
    x = flow.step(network, weights, x, start!, end!, condition, steps);
    if (clipIntermediate || i === steps - 1) x = tf.clipByValue(x, actMin, actMax);
  });
  return x;
}

/** Standard normal numbers as what acting begins with. */
export function initialNoise<T extends tf.Tensor>(normal: T, std: number): T {
  return std === 1 ? normal : normal.mul(std);
}

/** {@link sampleFlow} as a policy's way of acting, with so many steps by default. */
export function flowActing<Net extends Network, Options extends FlowOptions>(flow: Flow<Net, Options>, steps: number) {
  return {
    keys: initialNoiseKeys,
    steps: { default: () => steps },
    draws: (_: unknown, { horizonSteps, actionDim }: Net) => normalNoise(horizonSteps, actionDim),
    sample: (
      network: Net,
      weights: Weights,
      condition: tf.Tensor2D,
      { noise }: Tensors,
      options: Options,
      sampling: SamplingOptions,
    ) => sampleFlow(flow, network, weights, condition, noise as tf.Tensor3D, options, sampling),
  } satisfies Partial<PolicyDefinition<string, never, Net, string>["acting"]> | object;
}
