// The transformers against the reference's numbers and by their definition; attention by the formula, in both modes and compiled.
import { beforeAll, expect, test } from "vitest";
import { jvp } from "../../sdk/src/engine/jvp.js";
import { Random } from "../../sdk/src/engine/random.js";
import { tf } from "../../sdk/src/engine/tensor.js";
import { attention } from "../../sdk/src/nn/attention.js";
import { gaussianTransformer, gaussianTransformerFamily } from "../../sdk/src/nn/gaussian-transformer.js";
import { gmmTransformer, gmmTransformerFamily } from "../../sdk/src/nn/gmm-transformer.js";
import { golden } from "../shared.js";
import { expectClose, wave } from "./close.js";
import { expectCompiled } from "./compiled.js";
import { expectFiniteDifferences, filledWeights, parameterCount, pretrainFormula } from "./weights.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const sizes = { horizonSteps: 2, actionDim: 3, condDim: 5 };
const small = { transformerEmbedDim: 8, transformerNumHeads: 2, transformerNumLayers: 2, fixedStd: 0.1 };
const condition = () => wave<tf.Tensor2D>([4, 5], Math.cos, 0.3);
const names = (parameters: readonly { name: string }[]) => parameters.map(({ name }) => name);

test("the Gaussian transformer equals the reference", () => {
  const { param_order, mean } = golden("pretrain").gaussian_transformer;
  const network = gaussianTransformer({ ...sizes, ...small });
  expect(names(network.parameters)).toEqual(param_order);
  const distribution = network.distribution(filledWeights(network.parameters, pretrainFormula), condition());
  expectClose(distribution.mean, mean.flat());
  expectClose(distribution.logStd, Array<number>(24).fill(Math.log(0.1)));
});

test("the GMM transformer equals the reference", () => {
  const { param_order, mean, logits } = golden("pretrain").gmm_transformer;
  const network = gmmTransformer({ ...sizes, ...small, numModes: 3 });
  expect(names(network.parameters)).toEqual(param_order);
  const mixture = network.mixture(filledWeights(network.parameters, pretrainFormula), condition());
  expectClose(mixture.means, mean.flat(2));
  expectClose(mixture.logits, logits.flat());
});

test("sizes of the released configurations", () => {
  const counted = (width: number, [horizonSteps, actionDim, condDim]: readonly number[]) => {
    const options = {
      ...{ horizonSteps: horizonSteps!, actionDim: actionDim!, condDim: condDim! },
      ...{ transformerEmbedDim: width, transformerNumHeads: 4, transformerNumLayers: 4, fixedStd: 0.1 },
    };
    return [gaussianTransformer(options), gmmTransformer(options)].map((n) => parameterCount(n.parameters));
  };
  expect(counted(96, [4, 7, 23])).toEqual([674_983, 679_624]);
  expect(counted(160, [8, 14, 59])).toEqual([1_869_774, 1_885_195]);
});

test("weights begin as PyTorch's do: normal with deviation 0.02, biases 0, norms 1", () => {
  const { parameters } = gmmTransformer({ ...sizes, transformerEmbedDim: 64, transformerNumLayers: 1, fixedStd: 0.1 });
  const random = new Random(5).stream("weights");
  for (const { name, shape, initialise } of parameters) {
    const values = new Float32Array(tf.util.sizeFromShape([...shape]));
    initialise(values, shape, random);
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    const std = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
    if (name.startsWith("modes_head")) expect(Math.max(...values.map(Math.abs)), name).toBeLessThan(1 / Math.sqrt(128));
    else if (name.endsWith("bias")) expect(std, name).toBe(0);
    else if (/(norm\d|ln_f)\.weight/.test(name)) expect([mean, std], name).toEqual([1, 1]);
    else expect(Math.abs(std / 0.02 - 1), name).toBeLessThan(0.25);
  }
});

test("a learned deviation: fixed for all states it starts where it is told, else it is read off the state and clamped", () => {
  const shared = gaussianTransformer({ ...sizes, ...small, learnFixedStd: true, stdMin: 0.05, stdMax: 0.2 });
  expect(shared.parameters[0]).toMatchObject({ name: "logvar", shape: [3] });
  const weights = {
    ...filledWeights(shared.parameters, pretrainFormula),
    logvar: tf.tensor1d([-9, Math.log(0.01), 3]),
  };
  const row = [0.05, 0.1, 0.2];
  expectClose(shared.distribution(weights, condition()).logStd.exp(), Array<number[]>(8).fill(row).flat());

  const read = gmmTransformer({
    ...sizes,
    ...small,
    fixedStd: null,
    numModes: 3,
    stdMin: 0.9,
    stdMax: 1.02,
    stdMap: "clamp",
  });
  const filled = filledWeights(read.parameters, (n, k) => 3 * pretrainFormula(n, k));
  const stds = [...read.mixture(filled, condition()).logStds.exp().dataSync()];
  expect(Math.min(...stds)).toBeCloseTo(0.9, 5);
  expect(Math.max(...stds)).toBeCloseTo(1.02, 5);
  const free = gaussianTransformer({ ...sizes, ...small, fixedStd: null, stdMin: 1e-3, stdMax: 1e3, stdMap: "clamp" });
  const unclamped = free.distribution(filledWeights(free.parameters, pretrainFormula), condition());
  const scaled = free.distribution(
    { ...filledWeights(free.parameters, pretrainFormula), "transformer.head.bias": tf.ones([6]).mul(2) },
    condition(),
  );
  // Half the log-variance: where the head's bias grows, so does the deviation.
  const bias = filledWeights(free.parameters, pretrainFormula)["transformer.head.bias"]!.slice([3], [3]);
  const difference = tf.scalar(2).sub(bias).mul(0.5).arraySync() as number[];
  expectClose(scaled.logStd.sub(unclamped.logStd), Array<number[]>(8).fill(difference).flat(), 1e-4);
});

