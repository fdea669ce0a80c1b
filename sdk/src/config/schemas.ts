// The kinds of configuration. `stage`, `policy.type`, `algorithm.type`, `model.network.type` and `env_name` select the schema.
import { z } from "zod";
import { pretrainOptions } from "../pretrain/options.js";
import { algorithmSections, type AlgorithmSection, type AlgorithmType, type PpoKeys } from "./algorithm-sections.js";
import { environmentKeys } from "./environment-sections.js";
import { count, optionalText } from "./fields.js";
import { visionCritic } from "./networks.js";
import { policySections, type PolicySection, type PolicyType } from "./policy-sections.js";
import { common, environments, rendered } from "./sections.js";

/** What a configuration selects: the part that must be right before the rest can be judged. */
export interface Selection {
  readonly stage: "pretrain" | "eval" | "finetune" | "scratch" | "offline";
  readonly policy: PolicyType;
  /** Of learning stages. */
  readonly algorithm?: AlgorithmType;
  /** A key of the policy's networks. */
  readonly network: string;
  readonly envName: string;
}

const schedule = pretrainOptions.shape.schedule.unwrap().shape;
const ema = pretrainOptions.shape.ema.unwrap().shape;

const played = {
  nEpisodes: count.default(40).describe("whole episodes to play"),
  initialNoise: z.enum(["sampled", "zero"]).default("sampled").describe("zero: the central chunk, another policy"),
};

function environmentsOf(envName: string, keys: z.ZodRawShape = {}) {
  return environments.extend(environmentKeys(envName)).extend(keys);
}

/** `model.network:` of the chosen type. */
function networkOf({ policy, network }: Selection, own?: z.ZodObject): z.ZodObject {
  const { networks }: PolicySection = policySections[policy];
  return (own ?? networks[network]!.options).extend({ type: z.literal(network).default(network) });
}

const pretrainKeys = {
  stage: z.literal("pretrain"),
  useD4rlDataset: z.boolean().default(true).describe("train on the D4RL data set called env_name"),
  trainDatasetPath: z.string().nullable().default(null).describe("train.npz or .hdf5 to train on instead"),
  maxNEpisodes: count.nullable().default(null).describe("train on the first so many episodes; null: on all"),
  testInMujoco: pretrainOptions.shape.testInMujoco,
  denoisingSteps: count.default(1).describe("network calls per chunk in tests"),
  ...played,
  ema: z.strictObject({ decay: ema.decay }).prefault({}),
  train: z
    .strictObject({
      nEpochs: pretrainOptions.shape.epochs,
      batchSize: pretrainOptions.shape.batchSize,
      learningRate: pretrainOptions.shape.learningRate,
      lrScheduler: z
        .strictObject({
          per: schedule.per,
          firstCycleSteps: schedule.cycle,
          warmupSteps: schedule.warmup,
          minLr: pretrainOptions.shape.minLearningRate,
        })
        .prefault({}),
      weightDecay: pretrainOptions.shape.weightDecay,
      epochStartEma: ema.startEpoch,
      updateEmaFreq: ema.every,
      trainSplit: pretrainOptions.shape.trainSplit,
      valFreq: pretrainOptions.shape.validateEvery,
      testFreq: pretrainOptions.shape.testEvery,
      saveModelFreq: pretrainOptions.shape.saveEvery,
    })
    .prefault({}),
};

function pretrainSchema(selection: Selection): z.ZodObject {
  const { policy, envName } = selection;
  const { model, dispersive, top }: PolicySection = policySections[policy];
  return z.strictObject({
    ...common,
    ...pretrainKeys,
    policy: z.strictObject({ type: z.literal(policy) }),
    ...top,
    model: model.extend({ network: networkOf(selection).prefault({}) }).prefault({}),
    ...(dispersive && { dispersive }),
    env: environmentsOf(envName).prefault({}),
  });
}

const learningKeys = {
  offlineDatasetPath: optionalText.describe("demonstrations to learn from besides"),
  maxNEpisodes: count.nullable().default(null).describe("the first so many of them; null: all"),
};
const learningTrain = {
  render: rendered,
  saveModelFreq: count.nullable().default(null).describe("iterations between numbered checkpoints; null: none"),
};

/** Pictures: augmentation in the buffer, and batches too large for one pass. */
const pictured = { augment: z.boolean().optional(), gradAccumulate: count.optional() };

