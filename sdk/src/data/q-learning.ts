// Samples for Q-learning from demonstrations: a state, a chunk of actions, the state after it, reward and end.
// Reward and end are those of the chunk's first row, as in the reference's data set, unless `wholeChunk` is set. The history of the
// next state is the one that really came before it; the reference repeats a frame Ta steps into the episode.
import { z } from "zod";
import { fail } from "../errors.js";
import { checkOptions, optionsSchema } from "../options.js";
import type { Trajectories } from "./trajectories.js";

/** How samples for Q-learning are cut from episodes. */
export interface QLearningOptions {
  /** Actions per chunk, Ta. */
  readonly horizonSteps: number;
  /** Observations per state, To; the last is the one at the first action. Default 1. */
  readonly condSteps?: number;
  /** Discount of the return-to-go, in (0, 1]. Default 1. */
  readonly discount?: number;
  /** Sum of the chunk's rewards, and whether the episode ended anywhere in it, instead of the first row's. Default false. */
  readonly wholeChunk?: boolean;
  /**
   * What follows a chunk that reaches the end of its episode: "zeros" (default), or "reference": the first state of the next episode,
   * as the reference's data set has it, which leaves zeros only where the data end.
   */
  readonly afterEnd?: "zeros" | "reference";
}

/** Their names; what they may be depends on the data. */
const schema = optionsSchema<QLearningOptions>({
  ...{ horizonSteps: z.unknown(), condSteps: z.unknown(), discount: z.unknown() },
  ...{ wholeChunk: z.boolean(), afterEnd: z.unknown() },
});

/** Buffers for B samples; `returnsToGo` only where they are wanted. */
export interface QLearningBatch {
  /** (B, Ta, Da) */
  readonly actions: Float32Array;
  /** (B, To, Do), oldest first. */
  readonly observations: Float32Array;
  /** (B, To, Do), the history after the chunk; zeros where the episode ends with it, see `afterEnd`. */
  readonly nextObservations: Float32Array;
  /** (B) */
  readonly rewards: Float32Array;
  /** (B), 1 where the episode ended. */
  readonly dones: Float32Array;
  /** (B), discounted sum of the rewards from this row to the end of the episode. */
  readonly returnsToGo?: Float32Array;
}

/** All samples of a data set, addressed by 0 <= index < count. */
export class QLearningSampler {
  readonly #data: Trajectories;
  readonly #horizonSteps: number;
  readonly #condSteps: number;
  readonly #afterEnd: "zeros" | "reference";
  readonly #wholeChunk: boolean;
  readonly #starts: Int32Array;
  readonly #episodeStarts: Int32Array;
  readonly #episodeEnds: Int32Array;
  readonly #rewards: Float32Array;
  readonly #dones: Float32Array;
  readonly #returnsToGo: Float32Array;

