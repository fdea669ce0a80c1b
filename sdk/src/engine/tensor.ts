// The one file that imports TensorFlow.js: its ops, gradients and chained methods, and the eager CPU backend.
import * as tf from "@tensorflow/tfjs";

// Production mode only silences the advice to install a native backend and a few repeated shape checks.
tf.enableProdMode();

export { tf };

/** Values of a tensor on the host. The array's type gives the dtype: Float32Array float32, Int32Array int32, Uint8Array bool. */
export interface HostTensor {
  /** Row by row. */
  readonly data: Float32Array | Int32Array | Uint8Array;
  /** Extent of each axis; [] is a scalar. */
  readonly shape: readonly number[];
}

/** Nested objects and arrays with tensors at the leaves. */
export type TensorTree = tf.Tensor | { readonly [key: string]: TensorTree } | readonly TensorTree[];

/** The same tree with host values at the leaves. */
export type Host<T> = T extends tf.Tensor ? HostTensor : { readonly [K in keyof T]: Host<T[K]> };

/** Weights of a model by their PyTorch state_dict name. */
export type Weights = Readonly<Record<string, tf.Tensor>>;

/** Wraps an array with its shape, e.g. `hostTensor(new Float32Array(6), [2, 3])`. */
export function hostTensor(data: HostTensor["data"], shape: readonly number[]): HostTensor {
  return { data, shape };
}
