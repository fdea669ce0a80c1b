// The memory of off-policy algorithms: the last N transitions in flat arrays, overwritten in a ring. Environments take turns in
// it, so that it holds the stream of each: returns over several steps follow that stream and end where an episode does.
import type { RandomStream } from "../engine/random.js";
import { hostTensor, type HostTensor } from "../engine/tensor.js";
import { fail } from "../errors.js";
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

/** Transitions over up to n chunks: rewards are discounted sums, and the next observation is the one after the last chunk. */
export interface LongTransitions extends Transitions {
  /** Weight of what follows (B): gamma to the number of chunks. */
  readonly discount: HostTensor;
}

/** After a transition its episode goes on; was over, in an end or a time-out; or was left for a new one. */
const [GOES_ON, OVER, LEFT] = [0, 1, 2];

export class ReplayBuffer implements Stateful {
  readonly #space: Pick<Space, "state" | "rgb">;
  readonly #actionShape: readonly number[];
  /** Distance between two transitions of one environment. */
  readonly #stride: number;
  readonly #seen: Observations;
  readonly #next: Observations;
  readonly #actions: Float32Array;
  /** The actions as they have been improved since, for methods that do so. */
  readonly #improved: Float32Array | undefined;
  readonly #rewards: Float32Array;
  readonly #terminated: Float32Array;
  /** How the stream goes on: `GOES_ON`, or why it does not. */
  readonly #ended: Uint8Array;
  #size = 0;
  #position = 0;

  /**
   * @param capacity transitions N.
   * @param improves keep a second copy of the actions, which {@link improve} changes. Default false.
   */
  constructor(
    readonly capacity: number,
    { space, actionSteps, count }: Pick<Environments, "space" | "actionSteps" | "count">,
    { improves = false }: { readonly improves?: boolean } = {},
  ) {
    this.#space = space;
    this.#actionShape = [actionSteps, space.actionDim];
    this.#stride = count;
    this.#seen = emptyObservations(space, capacity);
    this.#next = emptyObservations(space, capacity);
    this.#actions = new Float32Array(capacity * sizeOf(this.#actionShape));
    this.#improved = improves ? new Float32Array(this.#actions.length) : undefined;
    this.#rewards = new Float32Array(capacity);
    this.#terminated = new Float32Array(capacity);
    this.#ended = new Uint8Array(capacity);
  }

  /** Transitions held. */
  get size(): number {
    return this.#size;
  }