  /**
   * @throws InputError `DMPO_DATA_KEY` without rewards and terminals, `DMPO_DATA_WINDOWS` for options outside their range or
   *   if no episode is long enough.
   */
  constructor(data: Trajectories & { readonly name?: string }, options: QLearningOptions) {
    checkOptions(schema, options);
    const { horizonSteps, condSteps = 1, discount = 1, wholeChunk = false, afterEnd = "zeros" } = options;
    const { rewards, terminals, episodeLengths } = data;
    if (!rewards || !terminals) {
      const wrong = `has no ${[!rewards && "rewards", !terminals && "terminals"].filter(Boolean).join(" and no ")}`;
      fail("DMPO_DATA_KEY", data.name ?? "data set", wrong, "rewards and terminals, which Q-learning needs");
    }
    for (const [name, steps] of Object.entries({ horizonSteps, condSteps })) {
      if (!Number.isInteger(steps) || steps < 1) fail("DMPO_DATA_WINDOWS", name, String(steps), "a positive integer");
    }
    if (!(discount > 0 && discount <= 1)) fail("DMPO_DATA_WINDOWS", "discount", String(discount), "a number in (0, 1]");
    if (!["zeros", "reference"].includes(afterEnd)) {
      fail("DMPO_DATA_WINDOWS", "afterEnd", JSON.stringify(afterEnd), '"zeros" or "reference"');
    }
    const [starts, episodeStarts, episodeEnds]: [number[], number[], number[]] = [[], [], []];
    this.#returnsToGo = new Float32Array(rewards.length);
    let end = 0;
    for (const length of episodeLengths) {
      const start = end;
      end += length;
      // What comes after a time-out is unknown, so the last chunk has no next state.
      const last = end - horizonSteps - (terminals[end - 1] ? 0 : 1);
      for (let row = start; row <= last; row++) {
        starts.push(row);
        episodeStarts.push(start);
        episodeEnds.push(end);
      }
      let total = 0;
      for (let row = end - 1; row >= start; row--) this.#returnsToGo[row] = total = rewards[row]! + discount * total;
    }
    if (starts.length === 0) {
      const longest = episodeLengths.reduce((most, length) => Math.max(most, length), 0);
      const expected = `less than ${longest}, the length of the longest episode`;
      fail("DMPO_DATA_WINDOWS", "horizonSteps", String(horizonSteps), expected);
    }
    [this.#data, this.#horizonSteps, this.#condSteps, this.#wholeChunk] = [data, horizonSteps, condSteps, wholeChunk];
    this.#afterEnd = afterEnd;
    [this.#starts, this.#episodeStarts] = [Int32Array.from(starts), Int32Array.from(episodeStarts)];
    this.#episodeEnds = Int32Array.from(episodeEnds);
    const over = wholeChunk ? horizonSteps : 1;
    const inChunk = (values: ArrayLike<number>) =>
      Float32Array.from(starts, (row) => {
        let total = 0;
        for (let i = row; i < row + over; i++) total += values[i]!;
        return total;
      });
    this.#rewards = inChunk(rewards);
    this.#dones = inChunk(terminals).map((count) => (count > 0 ? 1 : 0));
  }

  /** Number of samples: the last Ta - 1 steps of an episode begin none, nor does its last whole chunk after a time-out. */
  get count(): number {
    return this.#starts.length;
  }

  /**
   * Writes the samples at `indices` (B) one after the other, allocating nothing.
   * @throws InputError `DMPO_DATA_WINDOWS` for an index out of range or a buffer of another size.
   */
  fill(indices: ArrayLike<number>, batch: QLearningBatch): void {
    const { observationDimension: width, actionDimension, observations, actions } = this.#data;
    const [actionSize, historySize] = [this.#horizonSteps * actionDimension, this.#condSteps * width];
    this.#checkSizes(indices.length, batch, actionSize, historySize);
    const rows = observations.length / width;
    for (let b = 0; b < indices.length; b++) {
      const index = indices[b]!;
      const start = this.#starts[index];
      if (start === undefined) fail("DMPO_DATA_WINDOWS", `indices[${b}]`, String(index), `0 to ${this.count - 1}`);
      const [first, next] = [this.#episodeStarts[index]!, start + this.#horizonSteps];
      batch.actions.set(actions.subarray(start * actionDimension, next * actionDimension), b * actionSize);
      const isKnown = this.#afterEnd === "zeros" ? next < this.#episodeEnds[index]! : this.#isInData(index, next, rows);
      if (!isKnown) batch.nextObservations.fill(0, b * historySize, (b + 1) * historySize);
      for (let k = 0; k < this.#condSteps; k++) {
        const back = this.#condSteps - 1 - k;
        const target = b * historySize + k * width;
        copyRow(observations, Math.max(start - back, first), batch.observations, target, width);
        if (isKnown) copyRow(observations, Math.max(next - back, first), batch.nextObservations, target, width);
      }
      batch.rewards[b] = this.#rewards[index]!;
      batch.dones[b] = this.#dones[index]!;
      if (batch.returnsToGo) batch.returnsToGo[b] = this.#returnsToGo[start]!;
    }
  }

  /** In the reference the last Ta samples of the data set have zeros for a next state. */
  #isInData(index: number, next: number, rows: number): boolean {
    return this.#wholeChunk ? next < rows : index < this.count - this.#horizonSteps;
  }

  #checkSizes(count: number, batch: QLearningBatch, actionSize: number, historySize: number): void {
    const sizes = {
      actions: actionSize,
      observations: historySize,
      nextObservations: historySize,
      rewards: 1,
      dones: 1,
    };
    for (const [name, each] of Object.entries({ ...sizes, ...(batch.returnsToGo && { returnsToGo: 1 }) })) {
      const { length } = batch[name as keyof QLearningBatch]!;
      if (length !== count * each) fail("DMPO_DATA_WINDOWS", name, `holds ${length} numbers`, String(count * each));
    }
  }
}

function copyRow(from: Float32Array, row: number, to: Float32Array, target: number, width: number): void {
  for (let i = 0; i < width; i++) to[target + i] = from[row * width + i]!;
}
