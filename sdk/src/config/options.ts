// From the layout of a configuration to the plain options that the rooms take; dispatch.ts hands them over.
import type { PpoOptions } from "../rl/ppo.js";
import type { PretrainOptions } from "../pretrain/options.js";
import { ppoOptionsOf } from "./algorithm-sections.js";
import { meanFlowOptionsOf } from "./policy-sections.js";
import type { EvalConfig, FinetuneConfig, PretrainConfig } from "./schemas.js";

type AnyConfig = PretrainConfig | FinetuneConfig | EvalConfig;

/** What every run needs, whatever it does. */
function runOf({ name, logdir, seed, device, wandb, basePolicyPath, normalizationPath, resumePath }: AnyConfig) {
  return { name, folder: logdir, seed, device, wandb, basePolicyPath, normalizationPath, resumePath };
}

/** Where a policy acts. */
function environmentsOf({ envName, env, horizonSteps, actSteps = horizonSteps }: AnyConfig) {
  const { nEnvs, maxEpisodeSteps, bestRewardThresholdForSuccess: successThreshold } = env;
  return { env: envName, environments: nEnvs, actionSteps: actSteps, maxEpisodeSteps, successThreshold };
}

/** How a policy is played: {@link environmentsOf} and what fits them. */
function playOf(config: PretrainConfig | EvalConfig) {
  const { nEpisodes: episodes, initialNoise, seed } = config;
  return { ...environmentsOf(config), episodes, initialNoise, seed };
}

const isFilmed = ({ env }: AnyConfig) => env.saveVideo || env.render;

/** What the configuration says about shapes; undefined where it leaves them to the data. */
function shapesOf({ horizonSteps, condSteps, obsDim, actionDim }: AnyConfig) {
  return { horizonSteps, condSteps, observationDimension: obsDim, actionDimension: actionDim };
}

/** The network's own options; its type has chosen it. */
function networkOf<Network extends object>(network: Network): Network {
  const { type, ...options } = network as Network & { readonly type?: string };
  return options as Network;
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
    shapes: shapesOf(config),
    data: {
      name: envName,
      useD4rl: config.useD4rlDataset,
      path: config.trainDatasetPath,
      normalizationPath: config.normalizationPath,
      maxEpisodes: config.maxNEpisodes,
    },
    objective: meanFlowOptionsOf(objective, dispersive),
    network: networkOf(network),
    training,
    test: { ...playOf(config), denoisingSteps: config.denoisingSteps },
  };
}

export function finetuneOptionsOf(config: FinetuneConfig) {
  const { model, env } = config;
  const { saveModelFreq, render, ...train } = config.train;
  const learning: PpoOptions = ppoOptionsOf({ top: config, env, train, model });
  return {
    run: runOf(config),
    shapes: shapesOf(config),
    environments: environmentsOf(config),
    learning,
    saveEvery: saveModelFreq,
    films: isFilmed(config) ? { every: render?.freq ?? learning.valFreq, episodes: render?.num ?? 1 } : null,
    network: model.network && networkOf(model.network),
    critic: model.critic,
    noiseNet: {
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
    shapes: shapesOf(config),
    play: playOf(config),
    averagedWeights: config.loadEma,
    denoisingSteps: config.denoisingStepList ?? [config.denoisingSteps],
    clipIntermediate: config.clipIntermediateActions,
    films: isFilmed(config) ? config.renderNum : 0,
    network: config.model.network && networkOf(config.model.network),
  };
}

export interface StageOptions {
  pretrain: ReturnType<typeof pretrainOptionsOf>;
  finetune: ReturnType<typeof finetuneOptionsOf>;
  eval: ReturnType<typeof evalOptionsOf>;
}
export type Stage = keyof StageOptions;
