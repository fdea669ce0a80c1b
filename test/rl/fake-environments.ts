// Environments in a few lines: episodes of fixed length whose reward is a function of the executed actions.
import type { Environments } from "../../sdk/src/evaluation/environments.js";
import type { Observations, Space } from "../../sdk/src/space.js";

export interface FakeOptions {
  readonly count?: number;
  readonly observationDimension?: number;
  readonly actionDimension?: number;
  readonly actionSteps?: number;
  /** Chunks per episode, for each environment. */
  readonly chunks?: (environment: number) => number;
  /** How episodes end; default by termination. */
  readonly ends?: "terminated" | "truncated";
  /** Reward of one chunk from its actions (Te, Da) and the observation acted on. */
  readonly reward?: (actions: Float32Array, observation: Float32Array) => number;
}

/** Deterministic: every reset begins the same sequence of observations again. */
export class FakeEnvironments implements Environments {
  readonly count: number;
  readonly space: Omit<Space, "horizonSteps">;
  readonly actionSteps: number;
  readonly observations: Observations;
  readonly finalObservations: Observations;
  readonly rewards: Float32Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  readonly executedSteps: Int32Array;
  resets = 0;
  readonly #options: FakeOptions;
  readonly #chunk: Int32Array;
  #time = 0;

  constructor(options: FakeOptions = {}) {
    const { count = 4, observationDimension = 2, actionDimension = 1, actionSteps = 1 } = options;
    this.#options = options;
    [this.count, this.actionSteps] = [count, actionSteps];
    this.space = { actionDim: actionDimension, state: [1, observationDimension] };
    this.observations = { state: new Float32Array(count * observationDimension) };
    this.finalObservations = { state: new Float32Array(count * observationDimension) };
    this.rewards = new Float32Array(count);
    this.terminated = new Uint8Array(count);
    this.truncated = new Uint8Array(count);
    this.executedSteps = new Int32Array(count).fill(actionSteps);
    this.#chunk = new Int32Array(count);
  }

  async reset(): Promise<void> {
    this.resets++;
    this.#time = 0;
    this.#chunk.fill(0);
    this.#observe();
  }

  async step(actions: Float32Array): Promise<void> {
    const { chunks = () => 1, ends = "terminated", reward = () => 1 } = this.#options;
    const width = this.actionSteps * this.space.actionDim;
    const [, dimension] = this.space.state;
    for (let i = 0; i < this.count; i++) {
      const observation = this.observations.state.subarray(i * dimension, (i + 1) * dimension);
      this.rewards[i] = reward(actions.subarray(i * width, (i + 1) * width), observation);
      const ended = ++this.#chunk[i]! >= chunks(i);
      if (ended) this.#chunk[i] = 0;
      this.terminated[i] = Number(ended && ends === "terminated");
      this.truncated[i] = Number(ended && ends === "truncated");
    }
    this.#time++;
    this.#observe();
    this.finalObservations.state.set(this.observations.state);
  }

  #observe(): void {
    const { state } = this.observations;
    state.forEach((_, i) => (state[i] = Math.sin(1.7 * i + 0.9 * this.#time)));
  }
}
