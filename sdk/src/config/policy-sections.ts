// What `policy.type` can name, and the keys that come with it. A new policy is one entry, or one that loses its `waitsFor`.
import { z } from "zod";
import { dispersiveOptions } from "../policies/dispersive.js";
import { meanFlowOptions, type MeanFlowOptions } from "../policies/mean-flow.js";
import { timeDistribution } from "../policies/time-sampling.js";
import { optional, optionalText } from "./fields.js";
import {
  consistencyNetworks,
  diffusionNetworks,
  gaussianNetworks,
  gmmNetworks,
  meanFlowNetworks,
  reFlowNetworks,
  shortcutNetworks,
  teacherNetwork,
  type NetworkSection,
} from "./networks.js";

export interface PolicySection {
  /** By `model.network.type`; the first is the default. */
  readonly networks: Readonly<Record<string, NetworkSection>>;
  /** Below `model:` in pre-training and evaluation: the policy's own options. */
  readonly model: z.ZodObject;
  /** Below `dispersive:`; absent for policies without that regularisation. */
  readonly dispersive?: z.ZodType;
  /** At the top level in pre-training. */
  readonly top?: z.ZodRawShape;
  /** Below `model:` in fine-tuning. */
  readonly chain?: z.ZodRawShape;
  /** Whether PPO needs a noise net to explore, as for flows. */
  readonly isFlow?: boolean;
  /** What has to be written before it works, such as "policy ReFlow". */
  readonly waitsFor?: string;
}

const { count, number, positive, fraction, flag, widths } = optional;

/** The guide says loss_type where the policy says type. */
const dispersive = dispersiveOptions
  .omit({ type: true })
  .extend({ lossType: dispersiveOptions.shape.type })
  .nullable()
  .default(null);

const meanFlow = {
  networks: meanFlowNetworks,
  model: meanFlowOptions.omit({ dispersive: true }),
  dispersive,
  isFlow: true,
} satisfies PolicySection;

const actionRange = { actMin: z.number().default(-1), actMax: z.number().default(1) };
const flow = z.strictObject({ times: timeDistribution.unwrap().prefault({ type: "uniform" }), ...actionRange });
const flowChain = {
  timeDimExplore: z.int().nonnegative().optional().describe("0: the noise net reads the policy's embedding of time"),
};

/** How the noise of a denoising chain is clipped, and its lowest standard deviation. */
const diffusion = z.strictObject({
  predictEpsilon: z.boolean().default(true),
  denoisedClipValue: z.number().positive().default(1),
  randnClipValue: positive,
  useDdim: flag.describe("denoise by DDIM"),
  ddimSteps: count,
  learnEta: flag,
  eta: z.strictObject({ baseEta: number, minEta: number, maxEta: number, mlpDims: widths }).optional(),
});

const chain = {
  ...diffusion.shape,
  gammaDenoising: fraction.describe("discount per denoising step"),
  minSamplingDenoisingStd: positive,
  minLogprobDenoisingStd: positive,
  clipPlossCoefBase: positive.describe("clip of the first denoising step; it grows towards clip_ploss_coef"),
  clipPlossCoefRate: positive,
};
const likelihoodClip = { randnClipValue: positive };

export const policySections = {
  meanflow: meanFlow,
  reflow: { networks: reFlowNetworks, model: flow, chain: flowChain, isFlow: true, waitsFor: "policy ReFlow" },
  shortcut: {
    networks: shortcutNetworks,
    model: flow.extend({
      delta: z.number().positive().default(1e-5),
      selfConsistencyK: z.number().min(0).max(1).default(0.25),
    }),
    dispersive,
    chain: flowChain,
    isFlow: true,
    waitsFor: "policy Shortcut",
  },
  consistency: {
    networks: consistencyNetworks,
    model: z.strictObject({ ...actionRange, sigmaMin: positive, sigmaMax: positive, numTrainingSteps: count }),
    top: {
      teacherPath: optionalText.describe("checkpoint of the flow to distil"),
      teacher: z
        .strictObject({
          type: z.enum(["reflow", "shortcut"]).default("reflow"),
          maxDenoisingSteps: count,
          network: teacherNetwork.extend({ type: z.enum(["mlp", "vit"]).default("vit") }).prefault({}),
        })
        .prefault({}),
    },
    waitsFor: "policy Consistency",
  },
  diffusion: { networks: diffusionNetworks, model: diffusion, chain, waitsFor: "policy Diffusion" },
  gaussian: {
    networks: gaussianNetworks,
    model: z.strictObject(likelihoodClip),
    chain: likelihoodClip,
    waitsFor: "policy Gaussian",
  },
  gmm: { networks: gmmNetworks, model: z.strictObject(likelihoodClip), chain: likelihoodClip, waitsFor: "policy GMM" },
} as const satisfies Record<string, PolicySection>;

export type PolicyType = keyof typeof policySections;

/** The sections of MeanFlow as options of the policy. */
export function meanFlowOptionsOf(
  objective: z.output<typeof meanFlow.model>,
  regulariser: z.output<typeof dispersive>,
): MeanFlowOptions {
  if (regulariser === null) return { ...objective, dispersive: null };
  const { lossType: type, ...rest } = regulariser;
  return { ...objective, dispersive: { type, ...rest } };
}
