// Environments that an algorithm acts in: counts what is executed, and tells which episodes ended.
import { EpisodeTracker } from "../evaluation/episode-tracker.js";
import type { EpisodeRules, FinishedEpisode } from "../evaluation/episode-statistics.js";
import type { Environments } from "../evaluation/environments.js";

export class Arena {
  /** Environment steps executed in all environments together. */
  environmentSteps = 0;
  readonly #tracker: EpisodeTracker;
  #interrupted = true;

  constructor(
    readonly environments: Environments,
    readonly rules: EpisodeRules,
    /** Ends the next {@link step} by throwing its reason. */
    readonly signal?: AbortSignal,
  ) {
    this.#tracker = new EpisodeTracker(rules);
  }

  /** The next {@link begin} starts new episodes: the environments were used for something else. */
  interrupt(): void {
    this.#interrupted = true;
  }

  /** Goes on with the episodes in progress, or starts new ones if there are none or `restart` asks for it, which it tells. */
  async begin(restart = false): Promise<boolean> {
    const isNew = restart || this.#interrupted;
    if (isNew) {
      await this.environments.reset();
      this.#tracker.restart();
    }
    this.#interrupted = false;
    return isNew;
  }

  /** Executes chunks (E, Te, Da). Returns the episodes that ended. */
  async step(actions: Float32Array): Promise<FinishedEpisode[]> {
    await this.environments.step(actions);
    this.environmentSteps += this.environments.executedSteps.reduce((sum, steps) => sum + steps, 0);
    return this.#tracker.step(this.environments);
  }
}
