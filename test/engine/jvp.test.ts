import { beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../sdk/src/engine/compile.js";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { jvp, stopGradient } from "../../sdk/src/engine/jvp.js";
import { definePrimitive } from "../../sdk/src/engine/primitive.js";
import { tf } from "../../sdk/src/engine/tensor.js";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const values = (n: number, shift: number, scale = 1) =>
  Float32Array.from({ length: n }, (_, i) => scale * Math.sin(1.7 * i + shift));

/** Central differences in double-ish precision: a step large enough for float32. */
function numericalTangent(fn: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor, dx: tf.Tensor): Float32Array {
  const h = 1e-2;
  return tf.tidy(
    () =>
      fn(x.add(dx.mul(h)))
        .sub(fn(x.sub(dx.mul(h))))
        .div(2 * h)
        .dataSync() as Float32Array,
  );
}

const row = tf.tensor1d([0.3, -0.2, 0.7]);
const matrix = () => tf.tensor2d(values(6, 0.4), [3, 2]);
const functions: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  exp: (x) => x.exp(),
  log: (x) => x.abs().add(0.5).log(),
  sqrt: (x) => x.square().add(0.5).sqrt(),
  rsqrt: (x) => x.square().add(0.5).rsqrt(),
  log1p: (x) => x.square().log1p(),
  expm1: (x) => x.expm1(),
  "sin cos": (x) => x.sin().mul(x.cos()),
  tanh: (x) => x.tanh(),
  sigmoid: (x) => x.sigmoid(),
  softplus: (x) => x.softplus(),
  erf: (x) => x.erf(),
  reciprocal: (x) => x.square().add(1).reciprocal(),
  elu: (x) => x.elu(),
  divide: (x) => row.div(x.square().add(1)),
  "divide by broadcast": (x) => x.div(row.add(2)),
  "subtract from row": (x) => row.sub(x),
  "row minus scalar of x": (x) => x.mean().sub(row),
  power: (x) => x.abs().add(0.5).pow(2.5),
  "maximum minimum": (x) => x.maximum(0.1).minimum(0.6),
  "clip by value": (x) => x.clipByValue(-0.45, 0.45),
  "squared difference": (x) => tf.squaredDifference(x, row),
  where: (x) => tf.where(x.greater(0.1), x.square(), x.neg()),
  reshape: (x) => x.reshape([3, 2]).square(),
  transpose: (x) => x.square().transpose(),
  concat: (x) => tf.concat([x.square(), tf.ones([1, 3]), x.sin()], 0),
  stack: (x) => tf.stack([x.square(), x.sin()], 1),
  unstack: (x) => tf.unstack(x)[1]!.square(),
  split: (x) => tf.split(x, [1, 2], 1)[1]!.square(),
  slice: (x) => x.square().slice([0, 1], [2, 2]),
  pad: (x) =>
    x.square().pad([
      [0, 1],
      [1, 0],
    ]),
  tile: (x) => x.square().tile([2, 1]),
  gather: (x) => tf.gather(x.square(), tf.tensor1d([1, 0, 1], "int32")),
  reverse: (x) => x.square().reverse(1),
  cumsum: (x) => x.square().cumsum(1),
  "sum mean": (x) => x.square().sum(0).add(x.mean(1, true)),
  "max min": (x) => x.max(1).sub(x.min(1)),
  softmax: (x) => tf.softmax(x),
  "log softmax": (x) => tf.logSoftmax(x),
  "log-sum-exp": (x) => tf.logSumExp(x, 1),
  "matrix product": (x) => tf.matMul(x.square(), matrix()),
  "matrix product with its transpose": (x) => tf.matMul(x, x, false, true),
};

