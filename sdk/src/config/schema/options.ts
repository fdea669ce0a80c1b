// From the layout of a valid configuration to the plain options that the rooms take; run/dispatch.ts hands them over.
import { z } from "zod";
import type { DemonstrationOptions } from "../../data/demonstrations/make.js";
import type { AnyAlgorithm } from "../../learning/algorithm.js";
import type { IterationRecord } from "../../rl/iteration-record.js";
import { algorithms } from "../../rl/registry.js";
import { findPolicy } from "../../policies/registry.js";
import { pretrainKeys, pretrainOptions } from "../../pretrain/options.js";
import { pathTables } from "./algorithm-sections.js";
import { camerasIn, environmentIn, opensWindow } from "./environment-sections.js";
import { optionsOf, valueAt, type KeyTable } from "./keys.js";
import { fastDevRunData } from "./fast-dev-run.js";
import {
  beginsFresh,
  type demonstratedShape,
  evalShape,
  learningShape,
  learningTrain,
  pretrainShape,
  type Selection,
} from "./schemas.js";
import { common, environments } from "./sections.js";

/** What every configuration has, whatever it selects. */
const base = z.looseObject({
  ...common,
  policy: z.looseObject({ type: z.string() }),
  env: z.looseObject(environments.shape),
  model: z.looseObject({ network: z.record(z.string(), z.unknown()).nullable() }),
});
const pretrainConfig = base.extend(pretrainShape);
const evalConfig = base.extend(evalShape);
const learningConfig = base.extend({ ...learningShape, train: z.looseObject(learningTrain) });

/** Of policies that have a teacher. */
const teacherConfig = z.object({
  teacherPath: z.string().nullable(),
  teacher: z.object({ type: z.string().optional(), network: z.record(z.string(), z.unknown()) }),
});

type Config = z.output<typeof base>;
type Values = Readonly<Record<string, unknown>>;

/** What every run needs, whatever it does. */
function runOf({ name, logdir, seed, device, wandb, basePolicyPath, normalizationPath, resumePath }: Config) {
  return { name, folder: logdir, seed, device, wandb, basePolicyPath, normalizationPath, resumePath };
}

/** Where a policy acts. */
function environmentsOf({ envName, env, horizonSteps, actSteps = horizonSteps }: Config, { env: own }: Values) {
  const { nEnvs, maxEpisodeSteps, legacyTimeouts, bestRewardThresholdForSuccess: successThreshold } = env;
  const environments = { env: environmentIn(envName, own), environments: nEnvs, actionSteps: actSteps };
  return { ...environments, maxEpisodeSteps, legacyTimeouts, successThreshold };
}

/** How a policy is played: {@link environmentsOf} and what fits them. */
function playOf(config: Config & Pick<z.output<typeof evalConfig>, "nEpisodes" | "initialNoise">, values: Values) {
  const { nEpisodes: episodes, initialNoise, seed } = config;
  return { ...environmentsOf(config, values), episodes, initialNoise, seed };
}

const isFilmed = ({ env, envName }: Config, { env: own }: Values) =>
  env.saveVideo || env.render || opensWindow(envName, own);

/** What the configuration says about shapes; undefined where it leaves them to the data. */
function shapesOf({ horizonSteps, condSteps, imgCondSteps, obsDim, actionDim }: Config) {
  return { horizonSteps, condSteps, imgCondSteps, observationDimension: obsDim, actionDimension: actionDim };
}

/** Options of the policy's network, with its type where it is not the policy's first; `key`: where it stands. */
function networkOf(config: Config, { policy }: Selection, key = "model.network"): Values | null {
  const network = valueAt(config, key.split(".")) as Values | null;
  if (network === null) return null;
  const { type, ...options } = network;
  const [first] = Object.keys(findPolicy(policy).networks);
  return type === undefined || type === first ? options : { type, ...options };
}

/** How many episodes of the data are used, and which are made where there is none. */
function episodesOf(config: Config & z.output<z.ZodObject<typeof demonstratedShape>>) {
  const { maxNEpisodes, nDemonstrations, fastDevRun, envName, env } = config;
  const cameras = camerasIn(envName, env);
  const made: DemonstrationOptions = {
    episodes: nDemonstrations,
    ...(cameras.length > 0 && { cameras }),
    ...(fastDevRun && { folder: fastDevRunData }),
  };
  return { maxEpisodes: maxNEpisodes, make: nDemonstrations > 0 && made };
}

