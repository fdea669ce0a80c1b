// Affine map of rows, and layer normalisation.
import { layerNormalized } from "../engine/operations.js";
import { ones, torchLinear, zeros, type Initialiser } from "../engine/parameters.js";
import { tf } from "../engine/tensor.js";
import { weight, type Module } from "./module.js";

/** How a linear map begins. */
export interface LinearStart {
  readonly weight: Initialiser;
  readonly bias: Initialiser;
}

/** y = x W^T + b with `<name>.weight` (out, in) and `<name>.bias` (out); by default PyTorch's initialisation. */
export function linear(name: string, inputs: number, outputs: number, start?: LinearStart): Module {
  const usual = torchLinear(inputs);
  return {
    parameters: [
      { name: `${name}.weight`, shape: [outputs, inputs], initialise: start?.weight ?? usual },
      { name: `${name}.bias`, shape: [outputs], initialise: start?.bias ?? usual },
    ],
    apply: (weights, x) =>
      tf.matMul(x, weight<tf.Tensor2D>(weights, `${name}.weight`), false, true).add(weight(weights, `${name}.bias`)),
  };
}

/** Normalises each row to mean 0 and (biased) variance 1, then scales and shifts; `<name>.weight`, `<name>.bias` (width). */
export function layerNorm(name: string, width: number, epsilon: number): Module {
  return {
    parameters: [
      { name: `${name}.weight`, shape: [width], initialise: ones },
      { name: `${name}.bias`, shape: [width], initialise: zeros },
    ],
    apply: (weights, x) =>
      layerNormalized(x, epsilon)
        .mul(weight(weights, `${name}.weight`))
        .add<tf.Tensor2D>(weight(weights, `${name}.bias`)),
  };
}
