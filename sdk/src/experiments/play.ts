// A trained policy in the simulator: environments that fit it, and whole episodes.
import { Random } from "../engine/random.js";
import { VectorEnv } from "../envs/vector-env.js";
import { episodeStatistics, type EpisodeStatistics, type FinishedEpisode } from "../evaluation/episode-statistics.js";
import { playEpisodes } from "../evaluation/play.js";
import { policyActor } from "../evaluation/policy-actor.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import { compileOptionsOf, stoppable, type RunControl } from "./runs/control.js";

export interface EnvironmentSettings {
  /** Name, e.g. "hopper-v2". */
  readonly env: string;
  /** Environments side by side. Default 40. */
  readonly environments?: number;
  /** Actions Te of a chunk that are executed. Default: the whole chunk. */
  readonly actionSteps?: number;
  /** Time limit in environment steps. Default: the environment's own. */
  readonly maxEpisodeSteps?: number;
  /** Best reward per step from which an episode counts as a success. Default: none does. */
  readonly successThreshold?: number;
}

export interface PlaySettings extends EnvironmentSettings {
  readonly episodes: number;
  readonly denoisingSteps: number;
  /** Sampled: standard normal; zero: the policy's central chunk. The two are different policies and never mixed. */
  readonly initialNoise: "sampled" | "zero";
  readonly seed: number;
}

/** Opens environments that fit `policy`; close them afterwards. */
export function openEnvironments(
  { space, normalization }: TrainedPolicy,
  settings: EnvironmentSettings,
  seed: number,
  { workers }: RunControl,
): Promise<VectorEnv> {
  const { env, environments = 40, actionSteps = space.horizonSteps, maxEpisodeSteps } = settings;
  const [condSteps] = space.state;
  return VectorEnv.create({
    env,
    count: environments,
    seed,
    actionSteps,
    condSteps,
    maxEpisodeSteps,
    normalization,
    workers,
  });
}

/** Plays whole episodes with fresh environments. @throws the reason of the control's signal when it is stopped. */
export async function play(
  policy: TrainedPolicy,
  settings: PlaySettings,
  given: RunControl = {},
): Promise<{ readonly statistics: EpisodeStatistics; readonly episodes: readonly FinishedEpisode[] }> {
  const control = stoppable(given);
  const environments = await openEnvironments(policy, settings, settings.seed, control);
  const { denoisingSteps: steps, initialNoise } = settings;
  const actor = policyActor(policy, environments, {
    ...actorOptions(settings.seed, control),
    sampling: { steps },
    initialNoise,
  });
  const rules = { actionSteps: environments.actionSteps, successThreshold: settings.successThreshold ?? Infinity };
  try {
    const { episodes } = await playEpisodes(environments, actor.act, settings.episodes, rules, control.signal);
    return { statistics: episodeStatistics(episodes), episodes };
  } finally {
    await Promise.all([actor.dispose(), environments.close()]);
  }
}

/** Small batches gain nothing from more than one thread, and constant weights are faster. */
export function actorOptions(seed: number, control: RunControl) {
  return {
    random: new Random(seed).stream("initial noise"),
    compile: { ...compileOptionsOf(control), threads: 1 },
    frozen: true,
  };
}
