// What rollouts and evaluations ask of E parallel environments; envs/vector-env.ts is one.
// Arrays are overwritten by every step. A finished episode restarts by itself, inside the step that ended it.

export interface Environments {
  /** Number E of environments. */
  readonly count: number;
  readonly observationDimension: number;
  readonly actionDimension: number;
  /** Length To of the observation history. */
  readonly condSteps: number;
  /** Actions Te of a chunk that one step executes. */
  readonly actionSteps: number;
  /** Normalised observations to act on (E, To, Do). */
  readonly observations: Float32Array;
  /** Sum of the rewards of the executed actions (E). */
  readonly rewards: Float32Array;
  /** 1 where the step ended the episode in failure or success (E). */
  readonly terminated: Uint8Array;
  /** 1 where the step reached the time limit without termination (E). */
  readonly truncated: Uint8Array;
  /** Last observation before the restart (E, To, Do); valid where an episode ended. */
  readonly finalObservations: Float32Array;
  /** Actions executed before the episode ended, 1..Te (E). */
  readonly executedSteps: Int32Array;
  /** Starts a new episode everywhere. */
  reset(): Promise<void>;
  /** Normalised actions (E, Te, Da) in [-1, 1]. */
  step(actions: Float32Array): Promise<void>;
}
