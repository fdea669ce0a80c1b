// Every kernel the engine can compile and differentiate forwards, by its TensorFlow.js name.
import { convolution } from "./convolution.js";
import { creation } from "./creation.js";
import { elementwise } from "./elementwise.js";
import { linearAlgebra } from "./linear-algebra.js";
import { reduction } from "./reduction.js";
import type { KernelRules } from "./rule.js";
import { shape } from "./shape.js";

export const kernels: KernelRules = {
  ...elementwise,
  ...shape,
  ...reduction,
  ...linearAlgebra,
  ...convolution,
  ...creation,
};
