// A policy with weights and the statistics of its data: what pre-training yields, fine-tuning and evaluation take, and files hold.
import { z } from "zod";
import { checkOptions } from "../options.js";
import { fail } from "../errors.js";
import { Random } from "../engine/random.js";
import type { HostTensor } from "../engine/tensor.js";
import { boundsOf, type Normalization } from "../normalization.js";
import {
  noiseOf,
  RawActor,
  rawChunks,
  actingSchemas,
  type ActOptions,
  type RawActorOptions,
  type RawChunk,
  type RawObservation,
} from "./raw-acting.js";
import { attentionOf, type AttentionOptions, type PolicyAttention } from "./attention.js";
import { fitWeights } from "./fit-weights.js";
import { networkFamily, PolicyModel, policySpec } from "./policy-model.js";
import type { Space } from "../space.js";

/** A policy that can act: network, weights and the statistics of the data it was trained on. */
export class TrainedPolicy {
  /** Kind, options and network, without weights. */
  readonly model: PolicyModel;
  /** Flat, in `model.layout`. */
  readonly weights: Float32Array;
  /** Statistics by which it sees and acts in [-1, 1]. */
  readonly normalization: Normalization;
  /** Name of the environment or data set that it belongs to. */
  readonly environment: string;
  /** Beyond this, in either direction, normalised observations are cut off before it sees them, as its environment does; default: none are. */
  readonly observationBound?: number;

  constructor({
    model,
    weights,
    normalization,
    environment,
    observationBound,
  }: Pick<TrainedPolicy, "model" | "weights" | "normalization" | "environment" | "observationBound">) {
    this.model = model;
    this.weights = weights;
    this.normalization = normalization;
    this.environment = environment;
    this.observationBound = observationBound;
  }

  /** The same weights under other options of the policy, e.g. `{ useDdim: true, ddimSteps: 5 }`. @throws InputError for invalid ones. */
  withOptions(options: Readonly<Record<string, unknown>>): TrainedPolicy {
    const { spec } = this.model;
    return this.#as(new PolicyModel({ ...spec, options: { ...spec.options, ...options } }));
  }

  /** The same policy acting with the first chunk that it samples, where it came with critics to choose by, as of IDQL. */
  withoutChoice(): TrainedPolicy {
    const { policy, options, network, choice } = this.model.spec;
    return choice ? this.#as(new PolicyModel({ policy, options, network })) : this;
  }

  /** With the weights that `model` has, by their names. */
  #as(model: PolicyModel): TrainedPolicy {
    const own = this.model.views(this.weights);
    const weights = new Float32Array(model.layout.size);
    model.layout.entries.forEach(({ name, offset }, i) => {
      weights.set((own[name] ?? own[model.layout.specs[i]!.copyOf!]!).data, offset);
    });
    return new TrainedPolicy({ ...this, model, weights });
  }

  /**
   * The same policy with other options of its network, as far as weights stay what they are: of Gaussian policies how deviations
   * are set, e.g. `{ learnFixedStd: true, stdMax: 0.2 }`, and dropout. A weight that comes with them is new.
   *
   * @throws InputError `DMPO_OPTIONS` for options that other weights would belong to, and values outside their range.
   */
  withNetwork(options: Readonly<Record<string, unknown>>): TrainedPolicy {
    const { policy, options: objective, network, choice } = this.model.spec;
    const { family } = networkFamily(this.model.definition, network.type);
    const changeable = family.changeable?.(network, { ...network, ...options }) ?? [];
    const fixed = Object.keys(options).filter((name) => !changeable.includes(name));
    if (fixed.length > 0) {
      const known = changeable.length > 0 ? `one of ${changeable.join(", ")}` : "nothing of this network";
      fail("DMPO_OPTIONS", fixed.join(", "), "cannot change while the weights stay", known, "train a new policy");
    }
    const model = new PolicyModel({ policy, options: objective, network: { ...network, ...options }, choice });
    // What is new begins at constants, so that no seed decides about it.
    const weights = model.layout.initialise(new Random(0).stream("weights"));
    const old = this.model.views(this.weights);
    for (const { name, offset } of model.layout.entries) if (old[name]) weights.set(old[name].data, offset);
    return new TrainedPolicy({ ...this, model, weights });
  }

  /** What it sees and answers with: Ta, Da, [To, Do], of policies that see pictures [Ti, C, H, W]. */
  get space(): Space {
    const { horizonSteps, actionDim, encoder } = this.model.network;
    const width = this.normalization.observationMin.length;
    const { stateSize, rgb } = encoder;
    return { horizonSteps, actionDim, state: [stateSize / width, width], ...(rgb && { rgb }) };
  }

  /**
   * Action chunks for one observation or many, raw in and out: `const [first] = await policy.act(environment.reset())`.
   * Equal seeds give equal answers.
   * @throws InputError DMPO_POLICY_OBSERVATION for observations of another size, DMPO_OPTIONS.
   */
  act(observation: RawObservation, options?: ActOptions): Promise<RawChunk>;
  act(observations: readonly RawObservation[], options?: ActOptions): Promise<RawChunk[]>;
  async act(given: RawObservation | readonly RawObservation[], options: ActOptions = {}) {
    checkOptions(actingSchemas.act, options);
    if (isMany(given)) return rawChunks(this, given, options, noiseOf(options));
    return (await rawChunks(this, [given], options, noiseOf(options)))[0]!;
  }

  /**
   * `count` chunks for the same observation, each with noise of its own: the policy's distribution of actions there.
   * @param options `count`, at least 1: default 100. @throws InputError as {@link act}.
   */
  async sample(observation: RawObservation, options: SampleOptions = {}): Promise<RawChunk[]> {
    checkOptions(actingSchemas.sample, options);
    const { count = 100 } = options;
    return rawChunks(this, Array<RawObservation>(count).fill(observation), options, noiseOf(options));
  }

  /**
   * Where it looks in the pictures of one observation: `const { cameras } = await policy.attention(observation)`, numbers for
   * `figures.attention(...)`.
   * @throws InputError DMPO_POLICY_PICTURES for a policy that sees no pictures, DMPO_POLICY_OBSERVATION, DMPO_OPTIONS.
   */
  attention(observation: RawObservation, options: AttentionOptions = {}): Promise<PolicyAttention> {
    return attentionOf(this, observation, options);
  }

  /** For closed loops, action by action: `const action = await actor.act(observation)`. @throws InputError DMPO_OPTIONS. */
  actor(options: RawActorOptions = {}): RawActor {
    return new RawActor(this, options);
  }
}

