// One episode of a policy as poses of the robot, for a picture of how it moves.
import type { Pose } from "../figures/charts/silhouette.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import { watchEpisode, type EpisodeOptions } from "./play.js";

export type RolloutOptions = EpisodeOptions;

/** Plays one episode; empty where the environment has no picture of its robot. */
export async function rolloutPoses(policy: TrainedPolicy, options: RolloutOptions): Promise<Pose[]> {
  const poses: Pose[] = [];
  await watchEpisode(policy, options, (environment, { steps }) => {
    poses.push({ time: (steps - 1) * environment.secondsPerStep, capsules: environment.pose() });
  });
  return poses.every(({ capsules }) => capsules.length > 0) ? poses : [];
}
