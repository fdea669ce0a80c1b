// Random numbers of episodes: each is a stream of its own, so that the start of any can be found again without those before it.
import { Random, type RandomStream } from "../engine/random.js";

/** Random numbers of an episode, counted from 0. */
export type EpisodeStarts = (episode: number) => RandomStream;

/**
 * Those of environment `place` among the ones of this seed; seeds, environments, episodes and names share nothing.
 * @param streams what the environments are for, e.g. "evaluation".
 */
export function episodeStarts(seed: number, place = 0, streams = "environment"): EpisodeStarts {
  return (episode) => new Random(seed).stream(`${streams} ${place}, episode ${episode}`);
}
