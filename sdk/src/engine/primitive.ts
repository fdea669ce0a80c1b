// Element-wise functions that differentiate as a unit: one cheap closed form instead of the chain rule over their parts.
import { linearizedAs } from "./jvp.js";
import { tf } from "./tensor.js";

export interface Primitive {
  readonly name: string;
  /** y = f(x), element by element. */
  readonly forward: (x: tf.Tensor) => tf.Tensor;
  /** dy/dx at x, element by element. */
  readonly derivative: (x: tf.Tensor) => tf.Tensor;
}

/** Makes an op from an element-wise function and its derivative; usable eagerly, compiled, in reverse and in forward mode. */
export function definePrimitive({ forward, derivative }: Primitive): <T extends tf.Tensor>(x: T) => T {
  const op = tf.customGrad((x, save) => {
    (save as tf.GradSaveFunc)([x as tf.Tensor]);
    return {
      value: forward(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) => dy.mul(derivative(saved!)),
    };
  });
  return <T extends tf.Tensor>(x: T) =>
    linearizedAs(
      x,
      () => op(x),
      (dx) => dx.mul(derivative(x)),
    ) as T;
}
