// Runs a function eagerly, op by op, on the registered TensorFlow.js backend: the oracle of the tests, and the way to
// @tensorflow/tfjs-node and -gpu where they are installed (`import "@tensorflow/tfjs-node"` registers them).
import { tf, type HostTensor, type TensorTree } from "../tensor.js";
import { isHostTensor, isTensor, seenTypeOf } from "../trace.js";
import { leavesOf, mapTree } from "../tree.js";

/** `input` and `output` are trees of host tensors; see `Compiled`. */
export async function runEagerly(fn: (input: never) => TensorTree, input: unknown, output?: unknown): Promise<unknown> {
  await tf.ready();
  const engine = tf.engine();
  engine.startScope("eager");
  try {
    const tensors = mapTree(input as HostTensor, isHostTensor, (leaf) =>
      tf.tensor(leaf.data, [...leaf.shape], seenTypeOf(leaf)),
    );
    const result = fn(tensors as never);
    const host = mapTree(result, isTensor, (tensor) => ({ data: tensor.dataSync(), shape: tensor.shape }));
    leavesOf(result, isTensor).forEach(({ leaf }) => leaf.dispose());
    if (!output) return host;
    const sources = leavesOf(host as HostTensor, isHostTensor);
    leavesOf(output as HostTensor, isHostTensor).forEach(({ leaf }, i) => leaf.data.set(sources[i]!.leaf.data));
    return output;
  } finally {
    engine.endScope();
  }
}
