import { expect, test } from "vitest";
import {
  compile,
  compileTraining,
  gradients,
  hostTensor,
  linear,
  ParameterLayout,
  Random,
  tf,
  Trainable,
  type Weights,
} from "../../sdk/src/engine-index.js";

const tensor = (...shape: number[]) => hostTensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);

test("a matrix product with a bias is one node, and counted by its sizes", () => {
  const layer = linear("layer", 3, 5);
  const weights = { "layer.weight": tensor(5, 3), "layer.bias": tensor(5) };
  const compiled = compile(({ weights, x }: { weights: Weights; x: tf.Tensor2D }) => layer.apply(weights, x).relu());
  const description = compiled.describe({ weights, x: tensor(7, 3) });
  expect(description.operations).toEqual({ Gemm: 1, Relu: 1 });
  expect(description.nodes).toBe(2);
  // 2 M N K, the bias, and one for each output of the activation.
  expect(description.flops).toBe(2 * 7 * 5 * 3 + 7 * 5 + 7 * 5);
  // Weights, bias, x, and two results.
  expect(description.bytes).toBe(4 * (15 + 5 + 21 + 35 + 35));
});

test("what moves values costs no arithmetic; a reduction costs its inputs", () => {
  const moved = compile((x: tf.Tensor2D) => x.transpose().reshape([2, 6])).describe(tensor(3, 4));
  expect(moved.flops).toBe(0);
  expect(compile((x: tf.Tensor2D) => x.sum(1)).describe(tensor(3, 4)).flops).toBe(12);
});

test("it reads well, and a described function runs", async () => {
  const double = compile(function double(x: tf.Tensor) {
    return x.add(x);
  });
  expect(String(double.describe(tensor(2)))).toBe("double: 1 nodes, 2 flops, 16 bytes\nAdd 1");
  const { data } = await double(hostTensor(Float32Array.of(1, 2), [2]));
  expect([...data]).toEqual([2, 4]);
});

test("a training step describes loss and gradient together", () => {
  const layer = linear("layer", 3, 1);
  const layout = new ParameterLayout(layer.parameters);
  const initial = layout.initialise(new Random(0).stream("weights"));
  type Batch = { x: tf.Tensor2D; y: tf.Tensor2D };
  const loss = (weights: Weights, { x, y }: Batch) => ({ loss: layer.apply(weights, x).sub(y).square().mean() });
  const step = compileTraining<Batch>(loss, new Trainable(layout, initial));
  const batch = { x: tensor(8, 3), y: tensor(8, 1) };
  const { flops } = step.describe(batch);
  // Forward 2 x 8 x 3, and the gradient of the weights as much again.
  expect(flops).toBeGreaterThan(2 * (2 * 8 * 3));
  expect(flops).toBeLessThan(10 * (2 * 8 * 3));
});

test("gradients are those of calculus", () => {
  const weights = { a: tf.scalar(3) };
  const { value, gradients: found } = gradients(({ a }) => ({ loss: a!.square().asScalar() }), weights);
  expect(value.loss.dataSync()[0]).toBe(9);
  expect(found.a!.dataSync()[0]).toBe(6);
});
