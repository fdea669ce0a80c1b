// What rollouts and evaluations ask of E parallel environments; envs/vector-env.ts is one.
// Arrays are overwritten by every step. A finished episode restarts by itself, inside the step that ended it.
import type { EnvironmentDefinition } from "../envs/environment.js";
import type { Observations, Space } from "../space.js";

export interface Environments {
  /** Number E of environments. */
  readonly count: number;
  /** What a policy sees of them, and the numbers Da per action. */
  readonly space: Omit<Space, "horizonSteps">;
  /** Actions Te of a chunk that one step executes. */
  readonly actionSteps: number;
  /** To act on, E rows. */
  readonly observations: Observations;
  /** Sum of the rewards of the executed actions (E). */
  readonly rewards: Float32Array;
  /** 1 where the step ended the episode in failure or success (E). */
  readonly terminated: Uint8Array;
  /** 1 where the step reached the time limit without termination (E). */
  readonly truncated: Uint8Array;
  /** The last ones before the restart, E rows; valid where an episode ended. */
  readonly finalObservations: Observations;
  /** Actions executed before the episode ended, 1..Te (E). */
  readonly executedSteps: Int32Array;
  /** When an episode succeeds. */
  readonly success?: EnvironmentDefinition["success"];
  /**
   * Number of the episode in progress (E), counted from 0; a reset begins the one after the number that stands here. An episode
   * follows from its number and the actions: by both a run that is resumed finds its place again. Absent where that does not hold.
   */
  readonly episodes?: Int32Array;
  /**
   * Starts the next episode everywhere or, after the first time, in those that are named. With `seeds`, one for each of them, the
   * first episode of a seed: environments with equal seeds have equal starts from there on.
   */
  reset(options?: { readonly environments?: readonly number[]; readonly seeds?: readonly number[] }): Promise<void>;
  /** Normalised actions (E, Te, Da) in [-1, 1]. */
  step(actions: Float32Array): Promise<void>;
}
