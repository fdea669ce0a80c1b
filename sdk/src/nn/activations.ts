// Activation functions by their PyTorch names, each differentiating in closed form.
import { z } from "zod";
import { definePrimitive } from "../engine/primitive.js";
import { tf } from "../engine/tensor.js";

type Activation = <T extends tf.Tensor>(x: T) => T;

/** e = exp(x), w = e (e + 2), d = w + 2 and x / d, which a value and its slope share. */
function mishParts(x: tf.Tensor) {
  const e = x.minimum(43).exp();
  const w = e.mul(e.add(2));
  const d = w.add(2);
  return { e, w, d, quotient: x.div(d) };
}

/**
 * Mish, x tanh(ln(1 + e^x)) (Misra 2019), with one exponential: tanh(ln(1 + e)) = w / d. From x = 20 on that is 1 in
 * float32; e is capped where w would soon overflow.
 */
const mish = definePrimitive({
  name: "Mish",
  forward(x) {
    const { w, quotient } = mishParts(x);
    return quotient.mul(w);
  },
  derivative(x) {
    const { e, w, d, quotient } = mishParts(x);
    return w.add(w.sub(e).mul(quotient.mul(4))).div(d);
  },
});

const gelu = definePrimitive({
  name: "GELU",
  forward: (x) => x.mul(normalCdf(x)),
  derivative: (x) =>
    normalCdf(x).add(
      x.mul(
        x
          .square()
          .mul(-0.5)
          .exp()
          .mul(1 / Math.sqrt(2 * Math.PI)),
      ),
    ),
});

const normalCdf = (x: tf.Tensor) => x.mul(Math.SQRT1_2).erf().add(1).mul(0.5);

const silu = definePrimitive({
  name: "SiLU",
  forward: (x) => x.mul(x.sigmoid()),
  derivative(x) {
    const s = x.sigmoid();
    return s.mul(x.mul(tf.scalar(1).sub(s)).add(1));
  },
});

const elu = definePrimitive({
  name: "ELU",
  forward: (x) => x.relu().add(x.minimum(0).exp().sub(1)),
  derivative: (x) => x.minimum(0).exp(),
});

const softplus = definePrimitive({
  name: "Softplus",
  forward: (x) => x.relu().add(x.abs().neg().exp().log1p()),
  derivative: (x) => x.sigmoid(),
});

/** Activation functions by their names in configurations. */
export const activations = {
  Mish: mish,
  ReLU: (x) => tf.relu(x),
  Tanh: (x) => tf.tanh(x),
  GELU: gelu,
  SiLU: silu,
  ELU: elu,
  Softplus: softplus,
  Identity: (x) => x,
} satisfies Record<string, Activation>;

/** Name of an activation function. */
export type ActivationName = keyof typeof activations;

export const activationName = z.enum(Object.keys(activations) as [ActivationName, ...ActivationName[]]);