export function pretrainOptionsOf(values: Values, selection: Selection) {
  const config = pretrainConfig.parse(values);
  return {
    run: runOf(config),
    shapes: shapesOf(config),
    data: {
      name: config.envName,
      useD4rl: config.useD4rlDataset,
      path: config.trainDatasetPath,
      normalizationPath: config.normalizationPath,
      ...episodesOf(config),
    },
    policy: selection.policy,
    objective: optionsOf(findPolicy(selection.policy), values),
    network: networkOf(config, selection) ?? {},
    training: pretrainOptions.parse({
      ...optionsOf({ keys: pretrainKeys, options: pretrainOptions }, values),
      seed: config.seed,
    }),
    test: { ...playOf(config, values), denoisingSteps: callsOf(config, selection) },
    teacher: findPolicy(selection.policy).training.teacher ? teacherConfig.parse(values) : null,
  };
}

export function finetuneOptionsOf(values: Values, selection: Selection) {
  const config = learningConfig.parse(values);
  const { render, saveModelFreq } = config.train;
  const algorithm: AnyAlgorithm<IterationRecord> = algorithms[selection.algorithm!]!;
  const learning = learningOf(algorithm, selection.policy, values);
  const isFresh = beginsFresh(selection.stage) || (algorithm.mayBeginFresh && config.basePolicyPath === null);
  const evaluates = typeof learning.valFreq === "number" ? learning.valFreq : 1;
  return {
    run: runOf(config),
    shapes: shapesOf(config),
    environments: environmentsOf(config, values),
    algorithm,
    policy: selection.policy,
    /** Demonstrations, for algorithms that learn from some. */
    data: algorithm.wantsData
      ? {
          name: config.envName,
          useD4rl: true,
          path: config.offlineDatasetPath,
          normalizationPath: null,
          ...episodesOf(config),
        }
      : null,
    learning,
    /** Options of a policy that begins with fresh weights. */
    objective: isFresh ? optionsOf(findPolicy(selection.policy), values) : null,
    acting: actingOf(selection.policy, values),
    trained: trainedOf(selection.policy, values),
    saveEvery: saveModelFreq,
    films: isFilmed(config, values) ? { every: render?.freq ?? evaluates, episodes: render?.num ?? 1 } : null,
    network: networkOf(config, selection, algorithm.baseNetworkKey),
  };
}

/** Network calls per chunk; undefined where `denoising_steps` is an option of the policy, which knows its calls itself. */
function callsOf({ denoisingSteps }: { readonly denoisingSteps: number }, { policy }: Selection): number | undefined {
  return Object.hasOwn(findPolicy(policy).keys, "denoisingSteps") ? undefined : denoisingSteps;
}

/** Options of the policy that its weights depend on, as far as the configuration states them: what a checkpoint has must agree. */
function trainedOf(policy: string, values: Values): Values {
  const { training, options } = findPolicy(policy);
  return optionsOf({ keys: training.keys ?? {}, options }, values);
}

/** Options of the policy that say how it acts, where the configuration sets them anew. */
function actingOf(policy: string, values: Values): Values {
  const { acting, options } = findPolicy(policy);
  return optionsOf({ keys: acting.keys ?? {}, options }, values);
}

/** Options of the algorithm and of how the policy explores. */
function learningOf({ keys, options, explores, controlKeys }: AnyAlgorithm, policy: string, values: Values): Values {
  const { path } = findPolicy(policy);
  const own: KeyTable = { keys, options };
  if (!explores || !path) return optionsOf(own, values);
  const { explorer } = path;
  const tables = [own, ...pathTables({ controlKeys, options }, path).filter((table) => table !== explorer)];
  return {
    ...tables.reduce((merged, table) => mergeOptions(merged, optionsOf(table, values)), {}),
    ...(explorer && { noiseNet: optionsOf(explorer, values) }),
  };
}

/** Two tables may set different parts of one option. */
function mergeOptions(first: Values, second: Values): Values {
  const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  const merged = Object.entries(second).map(([name, value]) => {
    const before = first[name];
    return [name, isObject(before) && isObject(value) ? { ...(before as object), ...(value as object) } : value];
  });
  return { ...first, ...(Object.fromEntries(merged) as Values) };
}

export function evalOptionsOf(values: Values, selection: Selection) {
  const config = evalConfig.parse(values);
  const calls = callsOf(config, selection);
  return {
    run: runOf(config),
    shapes: shapesOf(config),
    play: playOf(config, values),
    policy: selection.policy,
    acting: actingOf(selection.policy, values),
    trained: trainedOf(selection.policy, values),
    averagedWeights: config.loadEma,
    /** Null: the policy's own number. */
    denoisingSteps: config.denoisingStepList ?? (calls === undefined ? null : [calls]),
    clipIntermediate: config.clipIntermediateActions,
    films: isFilmed(config, values) ? config.renderNum : 0,
    network: networkOf(config, selection),
  };
}

export interface StageOptions {
  pretrain: ReturnType<typeof pretrainOptionsOf>;
  finetune: ReturnType<typeof finetuneOptionsOf>;
  eval: ReturnType<typeof evalOptionsOf>;
}
export type StageName = keyof StageOptions;
