// The one file that imports TensorFlow.js: its ops, gradients and chained methods, and the eager CPU backend. It is loaded at
// the first use of `tf`, as a program that trains nothing should not wait for it.
import { createRequire } from "node:module";
import type * as TensorFlow from "@tensorflow/tfjs-core";
// The types of `x.add(y)`, for users too: an import of types alone would not reach the declarations.
export type {} from "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js";

let library: typeof TensorFlow | undefined;
const waiting: (() => void)[] = [];

function load(): typeof TensorFlow {
  if (library) return library;
  // One file made of the parts that are used (script/bundle-tensorflow.mjs).
  library = createRequire(import.meta.url)("#tensorflow") as typeof TensorFlow;
  // Its own frames fill the usual ten, so that errors would not say which line of the program called it.
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, 30);
  waiting.forEach((work) => work());
  return library;
}

/** Does `work` as soon as TensorFlow.js is loaded: what extends it, e.g. by a kernel, without loading it. */
export function onceLoaded(work: () => void): void {
  if (library) work();
  else waiting.push(work);
}

/** TensorFlow.js. */
export const tf = new Proxy({} as typeof TensorFlow, {
  get: (_, name) => load()[name as keyof typeof TensorFlow],
});

/* eslint-disable @typescript-eslint/no-namespace -- types as `tf.Tensor`, beside the value */
export declare namespace tf {
  type DataType = TensorFlow.DataType;
  type GradSaveFunc = TensorFlow.GradSaveFunc;
  type NamedTensorMap = TensorFlow.NamedTensorMap;
  type Rank = TensorFlow.Rank;
  namespace Rank {
    type R0 = TensorFlow.Rank.R0;
    type R1 = TensorFlow.Rank.R1;
    type R2 = TensorFlow.Rank.R2;
    type R3 = TensorFlow.Rank.R3;
    type R4 = TensorFlow.Rank.R4;
    type R5 = TensorFlow.Rank.R5;
    type R6 = TensorFlow.Rank.R6;
  }
  type Scalar = TensorFlow.Scalar;
  type ScalarLike = TensorFlow.ScalarLike;
  type Tensor<R extends Rank = Rank> = TensorFlow.Tensor<R>;
  type Tensor1D = TensorFlow.Tensor1D;
  type Tensor2D = TensorFlow.Tensor2D;
  type Tensor3D = TensorFlow.Tensor3D;
  type Tensor4D = TensorFlow.Tensor4D;
  type Tensor5D = TensorFlow.Tensor5D;
  type TensorBuffer<R extends Rank, D extends DataType = "float32"> = TensorFlow.TensorBuffer<R, D>;
  type TensorContainer = TensorFlow.TensorContainer;
  type TensorInfo = TensorFlow.TensorInfo;
  type TensorLike = TensorFlow.TensorLike;
  type TypedArray = TensorFlow.TypedArray;
  type Variable<R extends Rank = Rank> = TensorFlow.Variable<R>;
}
/* eslint-enable @typescript-eslint/no-namespace */

/**
 * Values of a tensor on the host. The array's type gives the dtype: Float32Array float32, Int32Array int32, Uint8Array bool.
 * Bytes of pictures, 0 to 255, are a Uint8ClampedArray: functions see them as int32, and they stay bytes until then.
 */
export interface HostTensor {
  /** Row by row. */
  readonly data: Float32Array | Int32Array | Uint8Array | Uint8ClampedArray;
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
