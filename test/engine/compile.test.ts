import { beforeAll, describe, expect, test, vi } from "vitest";
import { compile, constants } from "../../sdk/src/engine/compile.js";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { jvp } from "../../sdk/src/engine/jvp.js";
import { hostTensor, tf, type HostTensor } from "../../sdk/src/engine/tensor.js";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const wave = (n: number, shift: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(1.7 * i + shift));
const x23 = () => hostTensor(wave(6, 0.3), [2, 3]);

const functions: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  elementwise: (x) => x.sin().mul(x.cos()).add(x.tanh()).sub(x.sigmoid()).div(x.square().add(1)).neg(),
  roots: (x) => x.abs().add(0.5).sqrt().add(x.square().add(1).rsqrt()).add(x.square().log1p()).add(x.expm1()),
  activations: (x) => x.relu().add(x.elu()).add(x.softplus()).add(x.erf()),
  rounding: (x) => x.mul(3).floor().add(x.mul(3).ceil()).add(x.mul(3).round()).add(x.sign()).add(x.step()),
  powers: (x) => x.abs().add(0.5).pow(2.5).add(tf.squaredDifference(x, 0.2)).add(x.add(2).reciprocal()),
  "comparisons and where": (x) =>
    tf.where(x.greater(0.1).logicalAnd(x.lessEqual(0.9)), x.mul(2), x.notEqual(x).cast("float32")),
  "logical not, equal": (x) => x.equal(x.max()).logicalNot().logicalOr(x.less(-0.5)).cast("float32"),
  "clip, maximum, minimum": (x) => x.clipByValue(-0.3, 0.4).maximum(x.sub(0.1)).minimum(0.35),
  "shapes: reshape, transpose, expand, squeeze": (x) => x.reshape([3, -1]).transpose().expandDims(1).squeeze([1]),
  "concat, stack, unstack, split": (x) => {
    const [a, b] = tf.split(x, [1, 2], 1) as [tf.Tensor, tf.Tensor];
    return tf.concat([b, a, tf.stack(tf.unstack(x, 1), 1), tf.zeros([2, 1])], 1);
  },
  "slice, pad, tile, reverse": (x) =>
    tf.reverse(
      x
        .slice([0, 1], [2, 2])
        .pad(
          [
            [0, 1],
            [1, 0],
          ],
          0.25,
        )
        .tile([1, 2]),
      [0, 1],
    ),
  "slice by rows": (x) => x.slice(1),
  "gather and one-hot": (x) =>
    tf.gather(x, tf.tensor1d([2, 0], "int32"), 1).add(tf.oneHot(tf.tensor1d([1, 0], "int32"), 2)),
  "broadcast to": (x) => x.sum(1, true).broadcastTo([2, 5]),
  reductions: (x) => tf.stack([x.sum(), x.mean(), x.max(), x.min()]).add(x.argMax(1).cast("float32").sum()),
  "reductions along axes": (x) => x.sum(0).add(x.mean(0)).add(x.max(0, false)).add(x.min(0)),
  "cumulative sum": (x) => tf.cumsum(x, 1, true, true),
  "softmax and log-sum-exp": (x) =>
    tf
      .softmax(x)
      .add(tf.logSoftmax(x))
      .add(tf.logSumExp(x, 1, true)),
  "matrix products": (x) => tf.matMul(x, x, false, true).add(tf.matMul(x, x, true).sum()),
  "batched matrix products": (x) =>
    tf.matMul(x.reshape([2, 3, 1]), x.reshape([2, 1, 3])).add(tf.matMul(x.reshape([2, 1, 3]), x.reshape([2, 3, 1]))),
  "constants made inside": (x) =>
    x
      .add(tf.linspace(0, 1, 3))
      .mul(tf.fill([2, 3], 2))
      .add(tf.onesLike(x))
      .sub(tf.zerosLike(x)),
  gradient: (x) => tf.grad((z: tf.Tensor) => z.softplus().mul(z.mean(1, true)).square().mean())(x),
  "gradient of matrix products": (x) =>
    tf.grad((z: tf.Tensor) => tf.matMul(z, z, false, true).tanh().add(tf.max(z, 1)).mean())(x),
  "jvp of a gradient": (x) =>
    jvp(
      tf.grad((z: tf.Tensor) => z.pow(3).sum()),
      [x],
      [x.add(1)],
    )[1],
};

