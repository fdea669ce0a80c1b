// Plays a given number of whole episodes with a policy and measures the calls to it.
import type { Observations } from "../space.js";
import type { Environments } from "./environments.js";
import type { EpisodeRules, FinishedEpisode } from "./episode-statistics.js";
import { EpisodeTracker } from "./episode-tracker.js";

/** Actions (E, Te, Da) for the observations of E environments; both may be overwritten by the next call. */
export type Act = (observations: Observations) => Promise<Float32Array>;

export interface Played {
  /** By environment, then in order of time. */
  readonly episodes: readonly FinishedEpisode[];
  /** Wall-clock seconds of each call to the policy, which acts for all environments. */
  readonly callSeconds: readonly number[];
}

/**
 * Resets all environments and plays exactly `count` episodes. Every environment plays a number fixed in advance, as equal
 * as possible, because taking the first to end would favour short ones. One-chunk episodes always count.
 *
 * @param onEpisodes told after every step how many episodes are finished.
 * @throws the signal's reason when it is stopped.
 */
export async function playEpisodes(
  environments: Environments,
  act: Act,
  count: number,
  rules: EpisodeRules,
  signal?: AbortSignal,
  onEpisodes?: (finished: number) => void,
): Promise<Played> {
  const tracker = new EpisodeTracker({ ...rules, oneChunkEpisodes: "count" });
  const quota = Int32Array.from({ length: environments.count }, (_, i) => Math.ceil((count - i) / environments.count));
  const episodes: FinishedEpisode[] = [];
  const callSeconds: number[] = [];
  await environments.reset();
  while (episodes.length < count) {
    signal?.throwIfAborted();
    const start = performance.now();
    const actions = await act(environments.observations);
    callSeconds.push((performance.now() - start) / 1000);
    await environments.step(actions);
    episodes.push(...tracker.step(environments).filter(({ environment }) => quota[environment]!-- > 0));
    onEpisodes?.(episodes.length);
  }
  episodes.sort((a, b) => a.environment - b.environment);
  return { episodes, callSeconds };
}
