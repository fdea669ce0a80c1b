import { beforeAll, expect, test } from "vitest";
import { jvp } from "../../sdk/src/engine/jvp.js";
import { tf } from "../../sdk/src/engine/tensor.js";
import { activations, type ActivationName } from "../../sdk/src/nn/activations.js";
import { expectClose } from "./close.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** Erf by its Taylor series, exact to double precision for |x| < 4. */
const erf = (x: number) => {
  let [term, sum] = [x, x];
  for (let n = 1; n < 100; n++) sum += (term *= (-x * x) / n) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
};

const exact: Record<ActivationName, (x: number) => number> = {
  Mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  ReLU: (x) => Math.max(x, 0),
  Tanh: Math.tanh,
  GELU: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  SiLU: (x) => x * sigmoid(x),
  ELU: (x) => (x > 0 ? x : Math.expm1(x)),
  Softplus: (x) => Math.log1p(Math.exp(x)),
  Identity: (x) => x,
};
const names = Object.keys(activations) as ActivationName[];
const points = [-5, -2.3, -1, -0.4, -0.01, 0.02, 0.7, 1.5, 3.1, 5];

test.each(names)("%s equals its definition, and so do both its derivatives", (name) => {
  const f = exact[name];
  const slope = points.map((x) => (f(x + 1e-5) - f(x - 1e-5)) / 2e-5);
  const x = tf.tensor1d(points);
  expectClose(activations[name](x), points.map(f));
  expectClose(tf.grad((x) => activations[name](x).mul(1))(x), slope, 1e-4);
  const [, tangent] = jvp((x: tf.Tensor) => activations[name](x), [x], [tf.fill([points.length], 2)]);
  expectClose(
    tangent,
    slope.map((s) => 2 * s),
    1e-4,
  );
});

test("Mish is finite and exact far from zero", () => {
  const far = [-1e4, -100, -50, -20, 19.99, 20.01, 50, 100, 1e6, 1e30];
  const x = tf.tensor1d(far);
  const value = activations.Mish(x).dataSync();
  far.forEach((x, i) =>
    expect(Math.abs(value[i]! - (x > 50 ? x : exact.Mish(x)))).toBeLessThanOrEqual(1e-6 * Math.abs(x)),
  );
  const slope = tf
    .grad((x) => activations.Mish(x))(x)
    .dataSync();
  far.forEach((x, i) => expect(slope[i]).toBeCloseTo(x > 0 ? 1 : 0, 5));
});
