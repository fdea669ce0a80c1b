// Episodes as they end, counted across rollouts: an episode may begin in one and end in another.
import type { Environments } from "./environments.js";
import { finishedEpisodes, type EpisodeRules, type FinishedEpisode } from "./episode-statistics.js";

export interface TrackerPosition {
  readonly steps: number;
  /** (E). */
  readonly firstSteps: number[];
}

interface Unfinished {
  firstStep: number;
  readonly rewards: number[];
  readonly executedSteps: number[];
}

export class EpisodeTracker {
  readonly #rules: EpisodeRules;
  readonly #unfinished = new Map<number, Unfinished>();
  #steps = 0;

  constructor(rules: EpisodeRules) {
    this.#rules = rules;
  }

  /** Call when all environments have been reset: what they had begun does not count. */
  restart(): void {
    this.#unfinished.clear();
    this.#steps = 0;
  }

  /** Where a run stands: steps since the restart, and the first step of each episode in progress. */
  position(count: number): TrackerPosition {
    const first = (environment: number) => this.#unfinished.get(environment)?.firstStep ?? this.#steps;
    return { steps: this.#steps, firstSteps: Array.from({ length: count }, (_, i) => first(i)) };
  }

  /** Forgets what an environment has begun. */
  forget(environment: number): void {
    this.#unfinished.delete(environment);
  }

  /** Counts on from a position, in the episodes in progress. */
  moveTo({ steps, firstSteps }: TrackerPosition): void {
    this.#steps = steps;
    for (const [environment, episode] of this.#unfinished) episode.firstStep = firstSteps[environment]!;
  }

  /** Call after every step. Returns the episodes it ended; their `firstStep` counts from the last restart. */
  step({ count, rewards, executedSteps, terminated, truncated }: Environments): FinishedEpisode[] {
    const ended: FinishedEpisode[] = [];
    for (let environment = 0; environment < count; environment++) {
      const episode = this.#unfinished.get(environment) ?? { firstStep: this.#steps, rewards: [], executedSteps: [] };
      this.#unfinished.set(environment, episode);
      episode.rewards.push(rewards[environment]!);
      episode.executedSteps.push(executedSteps[environment]!);
      if (!terminated[environment] && !truncated[environment]) continue;
      const firsts = [1, ...Array<number>(episode.rewards.length - 1).fill(0), 1];
      for (const finished of finishedEpisodes({ ...episode, firsts, environments: 1 }, this.#rules)) {
        ended.push({ ...finished, environment, firstStep: episode.firstStep });
      }
      this.#unfinished.delete(environment);
    }
    this.#steps++;
    return ended;
  }
}
