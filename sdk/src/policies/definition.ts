// What a policy is: an option schema, families of networks and pure functions of tensors. A new one is a file that ends in
// definePolicy() and a line in registry.ts; names, help, configuration, training, acting and fine-tuning derive from it.
// Randomness is drawn on the host and comes in as tensors, so that everything here can be compiled.
import type { z } from "zod";
import type { ParameterSpec } from "../engine/parameters.js";
import type { RandomStream } from "../engine/random.js";
import type { tf, Weights } from "../engine/tensor.js";
import type { Network, NetworkFamily, Observation } from "../nn/network.js";
import { parseOptions, type Keys } from "../options.js";

/** Tensors by name; each with the batch axis B first. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;
type Shapes = Readonly<Record<string, readonly number[]>>;

/** Random numbers that a function wants for each row of a batch. */
export interface Draws {
  /** Shape of each array without the batch axis; [] is one number per row. */
  readonly shapes: Shapes;
  /** Fills the arrays, each (B, ...shape), always in the same order. */
  readonly fill: (out: Readonly<Record<string, Float32Array>>, random: RandomStream) => void;
  /** Those, such as masks of dropout, that a loss is given while it trains but not when it is only measured; default none. */
  readonly onlyTraining?: readonly string[];
}

/** Standard normal numbers called `noise`, (B, ...shape). */
export function normalNoise(...shape: number[]): Draws {
  return { shapes: { noise: shape }, fill: ({ noise }, random) => void random.normal(noise!) };
}

/** A batch of demonstrations with what {@link Draws} added to it. */
export type TrainingBatch = Tensors &
  Observation & {
    /** (B, Ta, Da), normalised. */
    readonly action: tf.Tensor3D;
  };

/**
 * A trained flow that another policy learns from, its weights being constants: where it takes noisy actions x (B, Ta, Da)
 * from times `from` to times `to` (B), 0 being noise and 1 data, in one step.
 */
export type Teacher = (x: tf.Tensor3D, from: tf.Tensor1D, to: tf.Tensor1D, observation: Observation) => tf.Tensor3D;

/** How an action chunk is made. */
export interface SamplingOptions {
  /** Network calls K >= 1; default: the policy's own. Without meaning for policies that have no `acting.steps`. */
  readonly steps?: number;
  /** Clip after every step, not only the last; default true. */
  readonly clipIntermediate?: boolean;
}

/** Scalars of a {@link Path} that an algorithm may move while it trains: ends of the range of standard deviations. */
export type ControlName = "minStd" | "maxStd";
/** Present values of the controls that a path names; the others are absent. */
export type Controls = Readonly<Partial<Record<ControlName, tf.Scalar>>>;

/** Density of stored decisions. */
export interface Density {
  /** ln p of each row's decision (B). */
  readonly logProbability: tf.Tensor1D;
  /** In nats (B). */
  readonly entropy: tf.Tensor1D;
  /** Scalars worth reporting, e.g. the mean standard deviation `noiseStd`. */
  readonly terms: Readonly<Record<string, tf.Scalar>>;
}

/** Stochastic acting with a density, of one policy with its settings: what policy gradients need. */
export interface BoundPath {
  /** Decisions per chunk, each with a density of its own: 1, or several denoising steps seen as an inner process. */
  readonly units: number;
  /** Weight of each unit's advantage (U); default 1. */
  readonly unitDiscounts?: readonly number[];
  /** Clip of each unit's ratio of probabilities (U) where the algorithm clips by `coefficient`; default that. */
  readonly unitClips?: (coefficient: number) => readonly number[];
  /** Parameters that only exploration has, besides the network's. */
  readonly parameters: readonly ParameterSpec[];
  /** The controls that it reads. */
  readonly controls: readonly ControlName[];
  /** Randomness of one chunk, which {@link sample} takes as its `draws`. */
  readonly draws: Draws;
  /** What is kept of each chunk so that its density can be computed again: shapes without the batch axis. */
  readonly stored: Shapes;
  /** The same chunk without exploration noise. */
  readonly sampling: SamplingOptions;
  /** Chunks (B, Ta, Da) for condition encodings (B, C), and the log-probabilities of their decisions (B) or, with several, (B, U). */
  sample(
    weights: Weights,
    condition: tf.Tensor2D,
    draws: Tensors,
    controls: Controls,
  ): { readonly action: tf.Tensor3D; readonly stored: Tensors; readonly logProbability: tf.Tensor };
  /**
   * Density of decision `unit` (B; absent with one unit) of stored chunks under the present weights: differentiable in the
   * network, the exploration's parameters and, through `condition` (B, C), the encoder.
   */
  density(weights: Weights, condition: tf.Tensor2D, stored: Tensors, controls: Controls, unit?: tf.Tensor1D): Density;
}

/** How a policy explores; {@link bind} makes it a {@link BoundPath}. */
export interface Path<Net extends Network, Options> {
  /** What a user may set beside the algorithm's options. Names must differ from those. */
  readonly options: z.ZodObject;
  /** Where configurations have these options. */
  readonly keys: Keys;
  /** A part of its own with weights, e.g. a noise net. */
  readonly explorer?: { readonly options: z.ZodObject; readonly keys: Keys };
  /** Options of the policy that follow from valid {@link options}: it has them from the beginning of the training on. */
  policyOptions?(path: object): object;
  /** Whether gradients flow through its samples into the weights that made them; default true. False: a choice is among them. */
  readonly isReparameterized?: boolean;
  /** Acting of one network with settled options. */
  bind(parts: {
    readonly network: Net;
    /** The policy's own, complete. */
    readonly options: Options;
    /** Valid by {@link Path.options}. */
    readonly path: object;
    /** Valid by the explorer's options; empty where there is none. */
    readonly explorer: object;
  }): BoundPath;
}

