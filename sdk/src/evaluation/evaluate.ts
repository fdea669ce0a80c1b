// Plays a policy with several numbers of denoising steps: returns, success and the speed of its calls, as plain data.
import { fail } from "../errors.js";
import { emptyObservations } from "../space.js";
import type { Environments } from "./environments.js";
import {
  episodeRules,
  episodeStatistics,
  estimate,
  type EpisodeStatistics,
  type FinishedEpisode,
} from "./episode-statistics.js";
import { playEpisodes, type Act } from "./play.js";

/** Where the denoising begins: in random noise, or in its mean. They give very different returns: never compare across. */
export type InitialNoise = "sampled" | "zero";

export interface PolicySetting {
  readonly denoisingSteps: number;
  readonly initialNoise: InitialNoise;
}

/** A policy ready to act for all environments, without exploration noise. */
export interface Actor {
  readonly act: Act;
  readonly dispose?: () => Promise<void>;
}

export interface EvaluationOptions {
  /** Settings to compare, each a positive integer; default [1]. */
  readonly denoisingSteps?: readonly number[];
  /** Episodes per setting, default 40; a fixed share in each environment. */
  readonly episodes?: number;
  /** Default "sampled". */
  readonly initialNoise?: InitialNoise;
  /** From where an episode succeeds; default: as the task says. */
  readonly successThreshold?: number;
  readonly signal?: AbortSignal;
  /** Called after each setting. */
  readonly onSetting?: (result: SettingResult) => void;
  /** Told how many episodes of all settings are finished. */
  readonly onEpisodes?: (finished: number) => void;
}

/** A mean, and how far one call strays (unbiased deviation; 0 for one call). */
export interface Spread {
  readonly mean: number;
  readonly standardDeviation: number;
}

export interface Inference {
  /** Calls measured, after one to warm up. One call acts for all environments. */
  readonly calls: number;
  /** Wall-clock seconds per call. */
  readonly seconds: Spread;
  /** Calls per second on the whole: 1 / the mean of {@link seconds}, and the deviation that follows from theirs. */
  readonly frequency: Spread;
}

export interface SettingResult {
  readonly denoisingSteps: number;
  readonly statistics: EpisodeStatistics;
  /** Highest return of an episode. */
  readonly bestReturn: number;
  readonly episodes: readonly FinishedEpisode[];
  readonly inference: Inference;
}

export interface EvaluationResult {
  readonly initialNoise: InitialNoise;
  /** Environments E, the batch of each call. */
  readonly environments: number;
  readonly settings: readonly SettingResult[];
}

/**
 * Evaluates with each number of denoising steps.
 *
 * @param actorFor prepares the policy for a setting; whatever it draws and converts counts as part of the call.
 * @throws InputError `DMPO_EVALUATION` for counts that are not positive integers.
 */
export async function evaluateSettings(
  environments: Environments,
  actorFor: (setting: PolicySetting) => Actor | Promise<Actor>,
  options: EvaluationOptions = {},
): Promise<EvaluationResult> {
  const {
    denoisingSteps = [1],
    episodes: count = 40,
    initialNoise = "sampled",
    signal,
    onSetting,
    onEpisodes,
  } = options;
  if (denoisingSteps.length === 0)
    fail("DMPO_EVALUATION", "denoisingSteps", "is empty", "at least one number of steps");
  denoisingSteps.forEach((steps, i) => expectCount(`denoisingSteps[${i}]`, steps));
  expectCount("episodes", count);
  const rules = episodeRules(environments, options.successThreshold);

  const settings: SettingResult[] = [];
  for (const steps of denoisingSteps) {
    const actor = await actorFor({ denoisingSteps: steps, initialNoise });
    try {
      // The first call compiles and touches memory; it is not measured.
      await actor.act(emptyObservations(environments.space, environments.count));
      const before = settings.length * count;
      const { episodes, callSeconds } = await playEpisodes(environments, actor.act, count, rules, signal, (finished) =>
        onEpisodes?.(before + finished),
      );
      const statistics = episodeStatistics(episodes);
      const bestReturn = Math.max(...episodes.map((episode) => episode.return));
      const result = { denoisingSteps: steps, statistics, bestReturn, episodes, inference: inferenceOf(callSeconds) };
      settings.push(result);
      onSetting?.(result);
    } finally {
      await actor.dispose?.();
    }
  }
  return { initialNoise, environments: environments.count, settings };
}

function inferenceOf(callSeconds: readonly number[]): Inference {
  const { mean, standardDeviation } = estimate(callSeconds);
  return {
    calls: callSeconds.length,
    seconds: { mean, standardDeviation },
    frequency: { mean: 1 / mean, standardDeviation: standardDeviation / mean ** 2 },
  };
}

function expectCount(path: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) fail("DMPO_EVALUATION", path, String(value), "a positive integer");
}
