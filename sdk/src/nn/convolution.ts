// Parts of networks for sequences, channels last: convolutions with PyTorch's parameters, and group normalisation.
import { ones, torchLinear, zeros, type ParameterSpec } from "../engine/parameters.js";
import { conv1d, convTranspose1d, groupNormalized } from "../engine/operations.js";
import type { tf, Weights } from "../engine/tensor.js";
import { weight } from "./module.js";

/** A part of a network for sequences. */
export interface SequenceModule {
  /** In PyTorch's registration order, names complete with their prefix. */
  readonly parameters: readonly ParameterSpec[];
  /** Sequences (B, L, in) to (B, L', out). */
  apply(weights: Weights, x: tf.Tensor3D): tf.Tensor3D;
}

/** Conv1d over an odd number of entries, so padded that the length is kept or, with stride 2, halved; `<name>.weight`, `<name>.bias`. */
export function convolution(name: string, inputs: number, outputs: number, width: number, stride = 1): SequenceModule {
  const initialise = torchLinear(inputs * width);
  return {
    parameters: [
      { name: `${name}.weight`, shape: [outputs, inputs, width], initialise },
      { name: `${name}.bias`, shape: [outputs], initialise },
    ],
    apply: (weights, x) =>
      conv1d(x, weight(weights, `${name}.weight`), { padding: (width - 1) / 2, stride }).add(
        weight(weights, `${name}.bias`),
      ),
  };
}

/** ConvTranspose1d over 4 entries that doubles the length; `<name>.weight`, `<name>.bias`. */
export function doubling(name: string, channels: number): SequenceModule {
  const width = 4;
  const initialise = torchLinear(channels * width);
  return {
    parameters: [
      { name: `${name}.weight`, shape: [channels, channels, width], initialise },
      { name: `${name}.bias`, shape: [channels], initialise },
    ],
    apply: (weights, x) =>
      convTranspose1d(x, weight(weights, `${name}.weight`), { padding: 1, stride: 2 }).add(
        weight(weights, `${name}.bias`),
      ),
  };
}

/** GroupNorm: each group of neighbouring channels of a row has mean 0 and variance 1, then scale and shift by channel. */
export function groupNorm(name: string, channels: number, groups: number, epsilon: number): SequenceModule {
  return {
    parameters: [
      { name: `${name}.weight`, shape: [channels], initialise: ones },
      { name: `${name}.bias`, shape: [channels], initialise: zeros },
    ],
    apply: (weights, x) =>
      groupNormalized(x, groups, epsilon)
        .mul(weight(weights, `${name}.weight`))
        .add(weight(weights, `${name}.bias`)),
  };
}
