// Kernels of our own, beyond those of TensorFlow.js: an ONNX node for compiled functions beside the same computation for eager
// ones. With `defineOperation` around it, it also has derivatives.
import { tf } from "../tensor.js";
import type { Graph, Value } from "../graph.js";
import type { Attributes, KernelRule, Named } from "./rule.js";

export interface OwnKernel {
  /** Unique among all kernels, e.g. "dmpo/Conv1D". */
  readonly name: string;
  /** Its nodes in a graph. */
  readonly emit: (graph: Graph, inputs: Named<Value>, attributes: Attributes) => Value;
  /** The same on values, made of ordinary ops. */
  readonly eager: (inputs: Named<tf.Tensor>, attributes: Attributes) => tf.Tensor;
}

/** All of them, for the tracing backend. */
export const ownKernels = new Map<string, KernelRule>();

/**
 * Registers the kernel and returns the function that calls it. It has no derivatives of its own: they are those of the
 * operation that it stands in.
 */
export function defineKernel({
  name,
  emit,
  eager,
}: OwnKernel): (inputs: Record<string, tf.Tensor>, attributes?: Record<string, unknown>) => tf.Tensor {
  ownKernels.set(name, { emit, jvp: "constant" });
  return (inputs, attributes = {}) =>
    tf.engine().backendName === TRACE_BACKEND
      ? tf.engine().runKernel<tf.Tensor>(name, inputs, attributes as never)
      : eager(inputs, attributes);
}

/** Name of the backend that records graphs. */
export const TRACE_BACKEND = "dmpo-trace";
