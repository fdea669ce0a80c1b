// From the layout of a configuration to the plain options that the rooms take; dispatch.ts hands them over.
import type { PpoOptions } from "../rl/ppo.js";
import type { PretrainOptions } from "../pretrain/options.js";
import { algorithmSections } from "./algorithm-sections.js";
import { policySections } from "./policy-sections.js";
import type { EvalConfig, FinetuneConfig, PretrainConfig } from "./schemas.js";

type AnyConfig = PretrainConfig | FinetuneConfig | EvalConfig;

/** What every run needs, whatever it does. */
function runOf({ name, logdir, seed, device, wandb, basePolicyPath, normalizationPath, resumePath }: AnyConfig) {
  return { name, folder: logdir, seed, device, wandb, basePolicyPath, normalizationPath, resumePath };
}

/** How actions and observations are cut. */
function chunksOf({ horizonSteps, actSteps = horizonSteps, condSteps, obsDim, actionDim }: AnyConfig) {
  return { horizonSteps, actSteps, condSteps, observationDimension: obsDim, actionDimension: actionDim };
}

function environmentsOf({ envName, env }: AnyConfig) {
  const { nEnvs, maxEpisodeSteps, bestRewardThresholdForSuccess } = env;
  return {
    name: envName,
    count: nEnvs,
    maxEpisodeSteps,
    successThreshold: bestRewardThresholdForSuccess,
  };
}

export function pretrainOptionsOf(config: PretrainConfig) {
  const { train, ema, dispersive, seed, testInMujoco, envName } = config;
  const { network, ...objective } = config.model;
  const { lrScheduler, ...epochs } = train;
  const training: PretrainOptions = {
    epochs: epochs.nEpochs,
    batchSize: epochs.batchSize,
    learningRate: epochs.learningRate,
    minLearningRate: lrScheduler.minLr,
    weightDecay: epochs.weightDecay,
    schedule: { per: lrScheduler.per, warmup: lrScheduler.warmupSteps, cycle: lrScheduler.firstCycleSteps },
    ema: { decay: ema.decay, startEpoch: epochs.epochStartEma, every: epochs.updateEmaFreq },
    trainSplit: epochs.trainSplit,
    validateEvery: epochs.valFreq,
    testEvery: epochs.testFreq,
    saveEvery: epochs.saveModelFreq,
    testInMujoco,
    seed,
  };
  return {
    run: runOf(config),
    chunks: chunksOf(config),
    data: {
      name: envName,
      useD4rl: config.useD4rlDataset,
      path: config.trainDatasetPath,
      normalizationPath: config.normalizationPath,
      maxEpisodes: config.maxNEpisodes,
    },
    policy: config.policy.type,
    objective: policySections[config.policy.type].toOptions(objective, dispersive),
    network,
    training,
    test: { environments: environmentsOf(config), denoisingSteps: config.denoisingSteps, chunks: config.nSteps },
  };
}

export function finetuneOptionsOf(config: FinetuneConfig) {
  const { model, env } = config;
  const { saveModelFreq, ...train } = config.train;
  const learning: PpoOptions = algorithmSections[config.algorithm.type].toOptions({ top: config, env, train, model });
  return {
    run: runOf(config),
    chunks: chunksOf(config),
    environments: environmentsOf(config),
    algorithm: config.algorithm.type,
    learning,
    saveEvery: saveModelFreq,
    network: model.network,
    critic: model.critic,
    noise: {
      noiseHiddenDims: model.noiseHiddenDims,
      timeDimExplore: model.timeDimExplore,
      useTimeIndependentNoise: model.useTimeIndependentNoise,
      activationType: model.exploreNetActivationType,
      stdMap: model.noiseStdMap,
    },
  };
}

export function evalOptionsOf(config: EvalConfig) {
  return {
    run: runOf(config),
    chunks: chunksOf(config),
    environments: environmentsOf(config),
    averagedWeights: config.loadEma,
    denoisingSteps: config.denoisingStepList ?? [config.denoisingSteps],
    clipIntermediate: config.clipIntermediateActions,
    chunkSteps: config.nSteps,
    network: config.model.network,
  };
}

export interface StageOptions {
  pretrain: ReturnType<typeof pretrainOptionsOf>;
  finetune: ReturnType<typeof finetuneOptionsOf>;
  eval: ReturnType<typeof evalOptionsOf>;
}
export type Stage = keyof StageOptions;
