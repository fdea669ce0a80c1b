import { beforeAll, expect, test } from "vitest";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { tf } from "../../sdk/src/engine/tensor.js";
import { noiseNet, stdMaps } from "../../sdk/src/nn/noise-net.js";
import { golden } from "../shared.js";
import { expectClose, wave } from "./close.js";
import { filledWeights, parameterCount, pretrainFormula } from "./weights.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const range = { min: 0.05, max: 0.12 };
const tiny = { horizonSteps: 2, actionDim: 3, conditionDimension: 4, noiseHiddenDims: [8, 8], timeDimExplore: 4 };
const input = () =>
  [
    wave<tf.Tensor3D>([4, 2, 3], Math.sin, 0.5),
    tf.tensor1d([0.1, 0.4, 0.8, 1]),
    wave<tf.Tensor2D>([4, 4], Math.cos, 0.3),
  ] as const;

test("both maps equal the reference", () => {
  const { raw, tanh_map, clamp_map, min_std, max_std } = golden("finetune").noise_std;
  const bounds = { min: min_std, max: max_std };
  expectClose(stdMaps.tanh(tf.tensor2d(raw), bounds).exp(), tanh_map);
  expectClose(stdMaps.clamp(tf.tensor2d(raw), bounds).exp(), clamp_map);
  expectClose(stdMaps.clamp(tf.tensor1d([-8, -5, -1]), bounds).exp(), [0.05, Math.exp(-2.5), 0.12]);
});

test.each([
  [{ horizonSteps: 4, actionDim: 3, conditionDimension: 16 }, 713914 - 566652],
  [{ horizonSteps: 4, actionDim: 17, conditionDimension: 32 }, 1570234 - 1390148],
])("parameter count of %o, with the reference's two bounds", (options, count) => {
  expect(parameterCount(noiseNet(options).parameters) + 2).toBe(count);
});

test("without the time embedding its parameters are absent", () => {
  const net = noiseNet({ ...tiny, useTimeIndependentNoise: true }, "actor_ft.");
  expect(net.parameters.map(({ name }) => name).filter((name) => !name.startsWith("actor_ft.mlp_logvar."))).toEqual([]);
  const [x, t, condition] = input();
  expect(net.logStd(filledWeights(net.parameters, pretrainFormula), x, t, condition, range, [0]).shape).toEqual([
    4, 2, 3,
  ]);
});

function gradientNorm(stdMap: "tanh" | "clamp"): number {
  const net = noiseNet({ ...tiny, stdMap });
  const [x, t, condition] = input();
  const weights = filledWeights(net.parameters, pretrainFormula);
  const { gradients } = valueAndGradients(
    (w) => ({ loss: net.logStd(w, x, t, condition, range, [0]).mean() }),
    weights,
  );
  return Object.values(gradients).reduce((sum, g) => sum + g.abs().sum().dataSync()[0]!, 0);
}

test("a new network learns with the tanh map, and never with the reference's clamp", () => {
  expect(gradientNorm("tanh")).toBeGreaterThan(0.01);
  expect(gradientNorm("clamp")).toBe(0);
});

test("a new network starts near the geometric mean of the range", () => {
  const net = noiseNet(tiny);
  const [x, t, condition] = input();
  const std = net
    .logStd(
      filledWeights(net.parameters, () => 1e-3),
      x,
      t,
      condition,
      range,
      [0],
    )
    .exp()
    .dataSync();
  expect(std.length).toBeGreaterThan(0);
  for (const sigma of std) expect(sigma).toBeCloseTo(Math.sqrt(0.05 * 0.12), 3);
});

test("the range may be a tensor", () => {
  const net = noiseNet(tiny);
  const weights = filledWeights(net.parameters, pretrainFormula);
  const [x, t, condition] = input();
  const fixed = net.logStd(weights, x, t, condition, range, [0]);
  const annealed = net.logStd(weights, x, t, condition, { min: tf.scalar(0.05), max: tf.scalar(0.12) }, [0]);
  expectClose(annealed, fixed.arraySync());
});
