// Environments that an algorithm acts in: counts what is executed, and tells which episodes ended. It is a part of a run: a
// resumed run plays the actions of the episodes in progress again.
import { z } from "zod";
import { fail } from "../errors.js";
import { EpisodeTracker, type TrackerPosition } from "../evaluation/episode-tracker.js";
import type { EpisodeRules, FinishedEpisode } from "../evaluation/episode-statistics.js";
import type { Environments } from "../evaluation/environments.js";
import type { PartState, Stateful } from "./parts.js";

/** Where environments stand. The actions since each episode began stand in a vector, environment by environment. */
const placeSchema = z.object({
  /** (E). */
  episodes: z.array(z.int().min(-1)),
  /** Whether episodes are in progress. */
  isRunning: z.boolean(),
  /** Chunks since each episode began (E). */
  chunks: z.array(z.int().nonnegative()),
  tracker: z.object({
    steps: z.int().nonnegative(),
    firstSteps: z.array(z.int().nonnegative()),
  }) satisfies z.ZodType<TrackerPosition>,
});
type Place = z.output<typeof placeSchema>;

interface Resumed {
  readonly place: Place;
  /** All chunks that {@link Place} counts. */
  readonly actions: Float32Array;
}

export class Arena implements Stateful {
  /** Environment steps executed in all environments together. */
  environmentSteps = 0;
  readonly #tracker: EpisodeTracker;
  #interrupted = true;
  /** Chunks since each episode began, (E, ., Te * Da). */
  readonly #actions: Float32Array[][];
  #resumed: Resumed | undefined;

  constructor(
    readonly environments: Environments,
    readonly rules: EpisodeRules,
    /** Ends the next {@link step} by throwing its reason. */
    readonly signal?: AbortSignal,
  ) {
    this.#tracker = new EpisodeTracker(rules);
    this.#actions = Array.from({ length: environments.count }, () => []);
  }

  /** Whether an environment has executed nothing of its episode yet. */
  isAtStart(environment: number): boolean {
    return this.#actions[environment]!.length === 0;
  }

  /** The next {@link begin} starts new episodes: the environments were used for something else. */
  interrupt(): void {
    this.#interrupted = true;
  }

  /**
   * Goes on with the episodes in progress, or starts new ones if there are none or `restart` asks for it, which it tells.
   *
   * @param seedOf what new episodes follow from, by environment; default: each goes on to its next.
   */
  async begin(restart = false, seedOf?: (environment: number) => number): Promise<boolean> {
    const { environments } = this;
    if (this.#resumed) {
      environments.episodes?.set(this.#resumed.place.episodes);
      if (this.#resumed.place.isRunning && !restart) await this.#playAgain(this.#resumed);
      this.#resumed = undefined;
    }
    const isNew = restart || this.#interrupted;
    if (isNew) {
      const seeds = seedOf && Array.from({ length: environments.count }, (_, i) => seedOf(i));
      await environments.reset(seeds && { seeds });
      this.#tracker.restart();
      for (const chunks of this.#actions) chunks.length = 0;
    }
    this.#interrupted = false;
    return isNew;
  }

  /** Executes chunks (E, Te, Da). Returns the episodes that ended. */
  async step(actions: Float32Array): Promise<FinishedEpisode[]> {
    const { environments } = this;
    await environments.step(actions);
    const size = actions.length / environments.count;
    this.#actions.forEach((chunks, i) => {
      if (environments.terminated[i] || environments.truncated[i]) chunks.length = 0;
      else chunks.push(actions.slice(i * size, (i + 1) * size));
    });
    this.environmentSteps += environments.executedSteps.reduce((sum, steps) => sum + steps, 0);
    return this.#tracker.step(environments);
  }

  /** Where the environments stand; empty where their episodes could not be found again. */
  state(): PartState {
    const { episodes, count } = this.environments;
    if (!episodes) return {};
    if (this.#resumed) return { vectors: { actions: this.#resumed.actions }, values: this.#resumed.place };
    const played = this.#interrupted ? this.#actions.map(() => []) : this.#actions;
    const place: Place = {
      episodes: [...episodes],
      isRunning: !this.#interrupted,
      chunks: played.map(({ length }) => length),
      tracker: this.#tracker.position(count),
    };
    return { vectors: { actions: joined(played.flat()) }, values: place };
  }

  /**
   * The next {@link begin} goes on where this state stood. A state of another number of environments begins new episodes.
   * @throws InputError `DMPO_RESUME` for a state that contradicts itself.
   */
  restore({ vectors, values }: PartState): void {
    this.interrupt();
    this.#resumed = undefined;
    if (values === undefined) return;
    const { count, actionSteps, space } = this.environments;
    const parsed = placeSchema.safeParse(values);
    const actions = vectors?.actions;
    const size = actionSteps * space.actionDim;
    if (!parsed.success || !(actions instanceof Float32Array)) return damaged("has another form");
    const { data: place } = parsed;
    if (place.episodes.length !== count) return;
    if ([place.chunks, place.tracker.firstSteps].some(({ length }) => length !== count))
      damaged("has lists of other lengths");
    if (size * place.chunks.reduce((sum, chunks) => sum + chunks, 0) !== actions.length)
      damaged("has another number of actions");
    this.#resumed = { actions, place };
  }

  /** Each environment begins its episode so late that all arrive together; what it does before is thrown away. */
  async #playAgain({ actions, place: { episodes, chunks, tracker } }: Resumed): Promise<void> {
    const { environments } = this;
    const size = environments.actionSteps * environments.space.actionDim;
    const longest = Math.max(...chunks);
    const starts = chunks.map((_, i) => chunks.slice(0, i).reduce((sum, count) => sum + count, 0));
    await environments.reset();
    this.#tracker.restart();
    for (let step = 0; step <= longest; step++) {
      this.signal?.throwIfAborted();
      const begun = [...chunks.keys()].filter((i) => longest - chunks[i]! === step);
      for (const i of begun) {
        environments.episodes![i] = episodes[i]! - 1;
        this.#tracker.forget(i);
      }
      if (begun.length > 0) await environments.reset({ environments: begun });
      if (step === longest) break;
      const chunk = new Float32Array(environments.count * size);
      chunks.forEach((count, i) => {
        const at = step - (longest - count);
        if (at < 0) return;
        const played = actions.subarray((starts[i]! + at) * size, (starts[i]! + at + 1) * size);
        chunk.set(played, i * size);
      });
      await environments.step(chunk);
      this.#tracker.step(environments);
    }
    this.#tracker.moveTo(tracker);
    this.#actions.forEach((played, i) => {
      played.length = 0;
      for (let k = 0; k < chunks[i]!; k++)
        played.push(actions.slice((starts[i]! + k) * size, (starts[i]! + k + 1) * size));
    });
    this.#interrupted = false;
  }
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function damaged(wrong: string): never {
  fail("DMPO_RESUME", "the place of the environments", wrong, "the place of a run", "take an earlier checkpoint");
}

/** Environments of which only whole episodes are played: their place is the numbers of the episodes. */
export class EpisodeNumbers implements Stateful {
  constructor(private readonly environments: Environments) {}

  /** Copies of the numbers; empty where there are none. */
  state(): PartState {
    const { episodes } = this.environments;
    return episodes ? { values: { episodes: [...episodes] } } : {};
  }

  /** A reset begins the episodes after these; those of another number of environments are not taken. */
  restore({ values }: PartState): void {
    const { episodes } = this.environments;
    const parsed = placeSchema.pick({ episodes: true }).safeParse(values);
    if (parsed.success && parsed.data.episodes.length === episodes?.length) episodes.set(parsed.data.episodes);
  }
}
