// A policy with its options and its network: what can be trained and act, made from a plain description that checkpoints and
// configurations store. Everything that shared code asks of a policy it asks here.
import { z } from "zod";
import { ParameterLayout } from "../engine/parameters.js";
import type { RandomStream } from "../engine/random.js";
import { hostTensor, tf, type HostTensor, type Weights } from "../engine/tensor.js";
import { fail, nearest } from "../errors.js";
import { actionCriticOptions, actionCritics, type ActionCritics } from "../nn/critic.js";
import { repeated, type Network, type NetworkFamily, type Observation } from "../nn/network.js";
import { count, parseOptions } from "../options.js";
import { sizeOf } from "../space.js";
import type { AnyPolicy, BoundPath, Draws, SamplingOptions, Teacher, Tensors, TrainingBatch } from "./definition.js";
import { withEncoderDraws, withEncoderDrawn } from "./dropout-draws.js";
import { findPolicy } from "./registry.js";

/** How a policy acts with the best of several chunks, by critics whose weights come with its own: the smaller of two values counts. */
export const choiceOptions = z.strictObject({
  samples: count.describe("chunks to choose from"),
  critic: actionCriticOptions.describe("networks of both critics"),
});

/** As files hold it; options and network are checked by the policy itself. */
export const policySpec = z.strictObject({
  policy: z.string().default("meanflow"),
  options: z.record(z.string(), z.unknown()).prefault({}),
  /** `type` chooses the family where it is not the policy's first. */
  network: z.record(z.string(), z.unknown()),
  choice: choiceOptions.optional(),
});

/** A complete description. */
export interface PolicySpec {
  readonly policy: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly network: Readonly<Record<string, unknown>>;
  /** Absent where it acts with the first chunk that it samples. */
  readonly choice?: z.output<typeof choiceOptions>;
}

export class PolicyModel {
  readonly spec: PolicySpec;
  readonly definition: AnyPolicy;
  readonly network: Network;
  readonly layout: ParameterLayout;
  readonly #critics: ActionCritics | undefined;