/** All that sets a policy apart. `Net` is what its networks can do; tensors have B rows, chunks (B, Ta, Da), conditions (B, C). */
export interface PolicyDefinition<
  Name extends string,
  Schema extends z.ZodObject,
  Net extends Network,
  Preset extends string,
> {
  /** As configurations and checkpoints name it. */
  readonly name: Name;
  /** As people write it. */
  readonly title: string;
  /** Schema of its options: types, ranges, defaults, help. The network's are those of its family. */
  readonly options: Schema;
  /** Where configurations have each option. */
  readonly keys: Keys;
  /** Named settings that differ from the defaults. */
  readonly presets: Readonly<Record<Preset, z.input<Schema>>>;
  /** By name; the first is the default. */
  readonly networks: Readonly<Record<string, NetworkFamily<Net>>>;
  /** What the policy makes of a network of its family, e.g. one with a frozen copy; default: nothing more. */
  readonly assemble?: {
    /** The option of the policy that decides. */
    readonly option: string;
    network(network: Net, options: z.output<Schema>): Net;
  };
  /** How it learns from demonstrations. */
  readonly training: {
    /** Options that trained weights depend on whenever they act: files that hold weights alone do not tell them. */
    readonly keys?: Keys;
    /** What the loss wants for each row, e.g. noise and times. */
    draws(options: z.output<Schema>, network: Net): Draws;
    /** Whether it learns from a {@link Teacher} besides the demonstrations. */
    readonly teacher?: true;
    /** One loss per row (B), so that rows can be weighted; `batchwise` terms (scalars) are added to their mean. */
    loss(
      network: Net,
      weights: Weights,
      batch: TrainingBatch,
      options: z.output<Schema>,
      teacher?: Teacher,
    ): { readonly rows: tf.Tensor1D; readonly batchwise?: Readonly<Record<string, tf.Scalar>> };
    /** The function that the network has learned, at random points: what two policies can be compared by. */
    readonly probe?: {
      /** The random points. */
      draws(network: Net): Draws;
      /** The function there, B rows. */
      value(network: Net, weights: Weights, condition: tf.Tensor2D, draws: Tensors): tf.Tensor;
    };
  };
  /**
   * What diffusion learns: noisy chunks made of a batch of clean ones, with the draws of its training, and the direction to cleaner
   * ones that the network sees there, in units of the noise (both (B, Ta, Da)); absent for policies that know none.
   */
  score?(
    network: Net,
    weights: Weights,
    batch: TrainingBatch,
    options: z.output<Schema>,
  ): { readonly noisy: tf.Tensor3D; readonly score: tf.Tensor3D };
  /** How it makes action chunks, without exploration noise. */
  readonly acting: {
    /** Options that say how it acts, which a later stage may set anew. */
    readonly keys?: Keys;
    /** Absent where there is nothing to sweep. */
    readonly steps?: { default(options: z.output<Schema>): number };
    /** What one chunk of `steps` network calls wants, e.g. the initial noise (Ta, Da). */
    draws(options: z.output<Schema>, network: Net, steps: number): Draws;
    /** Chunks (B, Ta, Da), differentiable in the weights; draws of zero give the central chunk. */
    sample(
      network: Net,
      weights: Weights,
      condition: tf.Tensor2D,
      draws: Tensors,
      options: z.output<Schema>,
      sampling: SamplingOptions & { readonly steps: number },
    ): tf.Tensor3D;
  };
  /** One step of its flow as a {@link Teacher} takes it, under condition encodings (B, C); absent if it is none. */
  advance?(
    network: Net,
    weights: Weights,
    x: tf.Tensor3D,
    from: tf.Tensor1D,
    to: tf.Tensor1D,
    condition: tf.Tensor2D,
  ): tf.Tensor3D;
  /** How it explores with a density, which policy gradients need; absent if it cannot. */
  readonly path?: Path<Net, z.output<Schema>>;
}

/** What shared code knows of a policy: options are any that its schema yields, networks any of its families. */
export type AnyPolicy = PolicyDefinition<string, z.ZodObject, Network, string>;

/** A definition that makes complete options: `meanFlow.configure({...})`, or by preset, `meanFlow.improved({...})`. */
export type Policy<
  Name extends string,
  Schema extends z.ZodObject,
  Net extends Network,
  Preset extends string,
> = PolicyDefinition<Name, Schema, Net, Preset> &
  Readonly<Record<Preset | "configure", (overrides?: z.input<Schema>) => z.output<Schema>>>;

/**
 * Makes a definition a {@link Policy}: adds `configure()` and a function for every preset. These give complete options, and throw
 * InputError `DMPO_OPTIONS` with every unknown name and every value outside its range.
 */
export function definePolicy<
  const Name extends string,
  Schema extends z.ZodObject,
  Net extends Network,
  Preset extends string,
>(definition: PolicyDefinition<Name, Schema, Net, Preset>): Policy<Name, Schema, Net, Preset> {
  const configure =
    (preset: object) =>
    (overrides: object = {}) =>
      parseOptions(definition.options, { ...preset, ...overrides } as z.input<Schema>);
  const byPreset = Object.entries(definition.presets).map(([name, preset]) => [name, configure(preset as object)]);
  return { ...definition, configure: configure({}), ...Object.fromEntries(byPreset) } as Policy<
    Name,
    Schema,
    Net,
    Preset
  >;
}
