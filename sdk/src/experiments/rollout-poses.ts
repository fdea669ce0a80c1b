// One episode of a policy as poses of the robot, for a picture of how it moves.
import type { Pose } from "../figures/charts/silhouette.js";
import { checkOptions, optionsSchema } from "../options.js";
import { episodeShape, watchEpisode, type EpisodeOptions } from "./play.js";
import { policyOf, type PolicySource } from "./policy-source.js";

/** Which episode is played, and how. `env` is by default the policy's own. */
export type RolloutOptions = Partial<EpisodeOptions>;

const schema = optionsSchema<RolloutOptions>(episodeShape);

/**
 * Plays one episode and returns the robot's pose after every environment step: time in s, links in m. Empty where the
 * environment has no picture of its robot.
 * @throws InputError for an unknown environment or one that does not fit the policy.
 */
export async function rolloutPoses(source: PolicySource, options: RolloutOptions = {}): Promise<Pose[]> {
  checkOptions(schema, options);
  const policy = await policyOf(source);
  const poses: Pose[] = [];
  await watchEpisode(policy, { ...options, env: options.env ?? policy.environment }, (environment, { steps }) => {
    poses.push({ time: (steps - 1) * environment.secondsPerStep, capsules: environment.pose() });
  });
  return poses.every(({ capsules }) => capsules.length > 0) ? poses : [];
}
