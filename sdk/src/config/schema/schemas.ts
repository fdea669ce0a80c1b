// The kinds of configuration. `stage`, `policy.type`, `algorithm.type`, `model.network.type` and `env_name` select the schema.
import { z } from "zod";
import { pretrainKeys, pretrainOptions } from "../../pretrain/options.js";
import { algorithmSections, pathTables } from "./algorithm-sections.js";
import { environmentKeys } from "./environment-sections.js";
import { count, optionalText } from "./fields.js";
import { shapeOf, type Extra, type Section } from "./keys.js";
import { policySections } from "./policy-sections.js";
import { common, environments, rendered } from "./sections.js";

/** What a configuration selects: the part that must be right before the rest can be judged. */
export interface Selection {
  readonly stage: "pretrain" | "eval" | "finetune" | "scratch" | "offline";
  /** A key of the policy sections. */
  readonly policy: string;
  /** Of learning stages, a key of the algorithm sections. */
  readonly algorithm?: string;
  /** A key of the policy's networks. */
  readonly network: string;
  readonly envName: string;
}

const played = {
  nEpisodes: count.default(40).describe("whole episodes to play"),
  initialNoise: z.enum(["sampled", "zero"]).default("sampled").describe("zero: the central chunk, another policy"),
};

const choice = (type: string) => z.strictObject({ type: z.literal(type) });

/** `env:`, with the keys of the environment's family. */
function environmentSection(envName: string): Extra {
  const keys = { ...environments.shape, ...environmentKeys(envName) };
  return Object.fromEntries(Object.entries(keys).map(([name, schema]) => [`env.${name}`, schema as z.ZodType]));
}

/** `model.network:` of the chosen type. */
function networkOf({ policy, network }: Selection): z.ZodObject {
  const { options } = policySections[policy]!.networks[network]!;
  return options.extend({ type: z.literal(network).default(network) });
}

const statedNetwork = (selection: Selection) =>
  networkOf(selection).nullable().default(null).describe("a checkpoint knows its network; stating it checks it");

/** Of stages that learn from demonstrations. */
export const demonstratedShape = {
  maxNEpisodes: count.nullable().default(null).describe("the first so many episodes of the data; null: all"),
  nDemonstrations: z
    .int()
    .nonnegative()
    .default(100)
    .describe("episodes that a script plays, once, where the task's data is nowhere; 0: none"),
};

export const pretrainShape = {
  useD4rlDataset: z.boolean().default(true).describe("train on the D4RL data set called env_name"),
  trainDatasetPath: z.string().nullable().default(null).describe("train.npz or .hdf5 to train on instead"),
  ...demonstratedShape,
  denoisingSteps: count.default(1).describe("network calls per chunk in tests"),
  ...played,
};

const pretrainTable = { keys: pretrainKeys, options: pretrainOptions };

function pretrainSections(selection: Selection): Section[] {
  const { policy, envName } = selection;
  return [
    { extra: { ...common, stage: z.literal("pretrain"), ...pretrainShape, policy: choice(policy) } },
    { tables: [pretrainTable] },
    policySections[policy]!.pretraining,
    { extra: { "model.network": networkOf(selection).prefault({}), ...environmentSection(envName) } },
  ];
}

export const learningShape = {
  offlineDatasetPath: optionalText.describe("demonstrations to learn from besides"),
  ...demonstratedShape,
};
export const learningTrain = {
  render: rendered,
  saveModelFreq: count.nullable().default(null).describe("iterations between numbered checkpoints; null: none"),
};

/** Whether the policy of a stage has fresh weights. */
export const beginsFresh = (stage: Selection["stage"]): boolean => ["scratch", "offline"].includes(stage);

function learningSections(selection: Selection): Section[] {
  const { stage, policy, algorithm, envName } = selection;
  const { learning = {}, path, pretraining } = policySections[policy]!;
  const method = algorithmSections[algorithm!]!;
  return [
    { extra: { ...common, stage: z.literal(stage), policy: choice(policy), algorithm: choice(algorithm!) } },
    method.learning,
    ...(method.explores && path ? [{ tables: pathTables(method.explores, path) }] : []),
    learning,
    ...(beginsFresh(stage) || method.mayBeginFresh ? [pretraining] : []),
    { extra: { ...learningShape, ...environmentSection(envName) } },
    { extra: { "train.render": learningTrain.render, "train.saveModelFreq": learningTrain.saveModelFreq } },
    { extra: { [method.networkKey]: statedNetwork(selection) } },
  ];
}

export const evalShape = {
  loadEma: z.boolean().default(true).describe("of a pre-training checkpoint, the averaged weights"),
  denoisingSteps: count.default(1).describe("network calls per chunk, where denoising_step_list is null"),
  denoisingStepList: z.array(count).min(1).nullable().default(null).describe("evaluate with each of these"),
  renderNum: z.int().nonnegative().default(1).describe("episodes to film with env.save_video"),
  clipIntermediateActions: z.boolean().default(true).describe("clip actions after every denoising step"),
  ...played,
};

function evalSections(selection: Selection): Section[] {
  const { policy, envName } = selection;
  return [
    { extra: { ...common, stage: z.literal("eval"), ...evalShape, policy: choice(policy) } },
    policySections[policy]!.evaluation ?? {},
    { extra: { "model.network": statedNetwork(selection), ...environmentSection(envName) } },
  ];
}

const built = new Map<string, z.ZodObject>();

/** The schema of everything that `selection` leaves open. */
export function schemaOf(selection: Selection): z.ZodObject {
  const key = JSON.stringify(selection);
  const schema = built.get(key) ?? z.strictObject(shapeOf(sectionsOf(selection)));
  built.set(key, schema);
  return schema;
}

function sectionsOf(selection: Selection): Section[] {
  switch (selection.stage) {
    case "pretrain":
      return pretrainSections(selection);
    case "eval":
      return evalSections(selection);
    default:
      return learningSections(selection);
  }
}
