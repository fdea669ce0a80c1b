// One environment in this thread, driven by action chunks like a vector environment of one, that is looked at after every
// environment step: for pictures, films and paths.
import type { Space } from "../space.js";
import { fetchFor } from "./assets/assets.js";
import { checkActions, chunkBuffers, seenOf } from "./chunk-buffers.js";
import { episodeStarts } from "./episode-starts.js";
import { Environment } from "./make-environment.js";
import { MultiStep, type MultiStepOptions, type StepTaken } from "./multi-step.js";
import { findEnvironment } from "./registry.js";
import { checkVector, type VectorEnvOptions } from "./vector-env-options.js";

export interface WatchedEnvironmentOptions
  extends
    MultiStepOptions,
    Pick<VectorEnvOptions, "env" | "streams" | "actionSteps" | "condSteps" | "imageSteps" | "inertia"> {
  /** Equal seeds give equal episodes, the same as environment 0 of a vector with that seed. */
  readonly seed: number;
}

/** What can be seen of an environment that something else steps. */
export type Visible = Pick<Environment, "definition" | "secondsPerStep" | "state" | "pose" | "render" | "scene">;

/** Called after every environment step; returns true to end the episode there, as a time limit would. */
export type Watch = (environment: Visible, step: StepTaken) => boolean | void;

/** Called when an episode has begun, also the next after one that ended, with its first observation (Do), raw. */
export type Begin = (environment: Visible, observation: Float64Array) => void;

/**
 * Opens it: `reset()` comes next, `close()` last. The arrays are the same objects throughout and overwritten by each call.
 * @throws InputError DMPO_ENV_UNKNOWN, DMPO_ENV_OPTIONS with all that is wrong.
 */
export async function watchedEnvironment(options: WatchedEnvironmentOptions, watch: Watch, begin?: Begin) {
  const { env, seed, streams, actionSteps, condSteps, imageSteps, inertia, ...episodes } = options;
  const definition = await findEnvironment(env);
  checkVector({ ...options, count: 1 }, definition);
  const { observationDimension, actionDimension, pictures } = definition;
  await fetchFor(definition);
  const simulation = await definition.create({ inertia: inertia ?? definition.inertia ?? "legacy" });
  const starts = episodeStarts(seed, 0, streams);
  const environment = new Environment(definition, simulation, starts);
  const rgb = imageSteps === undefined ? undefined : [imageSteps, ...pictures!];
  const shape = { count: 1, actionSteps, condSteps, observationDimension, actionDimension, ...(rgb && { rgb }) };
  const chunk = chunkBuffers(shape);
  const visit = (step: StepTaken) => watch(environment, step);
  const multiStep = new MultiStep(definition, simulation, starts, chunk, episodes, visit, (observation) =>
    begin?.(environment, observation),
  );
  const { actions, ...seen } = chunk;
  const space: Omit<Space, "horizonSteps"> = { actionDim: actionDimension, ...seenOf(shape) };
  return {
    ...{ count: 1, space, actionSteps, ...seen },

    /** Starts an episode. */
    async reset(): Promise<void> {
      multiStep.reset();
    },

    /**
     * Executes a chunk (1, Te, Da), or less if the episode ends within it; then starts the next episode at once.
     * @throws InputError DMPO_ENV_ACTION.
     */
    async step(chunkActions: Float32Array): Promise<void> {
      checkActions(chunkActions, shape);
      actions.set(chunkActions);
      multiStep.step();
    },

    /** Frees the engine's memory; the environment must not be used afterwards. */
    async close(): Promise<void> {
      multiStep.delete();
    },
  };
}
