import { beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { tf } from "../../sdk/src/engine/tensor.js";
import { unet, unetFamily } from "../../sdk/src/nn/unet.js";
import { golden } from "../shared.js";
import { expectClose, wave } from "./close.js";
import { expectCompiled } from "./compiled.js";
import { expectFiniteDifferences, filledWeights, parameterCount, pretrainFormula } from "./weights.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

/** `pretrain-golden.json`: B = 2, Ta = 4, Da = 3. */
const sizes = { horizonSteps: 4, actionDim: 3, condDim: 5, diffusionStepEmbedDim: 4 };
const small = { ...sizes, dim: 8, dimMults: [1, 2], kernelSize: 5, nGroups: 4 };
const x = () => wave<tf.Tensor3D>([2, 4, 3], Math.sin, 0.5, 0.2);
const t = () => tf.tensor1d([3, 11]);
const state = () => wave<tf.Tensor3D>([2, 1, 5], Math.cos, 0.3);

const variants = [
  { name: "unet1d", options: { ...small, condPredictScale: true } },
  { name: "unet1d_smaller_noscale", options: { ...small, smallerEncoder: true } },
] as const;

describe.each(variants)("$name", ({ name, options }) => {
  const network = unet(options);
  const weights = () => filledWeights(network.parameters, pretrainFormula);
  const answer = (w = weights()) => network.noise(w, x(), t(), network.encoder.apply(w, { state: state() }));

  test("equals the reference's, with its names in its order", () => {
    const { param_order, out } = golden("pretrain")[name];
    expect(network.parameters.map((parameter) => parameter.name)).toEqual(param_order);
    expectClose(answer(), out);
  });

  test("its gradients are right", () => {
    // A large epsilon keeps the normalisation from being too curved for differences.
    const gentle = unet({ ...options, ...{ dim: 2, nGroups: 2, kernelSize: 3, horizonSteps: 2, groupnormEps: 0.3 } });
    const chunks = x().slice([0, 0], [-1, 2]);
    expectFiniteDifferences(
      (w) =>
        gentle
          .noise(w, chunks, t(), gentle.encoder.apply(w, { state: state() }))
          .mul(wave([2, 2, 3], Math.cos, 1.3))
          .sum(),
      filledWeights(gentle.parameters, pretrainFormula),
    );
  });

  test("compiled it answers the same", () =>
    expectCompiled(
      (input: { w: ReturnType<typeof weights>; x: tf.Tensor3D; t: tf.Tensor1D; state: tf.Tensor3D }) =>
        network.noise(input.w, input.x, input.t, network.encoder.apply(input.w, { state: input.state })),
      { w: weights(), x: x(), t: t(), state: state() },
    ));

  test("its weights tell its options", () => {
    const prefixed = unet(options, "network.");
    const shapes = new Map(prefixed.parameters.map((parameter) => [parameter.name, parameter.shape]));
    const { chunk, stateSize, options: told } = unetFamily.infer(shapes, "network.", "file");
    expect([chunk, stateSize]).toEqual([{ actionDim: 3 }, 5]);
    expect(unet({ ...sizes, ...told }, "network.").parameters.map(({ name, shape }) => [name, shape])).toEqual([
      ...shapes,
    ]);
  });
});

/** Parameter counts of generative-policies.md, section 6. */
test.each([
  ["one_leg_low", 6_856_346, 58, { horizonSteps: 16, actionDim: 10, dim: 64, dimMults: [1, 2, 4] }],
  ["lamp_low", 6_806_170, 44, { horizonSteps: 16, actionDim: 10, dim: 64, dimMults: [1, 2, 4] }],
  ["can", 652_455, 23, { horizonSteps: 4, actionDim: 7, dim: 40, dimMults: [1, 2] }],
  ["square", 1_623_255, 23, { horizonSteps: 4, actionDim: 7, dim: 64, dimMults: [1, 2] }],
  ["transport", 1_681_694, 59, { horizonSteps: 16, actionDim: 14, dim: 64, dimMults: [1, 2] }],
])("of %s it has %i parameters", (_, count, condDim, sizes) => {
  const usual = { diffusionStepEmbedDim: 16, kernelSize: 5, nGroups: 8, condPredictScale: true };
  expect(parameterCount(unet({ ...sizes, ...usual, condDim }).parameters)).toBe(count);
});

test("it starts as PyTorch's: uniform by the inputs of each map, groups with scale 1 and shift 0", () => {
  const { parameters } = unet(small);
  const random = new Random(3);
  const spread = (name: string) => {
    const { shape, initialise } = parameters.find((parameter) => parameter.name === name)!;
    const values = new Float32Array(tf.util.sizeFromShape([...shape]));
    initialise(values, shape, random.stream(name));
    return Math.max(...values.map(Math.abs));
  };
  const bounds = {
    "down_modules.0.0.blocks.0.block.0.weight": Math.sqrt(1 / (3 * 5)),
    "down_modules.1.1.blocks.0.block.0.weight": Math.sqrt(1 / (16 * 5)),
    "up_modules.0.2.conv.weight": Math.sqrt(1 / (8 * 4)),
    "mid_modules.0.cond_encoder.0.weight": Math.sqrt(1 / 9),
  };
  for (const [name, bound] of Object.entries(bounds)) {
    expect(spread(name), name).toBeLessThanOrEqual(bound);
    expect(spread(name), name).toBeGreaterThan(0.95 * bound);
  }
  expect([spread("final_conv.0.block.2.weight"), spread("final_conv.0.block.2.bias")]).toEqual([1, 0]);
});

test("a residual condition encoder comes between observation and blocks", () => {
  const options = { ...small, condMlpDims: [6, 4] };
  const network = unet(options);
  const weights = filledWeights(network.parameters, pretrainFormula);
  const condition = network.encoder.apply(weights, { state: state() });
  expect(condition.shape).toEqual([2, 4]);
  const linear = (input: tf.Tensor, name: string): tf.Tensor =>
    tf.matMul(input, weights[`${name}.weight`]!, false, true).add(weights[`${name}.bias`]!);
  const rows = linear(linear(state().reshape([2, 5]), "cond_mlp.layers.0"), "cond_mlp.layers.1");
  expectClose(condition, rows.arraySync());
  const shapes = new Map(network.parameters.map(({ name, shape }) => [name, shape]));
  expect(unetFamily.infer(shapes, "", "file")).toMatchObject({ stateSize: 5, options: { condMlpDims: [6, 4] } });
});

test("what does not fit is refused with its name", () => {
  expect(() => unet({ ...small, dimMults: [1, 2, 4, 8] })).toThrow(/horizonSteps: is 4[^]*a multiple of 8/);
  expect(() => unet({ ...small, nGroups: 3 })).toThrow(/nGroups: is 3[^]*a divisor of the 16 channels/);
  expect(() => unet({ ...small, dimMults: [2, 4] })).toThrow(/1 at first/);
  expect(() => unet({ ...small, kernelSize: 4 })).toThrow(/odd/);
  expect(() => unetFamily.infer(new Map([["a", [1]]]), "", "file.pt")).toThrow(
    /file\.pt: has no final_conv\.1\.weight/,
  );
});