function learningSchema(selection: Selection): z.ZodObject {
  const { stage, policy, algorithm, network, envName } = selection;
  const { chain, isFlow }: PolicySection = policySections[policy];
  const section: AlgorithmSection = algorithmSections[algorithm!];
  const flow = isFlow ? section.flow : undefined;
  const denoising = { denoisingSteps: count.optional(), ftDenoisingSteps: count.optional() };
  return z.strictObject({
    ...common,
    stage: z.literal(stage),
    policy: z.strictObject({ type: z.literal(policy) }),
    algorithm: z.strictObject({ type: z.literal(algorithm!) }),
    ...(policy === "diffusion" && denoising),
    ...section.top,
    ...flow?.top,
    ...learningKeys,
    env: environmentsOf(envName, { ...section.env, ...flow?.env }).prefault({}),
    train: z
      .strictObject({
        ...section.train,
        ...flow?.train,
        ...(network.endsWith("vit") && pictured),
        ...learningTrain,
      })
      .prefault({}),
    model: z
      .strictObject({
        ...section.model,
        ...flow?.model,
        ...chain,
        ...(network.endsWith("vit") && { critic: visionCritic.prefault({}) }),
        network: networkOf(selection, section.network)
          .nullable()
          .default(null)
          .describe("a checkpoint knows its network; stating it checks it"),
      })
      .prefault({}),
  });
}

const evalKeys = {
  stage: z.literal("eval"),
  loadEma: z.boolean().default(true).describe("of a pre-training checkpoint, the averaged weights"),
  denoisingSteps: count.default(1).describe("network calls per chunk, where denoising_step_list is null"),
  denoisingStepList: z.array(count).min(1).nullable().default(null).describe("evaluate with each of these"),
  renderNum: z.int().nonnegative().default(1).describe("episodes to film with env.save_video"),
  clipIntermediateActions: z.boolean().default(true).describe("clip actions after every denoising step"),
  ...played,
};

function evalSchema(selection: Selection): z.ZodObject {
  const { policy, envName } = selection;
  const { model, waitsFor }: PolicySection = policySections[policy];
  return z.strictObject({
    ...common,
    ...evalKeys,
    policy: z.strictObject({ type: z.literal(policy) }),
    ...(policy === "diffusion" && { ftDenoisingSteps: z.int().nonnegative().optional() }),
    env: environmentsOf(envName).prefault({}),
    model: z
      .strictObject({ ...(waitsFor && model.shape), network: networkOf(selection).nullable().default(null) })
      .prefault({}),
  });
}

const built = new Map<string, z.ZodObject>();

/** The schema of everything that `selection` leaves open. */
export function schemaOf(selection: Selection): z.ZodObject {
  const key = JSON.stringify(selection);
  const schema = built.get(key) ?? build(selection);
  built.set(key, schema);
  return schema;
}

function build(selection: Selection): z.ZodObject {
  switch (selection.stage) {
    case "pretrain":
      return pretrainSchema(selection);
    case "eval":
      return evalSchema(selection);
    default:
      return learningSchema(selection);
  }
}

type Keys<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;
type MeanFlow = typeof policySections.meanflow;
type MeanFlowNetwork = z.output<MeanFlow["networks"]["mlp"]["options"]>;
interface Selected {
  readonly policy: { readonly type: "meanflow" };
  readonly env: z.output<typeof environments>;
}

/** What the schemas give where all parts exist: MeanFlow on observations, PPO. */
export type PretrainConfig = Keys<typeof common> &
  Keys<typeof pretrainKeys> &
  Selected & {
    readonly model: z.output<MeanFlow["model"]> & { readonly network: MeanFlowNetwork };
    readonly dispersive: z.output<MeanFlow["dispersive"]>;
  };
export type FinetuneConfig = Keys<typeof common> &
  Selected &
  PpoKeys["top"] & {
    readonly env: PpoKeys["env"];
    readonly train: PpoKeys["train"] & Keys<typeof learningTrain>;
    readonly model: PpoKeys["model"] & { readonly network: MeanFlowNetwork | null };
  };
export type EvalConfig = Keys<typeof common> &
  Keys<typeof evalKeys> &
  Selected & { readonly model: { readonly network: MeanFlowNetwork | null } };
