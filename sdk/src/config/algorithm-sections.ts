// What `algorithm.type` can name, and the keys of fine-tuning that come with it. A new algorithm is one entry, or one that
// loses its `waitsFor`. Keys: spec of each method as the reference names them.
import { z } from "zod";
import { criticOptions } from "../nn/critic.js";
import { noiseNetOptions } from "../nn/noise-net.js";
import { ppoOptions, type PpoOptions } from "../rl/ppo.js";
import { learningRateSchedule } from "../rl/schedules.js";
import { count, optional } from "./fields.js";
import { criticSection, oneStepActor, reFlowNetworks } from "./networks.js";

export interface AlgorithmSection {
  /** At the top level of the configuration. */
  readonly top: z.ZodRawShape;
  /** Below `env:`. */
  readonly env: z.ZodRawShape;
  /** Below `train:`. */
  readonly train: z.ZodRawShape;
  /** Below `model:`. */
  readonly model: z.ZodRawShape;
  /** The same four for policies that explore with a noise net. */
  readonly flow?: Omit<AlgorithmSection, "flow" | "network" | "waitsFor">;
  /** `model.network:` where it is not the policy's. */
  readonly network?: z.ZodObject;
  /** What has to be written before it works, such as "algorithm AWR". */
  readonly waitsFor?: string;
}

const { iterations, steps, resetAtIteration, noise, logProbRange, ...shape } = ppoOptions.shape;
const { denoisingSteps, ftDenoisingSteps, denoisedClipValue, randnClipValue, ...rest } = shape;
const { clipPlossCoef, clipVlossCoef, ...afterClips } = rest;
const { likelihood, accountForInitialStochasticity, clipIntermediateActions, ...general } = afterClips;
const { minStd, maxStd, finalMaxStd, schedule, holdRatio, decayRatio } = noise.unwrap().shape;
const noiseNet = noiseNetOptions.shape;

const bound = z.number().nullable().default(null);

const ppoTrain = { nTrainItr: iterations, nSteps: steps, ...general };

const ppo = {
  top: {},
  env: { resetAtIteration },
  train: ppoTrain,
  model: {
    clipPlossCoef,
    clipVlossCoef,
    critic: criticOptions.omit({ condDim: true }).prefault({}),
  },
  flow: {
    top: { denoisingSteps, ftDenoisingSteps, minStd, maxStd, finalMaxStd },
    env: {},
    train: {
      likelihood,
      accountForInitialStochasticity,
      clipIntermediateActions,
      maxNoiseHoldRatio: holdRatio,
      maxNoiseDecayRatio: decayRatio,
    },
    model: {
      denoisedClipValue,
      randnClipValue,
      logprobMin: bound.describe("log-probabilities are clamped to [logprob_min, logprob_max] if both are set"),
      logprobMax: bound,
      noiseSchedulerType: schedule,
      noiseHiddenDims: noiseNet.noiseHiddenDims,
      timeDimExplore: noiseNet.timeDimExplore,
      useTimeIndependentNoise: noiseNet.useTimeIndependentNoise,
      exploreNetActivationType: noiseNet.activationType,
      noiseStdMap: noiseNet.stdMap,
    },
  },
} satisfies AlgorithmSection;

/** What PPO finds in a configuration of a flow policy. */
export interface PpoKeys {
  readonly top: z.output<z.ZodObject<typeof ppo.flow.top>>;
  readonly env: z.output<z.ZodObject<typeof ppo.env>>;
  readonly train: z.output<z.ZodObject<typeof ppo.train & typeof ppo.flow.train>>;
  readonly model: z.output<z.ZodObject<typeof ppo.model & typeof ppo.flow.model>>;
}

export function ppoOptionsOf({ top, env, train: section, model }: PpoKeys): PpoOptions {
  const { nTrainItr, nSteps, maxNoiseHoldRatio, maxNoiseDecayRatio, ...same } = section;
  const { logprobMin, logprobMax } = model;
  return {
    ...same,
    iterations: nTrainItr,
    steps: nSteps,
    resetAtIteration: env.resetAtIteration,
    denoisingSteps: top.denoisingSteps,
    ftDenoisingSteps: top.ftDenoisingSteps,
    noise: {
      minStd: top.minStd,
      maxStd: top.maxStd,
      finalMaxStd: top.finalMaxStd,
      schedule: model.noiseSchedulerType,
      holdRatio: maxNoiseHoldRatio,
      decayRatio: maxNoiseDecayRatio,
    },
    denoisedClipValue: model.denoisedClipValue,
    randnClipValue: model.randnClipValue,
    clipPlossCoef: model.clipPlossCoef,
    clipVlossCoef: model.clipVlossCoef,
    logProbRange: logprobMin === null || logprobMax === null ? null : [logprobMin, logprobMax],
  };
}

const { number, positive, fraction, flag, whole, text } = optional;
const rate = learningRateSchedule.optional();
const steppedChain = {
  denoisingSteps: optional.count.describe("denoising steps of the policy"),
  ftDenoisingSteps: optional.count.describe("last steps that are fine-tuned"),
};

