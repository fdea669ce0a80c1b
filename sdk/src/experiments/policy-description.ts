// The fluent way to any policy: describe it, then train it. Every with...() returns a new description.
import { z } from "zod";
import type { Dataset } from "../data/dataset.js";
import type { EnvironmentSource } from "../envs/environment.js";
import type { Network } from "../nn/network.js";
import { checkOptions, count, parseOptions, pathText } from "../options.js";
import type { Policy } from "../policies/definition.js";
import { networkFamily, PolicyModel } from "../policies/policy-model.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import type { TimeDistributionInput } from "../policies/time-sampling.js";
import { pretrainOptions } from "../pretrain/options.js";
import { requireDataset } from "./dataset-argument.js";
import { playShape, type PlaySettings } from "./play.js";
import { loadPolicy } from "./load-policy.js";
import type { DispersiveInput, PretrainingInput } from "./option-types.js";
import { policyOf, type PolicySource } from "./policy-source.js";
import { splitOptions, type RunControl } from "./runs/control.js";
import { runPretraining, type PretrainingRun } from "./runs/pretraining.js";

/** Options of a policy's network; those that follow from the data are left out. */
export type NetworkInput<Options = Readonly<Record<string, unknown>>> = Partial<Options> & {
  /** Family of networks, e.g. "mlp". Default: the policy's first. */
  readonly type?: string;
  /** Actions Ta per chunk. Default 4. */
  readonly horizonSteps?: number;
  /** Observations To that the policy sees. Default 1. */
  readonly condSteps?: number;
  /** Pictures Ti that it sees, at most To, of networks that see. Default 1. */
  readonly imgCondSteps?: number;
};

/** What a policy has to know of data or an environment. */
export type SeenData = Pick<Dataset, "actionDimension" | "observationDimension"> & {
  readonly images?: Pick<NonNullable<Dataset["images"]>, "shape"> | undefined;
};

/** Options of pre-training, all optional: the schema's, whose defaults are the hopper recipe, and how the run is controlled. */
export type PretrainInput = PretrainingInput &
  RunControl & {
    /** Where tests are played: a name, the path of a module, or a definition. Default: the environment of the data. */
    readonly env?: EnvironmentSource;
    /** How tests are played, with `testInMujoco`. Default: 40 episodes, the policy's own number of steps, sampled noise. */
    readonly test?: Partial<Omit<PlaySettings, "env" | "seed">>;
    /** Continue from this checkpoint, exactly; from one of the reference (`.pt`) as far as that goes. */
    readonly resumePath?: string;
  };

/** What a description needs of a policy's definition. */
type Described<Preset extends string> = Pick<
  Policy<string, z.ZodObject, Network, Preset>,
  "name" | "title" | "options" | "presets" | "networks"
>;

/** A policy before training: objective, regularisation and network. */
export class PolicyDescription<Objective extends object = object, NetworkOptions extends object = object> {
  constructor(
    /** The kind of policy: its name, its schema, its networks. */
    readonly definition: Described<string>,
    /** What was set of the objective; the rest has the schema's defaults. */
    readonly objective: Objective,
    /** What was set of the network; wrong options are found when it is built for data. */
    readonly network: NetworkInput<NetworkOptions> = {},
    /** What it learns from besides demonstrations, where its kind has a teacher. */
    readonly teacher?: PolicySource,
  ) {}

  /** Adds dispersive regularisation, e.g. `{ type: "infonce_l2", weight: 0.5, temperature: 0.5 }`. @throws InputError for a policy without. */
  withDispersive(options: DispersiveInput = {}): PolicyDescription<Objective, NetworkOptions> {
    return this.#with({ dispersive: options });
  }

  /** Changes the distribution of the training times, e.g. `{ type: "beta", a: 1.5, b: 1 }`, `(u) => u ** 2`: see {@link TimeDistributionInput}. @throws InputError for a policy without. */
  withTimes(times: TimeDistributionInput): PolicyDescription<Objective, NetworkOptions> {
    return this.#with({ times });
  }

  /** Changes the network, e.g. `{ mlpDims: [256, 256, 256] }`, or the length of chunk and history. @throws InputError naming every wrong option. */
  withNetwork(options: NetworkInput<NetworkOptions>): PolicyDescription<Objective, NetworkOptions> {
    const network = { ...this.network, ...options };
    checkNetwork(this.definition, network);
    return new PolicyDescription<Objective, NetworkOptions>(this.definition, this.objective, network, this.teacher);
  }