const tokens = { width: 6, heads: 2, tokens: 3, memoryTokens: 2, dropout: 0 };
const layer = attention("a", tokens);
const layerWeights = () => filledWeights(layer.parameters, (n, k) => 0.5 * Math.sin(1.3 * n + 0.7 * k + 0.1));
const [x, memory] = [
  () => wave<tf.Tensor2D>([6, 6], Math.sin, 0.9, 0.2),
  () => wave<tf.Tensor2D>([4, 6], Math.cos, 0.7, 0.4),
];

test("attention is the softmax-weighted mean of values, head by head", () => {
  const weights = layerWeights();
  const [w, b] = [weights["a.in_proj_weight"]!, weights["a.in_proj_bias"]!].map((t) => t.arraySync()) as [
    number[][],
    number[],
  ];
  const project = (row: readonly number[], from: number) =>
    Array.from({ length: 6 }, (_, i) => row.reduce((sum, v, j) => sum + v * w[from + i]![j]!, b[from + i]!));
  const [queries, keys, values] = [x(), memory(), memory()].map((rows, i) =>
    rows.arraySync().map((row) => project(row, 6 * i)),
  ) as [number[][], number[][], number[][]];
  const mixed = queries.map((query, row) => {
    const batch = Math.floor(row / 3);
    const seen = [0, 1].map((s) => 2 * batch + s);
    return [0, 1].flatMap((head) => {
      const part = (r: readonly number[]) => r.slice(3 * head, 3 * head + 3);
      const scores = seen.map((s) =>
        Math.exp(part(query).reduce((sum, q, i) => sum + q * part(keys[s]!)[i]!, 0) / Math.sqrt(3)),
      );
      const total = scores.reduce((sum, s) => sum + s, 0);
      return [0, 1, 2].map((i) => seen.reduce((sum, s, at) => sum + (scores[at]! / total) * part(values[s]!)[i]!, 0));
    });
  });
  const projected = tf.matMul(tf.tensor2d(mixed), weights["a.out_proj.weight"] as tf.Tensor2D, false, true);
  const expected = projected.add(weights["a.out_proj.bias"]!).arraySync();
  expectClose(layer.apply(weights, x(), memory()), expected);
});

test("attention differentiates in both modes and compiles", async () => {
  const f = (a: tf.Tensor2D, m: tf.Tensor2D) => layer.apply(layerWeights(), a, m).tanh<tf.Tensor2D>();
  const [da, dm] = [wave<tf.Tensor2D>([6, 6], Math.cos, 0.4), wave<tf.Tensor2D>([4, 6], Math.sin, 0.6)];
  const at = (h: number): tf.Tensor => f(x().add(da.mul(h)), memory().add(dm.mul(h)));
  const difference = at(5e-3).sub(at(-5e-3)).div(1e-2);
  expectClose(jvp(f, [x(), memory()], [da, dm])[1], difference.arraySync(), 5e-3);
  expectFiniteDifferences((w) => layer.apply(w, x(), memory()).tanh().mean(), layerWeights());

  const all = ({ a, m }: { a: tf.Tensor2D; m: tf.Tensor2D }) => {
    const [one, two] = tf.grads((p, q) => f(p as tf.Tensor2D, q as tf.Tensor2D).sum())([a, m]);
    return { value: f(a, m), one: one!, two: two!, tangent: jvp(f, [a, m], [da, null])[1] };
  };
  await expectCompiled(all, { a: x(), m: memory() }, 1e-4);
});

test("heads must divide the width", () => {
  expect(() => attention("a", { ...tokens, heads: 4 })).toThrow(/divides 6 numbers among 4 heads/);
});

test("weights tell their network", () => {
  const shapesOf = (parameters: readonly { name: string; shape: readonly number[] }[]) =>
    new Map(parameters.map(({ name, shape }) => [name, shape]));
  const options = { ...small, transformerNumHeads: 4, transformerNumLayers: 3, learnFixedStd: true };
  const gaussian = shapesOf(gaussianTransformer({ ...sizes, ...options }, "network.").parameters);
  const mixture = shapesOf(gmmTransformer({ ...sizes, ...options, numModes: 4 }, "network.").parameters);
  const stored = new Map([
    ["network.logvar_min", Math.fround(2 * Math.log(0.01))],
    ["network.logvar_max", Math.fround(2 * Math.log(0.2))],
  ]);
  const range = { stdMin: 0.01, stdMax: 0.2 };
  expect(gaussianTransformerFamily.infer(gaussian, "network.", "file", stored)).toEqual({
    ...{ chunk: { size: 6 }, stateSize: 5, options: { ...options, ...range } },
  });
  expect(gmmTransformerFamily.infer(mixture, "network.", "file")).toEqual({
    ...{ chunk: { size: 6 }, stateSize: 5, options: { ...options, numModes: 4 } },
  });
  expect(() => gaussianTransformerFamily.infer(mixture, "network.", "file")).toThrow(/file: holds network.modes_head/);
  expect(() => gmmTransformerFamily.infer(gaussian, "network.", "file")).toThrow(/weights of a GMM transformer/);
});
