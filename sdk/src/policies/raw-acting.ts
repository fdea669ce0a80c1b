// A trained policy asked in a program: raw observations in, raw actions out, one at a time or many.
import { z } from "zod";
import { Random, type RandomStream } from "../engine/random.js";
import { fail } from "../errors.js";
import { checkOptions, count, optionsSchema, wholeNumber } from "../options.js";
import { denormalize, normalize } from "../normalization.js";
import { emptyObservations, sizeOf, type Observations } from "../space.js";
import { attentionOf, type AttentionOptions, type PolicyAttention } from "./attention.js";
import { chunkSampler } from "./chunk-sampler.js";
import { hostObservation } from "./host-observation.js";
import { emptyDraws, fillDraws } from "./policy-model.js";
import type { TrainedPolicy } from "./trained-policy.js";

/** One observation, raw: Do numbers, or To x Do, the oldest first. With Do numbers the history is that observation repeated. */
export type RawObservation = ArrayLike<number> | SeenObservation;

/** What a policy with eyes is shown. */
export interface SeenObservation {
  /** As {@link RawObservation} of others. */
  readonly state: ArrayLike<number>;
  /** Bytes of the present picture (C, H, W), or of all Ti that it sees, the oldest first. */
  readonly rgb: Uint8Array | Uint8ClampedArray;
}

/** Ta actions of Da numbers each, raw. */
export type RawChunk = readonly Float64Array[];

/** How a chunk is made. */
export interface ActOptions {
  /** Network calls per chunk, at least 1. Default: the policy's own. */
  readonly denoisingSteps?: number;
  /** Clip after every denoising step, not only the last. Default true. */
  readonly clipIntermediate?: boolean;
  /** Initial noise of every chunk: standard normal, or zero for the policy's central chunk. Default "sampled". */
  readonly initialNoise?: "sampled" | "zero";
  /** Of the noise. Default 0. */
  readonly seed?: number;
}

/** How an actor acts. */
export interface RawActorOptions extends ActOptions {
  /** Actions Te of a chunk that are executed before the next one, 1 to Ta. Default: the whole chunk. */
  readonly actionSteps?: number;
}

const actShape = {
  denoisingSteps: count,
  clipIntermediate: z.boolean(),
  initialNoise: z.enum(["sampled", "zero"]),
  seed: wholeNumber,
} satisfies Record<keyof ActOptions, z.ZodType>;

/** For schemas of calls whose options stand beside these: one question, many samples, an actor. */
export const actingShapes = {
  act: actShape,
  sample: { ...actShape, count },
  actor: { ...actShape, actionSteps: count } satisfies Record<keyof RawActorOptions, z.ZodType>,
};

export const actingSchemas = {
  act: optionsSchema<ActOptions>(actingShapes.act),
  sample: optionsSchema<ActOptions & { readonly count?: number }>(actingShapes.sample),
  actor: optionsSchema<RawActorOptions>(actingShapes.actor),
};

type Sampler = ReturnType<typeof chunkSampler>;

/** Compiled once for each way to sample. */
const samplers = new WeakMap<TrainedPolicy, Map<string, Sampler>>();

/** Chunks for many observations, with noise from `random`; `undefined` is zero noise. */
export async function rawChunks(
  policy: TrainedPolicy,
  observations: readonly RawObservation[],
  { denoisingSteps: steps, clipIntermediate }: ActOptions,
  random: RandomStream | undefined,
): Promise<RawChunk[]> {
  const { space, normalization } = policy;
  const [rows, { horizonSteps, actionDim }] = [observations.length, space];
  const seen = emptyObservations(space, rows);
  observations.forEach((observation, row) => writeObservation(policy, observation, seen, row));
  const sampler = samplerOf(policy, { steps, clipIntermediate });
  const draws = emptyDraws(sampler.drawn, rows);
  if (random) fillDraws(sampler.drawn, draws, random);
  const { data } = await sampler.sample(hostObservation(seen, space, rows), draws);
  const { actionMin, actionMax } = normalization;
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: horizonSteps }, (_, step) =>
      Float64Array.from({ length: actionDim }, (_, at) =>
        denormalize(data[(row * horizonSteps + step) * actionDim + at]!, actionMin[at]!, actionMax[at]!),
      ),
    ),
  );
}

function samplerOf(policy: TrainedPolicy, sampling: { steps?: number; clipIntermediate?: boolean }): Sampler {
  const known = samplers.get(policy) ?? new Map<string, Sampler>();
  samplers.set(policy, known);
  const key = JSON.stringify(sampling);
  const actionSteps = policy.space.horizonSteps;
  const sampler = known.get(key) ?? chunkSampler(policy, { sampling, actionSteps, compile: { threads: 1 } });
  known.set(key, sampler);
  return sampler;
}

const stateOf = (observation: RawObservation): ArrayLike<number> =>
  "state" in observation ? observation.state : observation;

/** An observation as the policy sees it, into a row of `seen`. @throws InputError DMPO_POLICY_OBSERVATION. */
export function writeObservation(
  policy: TrainedPolicy,
  observation: RawObservation,
  seen: Observations,
  row: number,
): void {
  writeHistory(policy, stateOf(observation), seen.state, row);
  writePictures(policy, observation, seen.rgb, row);
}