  /** @throws InputError for an unknown policy or network, or invalid options of either. */
  constructor({ policy = "meanflow", options = {}, network, choice }: z.input<typeof policySpec>) {
    this.definition = findPolicy(policy);
    const { type, ...given } = network;
    const { name, family } = networkFamily(this.definition, type);
    const [chosen, sizes] = [parseOptions(this.definition.options, options), parseOptions(family.options, given)];
    const isDefault = name === Object.keys(this.definition.networks)[0];
    this.spec = { policy, options: chosen, network: isDefault ? sizes : { type: name, ...sizes } };
    const built = family.build(sizes, "network.");
    this.network = this.definition.assemble?.network(built, chosen) ?? built;
    if (choice) {
      const { horizonSteps, actionDim, encoder } = this.network;
      const judging = choiceOptions.parse(choice);
      this.spec = { ...this.spec, choice: judging };
      this.#critics = actionCritics(judging.critic, 2, encoder.stateSize, horizonSteps * actionDim);
    }
    this.layout = new ParameterLayout([...this.network.parameters, ...(this.#critics?.parameters ?? [])]);
  }

  /** What training draws for each row of a batch. */
  get trainingDraws(): Draws {
    const { definition, network, spec } = this;
    return withEncoderDraws(definition.training.draws(spec.options, network), network.encoder);
  }

  /** Training loss of a batch (scalar), and its parts where there are several; `teacher` for policies that have one. */
  loss(weights: Weights, batch: TrainingBatch, teacher?: Teacher): { loss: tf.Scalar } & Record<string, tf.Scalar> {
    const { rows, batchwise } = this.#losses(weights, batch, teacher);
    const regression: tf.Scalar = rows.mean();
    if (!batchwise) return { loss: regression };
    const loss = Object.values(batchwise).reduce<tf.Scalar>((sum, term) => sum.add(term), regression);
    return { loss, regression, ...batchwise };
  }

  /** Training loss of each row (B), without the terms of a whole batch: what a weighted loss is made of. */
  rowLosses(weights: Weights, batch: TrainingBatch): tf.Tensor1D {
    return this.#losses(weights, batch).rows;
  }

  #losses(weights: Weights, batch: TrainingBatch, teacher?: Teacher) {
    const { definition, network, spec } = this;
    const table = withEncoderDrawn(weights, batch, network.encoder);
    return definition.training.loss(network, table, batch, spec.options, teacher);
  }

  /** Network calls per chunk unless asked otherwise; 1 where there is nothing to choose. */
  get defaultSteps(): number {
    return this.definition.acting.steps?.default(this.spec.options) ?? 1;
  }

  /** What acting draws for each chunk; zeros stand for the central chunk. */
  actingDraws(steps = this.defaultSteps): Draws {
    const draws = this.definition.acting.draws(this.spec.options, this.network, steps);
    const { choice } = this.spec;
    if (!choice) return draws;
    const shapes = Object.entries(draws.shapes).map(([name, shape]) => [name, [choice.samples, ...shape]] as const);
    return { ...draws, shapes: Object.fromEntries(shapes) };
  }

  /** Action chunks (B, Ta, Da) in [-1, 1] for observations of B rows. */
  sample(weights: Weights, observation: Observation, draws: Tensors, options: SamplingOptions = {}): tf.Tensor3D {
    const { choice } = this.spec;
    const { encoder, horizonSteps, actionDim } = this.network;
    if (!choice) return this.sampleFrom(weights, encoder.apply(weights, observation), draws, options);
    const { samples } = choice;
    const many = repeated(observation, samples);
    const each = Object.entries(draws).map(([name, drawn]) => {
      const [rows, , ...shape] = drawn.shape as [number, number, ...number[]];
      return [name, drawn.reshape([rows * samples, ...shape])] as const;
    });
    const chunks = this.sampleFrom(weights, encoder.apply(weights, many), Object.fromEntries(each), options);
    const [first, second] = this.#critics!.values(weights, many, chunks);
    const best = tf.minimum(first!, second!).reshape([-1, samples]).argMax(1);
    const taken = tf
      .oneHot(best as tf.Tensor1D, samples)
      .cast("float32")
      .expandDims(2);
    return chunks
      .reshape([-1, samples, horizonSteps * actionDim])
      .mul(taken)
      .sum(1)
      .reshape([-1, horizonSteps, actionDim]);
  }

  /** {@link sample} for condition encodings (B, C), always with the first chunk. */
  sampleFrom(weights: Weights, condition: tf.Tensor2D, draws: Tensors, options: SamplingOptions = {}): tf.Tensor3D {
    const { steps = this.defaultSteps } = options;
    const sampling = { ...options, steps };
    return this.definition.acting.sample(this.network, weights, condition, draws, this.spec.options, sampling);
  }

  /**
   * How it explores, with a density.
   *
   * @param path settings of the path, `explorer` of the part that has weights; what they leave out has its default.
   * @throws InputError if it has none, or for settings outside their range.
   */
  path(path: Record<string, unknown> = {}, explorer: Record<string, unknown> = {}): BoundPath {
    const definition = this.definition.path;
    if (!definition) {
      fail("DMPO_POLICY_PATH", `policy ${this.spec.policy}`, "has no density", "a policy that explores with one");
    }
    return definition.bind({
      network: this.network,
      options: this.spec.options,
      path: parseOptions(definition.options, path),
      explorer: definition.explorer ? parseOptions(definition.explorer.options, explorer) : {},
    });
  }

  /** Weights by name, views of `vector`. */
  views(vector: Float32Array): Record<string, HostTensor> {
    return this.layout.views(vector);
  }
}

/** Arrays for so many rows of `draws`. */
export function emptyDraws({ shapes }: Pick<Draws, "shapes">, rows: number): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      hostTensor(new Float32Array(rows * sizeOf(shape)), [rows, ...shape]),
    ]),
  );
}

/** Fills what {@link emptyDraws} made. */
export function fillDraws(
  { fill, shapes }: Draws,
  out: Readonly<Record<string, HostTensor>>,
  random: RandomStream,
): void {
  fill(Object.fromEntries(Object.keys(shapes).map((name) => [name, out[name]!.data as Float32Array])), random);
}

/** The family called `type`, or the policy's first. @throws InputError naming those that it has. */
export function networkFamily(
  { name: policy, networks }: AnyPolicy,
  type: unknown,
): { readonly name: string; readonly family: NetworkFamily<Network> } {
  const known = Object.keys(networks);
  const name = type === undefined ? known[0]! : typeof type === "string" ? type : JSON.stringify(type);
  if (Object.hasOwn(networks, name)) return { name, family: networks[name]! };
  const close = nearest(name, known);
  fail(
    "DMPO_NETWORK",
    `network of ${policy}`,
    `"${name}"`,
    `one of ${known.join(", ")}`,
    close && `did you mean "${close}"?`,
  );
}
