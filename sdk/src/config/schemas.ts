// The three kinds of configuration. `stage`, `policy.type` and `algorithm.type` select the schema of a configuration.
import { z } from "zod";
import { criticOptions } from "../nn/critic.js";
import { noiseNetOptions } from "../nn/noise-net.js";
import { pretrainOptions } from "../pretrain/options.js";
import { algorithmSections, type AlgorithmType } from "./algorithm-sections.js";
import { policySections, type PolicyType } from "./policy-sections.js";
import { common, environments, network } from "./sections.js";

const count = z.int().positive();
const played = {
  nEpisodes: count.default(40).describe("whole episodes to play"),
  initialNoise: z.enum(["sampled", "zero"]).default("sampled").describe("zero: the central chunk, another policy"),
};
const clipIntermediateActions = z.boolean().default(true).describe("clip actions after every denoising step");

/** A checkpoint knows its network; stating it checks it. */
const networkOfCheckpoint = network.nullable().default(null);

export function pretrainSchema(policy: PolicyType) {
  const { model, dispersive } = policySections[policy];
  const options = pretrainOptions.shape;
  const schedule = options.schedule.unwrap().shape;
  const ema = options.ema.unwrap().shape;
  return z.strictObject({
    ...common,
    stage: z.literal("pretrain"),
    policy: z.strictObject({ type: z.literal(policy) }),
    model: model.extend({ network: network.prefault({}) }).prefault({}),
    dispersive,
    useD4rlDataset: z.boolean().default(true).describe("train on the D4RL data set called env_name"),
    trainDatasetPath: z.string().nullable().default(null).describe("train.npz or .hdf5 to train on instead"),
    maxNEpisodes: count.nullable().default(null).describe("train on the first so many episodes; null: on all"),
    testInMujoco: options.testInMujoco,
    denoisingSteps: count.default(1).describe("network calls per chunk in tests"),
    ...played,
    env: environments.prefault({}),
    ema: z.strictObject({ decay: ema.decay }).prefault({}),
    train: z
      .strictObject({
        nEpochs: options.epochs,
        batchSize: options.batchSize,
        learningRate: options.learningRate,
        lrScheduler: z
          .strictObject({
            per: schedule.per,
            firstCycleSteps: schedule.cycle,
            warmupSteps: schedule.warmup,
            minLr: options.minLearningRate,
          })
          .prefault({}),
        weightDecay: options.weightDecay,
        epochStartEma: ema.startEpoch,
        updateEmaFreq: ema.every,
        trainSplit: options.trainSplit,
        valFreq: options.validateEvery,
        testFreq: options.testEvery,
        saveModelFreq: options.saveEvery,
      })
      .prefault({}),
  });
}

export function finetuneSchema(algorithm: AlgorithmType) {
  const { top, env, train, model } = algorithmSections[algorithm];
  const noise = noiseNetOptions.shape;
  return z.strictObject({
    ...common,
    stage: z.literal("finetune"),
    policy: z.strictObject({ type: z.enum(Object.keys(policySections) as [PolicyType]) }),
    algorithm: z.strictObject({ type: z.literal(algorithm) }),
    ...top,
    env: environments.extend(env).prefault({}),
    train: z
      .strictObject({
        ...train,
        saveModelFreq: count.nullable().default(null).describe("iterations between numbered checkpoints; null: none"),
      })
      .prefault({}),
    model: z
      .strictObject({
        ...model,
        network: networkOfCheckpoint,
        critic: criticOptions.omit({ condDim: true }).prefault({}),
        noiseHiddenDims: noise.noiseHiddenDims,
        timeDimExplore: noise.timeDimExplore,
        useTimeIndependentNoise: noise.useTimeIndependentNoise,
        exploreNetActivationType: noise.activationType,
        noiseStdMap: noise.stdMap,
      })
      .prefault({}),
  });
}

export function evalSchema() {
  return z.strictObject({
    ...common,
    stage: z.literal("eval"),
    policy: z.strictObject({ type: z.enum(Object.keys(policySections) as [PolicyType]) }),
    loadEma: z.boolean().default(true).describe("of a pre-training checkpoint, the averaged weights"),
    denoisingSteps: count.default(1).describe("network calls per chunk, where denoising_step_list is null"),
    denoisingStepList: z.array(count).min(1).nullable().default(null).describe("evaluate with each of these"),
    clipIntermediateActions,
    ...played,
    env: environments.prefault({}),
    model: z.strictObject({ network: networkOfCheckpoint }).prefault({}),
  });
}

export type PretrainConfig = z.output<ReturnType<typeof pretrainSchema>>;
export type FinetuneConfig = z.output<ReturnType<typeof finetuneSchema>>;
export type EvalConfig = z.output<ReturnType<typeof evalSchema>>;

const policySelection = z.looseObject({ type: z.enum(Object.keys(policySections) as [PolicyType]) });
const algorithmSelection = z.looseObject({ type: z.enum(Object.keys(algorithmSections) as [AlgorithmType]) });

/** The part of a configuration that must be right before the rest can be judged. */
export const selection = z.discriminatedUnion("stage", [
  z.looseObject({ stage: z.literal("pretrain"), policy: policySelection }),
  z.looseObject({ stage: z.literal("finetune"), policy: policySelection, algorithm: algorithmSelection }),
  z.looseObject({ stage: z.literal("eval"), policy: policySelection }),
]);
