// Networks that see against the reference's numbers, tables of parameters and closed forms; their gradients and compiled graphs.
import { beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../sdk/src/engine/compile.js";
import { ParameterLayout } from "../../sdk/src/engine/parameters.js";
import { Random } from "../../sdk/src/engine/random.js";
import { hostTensor, tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { flowVit } from "../../sdk/src/nn/flow-vit.js";
import { meanFlowVit } from "../../sdk/src/nn/mean-flow-vit.js";
import type { Encoder, Network, NetworkFamily } from "../../sdk/src/nn/network.js";
import { shortcutVit } from "../../sdk/src/nn/shortcut-vit.js";
import { optionSizes, visionEncoder, visionOptions } from "../../sdk/src/nn/vision-encoder.js";
import { backboneOptions, visionTransformer } from "../../sdk/src/nn/vision-transformer.js";
import { policies } from "../../sdk/src/policies/registry.js";
import { golden } from "../shared.js";
import { expectClose, wave } from "./close.js";
import { hostOf } from "./compiled.js";
import { expectFiniteDifferences, filledWeights, parameterCount, pretrainFormula } from "./weights.js";
import { z } from "zod";

beforeAll(async () => void (await tf.setBackend("cpu")));

const names = (parameters: readonly { name: string }[]) => parameters.map(({ name }) => name);
const pixel = (k: number) => (37 * k) % 256;
const pictures = <T extends tf.Tensor>(shape: number[]): T =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, k) => pixel(k)),
    shape,
  ) as T;
const state = () => wave([2, 1, 5], Math.cos, 0.3);
const backbone = { depth: 1, embedDim: 8, numHeads: 2 };
const seen = { horizonSteps: 2, actionDim: 3, condDim: 5, imgCondSteps: 1, imgChannels: 3, imgSize: 32 };
const small = { ...seen, backbone, spatialEmb: 6, mlpDims: [8, 8, 8] };
const eyes = (options: object): Encoder => {
  const all = z.strictObject(visionOptions).parse({ ...seen, backbone, spatialEmb: 6, ...options });
  return visionEncoder(all, optionSizes(all));
};

describe("against the reference", () => {
  const t = () => tf.tensor1d([0.2, 0.4]);
  /** Between demonstrations and noise. */
  const x = () => {
    const [action, noise] = [wave([2, 2, 3], Math.sin, 0.5, 0.2, 0.8), wave([2, 2, 3], Math.cos, 1.1, 0.4)];
    return action.add<tf.Tensor3D>(noise.sub(action).mul(t().reshape([2, 1, 1])));
  };

  test("the vision transformer", () => {
    const { param_order, num_patch, out } = golden("pretrain").vit_encoder_32px_embed8_heads2;
    const network = visionTransformer("vit", 3, 32, backboneOptions.parse(backbone));
    expect(names(network.parameters)).toEqual(param_order);
    expect(network.tokens).toBe(num_patch);
    const weights = filledWeights(network.parameters, pretrainFormula);
    // Sums of 192 pixels and of 72 channels: 1e-4 of the largest entry's tenth.
    expectClose(network.apply(weights, pictures([2, 3, 32, 32])), out.flat(2), 1e-4);
  });

  test("the spatial embedding of its tokens", () => {
    const { param_order, out } = golden("pretrain").spatial_emb;
    const encoder = eyes({});
    const [vit, compress] = ["backbone.", "compress."].map((prefix) => {
      const own = encoder.parameters.filter(({ name }) => name.startsWith(prefix));
      return {
        names: names(own).map((name) => name.slice(prefix.length)),
        weights: filledWeights(own, pretrainFormula),
      };
    });
    expect(compress!.names).toEqual(param_order);
    const weights = { ...vit!.weights, ...compress!.weights };
    const features = encoder.apply(weights, { state: state(), rgb: pictures([2, 1, 3, 32, 32]) });
    expectClose(features.slice([0, 0], [2, 6]), out.flat(), 1e-4);
    expectClose(features.slice([0, 6], [2, 5]), state().arraySync());
  });

  test("MeanFlowViT", () => {
    const { param_order, u } = golden("pretrain").meanflow_vit;
    const network = meanFlowVit({ ...small, timeDim: 4, rEmbeddingDim: 4 });
    expect(names(network.parameters)).toEqual(param_order);
    const weights = filledWeights(network.parameters, pretrainFormula);
    const condition = network.encoder.apply(weights, { state: state(), rgb: pictures([2, 1, 3, 32, 32]) });
    expectClose(network.velocity(weights, x(), t(), tf.tensor1d([0.1, 0.4]), condition), u.flat(2));
  });

  test("ShortCutFlowViT with two cameras", () => {
    const { param_order, v } = golden("pretrain").shortcut_vit_2img;
    const network = shortcutVit({ ...small, imgChannels: 6, numImg: 2, tdEmbDim: 4, condMlpDims: [6, 4] });
    expect(names(network.parameters)).toEqual(param_order);
    const weights = filledWeights(network.parameters, pretrainFormula);
    const condition = network.encoder.apply(weights, { state: state(), rgb: pictures([2, 1, 6, 32, 32]) });
    const d = tf.tensor1d([0.25, 0.5]);
    expectClose(network.velocity(weights, x(), t(), d, condition).velocity, v.flat(2));
  });
});