describe("compiled equals eager", () => {
  test.each(Object.keys(functions))("%s", async (name) => {
    const compiled = compile(functions[name]!, { threads: 1, name });
    const eager = compile(functions[name]!, { executor: "tfjs", name });
    const [got, expected] = [await compiled(x23()), await eager(x23())];
    expect(got.shape).toEqual(expected.shape);
    expected.data.forEach((value, i) => expect(got.data[i]).toBeCloseTo(value, 5));
    await compiled.dispose();
  });
});

test("nested inputs and outputs keep their structure, and results go into given arrays", async () => {
  const compiled = compile(
    ({ batch, scale }: { batch: tf.Tensor[]; scale: tf.Tensor }) => ({
      sum: batch[0]!.add(batch[1]!),
      parts: [batch[0]!.mul(scale), batch[1]!],
    }),
    { threads: 1 },
  );
  const input = { batch: [x23(), x23()], scale: hostTensor(Float32Array.of(2), []) };
  const memory = new WebAssembly.Memory({ initial: 1 });
  const target = { sum: hostTensor(new Float32Array(memory.buffer, 64, 6), [2, 3]), parts: [x23(), x23()] };
  const result = await compiled(input, target);
  expect(result).toBe(target);
  expect([...target.sum.data]).toEqual([...x23().data].map((v) => Math.fround(v + v)));
  expect([...target.parts[0]!.data]).toEqual([...x23().data].map((v) => 2 * v));
  await compiled.dispose();
});

test("repeated calls notice other arrays, other shapes and other keys", async () => {
  const compiled = compile(
    (input: Record<string, tf.Tensor>) => Object.values(input).reduce((sum, x) => sum.mul(2).add(x)),
    { threads: 1 },
  );
  const scalar = (value: number) => hostTensor(Float32Array.of(value), []);
  const [one, ten] = [scalar(1), scalar(10)];
  const output = scalar(0);
  const call = async (input: Record<string, HostTensor>) => (await compiled(input, output)).data[0];
  expect(await call({ a: one, b: ten })).toBe(12);
  expect(await call({ a: one, b: ten })).toBe(12);
  one.data[0] = 2;
  expect(await call({ a: one, b: ten })).toBe(14);
  expect(await call({ a: ten, b: one })).toBe(22);
  expect(await call({ b: one, a: ten })).toBe(14);
  expect(await call({ a: one, b: ten, c: ten })).toBe(38);
  expect(await call({ a: one, b: one })).toBe(6);
  const pair = hostTensor(Float32Array.of(3, 4), [2]);
  expect([...(await compiled({ a: pair, b: one })).data]).toEqual([8, 10]);
  const other = scalar(0);
  await compiled({ a: one, b: one }, other);
  expect(other.data[0]).toBe(6);
  await compiled.dispose();
  expect(await call({ a: one, b: ten })).toBe(14);
  await compiled.dispose();
});

test("integer and boolean inputs", async () => {
  const compiled = compile(
    ({ index, mask, x }: { index: tf.Tensor; mask: tf.Tensor; x: tf.Tensor }) =>
      tf.where(mask, tf.gather(x, index as tf.Tensor1D), tf.zeros([2])),
    { threads: 1 },
  );
  const result = await compiled({
    index: hostTensor(Int32Array.of(2, 0), [2]),
    mask: hostTensor(Uint8Array.of(1, 0), [2]),
    x: hostTensor(Float32Array.of(5, 6, 7), [3]),
  });
  expect([...result.data]).toEqual([7, 0]);
});

test("a trained layer: value and gradients in one call, weights frozen as constants in another", async () => {
  const weights: Record<string, HostTensor> = { w: hostTensor(wave(6, 1), [2, 3]), b: hostTensor(wave(2, 2), [2]) };
  const layer = (w: Readonly<Record<string, tf.Tensor>>, x: tf.Tensor) =>
    tf.matMul(x, w.w!, false, true).add(w.b!).tanh();
  const step = (input: { weights: Record<string, tf.Tensor>; x: tf.Tensor }) => {
    const { value, gradients } = valueAndGradients((w) => ({ loss: layer(w, input.x).square().mean() }), input.weights);
    return { value, gradients };
  };
  const input = { weights, x: x23() };
  const got = await compile(step, { threads: 1 })(input);
  const expected = await compile(step, { executor: "tfjs" })(input);
  expect(got.value.loss.data[0]).toBeCloseTo(expected.value.loss.data[0]!, 6);
  for (const name of ["w", "b"]) {
    expected.gradients[name]!.data.forEach((value, i) => expect(got.gradients[name]!.data[i]).toBeCloseTo(value, 6));
  }
  const frozen = compile((x: tf.Tensor) => layer(constants(weights), x), { threads: 1 });
  const direct = compile(({ weights, x }: { weights: Record<string, tf.Tensor>; x: tf.Tensor }) => layer(weights, x), {
    threads: 1,
  });
  expect([...(await frozen(x23())).data]).toEqual([...(await direct(input)).data]);
});

