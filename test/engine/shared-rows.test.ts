import { expect, test } from "vitest";
import { compile } from "../../sdk/src/engine/compile.js";
import { optimize } from "../../sdk/src/engine/optimize.js";
import { hostTensor, tf } from "../../sdk/src/engine/tensor.js";
import { trace } from "../../sdk/src/engine/trace.js";

const wave = (n: number, shift: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(1.7 * i + shift));
const input = {
  x: hostTensor(wave(24, 0.3), [6, 4]),
  w: hostTensor(wave(20, 1), [5, 4]),
  b: hostTensor(wave(5, 2), [5]),
};
type Input = { x: tf.Tensor2D; w: tf.Tensor2D; b: tf.Tensor1D };

const layer = ({ w, b }: Input, x: tf.Tensor2D) => tf.matMul(x, w, false, true).add(b).tanh();
const upper = (x: tf.Tensor2D) => x.slice(2);

const shared: Record<string, [(input: Input) => tf.Tensor[], Record<string, number>]> = {
  "a layer of some rows": [
    (input) => [layer(input, input.x), layer(input, upper(input.x)).mul(2)],
    { Gemm: 1, Tanh: 1, Slice: 1 },
  ],
  "rows that are asked for before the whole": [
    (input) => [layer(input, upper(input.x)).mul(2), layer(input, input.x)],
    { Gemm: 1, Tanh: 1, Slice: 1 },
  ],
  "reshapes, concatenated columns and row sums": [
    ({ x }) => {
      const f = (x: tf.Tensor2D) => tf.concat([x, x.sin()], 1).reshape([-1, 2, 4]).sum(2);
      return [f(x), f(upper(x)).neg()];
    },
    { Sin: 1, Concat: 1, ReduceSum: 1, Slice: 1 },
  ],
  "rows of a product of two inputs": [
    ({ x }) => [x.mul(x.sin()), upper(x).mul(upper(x.sin())).neg()],
    { Sin: 1, Mul: 1, Slice: 1 },
  ],
};

const distinct: Record<string, [(input: Input) => tf.Tensor[], Record<string, number>]> = {
  "different rows": [({ x }) => [x.slice([0], [4]).mul(upper(x)), x.mul(x)], { Mul: 2 }],
  "statistics over the rows": [
    ({ x }) => [x.max(0), upper(x).max(0), x.sum(0), upper(x).sum(0)],
    { ReduceMax: 2, Gemm: 2 },
  ],
  "a product that mixes the rows": [
    ({ x }) => [tf.matMul(x, x, true), tf.matMul(upper(x), upper(x), true)],
    { Gemm: 2 },
  ],
  "rows scaled by other rows": [
    ({ x }) => [x.mul(x.slice([0, 0], [1, 4])), upper(x).mul(x.slice([1, 0], [1, 4]))],
    { Mul: 2 },
  ],
  columns: [({ x }) => [x.sin(), x.slice([0, 1]).sin()], { Sin: 2 }],
};

test.each(Object.entries({ ...shared, ...distinct }))("%s", async (name, [fn, expected]) => {
  const { graph, outputs } = trace(name, fn, input);
  const nodes = optimize(
    graph.nodes,
    outputs.map(({ leaf }) => leaf),
  );
  const counts = Object.fromEntries(
    Object.keys(expected).map((op) => [op, nodes.filter((node) => node.op === op).length]),
  );
  expect(counts).toEqual(expected);

  const [compiled, eager] = [compile(fn, { threads: 1, name }), compile(fn, { executor: "tfjs", name })];
  const [got, right] = [await compiled(input), await eager(input)];
  right.forEach(({ data, shape }, i) => {
    expect(got[i]!.shape).toEqual(shape);
    data.forEach((value, k) => expect(got[i]!.data[k]).toBeCloseTo(value, 5));
  });
  await compiled.dispose();
});
