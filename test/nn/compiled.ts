// Compiled functions beside the same functions eagerly.
import { onTestFinished } from "vitest";
import { compile } from "../../sdk/src/engine/compile.js";
import { hostTensor, tf, type HostTensor } from "../../sdk/src/engine/tensor.js";
import { expectClose } from "./close.js";

/** Tensors as host arrays, for compiled functions. */
export const hostOf = (tree: object): object =>
  tree instanceof tf.Tensor
    ? hostTensor(tree.dataSync(), tree.shape)
    : Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, hostOf(value as object)]));

/** What a function of tensors, compiled, makes of `input`. */
export async function compiled<Input extends object>(fn: (input: Input) => object, input: Input): Promise<object> {
  const run = compile(fn as unknown as (input: tf.Tensor) => tf.Tensor, { threads: 1 });
  onTestFinished(() => run.dispose());
  return run(hostOf(input) as HostTensor);
}

/** Compiled and eager results hold the same numbers in the same shapes, whatever their structure. */
export async function expectCompiled<Input extends object>(
  fn: (input: Input) => object,
  input: Input,
  relative = 1e-5,
): Promise<void> {
  expectEqual(await compiled(fn, input), fn(input), relative);
}

function expectEqual(got: object, want: object, relative: number): void {
  if (want instanceof tf.Tensor) {
    const { data, shape } = got as HostTensor;
    expectClose(tf.tensor(data, [...shape]), want.arraySync(), relative);
  } else {
    const children = got as Record<string, object>;
    for (const [key, value] of Object.entries(want)) expectEqual(children[key]!, value as object, relative);
  }
}
