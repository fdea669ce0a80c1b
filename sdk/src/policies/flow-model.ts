// A flow policy that can be trained: its objective, its network and the layout of its weights, all made from a plain
// description that checkpoints and configurations store.
import { z } from "zod";
import { ParameterLayout } from "../engine/parameters.js";
import type { RandomStream } from "../engine/random.js";
import { hostTensor, type Host, type HostTensor, type tf, type Weights } from "../engine/tensor.js";
import { meanFlowMlp, meanFlowMlpOptions } from "../nn/mean-flow-mlp.js";
import type { VelocityNetwork } from "../nn/velocity-network.js";
import { meanFlowOptions, type FlowBatch } from "./mean-flow.js";
import { findPolicy } from "./registry.js";
import type { SamplingOptions } from "./sampling.js";
import { equalRows, fillTimes } from "./time-sampling.js";

export const flowModelSpec = z.strictObject({
  policy: z.string().default("meanflow"),
  options: meanFlowOptions.prefault({}),
  network: meanFlowMlpOptions,
});
export type FlowModelSpec = z.output<typeof flowModelSpec>;

/** What a batch needs beside demonstrations. */
export type FlowDraws = Pick<Host<FlowBatch>, "noise" | "t" | "r">;

export class FlowModel {
  readonly spec: FlowModelSpec;
  readonly network: VelocityNetwork;
  readonly layout: ParameterLayout;
  readonly #policy: ReturnType<typeof findPolicy>;

  /** @throws InputError / ZodError for an unknown policy or invalid options. */
  constructor(spec: z.input<typeof flowModelSpec>) {
    this.spec = flowModelSpec.parse(spec);
    this.#policy = findPolicy(this.spec.policy);
    this.network = meanFlowMlp(this.spec.network, "network.");
    this.layout = new ParameterLayout(this.network.parameters);
  }

  /** The training loss for batches of `size` drawn with {@link draw}. */
  lossFor(size: number): (weights: Weights, batch: FlowBatch) => { loss: tf.Scalar } & Record<string, tf.Scalar> {
    const { options } = this.spec;
    const equal = equalRows(options.flowRatio, size);
    return (weights, batch) => this.#policy.loss(this.network, weights, batch, options, equal);
  }

  /** Arrays for {@link draw}. */
  emptyDraws(size: number): FlowDraws {
    const { horizonSteps, actionDim } = this.spec.network;
    return {
      noise: hostTensor(new Float32Array(size * horizonSteps * actionDim), [size, horizonSteps, actionDim]),
      t: hostTensor(new Float32Array(size), [size]),
      r: hostTensor(new Float32Array(size), [size]),
    };
  }

  /** Fills noise and times for one batch. */
  draw({ noise, t, r }: FlowDraws, random: RandomStream): void {
    random.normal(noise.data as Float32Array);
    fillTimes(t.data as Float32Array, r.data as Float32Array, random, this.spec.options);
  }

  /** Action chunks (B, Ta, Da) in [-1, 1] for observations (B, To, Do) from initial noise (B, Ta, Da). */
  sample(weights: Weights, state: tf.Tensor, noise: tf.Tensor3D, options: SamplingOptions): tf.Tensor3D {
    const { actMin, actMax } = this.spec.options;
    return this.#policy.sample(this.network, weights, this.network.encode(weights, state), noise, {
      actMin,
      actMax,
      ...options,
    });
  }

  /** Weights by name, views of `vector`. */
  views(vector: Float32Array): Record<string, HostTensor> {
    return this.layout.views(vector);
  }
}