/** Every algorithm that collects episodes and trains on them. */
const collecting = {
  nTrainItr: count.optional().describe("iterations"),
  nSteps: count.optional().describe("chunks per environment and iteration"),
  gamma: fraction,
  batchSize: optional.count,
  valFreq: optional.count,
  scaleRewardFactor: positive,
  nCriticWarmupItr: whole,
};
const actor = { actorLr: positive, actorLrScheduler: rate, actorWeightDecay: number };
const critic = { criticLr: positive, criticLrScheduler: rate, criticWeightDecay: number };
/** Algorithms that keep transitions. */
const replay = { bufferSize: optional.count, replayRatio: optional.count, targetEmaRate: fraction };
/** Algorithms that evaluate whole episodes between updates. */
const stepping = { nEvalEpisode: optional.count, nExploreSteps: whole };
const entropy = { initTemperature: positive, targetEntropy: number, automaticEntropyTuning: flag };
const oneCritic = { critic: criticSection.optional() };

const diffusionBaseline = (name: string, train: z.ZodRawShape, model: z.ZodRawShape = oneCritic) =>
  ({ top: steppedChain, env: { resetAtIteration }, train, model, waitsFor: `algorithm ${name}` }) as const;

const offPolicy = (name: string, train: z.ZodRawShape, model: z.ZodRawShape) =>
  ({
    top: {},
    env: { resetAtIteration },
    train: { ...collecting, ...actor, ...critic, ...replay, ...stepping, ...train },
    model: { ...oneCritic, tanhOutput: flag, ...model },
    waitsFor: `algorithm ${name}`,
  }) as const;

const weighting = { beta: positive.describe("temperature of the weights") };

export const algorithmSections = {
  ppo,
  ppo_exact: {
    top: steppedChain,
    env: { resetAtIteration },
    train: ppoTrain,
    model: {
      ...ppo.model,
      atol: positive,
      rtol: positive,
      sdeHutchinsonType: text,
      sdeMethod: text,
      sdeMinBeta: positive,
      sdeNumEpsilon: optional.count,
      sdeProbabilityFlow: flag,
      sdeStepSize: positive,
    },
    waitsFor: "algorithm PPO with exact likelihoods",
  },
  grpo: {
    top: {},
    env: { resetAtIteration },
    train: { ...ppoTrain, nGroups: optional.count.describe("environments whose returns are compared") },
    model: { clipPlossCoef },
    waitsFor: "algorithm GRPO",
  },
  awr: diffusionBaseline("AWR", {
    ...{ ...collecting, ...actor, ...critic, ...weighting },
    bufferSize: optional.count,
    replayRatio: optional.count,
    criticUpdateRatio: optional.count,
    maxAdvWeight: positive,
  }),
  rwr: diffusionBaseline(
    "RWR",
    {
      ...{ ...collecting, ...weighting },
      lr: positive,
      lrScheduler: rate,
      weightDecay: number,
      updateEpochs: optional.count,
      maxRewardWeight: positive,
    },
    {},
  ),
  dql: diffusionBaseline("DQL", {
    ...{ ...collecting, ...actor, ...critic, ...replay },
    eta: positive.describe("weight of the Q term"),
  }),
  idql: diffusionBaseline(
    "IDQL",
    {
      ...{ ...collecting, ...actor, ...critic },
      bufferSize: optional.count,
      replayRatio: optional.count,
      criticTau: fraction,
      evalDeterministic: flag,
      evalSampleNum: optional.count,
      useExpectileExploration: flag,
    },
    { criticQ: criticSection.optional(), criticV: criticSection.optional() },
  ),
  qsm: diffusionBaseline("QSM", {
    ...{ ...collecting, ...actor, ...critic },
    bufferSize: optional.count,
    replayRatio: optional.count,
    criticTau: fraction,
    qGradCoeff: positive,
  }),
  dipo: diffusionBaseline("DIPO", {
    ...{ ...collecting, ...actor, ...critic, ...replay },
    actionGradientSteps: optional.count,
    actionLr: positive,
  }),
  fql: {
    top: { denoisingSteps: optional.count, onlyOptimizeBcFlow: flag },
    env: { resetAtIteration },
    train: {
      ...{ ...collecting, ...actor, ...critic, ...replay, ...stepping },
      actorReplayRatio: optional.count,
      criticReplayRatio: optional.count,
      actorUpdateRepeat: optional.count,
      alpha: positive.describe("weight of imitating the flow"),
      evalBaseModel: flag,
      nStepsEval: optional.count,
      offlineSteps: optional.count,
      onlineSteps: optional.count,
    },
    model: {
      ...oneCritic,
      normalizeQLoss: flag,
      bcFlow: z.strictObject({ network: reFlowNetworks.mlp.options.optional() }).optional(),
    },
    network: oneStepActor,
    waitsFor: "algorithm FQL",
  },
  sac: offPolicy(
    "SAC",
    {
      ...entropy,
      alphaLr: positive,
      actorReplayRatio: optional.count,
      criticReplayRatio: optional.count,
      maxGradNorm: positive,
    },
    {},
  ),
  calql: offPolicy(
    "Cal-QL",
    {
      ...entropy,
      trainOnline: flag,
      numUpdate: optional.count,
      nRandomActions: optional.count,
      nEpisodePerEpoch: optional.count,
      onlineUtdRatio: optional.count,
    },
    { cqlMinQWeight: number },
  ),
  rlpd: offPolicy(
    "RLPD",
    { ...entropy, criticNumUpdate: optional.count },
    { nCritics: optional.count, backupEntropy: flag },
  ),
  ibrl: offPolicy(
    "IBRL",
    { criticNumUpdate: optional.count, updateFreq: optional.count },
    { nCritics: optional.count, softActionSample: flag, softActionSampleBeta: number },
  ),
} as const satisfies Record<string, AlgorithmSection>;

export type AlgorithmType = keyof typeof algorithmSections;