describe("the forward-mode rule agrees with central differences", () => {
  test.each(Object.keys(functions))("%s", (name) => {
    const fn = functions[name]!;
    const x = tf.tensor2d(values(6, 0.3), [2, 3]);
    const dx = tf.tensor2d(values(6, 1.1), [2, 3]);
    const [y, dy] = jvp((z: tf.Tensor) => fn(z), [x], [dx]);
    expect(y.dataSync()).toEqual(fn(x).dataSync());
    expect(dy.shape).toEqual(y.shape);
    const expected = numericalTangent(fn, x, dx);
    dy.dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 3));
  });
});

test("several primals, one of them with a zero tangent", () => {
  const [x, y] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])];
  const [value, tangent] = jvp((a: tf.Tensor, b: tf.Tensor) => a.mul(b), [x, y], [tf.tensor1d([10, 20]), null]);
  expect([...value.dataSync()]).toEqual([3, 8]);
  expect([...tangent.dataSync()]).toEqual([30, 80]);
});

test("reverse mode over forward mode: the gradient of a directional derivative", () => {
  // d/dx of (d/dt (x + t)^3) = d/dx 3 x^2 = 6 x
  const gradient = tf.grad((x) => jvp((z: tf.Tensor) => z.pow(3), [x], [tf.onesLike(x)])[1].sum());
  expect(gradient(tf.tensor1d([2, -1])).arraySync()).toEqual([12, -6]);
});

test("the gradient of a loss that contains a stop-gradiented jvp treats it as a constant", () => {
  const { value, gradients } = valueAndGradients(
    ({ w }) => {
      const [u, du] = jvp((z: tf.Tensor) => w!.mul(z.square()), [tf.scalar(3)], [tf.scalar(1)]);
      return { loss: u.add(stopGradient(du)).square().sum(), du };
    },
    { w: tf.scalar(0.5), unused: tf.ones([2]) },
  );
  // u = 4.5, du = 3, loss = (u + du)^2, dloss/dw = 2 (u + du) * 9
  expect(value.loss.arraySync()).toBeCloseTo(56.25, 4);
  expect(value.du.arraySync()).toBeCloseTo(3, 5);
  expect(gradients.w!.arraySync()).toBeCloseTo(135, 3);
  expect(gradients.unused!.arraySync()).toEqual([0, 0]);
});

test("a primitive differentiates as a unit in both modes", () => {
  const cube = definePrimitive({ name: "cube", forward: (x) => x.pow(3), derivative: (x) => x.square().mul(3) });
  const x = tf.tensor1d([2, -1]);
  expect(
    tf
      .grad((z) => cube(z).sum())(x)
      .arraySync(),
  ).toEqual([12, 3]);
  expect(jvp((z: tf.Tensor) => cube(z.mul(2)), [x], [tf.onesLike(x)])[1].arraySync()).toEqual([96, 24]);
});

test("an op without a rule is named, with the remedy", () => {
  expect(() => jvp((x: tf.Tensor) => tf.atan(x), [tf.scalar(1)], [tf.scalar(1)])).toThrow(/Atan.*definePrimitive/s);
});

test("nothing is left behind in tensor memory", () => {
  const x = tf.tensor1d([1, 2, 3]);
  const before = tf.memory().numTensors;
  const outputs = jvp((z: tf.Tensor) => tf.mean(z.square().exp()), [x], [tf.onesLike(x)]);
  outputs.forEach((tensor) => tensor.dispose());
  expect(tf.memory().numTensors - before).toBeLessThanOrEqual(1); // the tangent that the caller passed
});

test("comparisons are constants in reverse mode too", () => {
  const gradient = tf.grad((x: tf.Tensor) => x.mul(x.greater(0).cast("float32")).sum());
  expect(gradient(tf.tensor1d([2, -1])).arraySync()).toEqual([1, 0]);
});

