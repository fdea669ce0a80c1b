// One environment driven by action chunks: executes up to Te actions, sums their rewards, keeps To observations of
// history, resets itself when an episode ends, and speaks normalised numbers.
// Chi et al. 2023, "Diffusion Policy" (action chunks).
import { denormalize, normalize, type Normalization } from "../normalization.js";
import { sizeOf } from "../space.js";
import { warn } from "../plain-text.js";
import { checkObservation, checkReward, checkTerminated } from "./answers.js";
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
  readonly #begin: ((observation: Float64Array) => void) | undefined;
  readonly #action: Float64Array;
  readonly #observation: Float64Array;
  /** Of normalised observations. */
  readonly #bound: number;
  /** Bytes of a picture; 0 where none are taken. */
  readonly #pictureSize: number;
  /** Whether pictures form a history; else one at the end of a chunk is enough. */
  readonly #looksAlways: boolean;
  #elapsed = 0;
  #episode = -1;

  /**
   * @param chunk where actions are read and results are written.
   * @param visit called after every environment step, before an episode that ended gives way to the next.
   * @param begin called with the first observation of every episode.
   */
  constructor(
    definition: EnvironmentDefinition,
    simulation: Simulation,
    starts: EpisodeStarts,
    chunk: ChunkBuffers,
    { maxEpisodeSteps = definition.maxEpisodeSteps, normalization, legacyTimeouts = false }: MultiStepOptions,
    visit?: Visit,
    begin?: (observation: Float64Array) => void,
  ) {
    this.#simulation = simulation;
    this.#starts = starts;
    this.#chunk = chunk;
    this.#normalization = normalization;
    this.#maxEpisodeSteps = Math.min(maxEpisodeSteps, definition.maxEpisodeSteps);
    this.#timeoutTerminates = legacyTimeouts && maxEpisodeSteps >= definition.maxEpisodeSteps;
    this.#visit = visit;
    this.#begin = begin;
    this.#action = new Float64Array(definition.actionDimension);
    this.#observation = new Float64Array(definition.observationDimension);
    this.#bound = definition.observationBound ?? Infinity;
    const { rgb } = chunk.observations;
    this.#pictureSize = rgb ? sizeOf(definition.pictures!) : 0;
    this.#looksAlways = rgb !== undefined && rgb.length > this.#pictureSize;
  }

  /** Starts an episode, the next one unless told which; the history is its first observation, repeated. */
  reset(episode = this.#episode + 1): void {
    const { state, rgb } = this.#chunk.observations;
    const [size, pictureSize] = [this.#observation.length, this.#pictureSize];
    this.#episode = episode;
    this.#simulation.reset(this.#starts(episode));
    this.#elapsed = 0;
    this.#observe();
    for (let to = 0; to < state.length - size; to += size) state.copyWithin(to, state.length - size);
    this.#begin?.(this.#observation);
    if (!rgb) return;
    this.#look();
    for (let to = 0; to < rgb.length - pictureSize; to += pictureSize) rgb.copyWithin(to, rgb.length - pictureSize);
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
      checkReward(stepReward, ++this.#elapsed);
      reward += stepReward;
      ended = this.#simulation.terminated();
      checkTerminated(ended, this.#elapsed);
      const isLast = this.#elapsed >= this.#maxEpisodeSteps;
      this.#observe();
      if (this.#looksAlways) this.#look();
      const isEnough =
        this.#visit?.({ steps: this.#elapsed, observation: this.#observation, reward: stepReward }) === true;
      timeout = (isLast || isEnough) && !ended;
    }
    rewards[0] = reward;
    terminated[0] = Number(ended || (timeout && this.#timeoutTerminates));
    truncated[0] = Number(timeout);
    if (this.#pictureSize > 0 && !this.#looksAlways) this.#look();
    if (!ended && !timeout) return;
    finalObservations.state.set(observations.state);
    finalObservations.rgb?.set(observations.rgb!);
    this.reset();
  }

  /** Appends the present picture to the history. */
  #look(): void {
    const rgb = this.#chunk.observations.rgb!;
    rgb.copyWithin(0, this.#pictureSize);
    this.#simulation.look!(rgb.subarray(rgb.length - this.#pictureSize));
  }

  /** What it throws is said, and changes nothing: whatever was computed is there. */
  delete(): void {
    try {
      this.#simulation.delete();
    } catch (error) {
      warn(`an environment failed while it was freed: ${String(error)}`);
    }
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
    checkObservation(observation, this.#elapsed);
    state.copyWithin(0, size);
    const to = state.length - size;
    for (let i = 0; i < size; i++) {
      const value = observation[i]!;
      if (range) {
        const normalized = normalize(value, range.observationMin[i]!, range.observationMax[i]!);
        state[to + i] = Math.max(-this.#bound, Math.min(this.#bound, normalized));
      } else state[to + i] = value;
    }
  }
}
