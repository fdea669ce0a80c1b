// A trained policy in the simulator: environments that fit it, and whole episodes.
import { z } from "zod";
import type { CompileOptions } from "../engine/compile.js";
import { Random } from "../engine/random.js";
import type { EnvironmentSource } from "../envs/environment.js";
import { VectorEnv } from "../envs/vector-env.js";
import { watchedEnvironment, type Begin, type Watch } from "../envs/watched-environment.js";
import type { Environments } from "../evaluation/environments.js";
import {
  episodeRules,
  episodeStatistics,
  type EpisodeStatistics,
  type FinishedEpisode,
} from "../evaluation/episode-statistics.js";
import type { InitialNoise } from "../evaluation/evaluate.js";
import { playEpisodes } from "../evaluation/play.js";
import { policyActor, type ActorOptions } from "../evaluation/policy-actor.js";
import { checkOptions, count, limit, optionsSchema, wholeNumber } from "../options.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import { policyOf, type PolicySource } from "./policy-source.js";
import { compileOptionsOf, stoppable, type RunControl } from "./runs/control.js";

export interface EnvironmentSettings {
  /** Name, e.g. "hopper-v2", path of a module that defines one, or a definition. */
  readonly env: EnvironmentSource;
  /** Environments side by side, at least 1. Default 40. */
  readonly environments?: number;
  /** Actions Te of a chunk that are executed, 1 to Ta. Default: the whole chunk. */
  readonly actionSteps?: number;
  /** Time limit in environment steps. Default: the environment's own. */
  readonly maxEpisodeSteps?: number;
  /** Ends episodes at the environment's own limit as failures do, not as time-outs: the reference's way. Default false. */
  readonly legacyTimeouts?: boolean;
  /**
   * Best reward (highest mean reward of a chunk's steps) or return, as the task has it, from which an episode succeeds; without
   * meaning where a task has no success. Default: the task's own.
   */
  readonly successThreshold?: number;
}

/** Which episodes are played, and how the policy acts in them. */
export interface PlaySettings extends EnvironmentSettings {
  /** Whole episodes, a fixed share in each environment. */
  readonly episodes: number;
  /** Network calls per chunk, at least 1; without meaning for policies that do not denoise. Default: the policy's own. */
  readonly denoisingSteps?: number;
  /** Sampled: standard normal; zero: the policy's central chunk. The two are different policies and never mixed. */
  readonly initialNoise: InitialNoise;
  /** Of environments, each with random numbers of its own, and noise. */
  readonly seed: number;
  /** What they are played for: plays of one seed for different purposes share no random numbers. Default: evaluation. */
  readonly streams?: string;
}

const noise = z.enum(["sampled", "zero"]);

/** For schemas of calls whose options stand beside these; `env` is looked at where it is looked for. */
export const environmentShape = {
  env: z.unknown(),
  environments: count,
  actionSteps: count,
  maxEpisodeSteps: count,
  legacyTimeouts: z.boolean(),
  successThreshold: z.number(),
} satisfies Record<keyof EnvironmentSettings, z.ZodType>;

/** The same for {@link PlaySettings}. */
export const playShape = {
  ...environmentShape,
  episodes: count,
  denoisingSteps: count,
  initialNoise: noise,
  seed: wholeNumber,
  streams: z.string(),
} satisfies Record<keyof PlaySettings, z.ZodType>;

const playSchema = optionsSchema<PlaySettings>(playShape, ["episodes", "initialNoise", "seed"]);

/** Opens environments that fit `policy`; close them afterwards. */
export function openEnvironments(
  { space, normalization }: TrainedPolicy,
  settings: EnvironmentSettings,
  seed: number,
  { workers }: RunControl,
  streams?: string,
): Promise<VectorEnv> {
  const { env, environments = 40, actionSteps = space.horizonSteps, maxEpisodeSteps, legacyTimeouts } = settings;
  const [condSteps] = space.state;
  const imageSteps = space.rgb?.[0];
  return VectorEnv.create({
    env,
    count: environments,
    seed,
    streams,
    actionSteps,
    condSteps,
    imageSteps,
    maxEpisodeSteps,
    legacyTimeouts,
    normalization,
    workers,
  });
}

/**
 * Plays whole episodes with fresh environments.
 * @throws InputError for an unknown environment or one that does not fit the policy.
 * @throws the reason of the control's signal when it is stopped.
 */
