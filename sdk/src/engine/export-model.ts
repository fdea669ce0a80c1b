// A pure function of tensors as an ONNX file for other programs, with any batch size where its graph allows it.
import { withBatchAxis } from "./batch-axis.js";
import { encodeOnnx, onnxModel, type OnnxModel } from "./onnx.js";
import { hostTensor, type TensorTree } from "./tensor.js";
import { trace } from "./trace.js";

/** Primes, and no size that anything else is likely to have. */
const PROBES = [1009, 1013] as const;

export interface ExportedModel {
  readonly bytes: Uint8Array;
  /** The batch size that the file is for: "any", or a fixed one. */
  readonly batch: "any" | number;
}

/**
 * Inputs and outputs are called as in the trees that go in and come out of `fn` (`observation`, `action`).
 *
 * @param shapes of the inputs without the batch axis, e.g. `{ observation: [1, 11], noise: [4, 3] }`; float32 but for `bytes`.
 * @param options `fixedBatch`, the batch size of the file if the graph cannot have any; `bytes`, inputs that are uint8.
 * @throws Error naming function, op and remedy when the function cannot be compiled.
 */
export function exportModel<I extends { readonly [key: string]: TensorTree }>(
  name: string,
  fn: (input: I) => TensorTree,
  shapes: { readonly [Key in keyof I]: readonly number[] },
  {
    metadata = {},
    fixedBatch = 1,
    bytes = [],
  }: { metadata?: Readonly<Record<string, string>>; fixedBatch?: number; bytes?: readonly (keyof I)[] } = {},
): ExportedModel {
  const modelFor = (batch: number): OnnxModel => {
    const entries = Object.entries<readonly number[]>(shapes).map(([key, shape]) => {
      const size = shape.reduce((product, extent) => product * extent, batch);
      const data = bytes.includes(key) ? new Uint8ClampedArray(size) : new Float32Array(size);
      return [key, hostTensor(data, [batch, ...shape])] as const;
    });
    const traced = trace(name, fn, Object.fromEntries(entries));
    return onnxModel(name, traced, (output) => output);
  };
  const dynamic = withBatchAxis([modelFor(PROBES[0]), modelFor(PROBES[1])], PROBES);
  const metadataProps = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  return {
    bytes: encodeOnnx({ ...(dynamic ?? modelFor(fixedBatch)), metadataProps }),
    batch: dynamic ? "any" : fixedBatch,
  };
}
