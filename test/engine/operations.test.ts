import { beforeAll, expect, test } from "vitest";
import { compile } from "../../sdk/src/engine/compile.js";
import { jvp } from "../../sdk/src/engine/jvp.js";
import { conv1d, embedding } from "../../sdk/src/engine/operations.js";
import { hostTensor, tf } from "../../sdk/src/engine/tensor.js";
import { expectClose, wave } from "../nn/close.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

test("an embedding looks rows up, and only their gradients are not zero", () => {
  const table = wave<tf.Tensor2D>([4, 3], Math.sin, 1.3);
  const ids = tf.tensor1d([2, 0, 2], "int32");
  expectClose(embedding(table, ids), [
    ...table.dataSync().slice(6, 9),
    ...table.dataSync().slice(0, 3),
    ...table.dataSync().slice(6, 9),
  ]);
  const gradient = tf.grad((t) =>
    embedding(t as tf.Tensor2D, ids)
      .mul(tf.tensor2d([[1], [10], [100]]))
      .sum(),
  )(table);
  expectClose(gradient, [10, 10, 10, 0, 0, 0, 101, 101, 101, 0, 0, 0]);
  const direction = wave<tf.Tensor2D>([4, 3], Math.cos, 0.7);
  const [, tangent] = jvp((t: tf.Tensor2D) => embedding(t, ids), [table], [direction]);
  expectClose(tangent, tf.gather(direction, ids).arraySync());
});

const cases = [
  { padding: 0, stride: 1 },
  { padding: 2, stride: 1 },
  { padding: 1, stride: 2 },
  { padding: 0, stride: 3 },
];
const x = () => wave<tf.Tensor3D>([2, 3, 8], Math.sin, 1.1, 0.3);
const weight = () => wave<tf.Tensor3D>([4, 3, 3], Math.cos, 0.9, 0.1);

test.each(cases)("conv1d by its definition: %o", ({ padding, stride }) => {
  const [input, kernel] = [x().arraySync(), weight().arraySync()];
  const length = Math.floor((8 + 2 * padding - 3) / stride) + 1;
  const expected = input.map((rows) =>
    kernel.map((filter) =>
      Array.from({ length }, (_, i) =>
        filter.reduce(
          (sum, taps, c) => sum + taps.reduce((s, tap, k) => s + tap * (rows[c]![i * stride + k - padding] ?? 0), 0),
          0,
        ),
      ),
    ),
  );
  expectClose(conv1d(x(), weight(), { padding, stride }), expected);
});

test.each(cases)("conv1d differentiates in both modes and compiles: %o", async (options) => {
  const f = (a: tf.Tensor3D, b: tf.Tensor3D) => conv1d(a, b, options).tanh();
  const [da, db] = [wave<tf.Tensor3D>([2, 3, 8], Math.cos, 0.4), wave<tf.Tensor3D>([4, 3, 3], Math.sin, 0.6)];
  const at = (h: number): tf.Tensor => f(x().add(da.mul(h)), weight().add(db.mul(h)));
  const difference = at(5e-3).sub(at(-5e-3)).div(1e-2);
  expectClose(jvp(f, [x(), weight()], [da, db])[1], difference.arraySync(), 5e-3);
  const [ga, gb] = tf.grads((a, b) => f(a as tf.Tensor3D, b as tf.Tensor3D).sum())([x(), weight()]);
  const along = ga!.mul(da).sum().add(gb!.mul(db).sum());
  expect(Math.abs(along.dataSync()[0]! - difference.sum().dataSync()[0]!)).toBeLessThan(2e-2);

  const all = ({ a, b }: { a: tf.Tensor3D; b: tf.Tensor3D }) => {
    const [one, two] = tf.grads((p, q) => f(p as tf.Tensor3D, q as tf.Tensor3D).sum())([a, b]);
    return { value: f(a, b), one: one!, two: two!, tangent: jvp(f, [a, b], [da, null])[1] };
  };
  const host = (t: tf.Tensor) => hostTensor(t.dataSync(), t.shape);
  const run = compile(all, { threads: 1 });
  const got = await run({ a: host(x()), b: host(weight()) });
  const want = all({ a: x(), b: weight() });
  for (const name of ["value", "one", "two", "tangent"] as const) {
    expect(got[name].shape).toEqual(want[name].shape);
    expectClose(tf.tensor(got[name].data, [...got[name].shape]), want[name].arraySync(), 1e-4);
  }
  await run.dispose();
});
