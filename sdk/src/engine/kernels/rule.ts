// What the engine knows about one TensorFlow.js kernel: how it enters the graph, and how a tangent passes through it.
import type { tf } from "../tensor.js";
import type { Graph, Value } from "../graph.js";

export type Attributes = Readonly<Record<string, unknown>>;

/** Inputs of a kernel by name; variadic kernels (Concat, AddN, Pack) number theirs 0, 1, ... */
export type Named<T> = Readonly<Record<string, T>>;

export interface Linearization {
  readonly inputs: Named<tf.Tensor>;
  /** Tangents of the inputs; a null tangent is zero. At least one is not null. */
  readonly tangents: Named<tf.Tensor | null>;
  readonly outputs: readonly tf.Tensor[];
  readonly attributes: Attributes;
}

export interface KernelRule {
  readonly emit: (graph: Graph, inputs: Named<Value>, attributes: Attributes) => Value | readonly Value[];
  /**
   * Forward-mode rule: the tangents of the outputs. "linear": the kernel applied to the tangents of its only tensor input
   * (or of all variadic inputs). "constant": the derivative is zero (comparisons, rounding).
   */
  readonly jvp: "linear" | "constant" | ((at: Linearization) => tf.Tensor | readonly tf.Tensor[] | null);
}

export type KernelRules<Name extends string = string> = Readonly<Record<Name, KernelRule>>;
