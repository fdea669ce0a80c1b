// What diffusion asks of a network: its answer to a noisy action chunk at a noise level; and such a network beside a frozen copy.
import type { ParameterSpec } from "../engine/parameters.js";
import { tf, type Weights } from "../engine/tensor.js";
import type { Encoder, Network } from "./network.js";

export interface DiffusionNetwork extends Network {
  /**
   * The network's answer (B, Ta, Da), by the policy's option the noise in x or the clean chunk, for noisy actions x (B, Ta, Da) at
   * the steps t (B) of the noise schedule, whole numbers from 0 (nearly clean) on, under condition encodings (B, C).
   */
  noise(weights: Weights, x: tf.Tensor3D, t: tf.Tensor1D, condition: tf.Tensor2D): tf.Tensor3D;
  /** The same network as it was before fine-tuning, where the policy keeps it. */
  readonly pretrained?: DiffusionNetwork;
}

const PREFIX = "pretrained.";

/**
 * The network with a copy of it that is never trained, parameters `pretrained.*`. Where the network encodes its observations, both
 * do: condition encodings are of twice the width.
 */
export function withFrozenCopy(network: DiffusionNetwork): DiffusionNetwork {
  const { encoder, parameters } = network;
  const encodes = encoder.parameters.length > 0;
  const copies = (specs: readonly ParameterSpec[]) =>
    specs.map((spec) => ({ ...spec, name: `${PREFIX}${spec.name}`, copyOf: spec.name }));
  const frozen = (weights: Weights): Weights =>
    Object.fromEntries(parameters.map(({ name }) => [name, weights[`${PREFIX}${name}`]!]));
  const both: Encoder = {
    parameters: [...encoder.parameters, ...copies(encoder.parameters)],
    width: 2 * encoder.width,
    ...{ stateSize: encoder.stateSize, rgb: encoder.rgb, training: encoder.training },
    apply: (weights, observation) =>
      tf.concat2d([encoder.apply(weights, observation), encoder.apply(frozen(weights), observation)], 1),
  };
  const half = (condition: tf.Tensor2D, i: number): tf.Tensor2D =>
    encodes ? condition.slice([0, i * encoder.width], [-1, encoder.width]) : condition;
  return {
    ...network,
    parameters: [...parameters, ...copies(parameters)],
    encoder: encodes ? both : encoder,
    noise: (weights, x, t, condition) => network.noise(weights, x, t, half(condition, 0)),
    pretrained: {
      ...network,
      noise: (weights, x, t, condition) => network.noise(frozen(weights), x, t, half(condition, 1)),
    },
  };
}