describe("derivatives of derivatives", () => {
  const along = (fn: (x: tf.Tensor) => tf.Tensor) => (x: tf.Tensor) => jvp(fn, [x], [tf.onesLike(x)])[1];

  test.each([
    ["x^3", (x: tf.Tensor) => x.mul(x).mul(x), [12, 12, 6, 0]],
    ["sin x", (x: tf.Tensor) => x.sin(), [Math.cos(2), -Math.sin(2), -Math.cos(2), Math.sin(2)]],
    ["e^(2x)", (x: tf.Tensor) => x.mul(2).exp(), [2, 4, 8, 16].map((factor) => factor * Math.exp(4))],
    ["tanh x / x", (x: tf.Tensor) => x.tanh().div(x), undefined],
  ] as const)("%s at 2, by nested jvp() and by jvp() of gradients", (_, fn, expected) => {
    const x = tf.scalar(2);
    const first = along(fn);
    const second = along(first);
    const third = along(second);
    const got = [first, second, third, along(third)].map((derivative) => derivative(x).dataSync()[0]!);
    expected?.forEach((value, i) => expect(Math.abs(got[i]! - value)).toBeLessThan(1e-4 * (1 + Math.abs(value))));
    const forwardOverReverse = along((y) => tf.grad(fn)(y))(x).dataSync()[0]!;
    const reverseOverForward = tf.grad(along(fn))(x).dataSync()[0]!;
    expect(forwardOverReverse).toBeCloseTo(got[1]!, 3);
    expect(reverseOverForward).toBeCloseTo(got[1]!, 3);
  });

  test("mixed directions, and a function that is constant in the inner variable", () => {
    const mixed = (x: tf.Tensor) =>
      jvp((y: tf.Tensor) => x.square().mul(y.square()), [tf.scalar(3)], [tf.scalar(1)])[1];
    // d/dx d/dy x^2 y^2 = 4 x y.
    expect(jvp(mixed, [tf.scalar(2)], [tf.scalar(1)])[1].dataSync()[0]).toBeCloseTo(24, 4);
    const inner = (x: tf.Tensor) => jvp((y: tf.Tensor) => y.mul(0).add(x), [tf.scalar(3)], [tf.scalar(1)])[0];
    expect(jvp(inner, [tf.scalar(2)], [tf.scalar(1)])[1].dataSync()[0]).toBeCloseTo(1, 5);
  });

  test("an inner tangent does not leak into the outer one, nor does stopGradient let one through", () => {
    const leaking = (x: tf.Tensor) => {
      const [, inner] = jvp((y: tf.Tensor) => y.square(), [tf.scalar(5)], [tf.scalar(1)]);
      return inner.mul(x);
    };
    expect(jvp(leaking, [tf.scalar(2)], [tf.scalar(1)])[1].dataSync()[0]).toBeCloseTo(10, 5);
    const stopped = along((x) => stopGradient(along((y) => y.square().mul(x))(x)));
    expect(stopped(tf.scalar(2)).dataSync()[0]).toBe(0);
  });

  test("compiled equals eager", async () => {
    const second = along(along((x) => x.mul(x).mul(x)));
    const run = compile((x: tf.Tensor) => second(x), { threads: 1 });
    const { data } = await run({ data: Float32Array.of(2, -1), shape: [2] });
    expect([...data]).toEqual([12, -6]);
    await run.dispose();
  });
});

test.each(["max", "min"] as const)("equal extremes share %s's derivative alike in both modes", (name) => {
  const x = tf.tensor2d([[1, 1, -1], [2, -3, -3]]); // prettier-ignore
  const f = (t: tf.Tensor) => t[name](1);
  const direction = tf.tensor2d([[1, 3, 5], [7, 11, 15]]); // prettier-ignore
  const forward = jvp(f, [x as tf.Tensor], [direction])[1];
  expect(forward.arraySync()).toEqual(name === "max" ? [2, 7] : [5, 13]);
  const weights = tf.tensor1d([1, 10]);
  const gradient = tf.grad((t: tf.Tensor) => f(t).mul(weights).sum())(x);
  expect(gradient.mul(direction).sum().dataSync()[0]).toBe(forward.mul(weights).sum().dataSync()[0]);
});
