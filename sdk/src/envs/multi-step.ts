// One environment driven by action chunks: executes up to Te actions, sums their rewards, keeps To observations of
// history, resets itself when an episode ends, and speaks normalised numbers.
// Chi et al. 2023, "Diffusion Policy" (action chunks).
import { denormalize, normalize, type Normalization } from "../normalization.js";
import type { ChunkBuffers } from "./chunk-buffers.js";
import type { EnvironmentDefinition, Simulation } from "./environment.js";
import type { EpisodeStarts } from "./episode-starts.js";

export interface MultiStepOptions {
  /** Cut an episode off after so many steps; default and maximum: the environment's own limit. */
  readonly maxEpisodeSteps?: number;
  /** Statistics of the dataset; without them observations and actions are raw. */
  readonly normalization?: Normalization;
  /**
   * Report the environment's own time limit as the reference does, as both truncated and terminated, so that no value
   * is bootstrapped there. Default false: a cut-off is only truncated.
   */
  readonly legacyTimeouts?: boolean;
}

/** One environment step. */
export interface StepTaken {
  /** Steps of the episode, this one included. */
  readonly steps: number;
  /** (Do), raw; overwritten by the next step. */
  readonly observation: Float64Array;
  readonly reward: number;
}

/** Looks at the environment after a step; returns true to end the episode there, as a time limit would. */
export type Visit = (step: StepTaken) => boolean | void;

export class MultiStep {
  readonly #simulation: Simulation;
  readonly #starts: EpisodeStarts;
  readonly #chunk: ChunkBuffers;
  readonly #normalization: Normalization | undefined;
  readonly #maxEpisodeSteps: number;
  readonly #timeoutTerminates: boolean;
  readonly #visit: Visit | undefined;
  readonly #action: Float64Array;
  readonly #observation: Float64Array;
  #elapsed = 0;
  #episode = -1;

  /**
   * @param chunk where actions are read and results are written.
   * @param visit called after every environment step, before an episode that ended gives way to the next.
   */
  constructor(
    definition: EnvironmentDefinition,
    simulation: Simulation,
    starts: EpisodeStarts,
    chunk: ChunkBuffers,
    { maxEpisodeSteps = definition.maxEpisodeSteps, normalization, legacyTimeouts = false }: MultiStepOptions,
    visit?: Visit,
  ) {
    this.#simulation = simulation;
    this.#starts = starts;
    this.#chunk = chunk;
    this.#normalization = normalization;
    this.#maxEpisodeSteps = Math.min(maxEpisodeSteps, definition.maxEpisodeSteps);
    this.#timeoutTerminates = legacyTimeouts && maxEpisodeSteps >= definition.maxEpisodeSteps;
    this.#visit = visit;
    this.#action = new Float64Array(definition.actionDimension);
    this.#observation = new Float64Array(definition.observationDimension);
  }

  /** Starts an episode, the next one unless told which; the history is its first observation, repeated. */
  reset(episode = this.#episode + 1): void {
    const { state } = this.#chunk.observations;
    const size = this.#observation.length;
    this.#episode = episode;
    this.#simulation.reset(this.#starts(episode));
    this.#elapsed = 0;
    this.#observe();
    for (let to = 0; to < state.length - size; to += size) state.copyWithin(to, state.length - size);
  }

  /** Executes the chunk, or less if the episode ends within it; then starts the next episode at once. */
  step(): void {
    const { actions, observations, finalObservations, rewards, terminated, truncated, executedSteps } = this.#chunk;
    const size = this.#action.length;
    let reward = 0;
    let steps = 0;
    let ended = false;
    let timeout = false;
    for (let from = 0; from < actions.length && !ended && !timeout; from += size) {
      this.#readAction(actions, from);
      // Noted beforehand: where an action makes the thread fail, this tells which.
      executedSteps[0] = ++steps;
      const stepReward = this.#simulation.step(this.#action);
      reward += stepReward;
      ended = this.#simulation.terminated();
      const isLast = ++this.#elapsed >= this.#maxEpisodeSteps;
      this.#observe();
      const isEnough =
        this.#visit?.({ steps: this.#elapsed, observation: this.#observation, reward: stepReward }) === true;
      timeout = (isLast || isEnough) && !ended;
    }
    rewards[0] = reward;
    terminated[0] = Number(ended || (timeout && this.#timeoutTerminates));
    truncated[0] = Number(timeout);
    if (!ended && !timeout) return;
    finalObservations.state.set(observations.state);
    this.reset();
  }

  delete(): void {
    this.#simulation.delete();
  }

  #readAction(actions: Float32Array, from: number): void {
    const action = this.#action;
    const range = this.#normalization;
    for (let i = 0; i < action.length; i++) {
      const value = actions[from + i]!;
      action[i] = range ? denormalize(value, range.actionMin[i]!, range.actionMax[i]!) : value;
    }
  }

  /** Appends the current observation to the history. */
  #observe(): void {
    const { state } = this.#chunk.observations;
    const observation = this.#observation;
    const size = observation.length;
    const range = this.#normalization;
    this.#simulation.observe(observation);
    state.copyWithin(0, size);
    const to = state.length - size;
    for (let i = 0; i < size; i++) {
      const value = observation[i]!;
      state[to + i] = range ? normalize(value, range.observationMin[i]!, range.observationMax[i]!) : value;
    }
  }
}
