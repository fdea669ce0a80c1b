// Reverse-mode gradients of a loss with respect to named weights, through TensorFlow.js' tape.
import { tf, type TensorTree, type Weights } from "./tensor.js";

/** What a loss function returns: the scalar `loss`, and anything else worth returning. */
export type LossTerms = {
  /** What is differentiated. */
  readonly loss: tf.Tensor;
} & { readonly [name: string]: TensorTree };

/**
 * The value of `fn` (a scalar `loss` and anything else worth returning) and the gradient of `loss`, one tensor per weight
 * in its shape; zero for weights that the loss does not use.
 */
export function valueAndGradients<T extends LossTerms>(
  fn: (weights: Weights) => T,
  weights: Weights,
): { value: T; gradients: Weights } {
  const names = Object.keys(weights);
  const tensors = names.map((name) => weights[name]!);
  let value: T | undefined;
  const { grads } = tf.engine().gradients(
    () => {
      value = fn(weights);
      keepTree(value);
      return value.loss as tf.Scalar;
    },
    tensors,
    undefined,
    true,
  );
  const gradients = names.map((name, i) => [name, grads[i] ?? tf.zerosLike(tensors[i]!)]);
  return { value: value!, gradients: Object.fromEntries(gradients) as Weights };
}

/** The tape ends its scope before we return: what the function computed beside the loss must outlive it. */
function keepTree(tree: TensorTree): void {
  if (tree instanceof tf.Tensor) tf.keep(tree);
  else Object.values(tree).forEach(keepTree);
}
