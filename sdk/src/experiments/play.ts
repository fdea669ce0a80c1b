// A trained policy in the simulator: environments for it, and the compiled function that acts in them.
import { compile, constants, type CompileOptions } from "../engine/compile.js";
import type { RandomStream } from "../engine/random.js";
import { Random } from "../engine/random.js";
import { hostTensor, type tf, type Weights } from "../engine/tensor.js";
import { VectorEnv } from "../envs/vector-env.js";
import type { Environments } from "../evaluation/environments.js";
import { episodeStatistics, type EpisodeStatistics, type FinishedEpisode } from "../evaluation/episode-statistics.js";
import { playEpisodes, type Act } from "../evaluation/play.js";
import type { SamplingOptions } from "../policies/sampling.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import { compileOptionsOf, type RunControl } from "./control.js";

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
  { model, normalization }: TrainedPolicy,
  settings: EnvironmentSettings,
  seed: number,
  { workers }: RunControl,
): Promise<VectorEnv> {
  const { horizonSteps, condDim } = model.spec.network;
  const { env, environments = 40, actionSteps = horizonSteps, maxEpisodeSteps } = settings;
  const condSteps = condDim / normalization.observationMin.length;
  return VectorEnv.create({ env, count: environments, seed, actionSteps, condSteps, maxEpisodeSteps, normalization, workers });
}

export interface Actor {
  readonly act: Act;
  dispose(): Promise<void>;
}

/** The policy as a function of observations, its weights compiled in. Small batches gain nothing from more than one thread. */
export function createActor(
  { model, weights }: TrainedPolicy,
  environments: Environments,
  { initialNoise, ...sampling }: SamplingOptions & Pick<PlaySettings, "initialNoise">,
  random: RandomStream,
  options: CompileOptions,
): Actor {
  const { count, condSteps, observationDimension, actionSteps, actionDimension } = environments;
  const { horizonSteps } = model.spec.network;
  const frozen = model.views(weights.slice());
  const sample = compile(
    ({ state, noise }: { state: tf.Tensor3D; noise: tf.Tensor3D }) =>
      model.sample(constants<Weights>(frozen), state, noise, sampling).slice([0, 0], [-1, actionSteps]),
    { name: "sample actions", ...options, threads: 1 },
  );
  const noise = hostTensor(new Float32Array(count * horizonSteps * actionDimension), [count, horizonSteps, actionDimension]);
  const action = hostTensor(new Float32Array(count * actionSteps * actionDimension), [count, actionSteps, actionDimension]);
  return {
    async act(observations) {
      if (initialNoise === "sampled") random.normal(noise.data as Float32Array);
      await sample({ state: hostTensor(observations, [count, condSteps, observationDimension]), noise }, action);
      return action.data as Float32Array;
    },
    dispose: () => sample.dispose(),
  };
}

/** Plays whole episodes with fresh environments. */
export async function play(
  policy: TrainedPolicy,
  settings: PlaySettings,
  control: RunControl = {},
): Promise<{ readonly statistics: EpisodeStatistics; readonly episodes: readonly FinishedEpisode[] }> {
  const environments = await openEnvironments(policy, settings, settings.seed, control);
  const random = new Random(settings.seed).stream("initial noise");
  const { denoisingSteps: steps, initialNoise } = settings;
  const actor = createActor(policy, environments, { steps, initialNoise }, random, compileOptionsOf(control));
  try {
    const rules = { actionSteps: environments.actionSteps, successThreshold: settings.successThreshold ?? Infinity };
    const { episodes } = await playEpisodes(environments, actor.act, settings.episodes, rules, control.signal);
    return { statistics: episodeStatistics(episodes), episodes };
  } finally {
    await Promise.all([actor.dispose(), environments.close()]);
  }
}
