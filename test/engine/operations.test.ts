import { beforeAll, describe, expect, test } from "vitest";
import { jvp } from "../../sdk/src/engine/jvp.js";
import { compile } from "../../sdk/src/engine/compile.js";
import {
  conv1d,
  conv2d,
  convTranspose1d,
  embedding,
  groupNormalized,
  layerNormalized,
  shifted,
} from "../../sdk/src/engine/operations.js";
import { hostTensor, tf } from "../../sdk/src/engine/tensor.js";
import { golden } from "../shared.js";
import { expectClose, wave } from "../nn/close.js";
import { expectCompiled } from "../nn/compiled.js";

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

type Sequences = tf.Tensor3D;
const x = () => wave<Sequences>([2, 8, 3], Math.sin, 1.1, 0.3);

/** Derivatives in both modes against differences along fixed directions, and everything compiled against the same eagerly. */
async function expectDerivatives(f: (x: Sequences, weight: Sequences) => tf.Tensor, weight: Sequences): Promise<void> {
  const [dx, dw] = [wave<Sequences>([2, 8, 3], Math.cos, 0.4), wave<Sequences>(weight.shape, Math.sin, 0.6)];
  const at = (h: number): tf.Tensor => f(x().add(dx.mul(h)), weight.add(dw.mul(h)));
  const difference = at(5e-3).sub(at(-5e-3)).div(1e-2);
  expectClose(jvp(f, [x(), weight], [dx, dw])[1], difference.arraySync(), 5e-3);
  const scores = wave(difference.shape, Math.cos, 1.9);
  const gradients = (a: tf.Tensor, b: tf.Tensor) =>
    tf.grads((p, q) =>
      f(p as Sequences, q as Sequences)
        .mul(scores)
        .sum(),
    )([a, b]);
  const [ga, gb] = gradients(x(), weight);
  const along = ga!.mul(dx).sum().add(gb!.mul(dw).sum());
  expectClose(along, difference.mul(scores).sum().dataSync()[0]!, 5e-3);
  await expectCompiled(
    ({ a, b }: { a: Sequences; b: Sequences }) => {
      const [one, two] = gradients(a, b);
      return { value: f(a, b), one: one!, two: two!, tangent: jvp(f, [a, b], [a, null])[1] };
    },
    { a: x(), b: weight },
    1e-4,
  );
}

const convolutions = [
  { padding: 0, stride: 1, width: 3 },
  { padding: 2, stride: 1, width: 5 },
  { padding: 1, stride: 2, width: 3 },
  { padding: 0, stride: 3, width: 3 },
  { padding: 0, stride: 2, width: 1 },
  { padding: 1, stride: 3, width: 2 },
];
const filters = (width: number, ...channels: [number, number]) =>
  wave<Sequences>([...channels, width], Math.cos, 0.9, 0.1);

describe.each(convolutions)("conv1d, %o", ({ padding, stride, width }) => {
  test("by its definition", () => {
    const [input, kernel] = [x().arraySync(), filters(width, 4, 3).arraySync()];
    const length = Math.floor((8 + 2 * padding - width) / stride) + 1;
    const expected = input.map((row) =>
      Array.from({ length }, (_, i) =>
        kernel.map((filter) =>
          filter.reduce(
            (sum, taps, c) => sum + taps.reduce((s, tap, k) => s + tap * (row[i * stride + k - padding]?.[c] ?? 0), 0),
            0,
          ),
        ),
      ),
    );
    const got = conv1d(x(), filters(width, 4, 3), { padding, stride });
    expect(got.shape).toEqual([2, length, 4]);
    expectClose(got, expected);
  });

  test("differentiates in both modes and compiles", () =>
    expectDerivatives((a, b) => conv1d(a, b, { padding, stride }).tanh(), filters(width, 4, 3)));
});

const transposed = [
  { padding: 1, stride: 2, width: 4 },
  { padding: 0, stride: 2, width: 2 },
  { padding: 2, stride: 1, width: 5 },
  { padding: 1, stride: 3, width: 6 },
];
describe.each(transposed)("convTranspose1d, %o", ({ padding, stride, width }) => {
  test("by its definition: every entry adds its multiple of the filter", () => {
    const [input, kernel] = [x().arraySync(), filters(width, 3, 4).arraySync()];
    const length = 7 * stride - 2 * padding + width;
    const expected = input.map((row) => {
      const sums = Array.from({ length }, () => [0, 0, 0, 0]);
      row.forEach((entry, i) =>
        entry.forEach((value, c) =>
          kernel[c]!.forEach((taps, o) => {
            taps.forEach((tap, k) => {
              const at = sums[i * stride + k - padding];
              if (at) at[o]! += value * tap;
            });
          }),
        ),
      );
      return sums;
    });
    const got = convTranspose1d(x(), filters(width, 3, 4), { padding, stride });
    expect(got.shape).toEqual([2, length, 4]);
    expectClose(got, expected);
  });

  test("differentiates in both modes and compiles", () =>
    expectDerivatives((a, b) => convTranspose1d(a, b, { padding, stride }).tanh(), filters(width, 3, 4)));
});