/** @throws InputError DMPO_POLICY_OBSERVATION. */
function writePictures(policy: TrainedPolicy, observation: RawObservation, out: Uint8Array | undefined, row: number) {
  const { rgb: shape } = policy.space;
  const rgb = "rgb" in observation ? observation.rgb : undefined;
  if (!shape && !rgb) return;
  const where = `observation ${row}: rgb`;
  if (!shape) return fail("DMPO_POLICY_OBSERVATION", where, "given", "none: this policy sees no pictures");
  const expected = `${shape.slice(1).join(" x ")} bytes`;
  if (!rgb) fail("DMPO_POLICY_OBSERVATION", where, "missing", `a picture of ${expected}: { state, rgb }`);
  const [size, single] = [sizeOf(shape), sizeOf(shape.slice(1))];
  if (rgb.length !== single && rgb.length !== size) {
    const history = shape[0]! > 1 ? `, or a history of ${shape[0]} of them` : "";
    fail("DMPO_POLICY_OBSERVATION", where, `${rgb.length} bytes`, `${expected}${history}`);
  }
  for (let at = 0; at < size; at += rgb.length) out!.set(rgb, row * size + at);
}

function writeHistory(policy: TrainedPolicy, observation: ArrayLike<number>, out: Float32Array, row: number): void {
  const [steps, width] = policy.space.state;
  const size = steps * width;
  const { length } = observation;
  if (length !== width && length !== size) {
    const expected = steps > 1 ? `${width} numbers, or a history of ${steps} x ${width}` : `${width} numbers`;
    fail("DMPO_POLICY_OBSERVATION", `observation ${row}`, `${length} numbers`, expected);
  }
  const { observationMin, observationMax } = policy.normalization;
  const { observationBound: bound = Infinity } = policy;
  for (let i = 0; i < size; i++) {
    const [value, at] = [observation[i % length]!, i % width];
    if (!Number.isFinite(value)) {
      fail("DMPO_POLICY_OBSERVATION", `observation ${row}[${i % length}]`, String(value), "a finite number");
    }
    const normalized = normalize(value, observationMin[at]!, observationMax[at]!);
    out[row * size + i] = Math.max(-bound, Math.min(bound, normalized));
  }
}

/** Noise for one question: the same seed gives the same answer. */
export const noiseOf = ({ initialNoise = "sampled", seed = 0 }: ActOptions): RandomStream | undefined =>
  initialNoise === "zero" ? undefined : new Random(seed).stream("initial noise");

/**
 * A policy in a closed loop: remembers the observations of the episode, the rest of the chunk in progress, and where its random
 * numbers stand. The same episode as evaluate() plays with this seed in one environment.
 */
export class RawActor {
  readonly #policy: TrainedPolicy;
  readonly #options: RawActorOptions;
  readonly #actionSteps: number;
  readonly #random: RandomStream | undefined;
  #history: Float64Array | undefined;
  #pictures: Uint8Array | undefined;
  #pending: Float64Array[] = [];

  constructor(policy: TrainedPolicy, options: RawActorOptions) {
    checkOptions(actingSchemas.actor, options);
    const { horizonSteps } = policy.space;
    const { actionSteps = horizonSteps } = options;
    if (actionSteps > horizonSteps) {
      fail("DMPO_OPTIONS", "actionSteps", String(actionSteps), `an integer from 1 to ${horizonSteps}`);
    }
    this.#policy = policy;
    this.#options = options;
    this.#actionSteps = actionSteps;
    this.#random = noiseOf(options);
  }

  /** Begins an episode: forgets observations and the chunk in progress; random numbers go on. */
  reset(): void {
    this.#history = undefined;
    this.#pictures = undefined;
    this.#pending = [];
  }

  /** The action (Da) for the present observation (Do), both raw. @throws InputError DMPO_POLICY_OBSERVATION. */
  async act(observation: RawObservation): Promise<Float64Array> {
    this.#remember(observation);
    if (this.#pending.length === 0) {
      const [state, rgb] = [this.#history!, this.#pictures];
      const [chunk] = await rawChunks(this.#policy, [rgb ? { state, rgb } : state], this.#options, this.#random);
      this.#pending = chunk!.slice(0, this.#actionSteps);
    }
    return this.#pending.shift()!;
  }

  /**
   * Where the policy looks, for what it has seen of the episode so far: call it after {@link act}.
   * @throws InputError DMPO_POLICY_PICTURES, DMPO_POLICY_OBSERVATION before the first observation.
   */
  async attention(options: AttentionOptions = {}): Promise<PolicyAttention> {
    if (!this.#history) fail("DMPO_POLICY_OBSERVATION", "attention", "nothing was seen yet", "act() before it");
    const [state, rgb] = [this.#history, this.#pictures];
    return attentionOf(this.#policy, rgb ? { state, rgb } : state, options);
  }

  #remember(given: RawObservation): void {
    const observation = stateOf(given);
    const [steps, width] = this.#policy.space.state;
    if (observation.length !== width) {
      fail("DMPO_POLICY_OBSERVATION", "observation", `${observation.length} numbers`, `${width} numbers`);
    }
    this.#history ??= Float64Array.from({ length: steps * width }, (_, i) => observation[i % width]!);
    this.#history.copyWithin(0, width);
    this.#history.set(Array.from(observation), (steps - 1) * width);
    if ("rgb" in given) this.#rememberPicture(given.rgb);
  }

  #rememberPicture(picture: ArrayLike<number>): void {
    const frames = this.#policy.space.rgb?.[0] ?? 1;
    const size = picture.length;
    this.#pictures ??= Uint8Array.from({ length: frames * size }, (_, i) => picture[i % size]!);
    this.#pictures.copyWithin(0, size);
    this.#pictures.set(picture, (frames - 1) * size);
  }
}
