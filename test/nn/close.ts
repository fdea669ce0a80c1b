// Comparison of tensors with plain numbers, by relative error.
import { expect } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";

export type Numbers = number | readonly Numbers[];

/** Every entry within `relative` of the expected one; entries near zero within `relative` of a tenth of the largest. */
export function expectClose(actual: tf.Tensor, expected: Numbers, relative = 1e-5): void {
  const want = ([expected] as readonly unknown[]).flat(Infinity) as number[];
  const got = [...actual.dataSync()];
  expect(got.length).toBe(want.length);
  const largest = Math.max(...want.map(Math.abs));
  got.forEach((value, i) => {
    const tolerance = relative * Math.max(Math.abs(want[i]!), largest / 10);
    expect(Math.abs(value - want[i]!), `entry ${i}: ${value}, expected ${want[i]!}`).toBeLessThanOrEqual(tolerance);
  });
}

/** `scale * fn(step * k + shift)` over the flat index k: the closed-form tensors of the golden vectors. */
export function wave<T extends tf.Tensor>(
  shape: number[],
  fn: (x: number) => number,
  step: number,
  shift = 0,
  scale = 1,
): T {
  const size = tf.util.sizeFromShape(shape);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, k) => scale * fn(step * k + shift)),
    shape,
  ) as T;
}