  /** Changes the objective, e.g. `{ flowRatio: 0.25 }`. @throws InputError for unknown options and values outside their range. */
  withObjective(options: Partial<Objective>): PolicyDescription<Objective, NetworkOptions> {
    return this.#with(options);
  }

  /** The policy for data of these dimensions (Do, Da, pictures), without weights. @throws InputError for invalid options. */
  for(data: SeenData): PolicyModel {
    const { type, condSteps = 1, imgCondSteps = 1, horizonSteps = 4, ...network } = this.network as NetworkInput;
    const { family } = networkFamily(this.definition as PolicyModel["definition"], type);
    const state = [condSteps, data.observationDimension] as const;
    const rgb = data.images && ([imgCondSteps, ...data.images.shape] as const);
    const sizes = family.sizes({ horizonSteps, actionDim: data.actionDimension, state, ...(rgb && { rgb }) });
    return new PolicyModel({
      policy: this.definition.name,
      options: this.objective as Record<string, unknown>,
      network: { ...(type !== undefined && { type }), ...network, ...sizes },
    });
  }

  /**
   * Trains on demonstrations. Interrupting it (`signal`) saves a checkpoint and returns the partial run.
   * @throws InputError for wrong options, chunks longer than every episode, a checkpoint that does not fit, or a gradient that
   *   is not finite.
   */
  async pretrain(data: Dataset, input: PretrainInput = {}): Promise<PretrainingRun> {
    requireDataset(data);
    const { env = data.name, test, resumePath, ...rest } = input;
    checkOptions(pretrainBesides, { test, resumePath });
    const { options, control } = splitOptions(pretrainOptions, rest);
    const model = this.for(data);
    const settings: PlaySettings = {
      env,
      episodes: 40,
      denoisingSteps: model.defaultSteps,
      initialNoise: "sampled",
      seed: options.seed,
      ...test,
    };
    const teacher = this.teacher === undefined ? undefined : await teacherFor(this.teacher, data);
    return runPretraining({ model, data, teacher, training: options, test: settings, resumePath }, control);
  }

  #with(options: object): PolicyDescription<Objective, NetworkOptions> {
    const objective = { ...this.objective, ...options };
    parseOptions(this.definition.options, objective as Record<string, unknown>);
    return new PolicyDescription<Objective, NetworkOptions>(this.definition, objective, this.network, this.teacher);
  }
}

const { env: _, seed: __, ...testShape } = playShape;
const pretrainBesides = z
  .strictObject({ test: z.strictObject(testShape).partial(), resumePath: pathText.nullable() })
  .partial();

/** What is set of a network, before data tell the rest of its sizes. */
function checkNetwork(definition: Described<string>, { type, ...network }: NetworkInput): void {
  const { family } = networkFamily(definition as PolicyModel["definition"], type);
  const lengths = { horizonSteps: count, condSteps: count, imgCondSteps: count };
  checkOptions(z.strictObject({ ...family.options.shape, ...lengths }).partial(), network);
}

/** Files of the reference hold no statistics; a teacher has those of the data that its student learns from. */
function teacherFor(source: PolicySource, { normalization }: Dataset): Promise<TrainedPolicy> {
  return typeof source === "string" ? loadPolicy(source, { normalization }) : policyOf(source);
}

/** `standard()`, and a function for every preset: each begins a description. The types say what its schemas take. */
export function describePolicy<
  Objective extends object,
  Preset extends string,
  NetworkOptions extends object = Record<string, unknown>,
>(definition: Described<Preset>) {
  const from =
    (preset: object) =>
    (objective: Objective = {} as Objective) => {
      const options = { ...preset, ...objective };
      parseOptions(definition.options as z.ZodObject, options as Record<string, unknown>);
      return new PolicyDescription<Objective, NetworkOptions>(definition, options);
    };
  const presets = Object.entries(definition.presets).map(([name, preset]) => [name, from(preset as object)] as const);
  return { standard: from({}), ...Object.fromEntries(presets) } as Readonly<
    Record<Preset | "standard", ReturnType<typeof from>>
  >;
}