/** How many chunks are sampled, and how. */
export interface SampleOptions extends Omit<ActOptions, "initialNoise"> {
  /** Default 100. */
  readonly count?: number;
}

const isMany = (given: RawObservation | readonly RawObservation[]): given is readonly RawObservation[] =>
  Array.isArray(given) && typeof given[0] !== "number";

/** A policy as named tensors and a JSON value. */
export interface PolicyRecord {
  readonly tensors: Readonly<Record<string, HostTensor>>;
  readonly metadata: unknown;
}

const STATISTICS = {
  observation_min: "observationMin",
  observation_max: "observationMax",
  action_min: "actionMin",
  action_max: "actionMax",
} as const;

/**
 * Tensors `<set>.<state_dict name>` for each weight set (e.g. `model`, `ema`), `normalization.*`, and the model's description, in
 * which statistics stand that float32 would round.
 */
export function policyRecord(
  { model, normalization, environment }: Pick<TrainedPolicy, "model" | "normalization" | "environment">,
  sets: Readonly<Record<string, Float32Array>>,
): PolicyRecord {
  const tensors: Record<string, HostTensor> = {};
  for (const [set, vector] of Object.entries(sets)) {
    for (const [name, tensor] of Object.entries(model.views(vector))) tensors[`${set}.${name}`] = tensor;
  }
  for (const [name, key] of Object.entries(STATISTICS)) {
    const data = Float32Array.from(normalization[key]);
    tensors[`normalization.${name}`] = { data, shape: [data.length] };
  }
  const wide = Object.entries(STATISTICS).filter(([, key]) => normalization[key] instanceof Float64Array);
  const statistics = Object.fromEntries(wide.map(([name, key]) => [name, Array.from(normalization[key])]));
  return { tensors, metadata: { model: model.spec, environment, ...(wide.length > 0 && { statistics }) } };
}

const recordMetadata = z.object({
  model: policySpec,
  environment: z.string(),
  statistics: z.record(z.string(), z.array(z.number())).optional(),
});

/**
 * The policy of a record, with the weights of the first of `sets` that it contains.
 *
 * @throws InputError naming `path` when the record holds no policy, or weights are missing or wrongly shaped.
 */
export function policyFromRecord(record: PolicyRecord, sets: readonly string[], path: string): TrainedPolicy {
  const parsed = recordMetadata.safeParse(record.metadata);
  if (!parsed.success)
    fail(
      "DMPO_POLICY_FILE",
      path,
      "holds no policy description",
      "a checkpoint of a policy",
      "choose a checkpoint written by pre-training or fine-tuning",
    );
  const model = new PolicyModel(parsed.data.model);
  const set = sets.find((name) => Object.keys(record.tensors).some((key) => key.startsWith(`${name}.`)));
  if (!set)
    fail("DMPO_POLICY_FILE", path, "holds no weights", `tensors named ${sets.map((name) => `${name}.*`).join(" or ")}`);
  return new TrainedPolicy({
    model,
    environment: parsed.data.environment,
    weights: weightsFromRecord(model, record, set, path),
    normalization: Object.fromEntries(
      Object.entries(STATISTICS).map(([name, key]) => {
        const { data } = tensorOf(record, `normalization.${name}`, path);
        return [key, boundsOf(parsed.data.statistics?.[name] ?? data)];
      }),
    ) as unknown as Normalization,
  });
}

/** One weight set of a record as a flat vector. @throws InputError listing missing, unexpected and wrongly shaped keys. */
export function weightsFromRecord(model: PolicyModel, record: PolicyRecord, set: string, path: string): Float32Array {
  const own = Object.entries(record.tensors).filter(([name]) => name.startsWith(`${set}.`));
  const named = own.map(([name, tensor]) => [name.slice(set.length + 1), tensor] as const);
  return fitWeights(model.layout, Object.fromEntries(named), `${path}: ${set}`);
}

function tensorOf(record: PolicyRecord, name: string, path: string): HostTensor {
  return record.tensors[name] ?? fail("DMPO_POLICY_FILE", `${path}: ${name}`, "is missing", "a tensor of this name");
}
