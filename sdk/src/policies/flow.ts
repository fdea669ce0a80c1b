// Flows: policies that carry noise to actions in K steps, each a network call. What MeanFlow, ReFlow and Shortcut share is
// how the steps follow each other; what differs is their times and where one step ends.
import { tf, type Weights } from "../engine/tensor.js";
import type { Network } from "../nn/network.js";
import { normalNoise, type PolicyDefinition, type SamplingOptions, type Tensors } from "./definition.js";

/** Range of actions, which every flow has among its options. */
export interface ActionRange {
  readonly actMin: number;
  readonly actMax: number;
}

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
 * normal, or zero for one central chunk per condition. Differentiable with respect to the weights.
 */
export function sampleFlow<Net extends Network, Options extends ActionRange>(
  flow: Flow<Net, Options>,
  network: Net,
  weights: Weights,
  condition: tf.Tensor2D,
  noise: tf.Tensor3D,
  options: Options,
  { steps = 1, clipIntermediate = true }: SamplingOptions = {},
): tf.Tensor3D {
  const { actMin, actMax } = options;
  let x = noise;
  flow.times(steps, options).forEach(([from, to], i) => {
    const [start, end] = [from, to].map((time) => tf.fill<tf.Rank.R1>([noise.shape[0]], time));
    x = flow.step(network, weights, x, start!, end!, condition, steps);
    if (clipIntermediate || i === steps - 1) x = tf.clipByValue(x, actMin, actMax);
  });
  return x;
}

/** {@link sampleFlow} as a policy's way of acting, with so many steps by default. */
export function flowActing<Net extends Network, Options extends ActionRange>(flow: Flow<Net, Options>, steps: number) {
  return {
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
