// One episode of a policy as poses of the robot, for a picture of how it moves.
import type { Pose } from "../figures/charts/silhouette.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import { watchEpisode, type EpisodeOptions } from "./play.js";

/** Which episode is played, and how. */
export type RolloutOptions = EpisodeOptions;

/**
 * Plays one episode and returns the robot's pose after every environment step: time in s, links in m. Empty where the
 * environment has no picture of its robot.
 * @throws InputError for an unknown environment or one that does not fit the policy.
 */
export async function rolloutPoses(policy: TrainedPolicy, options: RolloutOptions): Promise<Pose[]> {
  const poses: Pose[] = [];
  await watchEpisode(policy, options, (environment, { steps }) => {
    poses.push({ time: (steps - 1) * environment.secondsPerStep, capsules: environment.pose() });
  });
  return poses.every(({ capsules }) => capsules.length > 0) ? poses : [];
}
