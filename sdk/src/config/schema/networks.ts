// `model.network:` by policy and `type`. A policy names the networks that it can use; the first is its default.
import { z } from "zod";
import { activationName } from "../../nn/activations.js";
import { deviationOptions } from "../../nn/deviation.js";
import { shortcutMlpOptions } from "../../nn/shortcut-mlp.js";
import { unetOptions } from "../../nn/unet.js";
import { optional, withoutDefault } from "./fields.js";
import type { Extra } from "./keys.js";

const { count, number, flag, widths, activation, fraction } = optional;

/** A network that a configuration can choose. */
export interface NetworkSection {
  readonly options: z.ZodObject;
  /** What has to be written before it works, such as "network MeanFlowViT"; its policy, if that is missing too, is named besides. */
  readonly waitsFor?: string;
  /** Keys of learning stages that only policies with such a network have. */
  readonly learning?: Extra;
}

const head = z.strictObject({
  mlpDims: widths,
  activationType: activation,
  useLayernorm: z.boolean().default(false),
  residualStyle: flag,
});
const outActivationType = activationName.default("Identity");
const timedHead = head.extend({ timeDim: count, condMlpDims: widths, outActivationType });
const stepHead = head.extend({
  tdEmbDim: count.describe("width of the embedding of time and step size"),
  embedCombinationType: shortcutMlpOptions.shape.embedCombinationType,
  condMlpDims: widths,
  outActivationType,
});
const gaussianHead = head.extend({ ...deviationOptions, tanhOutput: flag });

const fixed = (value: number) => z.int().positive().default(value);

/** Cameras: a small vision transformer in front of the head. */
const vision = {
  backbone: z
    .strictObject({
      depth: fixed(1),
      embedDim: fixed(128),
      embedNorm: z.int().nonnegative().default(0),
      embedStyle: z.enum(["embed1", "embed2"]).default("embed2"),
      numHeads: fixed(4),
      patchSize: fixed(8),
    })
    .prefault({}),
  augment: flag.describe("shift images at random"),
  spatialEmb: z.int().nonnegative().default(128),
  visualFeatureDim: count,
  numImg: count.describe("cameras"),
  dropout: fraction,
};

const criticSection = head.extend({ doubleQ: flag, outBiasInit: number });

/** `model.critic:` of policies that see pictures. */
export const visionCritic = criticSection.extend({ type: z.literal("vit").default("vit"), ...vision });

/** Pictures: augmentation in the buffer, batches too large for one pass, a critic that sees. */
const pictured: Extra = {
  "train.augment": z.boolean().optional(),
  "train.gradAccumulate": count.optional(),
  "model.critic": visionCritic.prefault({}),
};

const waits = (name: string) => `network ${name}`;

/** Networks that are still to be written, by policy; those that exist come from the policy itself. */
export const plannedNetworks: Readonly<Record<string, Readonly<Record<string, NetworkSection>>>> = {
  meanflow: {
    vit: {
      options: timedHead.extend({ rEmbeddingDim: count, ...vision }),
      waitsFor: waits("MeanFlowViT"),
      learning: pictured,
    },
  },
  reflow: { vit: { options: timedHead.extend(vision), waitsFor: waits("VisionFlowMLP"), learning: pictured } },
  shortcut: { vit: { options: stepHead.extend(vision), waitsFor: waits("ShortCutFlowViT"), learning: pictured } },
  consistency: { vit: { options: timedHead.extend(vision), waitsFor: waits("ConsistencyViT") } },
  diffusion: {
    vit: { options: timedHead.extend(vision), waitsFor: waits("VisionDiffusionMLP"), learning: pictured },
    unet_vit: {
      options: unetOptions.omit({ horizonSteps: true, actionDim: true, condDim: true }).extend(vision),
      waitsFor: waits("VisionUnet1D"),
      learning: pictured,
    },
  },
  gaussian: {
    vit: { options: gaussianHead.extend(vision), waitsFor: waits("GaussianVisionMLP"), learning: pictured },
  },
};

/** Whatever a teacher's network may have. */
const teacherOptions = { ...timedHead.shape, ...stepHead.shape, rEmbeddingDim: count, ...vision };
export const teacherNetwork = z.strictObject({
  type: z.enum(["mlp", "vit"]).optional(),
  ...Object.fromEntries(Object.entries(teacherOptions).map(([name, schema]) => [name, withoutDefault(schema)])),
});