/** Parameters of every default configuration with pictures: generative-policies.md, section 6. */
const lift = { horizonSteps: 4, actionDim: 7, condDim: 9, imgCondSteps: 1, imgChannels: 3, imgSize: 96 };
const transport = { horizonSteps: 8, actionDim: 14, condDim: 18, imgCondSteps: 1, imgChannels: 6, imgSize: 96 };
const [narrow, wide] = [{ mlpDims: [512, 512, 512] }, { mlpDims: [768, 768, 768] }];
const unet = { diffusionStepEmbedDim: 32, dimMults: [1, 2], kernelSize: 5, nGroups: 8, condPredictScale: true };
const released = [
  ["meanflow", "vit", 1_776_636, { ...lift, ...wide }],
  ["meanflow", "vit", 1_938_384, { ...transport, ...wide, numImg: 2 }],
  ["reflow", "vit", 1_064_956, { ...lift, ...narrow, timeDim: 32 }],
  ["reflow", "vit", 1_778_684, { ...lift, ...wide, timeDim: 32 }],
  ["reflow", "vit", 2_048_720, { ...transport, ...wide, timeDim: 32, numImg: 2 }],
  ["diffusion", "vit", 1_064_956, { ...lift, ...narrow, timeDim: 32 }],
  ["diffusion", "vit", 2_048_720, { ...transport, ...wide, timeDim: 32, numImg: 2 }],
  ["consistency", "vit", 1_979_932, { ...lift, ...wide, timeDim: 128 }],
  ["consistency", "vit", 2_141_680, { ...transport, ...wide, timeDim: 128, numImg: 2 }],
  ["shortcut", "vit", 1_008_860, { ...lift, ...narrow, tdEmbDim: 32, condMlpDims: [64, 32] }],
  ["shortcut", "vit", 1_687_516, { ...lift, ...wide, tdEmbDim: 32, condMlpDims: [64, 32] }],
  ["gaussian", "vit", 1_030_044, { ...lift, ...narrow, residualStyle: true, fixedStd: 0.1 }],
  ["gaussian", "vit", 1_728_412, { ...lift, ...wide, residualStyle: true, fixedStd: 0.1 }],
  ["gaussian", "vit", 1_933_936, { ...transport, ...wide, residualStyle: true, fixedStd: 0.1, numImg: 2 }],
  ["diffusion", "unet_vit", 1_203_191, { ...lift, ...unet, dim: 40 }],
  ["diffusion", "unet_vit", 2_248_871, { ...lift, ...unet, dim: 64 }],
  ["diffusion", "unet_vit", 2_498_158, { ...transport, horizonSteps: 16, ...unet, dim: 64, numImg: 2 }],
] as const;

const familyOf = (policy: keyof typeof policies, type: string) =>
  (policies[policy].networks as Readonly<Record<string, NetworkFamily<Network>>>)[type]!;