describe("rows normalised", () => {
  const rows = () => wave<tf.Tensor2D>([3, 5], Math.sin, 1.1, 0.3, 2);

  test("have mean 0 and variance 1 beside the epsilon", () => {
    const expected = rows()
      .arraySync()
      .map((row) => {
        const mean = row.reduce((sum, value) => sum + value, 0) / 5;
        const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 5;
        return row.map((value) => (value - mean) / Math.sqrt(variance + 0.5));
      });
    expectClose(layerNormalized(rows(), 0.5), expected);
    expectClose(layerNormalized(rows().reshape([3, 1, 5]), 0.5).reshape([3, 5]), expected);
  });

  test("differentiate in both modes and compile", () =>
    expectDerivatives((a, b) => layerNormalized(a, 1e-2).mul(b).tanh(), wave([1, 1, 3], Math.cos, 0.9, 0.1)));
});

describe("groups of channels normalised", () => {
  const sequences = () => wave<Sequences>([2, 8, 6], Math.sin, 1.1, 0.3);

  test("have mean 0 and variance 1 in each row, whatever their scale", () => {
    const y = groupNormalized(
      sequences()
        .mul(tf.tensor3d([[[1]], [[50]]]))
        .add<Sequences>(3),
      2,
      1e-5,
    );
    const grouped = y.reshape([2, 8, 2, 3]);
    const mean = grouped.mean([1, 3]);
    expect(Math.max(...mean.abs().dataSync())).toBeLessThan(1e-5);
    for (const variance of grouped.square().mean([1, 3]).dataSync()) expect(variance).toBeCloseTo(1, 3);
  });

  test("keep their entries in order, the epsilon beside the variance", () => {
    const [row] = groupNormalized(sequences(), 3, 0.5).arraySync();
    const entries = sequences()
      .arraySync()[0]!
      .map((channels) => channels.slice(2, 4));
    const all = entries.flat();
    const mean = all.reduce((sum, value) => sum + value, 0) / 16;
    const variance = all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 16;
    const expected = entries.map((pair) => pair.map((value) => (value - mean) / Math.sqrt(variance + 0.5)));
    expectClose(tf.tensor2d(row!.map((channels) => channels.slice(2, 4))), expected);
  });

  test.each([1, 3])("differentiate in both modes and compile: %i of them", (groups) =>
    expectDerivatives((a, b) => groupNormalized(a, groups, 1e-2).mul(b).tanh(), wave([1, 1, 3], Math.cos, 0.9, 0.1)),
  );
});

type Pictures = tf.Tensor4D;

