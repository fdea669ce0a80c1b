// Evaluation of a policy over numbers of denoising steps: whole episodes, returns and the speed of inference.
import { join } from "node:path";
import { z } from "zod";
import type { NpyArray } from "../../data/npy.js";
import { encodeNpz } from "../../data/npz.js";
import type { Estimate } from "../../evaluation/episode-statistics.js";
import { environmentTitle } from "../../envs/registry.js";
import {
  evaluateSettings,
  type EvaluationResult,
  type InitialNoise,
  type PolicySetting,
  type SettingResult,
  type Spread,
} from "../../evaluation/evaluate.js";
import { policyActor } from "../../evaluation/policy-actor.js";
import {
  denoisingChart,
  denoisingMeasures,
  denoisingOverview,
  type DenoisingResult,
} from "../../figures/charts/denoising-steps.js";
import { danfoFrame, dataTable, type ColumnTable, type DanfoFrame } from "../../figures/data-table.js";
import type { Figure } from "../../figures/figure.js";
import { saveFigure } from "../../figures/save-figure.js";
import { comparisonTable } from "../../figures/text-table.js";
import { playerPage } from "../../figures/player/player-html.js";
import { writeFileAtomic } from "../../files.js";
import { checkOptions, count, optionsSchema } from "../../options.js";
import { announce, compileOptionsOf, controlShape, sinkOf, stoppable, writeJson, type RunControl } from "./control.js";
import { actorOptions, openEnvironments, playShape, type EnvironmentSettings } from "../play.js";
import { policyOf, type PolicySource } from "../policy-source.js";
import { Player } from "../rollouts/player.js";
import { rollout, type Rollout } from "../rollouts/rollout.js";
import { claimFolder } from "./run-folder.js";
import { versions } from "./versions.js";

/**
 * What is evaluated and where. `env` is by default the policy's own; there are as many environments as episodes, at most 40.
 */
export interface EvaluateInput extends Omit<RunControl, "sinks" | "folder">, Partial<EnvironmentSettings> {
  /** Numbers of denoising steps to evaluate with, each at least 1. Default [1, 2, 5] and the policy's own. */
  readonly denoisingSteps?: readonly number[];
  /** Whole episodes for each of them. Default 40. */
  readonly episodes?: number;
  /** Initial noise of every chunk: standard normal, or zero for the policy's central chunk. Default "sampled". */
  readonly initialNoise?: InitialNoise;
  /** Clip after every denoising step, not only the last. Default true. */
  readonly clipIntermediate?: boolean;
  /** Of environments (the first draws from it, the next from `seed` + 1, ...) and noise. Default 42. */
  readonly seed?: number;
}

const { streams: _, ...played } = playShape;
const schema = optionsSchema<EvaluateInput & RunControl>({
  ...controlShape,
  ...played,
  denoisingSteps: z.array(count).min(1),
  clipIntermediate: z.boolean(),
});

/**
 * Plays `episodes` whole episodes for each number of denoising steps, without exploration noise.
 *
 * @throws InputError for counts that are not positive integers, an unknown environment or one that does not fit the policy.
 * @throws the signal's reason when stopped.
 */
export async function evaluate(source: PolicySource, input: EvaluateInput = {}): Promise<EvaluationReport> {
  checkOptions(schema, input);
  const policy = await policyOf(source);
  const {
    denoisingSteps = [...new Set([1, 2, 5, policy.model.defaultSteps])].sort((a, b) => a - b),
    episodes = 40,
    initialNoise = "sampled",
    clipIntermediate = true,
    seed = 42,
  } = input;
  const { env = policy.environment, successThreshold } = input;
  const settings = { ...input, env, environments: Math.min(input.environments ?? 40, episodes) };
  const environments = await openEnvironments(policy, settings, seed, input);
  const sink = sinkOf(input, undefined, {
    counter: "episodes",
    total: denoisingSteps.length * episodes,
    shown: { denoisingSteps: "denoising steps", meanReturn: "mean return", stdReturn: "deviation" },
  });
  try {
    const actorFor = ({ denoisingSteps: steps }: PolicySetting) =>
      policyActor(policy, environments, {
        ...actorOptions(seed, input),
        sampling: { steps, clipIntermediate },
        initialNoise,
      });
    let finished = 0;
    const evaluation = await evaluateSettings(environments, actorFor, {
      denoisingSteps,
      episodes,
      initialNoise,
      successThreshold,
      signal: stoppable(input).signal,
      onEpisodes: (count) => sink.advance(count),
      onSetting: ({ denoisingSteps: steps, statistics }) =>
        sink.log({
          stage: "evaluate",
          episodes: (finished += statistics.episodes),
          denoisingSteps: steps,
          meanReturn: statistics.return.mean,
          stdReturn: statistics.return.standardDeviation,
        }),
    });
    const { actionSteps, maxEpisodeSteps: maxSteps } = input;
    const compile = compileOptionsOf(input);
    const playOne = (steps: number, signal?: AbortSignal) =>
      rollout(policy, {
        ...{ env, seed, maxSteps, denoisingSteps: steps, clipIntermediate, initialNoise, actionSteps, compile, signal },
        title: `${policy.model.spec.policy}, ${steps} denoising ${steps === 1 ? "step" : "steps"}`,
      });
    return new EvaluationReport(policy.model.spec.policy, await environmentTitle(env), evaluation, playOne);
  } finally {
    await Promise.all([sink.close(), environments.close()]);
  }
}

