// Functions that differentiate as a unit: one cheap closed form instead of the chain rule over their parts.
import { linearizedAs } from "./jvp.js";
import { tf } from "./tensor.js";

/** A function of tensors that differentiates as a unit. */
export interface Operation<Inputs extends readonly tf.Tensor[], Y extends tf.Tensor> {
  /** For errors. */
  readonly name: string;
  /** y, made of ordinary ops. */
  readonly forward: (...inputs: Inputs) => Y;
  /** Reverse mode: the gradients of all inputs from that of y. */
  readonly gradient: (dy: Y, inputs: Inputs) => readonly tf.Tensor[];
  /** Forward mode: the tangent of y; a null tangent is zero, and at least one is not null. */
  readonly tangent: (tangents: readonly (tf.Tensor | null)[], inputs: Inputs, y: Y) => tf.Tensor;
}

/** Makes an op from a function of tensors and its derivatives; usable eagerly, compiled, in reverse and in forward mode. */
export function defineOperation<Inputs extends readonly tf.Tensor[], Y extends tf.Tensor>({
  forward,
  gradient,
  tangent,
}: Operation<Inputs, Y>): (...inputs: Inputs) => Y {
  let op: ((...inputs: tf.Tensor[]) => Y) | undefined;
  const define = () =>
    tf.customGrad<Y>((...given) => {
      const save = given.at(-1) as unknown as tf.GradSaveFunc;
      const inputs = given.slice(0, -1) as tf.Tensor[] as unknown as Inputs;
      save([...inputs]);
      const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => [...gradient(dy as Y, saved as unknown as Inputs)];
      return { value: forward(...inputs), gradFunc };
    });
  return (...inputs) =>
    linearizedAs(
      inputs,
      () => (op ??= define())(...inputs),
      (tangents, y) => tangent(tangents, inputs, y),
    );
}

/** An element-wise function with its derivative. */
export interface Primitive {
  /** For errors. */
  readonly name: string;
  /** y = f(x), element by element. */
  readonly forward: (x: tf.Tensor) => tf.Tensor;
  /** dy/dx at x, element by element. */
  readonly derivative: (x: tf.Tensor) => tf.Tensor;
}

/** Makes an op from an element-wise function and its derivative; usable eagerly, compiled, in reverse and in forward mode. */
export function definePrimitive({ name, forward, derivative }: Primitive): <T extends tf.Tensor>(x: T) => T {
  const op = defineOperation<[tf.Tensor], tf.Tensor>({
    name,
    forward,
    gradient: (dy, [x]) => [dy.mul(derivative(x))],
    tangent: ([dx], [x]) => dx!.mul(derivative(x)),
  });
  return <T extends tf.Tensor>(x: T) => op(x) as T;
}