test("a tensor made outside is a constant and stays usable outside", async () => {
  const outside = tf.tensor1d([1, 2, 3]);
  const compiled = compile((x: tf.Tensor) => x.add(outside), { threads: 1 });
  await compiled(x23());
  expect([...outside.dataSync()]).toEqual([1, 2, 3]);
});

describe("what cannot be compiled is refused with the function, the op and the remedy", () => {
  const attempt = (fn: (x: tf.Tensor) => tf.Tensor) => compile(fn, { name: "myLoss" })(x23());
  test("reading a value", async () => {
    await expect(attempt((x) => x.mul(x.dataSync()[0]!))).rejects.toThrow(
      /compile\(myLoss\).*reads a tensor's value.*tf\.where/s,
    );
  });
  test("an unknown kernel", async () => {
    await expect(attempt((x) => x.atan())).rejects.toThrow(/compile\(myLoss\).*Atan.*executor "tfjs"/s);
  });
  test("random numbers", async () => {
    await expect(attempt((x) => x.add(tf.randomNormal([2, 3])))).rejects.toThrow(
      /compile\(myLoss\).*noise as an argument/s,
    );
  });
  test("wrong sizes", async () => {
    await expect(compile((x: tf.Tensor) => x, { name: "f" })(hostTensor(new Float32Array(5), [2, 3]))).rejects.toThrow(
      /5 values.*needs 6/,
    );
  });
  test("something that is no tensor", async () => {
    await expect(compile((x: { a: tf.Tensor }) => x.a, { name: "f" })({ a: 3 } as never)).rejects.toThrow(/"a" is 3/);
  });
});

test("after a failed trace, eager code and other compilations still work", async () => {
  await expect(compile((x: tf.Tensor) => x.atan())(x23())).rejects.toThrow();
  expect(tf.getBackend()).toBe("cpu");
  expect(tf.scalar(2).mul(3).dataSync()[0]).toBe(6);
});

test("constants become booleans as TensorFlow.js makes them; what is multiplied by zero keeps its NaN", async () => {
  const run = compile(
    (x: tf.Tensor) => ({
      half: tf.where(tf.scalar(0.5).cast("bool").broadcastTo(x.shape), x, tf.zerosLike(x)),
      none: tf.where(tf.scalar(0).cast("bool").broadcastTo(x.shape), x, tf.zerosLike(x)),
      zeros: x.mul(tf.zerosLike(x)),
    }),
    { threads: 1 },
  );
  const { half, none, zeros } = await run(hostTensor(Float32Array.of(1, NaN, Infinity), [3]));
  expect([...half.data]).toEqual([1, NaN, Infinity]);
  expect([...none.data]).toEqual([0, 0, 0]);
  expect([...zeros.data]).toEqual([0, NaN, NaN]);
  await run.dispose();
});

test("more shapes than are kept: one notice, the oldest programs are given back and come again", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  let traced = 0;
  const run = compile((x: tf.Tensor) => (traced++, x.mul(2)), { threads: 1, name: "many shapes" });
  const call = (n: number) => run(hostTensor(new Float32Array(n).fill(n), [n]));
  for (let n = 1; n <= 40; n++) expect([...(await call(n)).data]).toEqual(Array<number>(n).fill(2 * n));
  expect(traced).toBe(40);
  // Those used last are still there, the first ones are not.
  await call(40);
  await call(20);
  expect(traced).toBe(40);
  expect([...(await call(1)).data]).toEqual([2]);
  expect(traced).toBe(41);
  expect(warn.mock.calls.flat()).toEqual([expect.stringMatching(/many shapes.*more than 32 different shapes/s)]);
  // Calls at the same time that push each other's programs out all end.
  const results = await Promise.all(Array.from({ length: 80 }, (_, i) => call(1 + (i % 40))));
  results.forEach(({ data }, i) => expect(data[0]).toBe(2 * (1 + (i % 40))));
  warn.mockRestore();
  await run.dispose();
});
