// The public API of the engine, `dmpo/engine`, nothing else: for losses, networks and distributions of one's own.
export { compile, constants, type Compiled, type CompileOptions } from "./engine/compile.js";
export { GraphDescription } from "./engine/describe.js";
export { valueAndGradients as gradients, type LossTerms } from "./engine/gradients.js";
export { jvp, stopGradient } from "./engine/jvp.js";
export {
  conv1d,
  conv2d,
  convTranspose1d,
  embedding,
  groupNormalized,
  layerNormalized,
  shifted,
} from "./engine/operations.js";
export { Trainable, type AdamOptions, type TrainableOptions, type TrainableState } from "./engine/optimizer.js";
export {
  constant,
  normal,
  ones,
  ParameterLayout,
  torchLinear,
  zeros,
  type Initialiser,
  type ParameterEntry,
  type ParameterSpec,
} from "./engine/parameters.js";
export { defineOperation, definePrimitive, type Operation, type Primitive } from "./engine/primitive.js";
export { Random, type RandomState, type RandomStream, type RandomStreamState } from "./engine/random.js";
export { hostTensor, tf, type Host, type HostTensor, type TensorTree, type Weights } from "./engine/tensor.js";
export { compileTraining, type LossFunction, type TrainingStep } from "./engine/training-step.js";
export { activations, type ActivationName } from "./nn/activations.js";
export { layerNorm, linear } from "./nn/linear.js";
export { mlp, type MlpOptions } from "./nn/mlp.js";
export type { LayeredModule, Module } from "./nn/module.js";
