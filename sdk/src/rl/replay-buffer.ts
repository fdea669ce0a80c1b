// The memory of off-policy algorithms: the last N transitions in flat arrays, overwritten in a ring; samples are uniform.
import type { RandomStream } from "../engine/random.js";
import type { HostTensor } from "../engine/tensor.js";
import type { Environments } from "../evaluation/environments.js";
import type { PartState, Stateful } from "../learning/parts.js";
import type { HostObservation } from "../nn/network.js";
import { emptyObservations, observationShapes, sizeOf, type Observations, type Space } from "../space.js";
import { gather, gatherObservations } from "./rollout-buffer.js";

/** B transitions; one is a chunk. */
export interface Transitions {
  readonly observation: HostObservation;
  /** Executed actions (B, Te, Da). */
  readonly action: HostTensor;
  /** Summed over the chunk (B). */
  readonly reward: HostTensor;
  readonly nextObservation: HostObservation;
  /** 1 where nothing follows (B); a time-out is no end. */
  readonly terminated: HostTensor;
}

export class ReplayBuffer implements Stateful {
  readonly #space: Pick<Space, "state" | "rgb">;
  readonly #actionShape: readonly number[];
  readonly #seen: Observations;
  readonly #next: Observations;
  readonly #actions: Float32Array;
  readonly #rewards: Float32Array;
  readonly #terminated: Float32Array;
  #size = 0;
  #position = 0;

  /** @param capacity transitions N. */
  constructor(
    readonly capacity: number,
    { space, actionSteps }: Pick<Environments, "space" | "actionSteps">,
  ) {
    this.#space = space;
    this.#actionShape = [actionSteps, space.actionDim];
    this.#seen = emptyObservations(space, capacity);
    this.#next = emptyObservations(space, capacity);
    this.#actions = new Float32Array(capacity * sizeOf(this.#actionShape));
    this.#rewards = new Float32Array(capacity);
    this.#terminated = new Float32Array(capacity);
  }

  /** Transitions held. */
  get size(): number {
    return this.#size;
  }

  /** Keeps what `actions` (E, Te, Da) led to, from the observations before the step. */
  add(before: Observations, actions: Float32Array, after: Environments): void {
    const { count, rewards, terminated, truncated } = after;
    const width = sizeOf(this.#actionShape);
    for (let i = 0; i < count; i++) {
      const at = this.#position;
      const followed = terminated[i] || truncated[i] ? after.finalObservations : after.observations;
      for (const [name, shape] of observationShapes(this.#space)) {
        const size = sizeOf(shape);
        this.#seen[name]!.set(before[name]!.subarray(i * size, (i + 1) * size), at * size);
        this.#next[name]!.set(followed[name]!.subarray(i * size, (i + 1) * size), at * size);
      }
      this.#actions.set(actions.subarray(i * width, (i + 1) * width), at * width);
      this.#rewards[at] = rewards[i]!;
      this.#terminated[at] = terminated[i]!;
      this.#position = (at + 1) % this.capacity;
      this.#size = Math.min(this.#size + 1, this.capacity);
    }
  }

  /** Draws B transitions with replacement. */
  sample(rows: number, random: RandomStream): Transitions {
    const indices = random.integers(new Int32Array(rows), this.#size);
    return {
      observation: gatherObservations(this.#seen, indices, this.#space),
      action: gather(this.#actions, indices, this.#actionShape),
      reward: gather(this.#rewards, indices),
      nextObservation: gatherObservations(this.#next, indices, this.#space),
      terminated: gather(this.#terminated, indices),
    };
  }

  state(): PartState {
    const vectors = Object.entries(this.#arrays()).map(([name, array]) => {
      const held = (array.length / this.capacity) * this.#size;
      return [name, array.slice(0, held)] as const;
    });
    return { vectors: Object.fromEntries(vectors), values: { size: this.#size, position: this.#position } };
  }

  restore({ vectors = {}, values }: PartState): void {
    for (const [name, array] of Object.entries(this.#arrays())) array.set(vectors[name]!);
    const { size, position } = values as { size: number; position: number };
    [this.#size, this.#position] = [size, position];
  }

  #arrays(): Record<string, Float32Array | Uint8Array> {
    const entries = observationShapes(this.#space).flatMap(([name]) => [
      [name, this.#seen[name]!] as const,
      [`next_${name}`, this.#next[name]!] as const,
    ]);
    const others = { actions: this.#actions, rewards: this.#rewards, terminated: this.#terminated };
    return { ...Object.fromEntries(entries), ...others };
  }
}