export async function play(
  source: PolicySource,
  settings: PlaySettings,
  given: RunControl = {},
): Promise<{ readonly statistics: EpisodeStatistics; readonly episodes: readonly FinishedEpisode[] }> {
  const control = stoppable(given);
  checkOptions(playSchema, settings);
  const policy = await policyOf(source);
  const { denoisingSteps: steps, initialNoise, seed, streams } = settings;
  const environments = await openEnvironments(policy, settings, seed, control, streams);
  const options = { ...actorOptions(seed, control, streams), sampling: { steps }, initialNoise };
  const episodes = await playIn(environments, policy, options, settings, control.signal);
  return { statistics: episodeStatistics(episodes), episodes };
}

/** How one episode is watched. */
export interface EpisodeOptions {
  /** Name, e.g. "hopper-v2", path of a module that defines one, or a definition. */
  readonly env: EnvironmentSource;
  /** Seed of the episode. Default 0. */
  readonly seed?: number;
  /** What it is played for: episodes of one seed for different purposes share no random numbers. Default: evaluation. */
  readonly streams?: string;
  /** Environment steps, unless the episode ends before; Infinity: the environment's own limit. Default 150. */
  readonly maxSteps?: number;
  /** Network calls per chunk, at least 1. Default: the policy's own. */
  readonly denoisingSteps?: number;
  /** Clip after every denoising step, not only the last. Default true. */
  readonly clipIntermediate?: boolean;
  /** Initial noise of every chunk: standard normal, or zero for the policy's central chunk. Default "sampled". */
  readonly initialNoise?: InitialNoise;
  /** Actions Te of a chunk that are executed, 1 to Ta. Default: the whole chunk. */
  readonly actionSteps?: number;
  /** Where the policy is computed, always with one thread. Default: the CPU. */
  readonly compile?: CompileOptions;
}

/** For schemas of calls whose options stand beside these. */
export const episodeShape = {
  env: z.unknown(),
  seed: wholeNumber,
  streams: z.string(),
  maxSteps: limit,
  denoisingSteps: count,
  clipIntermediate: z.boolean(),
  initialNoise: noise,
  actionSteps: count,
  compile: z.unknown(),
} satisfies Record<keyof EpisodeOptions, z.ZodType>;

/**
 * Plays one episode, the same as {@link play} in the first of its environments, and calls `watch` after every environment
 * step; where that returns true the episode ends. `begin` is called before the first.
 *
 * @throws InputError for an unknown environment or one that does not fit the policy.
 */
export async function watchEpisode(
  policy: TrainedPolicy,
  options: EpisodeOptions,
  watch: Watch,
  begin?: Begin,
): Promise<void> {
  const {
    env,
    seed = 0,
    streams,
    maxSteps = 150,
    denoisingSteps: steps,
    clipIntermediate,
    initialNoise = "sampled",
  } = options;
  const { space, normalization } = policy;
  const { actionSteps = space.horizonSteps } = options;
  const [condSteps] = space.state;
  const maxEpisodeSteps = maxSteps === Infinity ? undefined : maxSteps;
  const environment = await watchedEnvironment(
    { env, seed, streams, actionSteps, condSteps, imageSteps: space.rgb?.[0], maxEpisodeSteps, normalization },
    watch,
    begin,
  );
  const acting = { ...actorOptions(seed, {}, streams), sampling: { steps, clipIntermediate }, initialNoise };
  const compile = { ...options.compile, threads: 1 };
  await playIn(environment, policy, { ...acting, compile }, { episodes: 1 });
}

/** Plays whole episodes and closes the environments. */
async function playIn(
  environments: Environments & { close(): Promise<void> },
  policy: TrainedPolicy,
  options: ActorOptions,
  { episodes, successThreshold }: Pick<PlaySettings, "episodes" | "successThreshold">,
  signal?: AbortSignal,
): Promise<readonly FinishedEpisode[]> {
  const rules = episodeRules(environments, successThreshold);
  try {
    const actor = policyActor(policy, environments, options);
    try {
      return (await playEpisodes(environments, actor.act, episodes, rules, signal)).episodes;
    } finally {
      await actor.dispose();
    }
  } finally {
    await environments.close();
  }
}

/** Small batches gain nothing from more than one thread, and constant weights are faster. */
export function actorOptions(seed: number, control: RunControl = {}, streams?: string) {
  return {
    random: new Random(seed).stream(streams === undefined ? "initial noise" : `${streams}, initial noise`),
    compile: { ...compileOptionsOf(control), threads: 1 },
    frozen: true,
  };
}