/** Plays the first episode again with so many denoising steps. */
type PlayOne = (denoisingSteps: number, signal?: AbortSignal) => Promise<Rollout>;

/** What an evaluation found: results as data, as a table, as charts, as files. */
export class EvaluationReport {
  readonly #playOne: PlayOne | undefined;

  constructor(
    /** Name of the kind of policy, e.g. "meanflow". */
    readonly policy: string,
    /** Name of the environment. */
    readonly env: string,
    /** Everything measured: initial noise, number of environments, and a result per number of steps. */
    readonly evaluation: EvaluationResult,
    playOne?: PlayOne,
  ) {
    this.#playOne = playOne;
  }

  /** One result per number of denoising steps, with every episode. */
  get results(): readonly SettingResult[] {
    return this.evaluation.settings;
  }

  /**
   * One row per number of denoising steps, with the reference's names of fields: durations in s, frequencies in Hz, lengths in
   * environment steps, `success_rate` in [0, 1], NaN where success has no meaning. Spreads are standard deviations, over episodes or calls.
   */
  rows(): Record<string, number>[] {
    return this.results.map(({ denoisingSteps, statistics, inference }) => ({
      num_denoising_steps: denoisingSteps,
      avg_single_step_freq: inference.frequency.mean,
      avg_single_step_freq_std: inference.frequency.standardDeviation,
      avg_single_step_duration: inference.seconds.mean,
      avg_single_step_duration_std: inference.seconds.standardDeviation,
      avg_traj_length: statistics.length.mean,
      avg_traj_length_std: statistics.length.standardDeviation,
      avg_episode_reward: statistics.return.mean,
      avg_episode_reward_std: statistics.return.standardDeviation,
      avg_best_reward: statistics.bestReward.mean,
      avg_best_reward_std: statistics.bestReward.standardDeviation,
      success_rate: statistics.successRate?.mean ?? NaN,
      success_rate_std: statistics.successRate?.standardDeviation ?? NaN,
      num_episodes_finished: statistics.episodes,
    }));
  }

  /** {@link rows} as an arquero table, to filter, derive and join. */
  toTable(): ColumnTable {
    return dataTable(this.rows());
  }

  /** {@link rows} as a danfo data frame. @throws InputError DMPO_DANFO where danfojs-node is not installed. */
  toDanfo<Frame = DanfoFrame>(): Promise<Frame> {
    return danfoFrame<Frame>(this.rows());
  }

  /** The results as charts take them. */
  chartResults(): DenoisingResult[] {
    return this.results.map(chartResult);
  }

  /** The charts by name (`episode-reward`, `success-rate` where that has a meaning, ...) and `denoise_step`, the overview of all. */
  figures(): Record<string, Figure> {
    const series = [{ name: `${this.policy}, ${this.evaluation.initialNoise} noise`, results: this.chartResults() }];
    const subtitle = `${this.env}, ${this.results[0]!.statistics.episodes} episodes each, band: standard deviation`;
    const charts = denoisingMeasures(series).map((measure) => [
      kebabCase(measure),
      denoisingChart(measure, series, { subtitle }),
    ]);
    return {
      ...(Object.fromEntries(charts) as Record<string, Figure>),
      denoise_step: denoisingOverview(series, { subtitle }),
    };
  }

