// What `algorithm.type` can name, and the keys of learning that come with it. Those of algorithms that exist follow from their
// definitions; for the others stands here what they will have. Keys: spec of each method as the reference names them.
import { z } from "zod";
import type { AnyAlgorithm } from "../../learning/algorithm.js";
import { ppo } from "../../rl/ppo.js";
import { algorithms } from "../../rl/registry.js";
import { learningRateSchedule } from "../../rl/schedules.js";
import { count, optional } from "./fields.js";
import type { Extra, Section, KeyTable } from "./keys.js";
import { flowMlpOptions } from "../../nn/flow-mlp.js";
import { criticSection, oneStepActor } from "./networks.js";
import type { PolicySection } from "./policy-sections.js";

export interface AlgorithmSection {
  readonly learning: Section;
  /** Asks the policy how it explores: then the keys of its path belong to the configuration. */
  readonly explores?: Pick<AnyAlgorithm, "controlKeys" | "options">;
  /** `model.network:` where it is not the policy's. */
  readonly network?: z.ZodObject;
  /** What has to be written before it works, such as "algorithm AWR". */
  readonly waitsFor?: string;
}

/** The tables of a path, and of what an algorithm sets its controls by. */
export function pathTables(
  { controlKeys = {}, options }: NonNullable<AlgorithmSection["explores"]>,
  path: NonNullable<PolicySection["path"]>,
): KeyTable[] {
  const { explorer } = path;
  // A policy that explores with a part of its own has a range of deviations to set.
  const controls = explorer ? [{ keys: controlKeys, options }] : [];
  return [{ keys: path.keys, options: path.options }, ...controls, ...(explorer ? [explorer] : [])];
}

const resetAtIteration = ppo.options.shape.resetAtIteration;

/** Everything below the sections of a configuration. */
interface Shapes {
  readonly top?: z.ZodRawShape;
  readonly env?: z.ZodRawShape;
  readonly train?: z.ZodRawShape;
  readonly model?: z.ZodRawShape;
}

function extraOf({ top = {}, ...sections }: Shapes): Extra {
  const below = Object.entries(sections).flatMap(([section, shape]) =>
    Object.entries(shape).map(([name, schema]) => [`${section}.${name}`, schema] as const),
  );
  return { ...top, ...Object.fromEntries(below) } as Extra;
}

const { number, positive, fraction, flag, whole } = optional;
const rate = learningRateSchedule.optional();
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

const planned = (name: string, shapes: Shapes, others: Omit<AlgorithmSection, "learning" | "waitsFor"> = {}) => ({
  learning: { extra: extraOf(shapes) },
  ...others,
  waitsFor: `algorithm ${name}`,
});

const offPolicy = (name: string, train: z.ZodRawShape, model: z.ZodRawShape) =>
  planned(name, {
    env: { resetAtIteration },
    train: { ...collecting, ...actor, ...critic, ...replay, ...stepping, ...train },
    model: { ...oneCritic, tanhOutput: flag, ...model },
  });

const plannedAlgorithms: Readonly<Record<string, AlgorithmSection>> = {
  fql: planned(
    "FQL",
    {
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
        bcFlow: z.strictObject({ network: flowMlpOptions.partial().optional() }).optional(),
      },
    },
    { network: oneStepActor },
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
  ibrl: offPolicy(
    "IBRL",
    { criticNumUpdate: optional.count, updateFreq: optional.count },
    { nCritics: optional.count, softActionSample: flag, softActionSampleBeta: number },
  ),
};

const existing = ({ keys, options, explores, controlKeys }: AnyAlgorithm): AlgorithmSection => ({
  learning: { tables: [{ keys, options }] },
  ...(explores && { explores: { controlKeys, options } }),
});

export const algorithmSections: Readonly<Record<string, AlgorithmSection>> = {
  ...plannedAlgorithms,
  ...Object.fromEntries(Object.values(algorithms).map((definition) => [definition.name, existing(definition)])),
};