describe.each([
  { size: 7, kernel: 3, stride: 1 },
  { size: 8, kernel: 4, stride: 2 },
  { size: 9, kernel: 3, stride: 4 }, // the last stride leaves pixels out
])("a convolution of pictures: $size pixels, kernel $kernel, stride $stride", ({ size, kernel, stride }) => {
  const pictures = () => wave<Pictures>([2, 3, size, size], Math.sin, 1.1, 0.3);
  const weight = () => wave<Pictures>([4, 3, kernel, kernel], Math.cos, 0.9, 0.2, 0.5);
  const convolve = (x: Pictures, w: Pictures) => conv2d(x, w, { stride });

  test("by its definition", () => {
    const [x, w] = [pictures().arraySync(), weight().arraySync()];
    const extent = Math.floor((size - kernel) / stride) + 1;
    const at = Array.from({ length: extent }, (_, i) => i);
    const expected = x.map((picture) =>
      w.map((filter) =>
        at.map((row) =>
          at.map((column) => {
            let sum = 0;
            filter.forEach((plane, c) =>
              plane.forEach((values, i) =>
                values.forEach((value, j) => (sum += value * picture[c]![row * stride + i]![column * stride + j]!)),
              ),
            );
            return sum;
          }),
        ),
      ),
    );
    expectClose(convolve(pictures(), weight()), expected, 1e-4);
  });

  test("derivatives in both modes, of first and second order, and compiled", async () => {
    const [dx, dw] = [wave<Pictures>(pictures().shape, Math.cos, 0.4), wave<Pictures>(weight().shape, Math.sin, 0.6)];
    const at = (h: number): tf.Tensor => convolve(pictures().add(dx.mul(h)), weight().add(dw.mul(h)));
    const difference = at(5e-3).sub(at(-5e-3)).div(1e-2);
    expectClose(jvp(convolve, [pictures(), weight()], [dx, dw])[1], difference.arraySync(), 5e-3);

    const loss = (x: tf.Tensor, w: tf.Tensor) =>
      convolve(x as Pictures, w as Pictures)
        .square()
        .mul(0.5)
        .sum();
    const gradients = (x: tf.Tensor, w: tf.Tensor) => tf.grads(loss)([x, w]) as [tf.Tensor, tf.Tensor];
    const [gx, gw] = gradients(pictures(), weight());
    const values = [0.01, -0.01].map((h) => loss(pictures().add(dx.mul(h)), weight().add(dw.mul(h))).dataSync()[0]!);
    const along = gx.mul(dx).sum().add(gw.mul(dw).sum());
    expectClose(along, (values[0]! - values[1]!) / 0.02, 5e-3);

    // How the gradients change along (dx, dw): reverse over forward and forward over reverse, against differences.
    const change = (h: number) => gradients(pictures().add(dx.mul(h)), weight().add(dw.mul(h)));
    const [more, less] = [change(0.01), change(-0.01)];
    const slopes = more.map((gradient, i) => gradient.sub(less[i]!).div(0.02).arraySync() as number[]);
    const tangents = [0, 1].map(
      (i) => jvp((x: tf.Tensor, w: tf.Tensor) => gradients(x, w)[i]!, [pictures(), weight()], [dx, dw])[1],
    );
    tangents.forEach((tangent, i) => expectClose(tangent, slopes[i]!, 2e-2));
    const directional = (x: tf.Tensor, w: tf.Tensor): tf.Scalar => {
      const [a, b] = gradients(x, w);
      return a.mul(dx).sum().add<tf.Scalar>(b.mul(dw).sum());
    };
    tf.grads(directional)([pictures(), weight()]).forEach((gradient, i) => expectClose(gradient, slopes[i]!, 2e-2));

    await expectCompiled(
      ({ x, w }: { x: Pictures; w: Pictures }) => {
        const [one, two] = gradients(x, w);
        const [three, four] = tf.grads(directional)([x, w]);
        const tangent = jvp(convolve, [x, w], [dx, dw])[1];
        return { value: convolve(x, w), one, two, three: three!, four: four!, tangent };
      },
      { x: pictures(), w: weight() },
      1e-4,
    );
  });
});

test("pictures are shifted as the reference does it, their edges repeated", () => {
  const { out } = golden("pretrain").random_shift;
  const picture = tf.tensor4d(
    Array.from({ length: 36 }, (_, i) => i + 1),
    [1, 1, 6, 6],
  );
  for (const [name, rows] of Object.entries(out as Record<string, number[][]>)) {
    const [, right, down] = /x(\d)_y(\d)/.exec(name)!.map(Number);
    expectClose(shifted(picture, tf.tensor2d([[down!, right!]]), 2), rows.flat());
  }
});

test("bytes of pictures are numbers from 0 to 255 in a compiled function and eagerly", async () => {
  const data = Uint8ClampedArray.from({ length: 2 * 3 * 4 * 4 }, (_, i) => (i * 37) % 256);
  const input = { x: hostTensor(data, [2, 3, 4, 4]), by: hostTensor(Float32Array.of(0, 3, 2, 2), [2, 2]) };
  const fn = ({ x, by }: { x: Pictures; by: tf.Tensor2D }) => ({
    half: x.cast("float32").div(2),
    moved: shifted(x, by, 2).cast("float32"),
    part: x.slice([0, 1], [2, 2]).reshape([2, -1]).cast("float32").sub(1),
  });
  const want = await compile(fn, { executor: "tfjs" })(input);
  const run = compile(fn, { threads: 1 });
  const got = await run(input);
  await run.dispose();
  const numbers = (tree: typeof want) => Object.values(tree).map(({ data }) => Array.from(data));
  expect(numbers(got)).toEqual(numbers(want));
  expect([...want.half.data.slice(0, 8)]).toEqual([...data.slice(0, 8)].map((value) => value / 2));
  // Row 0 of the first picture comes from two rows above it, so from row 0; columns from one to the right.
  expect([...want.moved.data.slice(0, 4)]).toEqual([1, 2, 3, 3].map((column) => data[column]!));
  expect([...want.moved.data.slice(48)]).toEqual([...data.slice(48)]);
});