  /** Forgets all of them. */
  clear(): void {
    [this.#size, this.#position] = [0, 0];
  }

  /** Keeps what `actions` (E, Te, Da) led to, from the observations before the step. */
  add(before: Observations, actions: Float32Array, after: Environments): void {
    const { count, rewards, terminated, truncated } = after;
    const width = sizeOf(this.#actionShape);
    for (let i = 0; i < count; i++) {
      const at = this.#position;
      const isOver = terminated[i] || truncated[i];
      const followed = isOver ? after.finalObservations : after.observations;
      for (const [name, shape] of observationShapes(this.#space)) {
        const size = sizeOf(shape);
        this.#seen[name]!.set(before[name]!.subarray(i * size, (i + 1) * size), at * size);
        this.#next[name]!.set(followed[name]!.subarray(i * size, (i + 1) * size), at * size);
      }
      this.#actions.set(actions.subarray(i * width, (i + 1) * width), at * width);
      this.#improved?.set(actions.subarray(i * width, (i + 1) * width), at * width);
      this.#rewards[at] = rewards[i]!;
      this.#terminated[at] = terminated[i]!;
      this.#ended[at] = isOver ? OVER : GOES_ON;
      this.#position = (at + 1) % this.capacity;
      this.#size = Math.min(this.#size + 1, this.capacity);
    }
  }

  /**
   * Begins anew with transitions that do not follow each other, states without pictures; (n, ...) each.
   *
   * @throws InputError `DMPO_REPLAY` for more than {@link capacity}.
   */
  load(
    given: Readonly<Record<"observations" | "nextObservations" | "actions" | "rewards" | "dones", Float32Array>>,
  ): void {
    const { length: rows } = given.rewards;
    if (rows > this.capacity) {
      const remedy = "raise buffer_size (bufferSize), or take fewer episodes: max_n_episodes, data.limitEpisodes()";
      fail("DMPO_REPLAY", "the demonstrations", `have ${rows} transitions`, `at most ${this.capacity}`, remedy);
    }
    this.#seen.state.set(given.observations);
    this.#next.state.set(given.nextObservations);
    this.#actions.set(given.actions);
    this.#rewards.set(given.rewards);
    this.#terminated.set(given.dones);
    this.#ended.fill(LEFT);
    [this.#size, this.#position] = [rows, rows % this.capacity];
  }

  /** New episodes have begun everywhere: what comes does not follow what was there. */
  leaveEpisodes(): void {
    for (let age = 1; age <= Math.min(this.#stride, this.#size); age++) {
      const at = (this.#position - age + this.capacity) % this.capacity;
      if (this.#ended[at] === GOES_ON) this.#ended[at] = LEFT;
    }
  }

  /** B indices with replacement. */
  draw(rows: number, random: RandomStream): Int32Array {
    return random.integers(new Int32Array(rows), this.#size);
  }

  /** Draws B transitions with replacement. */
  sample(rows: number, random: RandomStream): Transitions {
    return this.at(this.draw(rows, random));
  }

  /** The transitions `indices` (B), each below {@link size}. */
  at(indices: Int32Array): Transitions {
    return {
      observation: this.observationsAt(indices),
      action: gather(this.#actions, indices, this.#actionShape),
      reward: gather(this.#rewards, indices),
      nextObservation: gatherObservations(this.#next, indices, this.#space),
      terminated: gather(this.#terminated, indices),
    };
  }

  /** What was seen before the transitions `indices` (B). */
  observationsAt(indices: Int32Array): HostObservation {
    return gatherObservations(this.#seen, indices, this.#space);
  }

  /**
   * The transitions `indices` (B) prolonged to `steps` chunks, or fewer where the episode ends or nothing more is known.
   *
   * @param gamma discount per chunk.
   */
  longAt(indices: Int32Array, { steps, gamma }: { readonly steps: number; readonly gamma: number }): LongTransitions {
    const last = indices.slice();
    const reward = new Float32Array(indices.length);
    const discount = new Float32Array(indices.length);
    indices.forEach((index, row) => {
      let weight = 1;
      for (let k = 0, at = index; k < steps && at >= 0; k++, at = this.following(at)) {
        reward[row]! += weight * this.#rewards[at]!;
        weight *= gamma;
        last[row] = at;
      }
      discount[row] = weight;
    });
    const { nextObservation, terminated } = this.at(last);
    const column = (values: Float32Array) => hostTensor(values, [values.length]);
    return { ...this.at(indices), reward: column(reward), discount: column(discount), nextObservation, terminated };
  }

  /** The transition after this one in the same episode; -1 where the episode was over or goes on beyond what is held. */
  following(index: number): number {
    if (this.#ended[index] !== GOES_ON) return -1;
    const age = this.#size < this.capacity ? index : (index - this.#position + this.capacity) % this.capacity;
    return age + this.#stride < this.#size ? (index + this.#stride) % this.capacity : -1;
  }

  /** Indices from the newest transition to the oldest. */
  *newestFirst(): Generator<number> {
    for (let age = 1; age <= this.#size; age++) yield (this.#position - age + this.capacity) % this.capacity;
  }

  /**
   * Backwards along every stream: `value(index, next)` of each transition from that of the one after it in its episode,
   * undefined where there is none.
   */
  backwards(value: (index: number, next: number | undefined) => number): Float64Array {
    const values = new Float64Array(this.#size);
    for (const index of this.newestFirst()) {
      const next = this.following(index);
      values[index] = value(index, next < 0 ? undefined : values[next]);
    }
    return values;
  }

  /** Discounted sum of rewards from each transition to the end of its episode (N); NaN where it is not over. */
  returnsToGo(gamma: number): Float64Array {
    return this.backwards((i, next) => this.#rewards[i]! + (this.#ended[i] === OVER ? 0 : gamma * (next ?? NaN)));
  }

  /** Reward of each transition (N), and 1 where nothing follows: views. */
  get outcomes(): { readonly rewards: Float32Array; readonly terminated: Float32Array } {
    return { rewards: this.#rewards.subarray(0, this.#size), terminated: this.#terminated.subarray(0, this.#size) };
  }

  /** The actions of the transitions `indices` (B, Te, Da) as far as they have been improved. */
  improvedAt(indices: Int32Array): HostTensor {
    return gather(this.#improved!, indices, this.#actionShape);
  }

  /** Improved actions (B, Te, Da) of the transitions `indices` (B); what was executed stays known. */
  improve(indices: Int32Array, actions: Float32Array): void {
    const width = sizeOf(this.#actionShape);
    indices.forEach((index, row) =>
      this.#improved!.set(actions.subarray(row * width, (row + 1) * width), index * width),
    );
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
    const others = {
      ...{ actions: this.#actions, rewards: this.#rewards, terminated: this.#terminated },
      ...{ ended: this.#ended, ...(this.#improved && { improved: this.#improved }) },
    };
    return { ...Object.fromEntries(entries), ...others };
  }
}

/** The rows of two batches one after the other. */
export function joined(first: Transitions, second: Transitions): Transitions {
  const rows = ({ data: a, shape: [n, ...shape] }: HostTensor, { data: b, shape: [m] }: HostTensor): HostTensor => {
    const Rows = a.constructor as new (length: number) => typeof a;
    const data = new Rows(a.length + b.length);
    data.set(a);
    data.set(b, a.length);
    return hostTensor(data, [n! + m!, ...shape]);
  };
  const observations = (a: HostObservation, b: HostObservation): HostObservation => ({
    state: rows(a.state, b.state),
    ...(a.rgb && { rgb: rows(a.rgb, b.rgb!) }),
  });
  return {
    observation: observations(first.observation, second.observation),
    action: rows(first.action, second.action),
    reward: rows(first.reward, second.reward),
    nextObservation: observations(first.nextObservation, second.nextObservation),
    terminated: rows(first.terminated, second.terminated),
  };
}