test.each(released)("%s, %s has %i parameters, and its weights tell its options", (policy, type, count, sizes) => {
  const family = familyOf(policy, type);
  const build = (options: object) => family.build(family.options.parse(options), "network.");
  const network = build(sizes);
  expect(parameterCount(network.parameters)).toBe(count);
  const { rgb, stateSize } = network.encoder;
  expect({ rgb, stateSize }).toEqual({ rgb: [1, sizes.imgChannels, 96, 96], stateSize: sizes.condDim });

  const shapes = new Map(network.parameters.map(({ name, shape }) => [name, shape]));
  const { options, ...told } = family.infer(shapes, "network.", "file");
  expect(told).toMatchObject({ stateSize: sizes.condDim, rgb: [1, sizes.imgChannels, 96, 96] });
  const again = build({ ...sizes, ...options });
  expect(again.parameters.map(({ name, shape }) => [name, shape])).toEqual([...shapes]);
});

test("names and shapes of the released MeanFlowViT", () => {
  const { parameters } = meanFlowVit({ ...lift, ...wide }, "network.");
  const shapes = Object.fromEntries(parameters.map(({ name, shape }) => [name.replace("network.", ""), shape]));
  expect(shapes).toMatchObject({
    "backbone.vit.pos_embed": [1, 121, 128],
    "backbone.vit.patch_embed.embed.0.weight": [128, 3, 8, 8],
    "backbone.vit.patch_embed.embed.3.weight": [128, 128, 3, 3],
    "backbone.vit.net.0.layer_norm1.weight": [128],
    "backbone.vit.net.0.mha.qkv_proj.weight": [384, 128],
    "backbone.vit.net.0.mha.out_proj.weight": [128, 128],
    "backbone.vit.net.0.linear1.weight": [512, 128],
    "backbone.vit.net.0.linear2.weight": [128, 512],
    "backbone.vit.norm.weight": [128],
    "compress.weight": [1, 128, 128],
    "compress.input_proj.0.weight": [128, 130],
    "compress.input_proj.1.weight": [128],
    "time_embedding.1.weight": [32, 16],
    "mlp_mean.layers.0.weight": [768, 197],
  });
});

test("weights begin as PyTorch's do; what compresses several cameras begins alike", () => {
  const encoder = eyes({ imgChannels: 6, numImg: 2, backbone: { ...backbone, embedDim: 64, embedNorm: 1 } });
  const layout = new ParameterLayout(encoder.parameters);
  const weights = layout.views(layout.initialise(new Random(5).stream("weights")));
  const std = (name: string) => {
    const data = weights[name]!.data as Float32Array;
    return Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);
  };
  for (const name of ["pos_embed", "net.0.mha.qkv_proj.weight", "net.0.linear1.weight"])
    expect(Math.abs(std(`backbone.vit.${name}`) / 0.02 - 1), name).toBeLessThan(0.1);
  expect(std("backbone.vit.net.0.linear1.bias")).toBe(0);
  const uniform = (fanIn: number) => 1 / Math.sqrt(3 * fanIn);
  expect(std("backbone.vit.patch_embed.embed.0.weight") / uniform(3 * 64)).toBeCloseTo(1, 1);
  expect(std("backbone.vit.patch_embed.embed.3.weight") / uniform(64 * 9)).toBeCloseTo(1, 1);
  expect(std("backbone.vit.patch_embed.embed.1.weight")).toBe(1);
  expect(std("compress1.weight")).toBeCloseTo(1, 0);
  for (const name of ["weight", "input_proj.0.weight", "input_proj.0.bias"])
    expect(weights[`compress2.${name}`]!.data).toEqual(weights[`compress1.${name}`]!.data);
});

