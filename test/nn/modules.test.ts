import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import { critic } from "../../sdk/src/nn/critic.js";
import { sinusoidalEmbedding, timeEmbedding } from "../../sdk/src/nn/embeddings.js";
import { mlp } from "../../sdk/src/nn/mlp.js";
import { residualMlp } from "../../sdk/src/nn/residual-mlp.js";
import { golden } from "../shared.js";
import { expectClose, wave } from "./close.js";
import { expectFiniteDifferences, filledWeights, parameterCount, pretrainFormula } from "./weights.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const input = () => wave<tf.Tensor2D>([2, 6], Math.sin, 1);

test.each([
  ["sinusoidal_dim16_t0.3", 0.3],
  ["sinusoidal_dim16_t7", 7],
])("%s", (entry, time) => {
  expectClose(sinusoidalEmbedding(tf.tensor1d([time]), 16), golden("pretrain")[entry]);
});

test("the time embedding has PyTorch's names", () => {
  expect(timeEmbedding("time_embedding", 16).parameters.map(({ name, shape }) => [name, shape])).toEqual([
    ["time_embedding.1.weight", [32, 16]],
    ["time_embedding.1.bias", [32]],
    ["time_embedding.3.weight", [16, 32]],
    ["time_embedding.3.bias", [16]],
  ]);
});

test("plain MLP with layer normalisation", () => {
  const { param_order, out } = golden("pretrain").mlp_6_8_4_ln_relu;
  const net = mlp("net", [6, 8, 4], { activation: "ReLU", layerNorm: true });
  expect(net.parameters.map(({ name }) => name)).toEqual(param_order.map((name: string) => `net.${name}`));
  expectClose(net.apply(filledWeights(net.parameters, pretrainFormula), input()), out);
});

test("residual MLP with layer normalisation", () => {
  const { param_order, out } = golden("pretrain").residual_mlp_6_8x3_4_ln_mish;
  const net = residualMlp("net", [6, 8, 8, 8, 4], { layerNorm: true });
  expect(net.parameters.map(({ name }) => name)).toEqual(param_order.map((name: string) => `net.${name}`));
  expectClose(net.apply(filledWeights(net.parameters, pretrainFormula), input()), out);
});

test("layer normalisation of the last layer is optional", () => {
  const names = (layerNormFinal: boolean) =>
    mlp("net", [6, 8, 4], { layerNorm: true, layerNormFinal }).parameters.map(({ name }) => name);
  expect(names(true)).toEqual([...names(false), "net.moduleList.1.norm_1.weight", "net.moduleList.1.norm_1.bias"]);
});

test.each([
  ["plain", mlp("net", [6, 5, 5, 4], { layerNorm: true, outActivation: "Tanh" })],
  ["residual", residualMlp("net", [6, 5, 5, 5, 4], { layerNorm: true, outActivation: "Tanh" })],
])("gradients of a %s network equal finite differences", (_name, net) => {
  const weights = filledWeights(net.parameters, (n, k) => Math.sin(1.3 * n + 0.7 * k + 0.1));
  expectFiniteDifferences((w) => net.apply(w, input()).square().mean(), weights);
});

test("layers end with the output", () => {
  const widths = (net: ReturnType<typeof mlp>) =>
    net.layers(filledWeights(net.parameters, pretrainFormula), input()).map(({ shape }) => shape[1]);
  expect(widths(mlp("net", [6, 7, 8, 4]))).toEqual([7, 8, 4]);
  expect(widths(residualMlp("net", [6, 8, 8, 8, 8, 8, 4]))).toEqual([8, 8, 8, 4]);
});

test("an even number of residual widths is refused", () => {
  expect(() => residualMlp("mlp_mean", [6, 8, 8, 4])).toThrow("mlp_mean: 2 hidden widths [8, 8]");
});

test("the critic of hopper has 134,913 parameters, residual or plain", () => {
  const residual = critic({}, 11, "critic.");
  const plain = critic({ residualStyle: false }, 11, "critic.");
  expect(parameterCount(residual.parameters)).toBe(134913);
  expect(parameterCount(plain.parameters)).toBe(134913);
  expect(residual.parameters[0]!.name).toBe("critic.Q1.layers.0.weight");
  expect(plain.parameters[0]!.name).toBe("critic.Q1.moduleList.0.linear_1.weight");
  const weights = filledWeights(residual.parameters, pretrainFormula);
  expect(residual.value(weights, { state: tf.zeros([5, 1, 11]) }).shape).toEqual([5]);
});