  /**
   * Plays the first episode again with the fewest denoising steps and with the most: from one start, for the 3-D player. The same
   * policy always; none where the report was not made by {@link evaluate}.
   */
  async rollouts(signal?: AbortSignal): Promise<Rollout[]> {
    const counts = this.results.map(({ denoisingSteps }) => denoisingSteps);
    const chosen = this.#playOne ? [...new Set([Math.min(...counts), Math.max(...counts)])] : [];
    const rollouts: Rollout[] = [];
    for (const steps of chosen) rollouts.push(await this.#playOne!(steps, signal));
    return rollouts;
  }

  /**
   * Writes the charts as PNG, the overview, the numbers as JSON, CSV and NPZ, and {@link rollouts} as `rollouts.html`, where the
   * environment can be seen, into a new folder; returns its path.
   * @param folder gets a number where it exists; default `dmpo_eval_results/<policy>/<env>/<UTC time>`.
   */
  async save(
    folder = join(
      "dmpo_eval_results",
      this.policy,
      this.env,
      new Date().toISOString().slice(0, 19).replaceAll(":", "-"),
    ),
  ): Promise<string> {
    const target = await claimFolder(folder);
    for (const [name, figure] of Object.entries(this.figures())) await saveFigure(figure, join(target, `${name}.png`));
    const rows = this.rows();
    const fields = Object.keys(rows[0]!);
    const returns = this.results.map(({ denoisingSteps, episodes }) => ({
      denoisingSteps,
      returns: episodes.map((episode) => episode.return),
    }));
    await writeJson(join(target, "eval_statistics.json"), {
      env: this.env,
      initialNoise: this.evaluation.initialNoise,
      rows,
      returns,
      versions: versions(),
    });
    await writeFileAtomic(
      join(target, "eval_statistics.csv"),
      [fields, ...rows.map((row) => fields.map((field) => row[field]))].map((cells) => `${cells.join(",")}\n`).join(""),
    );
    const columns = fields.map((field) => [
      field,
      { type: "f8" as const, shape: [rows.length], data: Float64Array.from(rows, (row) => row[field]!) },
    ]);
    await writeFileAtomic(
      join(target, "eval_statistics.npz"),
      encodeNpz(Object.fromEntries(columns) as Record<string, NpyArray>),
    );
    await this.#savePlayer(target);
    return target;
  }

  /** Beside numbers that are safe: what cannot be played is said, and stops nothing. */
  async #savePlayer(folder: string): Promise<void> {
    try {
      const [first, compareWith] = await this.rollouts();
      if (!first?.scene) return;
      const html = new Player(first, { compareWith }).html();
      await writeFileAtomic(join(folder, "rollouts.html"), playerPage(`${this.policy} in ${this.env}`, [html]));
    } catch (error) {
      announce(
        `no rollouts.html: ${error instanceof Error ? error.message.replaceAll(/\s*\n\s*/g, "; ") : error}`,
        folder,
      );
    }
  }

  toString(): string {
    return comparisonTable(
      ["denoising steps", "return", "best", "length", "success", "calls/s"],
      this.results.map(({ denoisingSteps, statistics, inference, bestReturn }) => [
        String(denoisingSteps),
        `${statistics.return.mean.toFixed(0)} ± ${statistics.return.standardDeviation.toFixed(0)}`,
        bestReturn.toFixed(0),
        statistics.length.mean.toFixed(0),
        percentage(statistics.successRate),
        inference.frequency.mean.toFixed(0),
      ]),
    );
  }
}

/** A rate as tables show it; a dash where there is none. */
export const percentage = (rate: Estimate | undefined) => (rate ? `${(100 * rate.mean).toFixed(0)} %` : "–");

function chartResult({ denoisingSteps, statistics, inference }: SettingResult): DenoisingResult {
  const of = ({ mean, standardDeviation }: Spread) => ({ mean, spread: standardDeviation });
  return {
    denoisingSteps,
    episodeReward: of(statistics.return),
    ...(statistics.successRate && { successRate: of(statistics.successRate) }),
    episodeLength: of(statistics.length),
    bestReward: of(statistics.bestReward),
    inferenceDuration: of(inference.seconds),
    inferenceFrequency: of(inference.frequency),
  };
}

const kebabCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
