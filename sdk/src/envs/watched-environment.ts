// One environment in this thread, driven by action chunks like a vector environment of one, that is looked at after every
// environment step: for pictures, films and paths.
import { Random } from "../engine/random.js";
import type { Observations, Space } from "../space.js";
import { checkActions, chunkBuffers, type ChunkBuffers, type ChunkShape } from "./chunk-buffers.js";
import { Environment } from "./make-environment.js";
import { MultiStep, type MultiStepOptions, type StepTaken } from "./multi-step.js";
import { findEnvironment } from "./registry.js";
import { checkOptions, type VectorEnvOptions } from "./vector-env-options.js";

export interface WatchedEnvironmentOptions
  extends MultiStepOptions, Pick<VectorEnvOptions, "env" | "actionSteps" | "condSteps" | "inertia"> {
  /** Equal seeds give equal episodes, the same as environment 0 of a vector with that seed. */
  readonly seed: number;
}

/** What can be seen of an environment that something else steps. */
export type Visible = Pick<Environment, "definition" | "secondsPerStep" | "state" | "pose" | "render">;

/** Called after every environment step; returns true to end the episode there, as a time limit would. */
export type Watch = (environment: Visible, step: StepTaken) => boolean | void;

/** The arrays are the same objects throughout and overwritten by each call. */
export class WatchedEnvironment {
  readonly count = 1;
  readonly space: Omit<Space, "horizonSteps">;
  readonly actionSteps: number;
  readonly observations: Observations;
  readonly finalObservations: Observations;
  readonly rewards: Float32Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  readonly executedSteps: Int32Array;
  readonly #shape: ChunkShape;
  readonly #chunk: ChunkBuffers;
  readonly #multiStep: MultiStep;

  private constructor(shape: ChunkShape, chunk: ChunkBuffers, multiStep: MultiStep) {
    const { condSteps, observationDimension, actionDimension, actionSteps } = shape;
    this.space = { actionDim: actionDimension, state: [condSteps, observationDimension] };
    this.actionSteps = actionSteps;
    this.observations = chunk.observations;
    this.finalObservations = chunk.finalObservations;
    this.rewards = chunk.rewards;
    this.terminated = chunk.terminated;
    this.truncated = chunk.truncated;
    this.executedSteps = chunk.executedSteps;
    this.#shape = shape;
    this.#chunk = chunk;
    this.#multiStep = multiStep;
  }

  /** {@link reset} comes next, {@link close} last. @throws InputError DMPO_ENV_UNKNOWN, DMPO_ENV_OPTIONS with all that is wrong. */
  static async create(options: WatchedEnvironmentOptions, watch: Watch): Promise<WatchedEnvironment> {
    const { env, seed, actionSteps, condSteps, inertia, ...episodes } = options;
    const definition = await findEnvironment(env);
    checkOptions({ ...options, count: 1 }, definition);
    const { observationDimension, actionDimension } = definition;
    const simulation = await definition.create({ inertia: inertia ?? definition.inertia ?? "legacy" });
    const random = new Random(seed).stream("environment");
    const environment = new Environment(definition, simulation, random);
    const shape = { count: 1, actionSteps, condSteps, observationDimension, actionDimension };
    const chunk = chunkBuffers(shape);
    const visit = (step: StepTaken) => watch(environment, step);
    return new WatchedEnvironment(shape, chunk, new MultiStep(definition, simulation, random, chunk, episodes, visit));
  }

  /** Starts an episode. */
  async reset(): Promise<void> {
    this.#multiStep.reset();
  }

  /**
   * Executes a chunk (1, Te, Da), or less if the episode ends within it; then starts the next episode at once.
   * @throws InputError DMPO_ENV_ACTION.
   */
  async step(actions: Float32Array): Promise<void> {
    checkActions(actions, this.#shape);
    this.#chunk.actions.set(actions);
    this.#multiStep.step();
  }

  /** Frees the engine's memory; the environment must not be used afterwards. */
  async close(): Promise<void> {
    this.#multiStep.delete();
  }
}