describe.each([
  ["embed2, spatial", {}],
  [
    "embed2 with norm, two cameras, two frames",
    { backbone: { ...backbone, embedNorm: 1 }, imgChannels: 6, numImg: 2, imgCondSteps: 2 },
  ],
  [
    "embed1, dense",
    { backbone: { ...backbone, embedStyle: "embed1" }, spatialEmb: 0, visualFeatureDim: 6, imgSize: 16 },
  ],
])("an encoder of pictures: %s", (_, options) => {
  const encoder = eyes(options);
  const shape = [2, ...encoder.rgb!];
  const bytes = Uint8ClampedArray.from({ length: tf.util.sizeFromShape(shape) }, (_, k) => pixel(k * k));
  const rgb = () => tf.tensor(Float32Array.from(bytes), shape);
  // What is compressed stays on one side of ReLU's kink.
  const weights = () => {
    const table = filledWeights(encoder.parameters, (n, k) => 2 * pretrainFormula(n, k));
    const lifted = Object.entries(table).map(([name, w]) => [name, name.endsWith("input_proj.1.bias") ? w.add(1) : w]);
    return Object.fromEntries(lifted) as Weights;
  };

  test("its gradients equal differences", () => {
    const scores = wave([2, encoder.width], Math.cos, 1.9);
    expectFiniteDifferences((w) => encoder.apply(w, { state: state(), rgb: rgb() }).mul(scores).sum(), weights(), 5e-2);
  });

  test("compiled it makes the same of bytes, moved pictures and masks included", async () => {
    const drawn = Object.fromEntries(
      (encoder.training ?? []).map(({ name }, i) => [name, tf.tensor2d([[0, 4 + i], [8, 3]])] as const), // prettier-ignore
    );
    const fn = ({ w, state, rgb }: { w: Weights; state: tf.Tensor; rgb: tf.Tensor }) => {
      const scores = wave([2, encoder.width], Math.cos, 1.9);
      const gradient = tf.grad((p) =>
        encoder
          .apply({ ...w, "backbone.vit.pos_embed": p }, { state, rgb })
          .mul(scores)
          .sum(),
      )(w["backbone.vit.pos_embed"]!);
      return { value: encoder.apply(w, { state, rgb }), gradient };
    };
    const table = { ...weights(), ...drawn };
    const run = compile(fn, { threads: 1 });
    const input = { ...hostOf({ w: table, state: state() }), rgb: hostTensor(bytes, shape) };
    const got = await run(input as never);
    await run.dispose();
    const want = fn({ w: table, state: state(), rgb: rgb() });
    expectClose(tf.tensor(got.value.data), want.value.arraySync(), 1e-4);
    expectClose(tf.tensor(got.gradient.data), want.gradient.arraySync(), 1e-3);
    const still = encoder.apply(weights(), { state: state(), rgb: rgb() });
    expect(still.sub(want.value).abs().max().dataSync()[0]).toBeGreaterThan(1e-3);
  });
});

test("frames of a camera are its channels, and cameras lie one after the other in each frame", () => {
  const two = eyes({ imgCondSteps: 2, imgChannels: 6, numImg: 2 });
  const one = eyes({ imgCondSteps: 2, imgChannels: 3 });
  const weights = filledWeights(two.parameters, pretrainFormula);
  const rgb = pictures<tf.Tensor5D>([2, 2, 6, 32, 32]);
  const features = two.apply(weights, { state: state(), rgb });
  [0, 1].forEach((camera) => {
    const own = Object.fromEntries(
      Object.entries(weights).map(([name, w]) => [name.replace(`compress${camera + 1}`, "compress"), w]),
    );
    const alone = one.apply(own, { state: state(), rgb: rgb.slice([0, 0, 3 * camera], [2, 2, 3]) });
    expectClose(features.slice([0, 6 * camera], [2, 6]), alone.slice([0, 0], [2, 6]).arraySync(), 1e-4);
  });
});

test("the encoder is one pass, whatever the steps: MeanFlow's JVP and denoising never run through it", () => {
  const network = meanFlowVit({ ...small, timeDim: 4, rEmbeddingDim: 4 });
  expect(network.encoder.training!.map(({ name }) => name)).toEqual(["shift", "compress.dropout"]);
});

test.each([
  [{ imgSize: 30 }, /30 x 30 pixels, which embed2 does not divide\n.*32, 64, 96/],
  [{ imgChannels: 4, numImg: 3 }, /multiple of 3 channels/],
  [{ backbone: { ...backbone, numHeads: 3 } }, /multiple of the number of heads/],
])("pictures and options that do not fit are refused: %j", (options, message) => {
  expect(() => flowVit({ ...small, ...options })).toThrow(message);
});

test("without pictures there is no such network, and none in the observation is an error", () => {
  const family = familyOf("reflow", "vit");
  expect(() => family.sizes({ horizonSteps: 4, actionDim: 2, state: [1, 3] })).toThrow(
    /looks at pictures, and there are none/,
  );
  const encoder = eyes({});
  expect(() => encoder.apply(filledWeights(encoder.parameters, pretrainFormula), { state: state() })).toThrow(
    /no pictures/,
  );
});
