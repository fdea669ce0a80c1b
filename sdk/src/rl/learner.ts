// What on-policy algorithms share: actor and critic under training, rollouts, advantages, evaluation, and the state to resume.
import type { z } from "zod";
import type { CompileOptions } from "../engine/compile.js";
import { Trainable } from "../engine/optimizer.js";
import { ParameterLayout } from "../engine/parameters.js";
import { Random, type RandomState } from "../engine/random.js";
import { hostTensor, type HostTensor } from "../engine/tensor.js";
import type { Environments } from "../evaluation/environments.js";
import { episodeStatistics, type EpisodeRules, type FinishedEpisode } from "../evaluation/episode-statistics.js";
import type { Actor, InitialNoise } from "../evaluation/evaluate.js";
import { playEpisodes } from "../evaluation/play.js";
import { policyActor } from "../evaluation/policy-actor.js";
import { critic, type Critic, type criticOptions } from "../nn/critic.js";
import { noiseNet, type noiseNetOptions } from "../nn/noise-net.js";
import type { ChainOptions, NoisyPolicy } from "../policies/chain.js";
import type { SamplingOptions } from "../policies/sampling.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import { generalizedAdvantages, type AdvantageOptions } from "./gae.js";
import type { IterationRecord, UpdateRecord } from "./iteration-record.js";
import { RewardScaler, type RewardScalerState } from "./reward-scaler.js";
import { Collector, type NoiseRange } from "./rollout.js";
import type { Teacher } from "./cloning.js";
import type { Rates } from "./schedules.js";

/** Who learns where. */
export interface LearnerSetup {
  /** The pre-trained policy to start from; not changed. */
  readonly base: TrainedPolicy;
  readonly environments: Environments;
  /**
   * Others to evaluate in, so that training episodes go on; default: `environments`, whose episodes an evaluation ends.
   */
  readonly evaluationEnvironments?: Environments;
  readonly noiseNet?: Omit<z.input<typeof noiseNetOptions>, "horizonSteps" | "actionDim" | "conditionDimension">;
  readonly critic?: Omit<z.input<typeof criticOptions>, "condDim">;
  /** For everything random but the environments; default 42. */
  readonly seed?: number;
  /** Best reward per action from which an episode counts as a success; default: none does. */
  readonly successThreshold?: number;
  readonly compile?: CompileOptions;
  /** Ends collecting, evaluating and gradients at once by throwing its reason. */
  readonly signal?: AbortSignal;
}

/** What the algorithm's options say about acting. */
export interface ActingPlan {
  /** Chunk steps per rollout. */
  readonly steps: number;
  /** Discount per chunk. */
  readonly gamma: number;
  readonly chain: ChainOptions;
  /** The chain without exploration noise. */
  readonly evaluation: { readonly sampling: SamplingOptions; readonly initialNoise: InitialNoise };
}

/** As checkpoints hold it. */
export interface LearnerState {
  readonly tensors: Readonly<Record<string, HostTensor>>;
  readonly metadata: {
    readonly progress: Progress;
    readonly updateCounts: { readonly actor: number; readonly critic: number };
    readonly rewardScaler: RewardScalerState;
    readonly random: RandomState;
  };
}

interface Progress {
  /** Iterations done. */
  iteration: number;
  /** Training iterations among them. */
  updates: number;
  environmentSteps: number;
  /** Learning rates where the algorithm adapts them. */
  rates: Rates | null;
}

export class Learner {
  readonly policy: NoisyPolicy;
  readonly critic: Critic;
  readonly actorWeights: Trainable;
  readonly criticWeights: Trainable;
  readonly chain: ChainOptions;
  readonly random: Random;
  readonly collector: Collector;
  progress: Progress = { iteration: 0, updates: 0, environmentSteps: 0, rates: null };
  readonly #rules: EpisodeRules;
  readonly #rewardScaler: RewardScaler;
  readonly #actor: Required<Actor>;
  #iterationStart = performance.now();

  /** @throws InputError when policy and environments do not fit. */
  constructor(
    readonly setup: LearnerSetup,
    readonly plan: ActingPlan,
  ) {
    const { base, environments, seed = 42, compile: compileOptions } = setup;
    const { model } = base;
    const { network } = model;
    const { horizonSteps, actionDim, condDim } = model.spec.network;
    const { conditionDimension } = network;
    this.policy = {
      network,
      noise: noiseNet({ ...setup.noiseNet, horizonSteps, actionDim, conditionDimension }, "actor_ft."),
    };
    this.critic = critic({ ...setup.critic, condDim }, "critic.");
    this.random = new Random(seed);

    const noise = new ParameterLayout(this.policy.noise.parameters);
    const actor = new ParameterLayout([...network.parameters, ...noise.specs]);
    const initial = new Float32Array(actor.size);
    initial.set(base.weights);
    initial.set(noise.initialise(this.random.stream("noise net weights")), base.weights.length);
    this.actorWeights = new Trainable(actor, initial, { accumulate: true });
    const values = new ParameterLayout(this.critic.parameters);
    this.criticWeights = new Trainable(values, values.initialise(this.random.stream("critic weights")), {
      accumulate: true,
    });

    const { actMin, actMax } = model.spec.options;
    this.chain = { actMin, actMax, ...plan.chain };
    this.#rules = { successThreshold: setup.successThreshold ?? Infinity, actionSteps: environments.actionSteps };
    this.#rewardScaler = new RewardScaler(environments.count, plan.gamma);
    const { policy, critic: criticNetwork, actorWeights, criticWeights } = this;
    this.collector = new Collector(
      {
        policy,
        actor: actorWeights,
        critic: criticNetwork,
        criticWeights,
        environments,
        rules: this.#rules,
        compile: compileOptions,
        signal: setup.signal,
      },
      plan.steps,
      this.chain,
    );
    // A view, so that evaluations follow the training.
    const weights = this.actorWeights.weights.subarray(0, base.weights.length);
    this.#actor = policyActor({ model, weights }, this.#arena, {
      ...plan.evaluation,
      random: this.random.stream("evaluation"),
      compile: compileOptions,
    });
  }

  /** Collects a rollout into `collector.buffer`; returns the episodes that ended. */
  async collect(range: NoiseRange, restart: boolean): Promise<FinishedEpisode[]> {
    const episodes = await this.collector.collect(range, this.random.stream("exploration"), restart);
    this.progress.environmentSteps += this.collector.buffer.executedSteps.reduce((sum, steps) => sum + steps, 0);
    return episodes;
  }

  /** Fills advantages and returns of the rollout, from scaled rewards if asked; its raw rewards remain. */
  estimateAdvantages({
    scaleRewards,
    ...options
  }: Omit<AdvantageOptions, "gamma"> & { readonly scaleRewards: boolean }): void {
    const { buffer } = this.collector;
    const rewards = buffer.rewards.slice();
    if (scaleRewards) this.#rewardScaler.scale(buffer.rewards, buffer.firsts, rewards);
    generalizedAdvantages({ ...buffer, rewards }, { ...options, gamma: this.plan.gamma }, buffer);
  }

  /** Plays whole episodes without exploration noise. */
  async evaluate(count: number): Promise<readonly FinishedEpisode[]> {
    if (this.#arena === this.setup.environments) this.collector.interrupt();
    return (await playEpisodes(this.#arena, this.#actor.act, count, this.#rules, this.setup.signal)).episodes;
  }

  /** Where evaluations are played. */
  get #arena(): Environments {
    return this.setup.evaluationEnvironments ?? this.setup.environments;
  }

  /** Ends the iteration. */
  finish(mode: IterationRecord["mode"], episodes: readonly FinishedEpisode[], update?: UpdateRecord): IterationRecord {
    const now = performance.now();
    const seconds = (now - this.#iterationStart) / 1000;
    this.#iterationStart = now;
    const iteration = this.progress.iteration++;
    if (update) this.progress.updates++;
    return {
      stage: "finetune",
      iteration,
      mode,
      environmentSteps: this.progress.environmentSteps,
      seconds,
      episodes: episodeStatistics(episodes),
      ...(update && { update }),
    };
  }

  /** The pre-trained policy, to stay near it. */
  teacher(): Teacher {
    const { base, compile: compileOptions } = this.setup;
    const { actMin, actMax } = this.chain;
    const sampling = { actMin, actMax, ...this.plan.evaluation.sampling };
    return { network: this.policy.network, weights: base.weights, sampling, compile: compileOptions };
  }

  /** A copy of the policy's weights, without the noise net, in the layout of `setup.base.model`. */
  policyWeights(): Float32Array {
    return this.actorWeights.weights.slice(0, this.setup.base.weights.length);
  }

  /** A copy of everything needed to continue from the end of the last iteration. */
  state(): LearnerState {
    const { actorWeights: actor, criticWeights: critic } = this;
    return {
      tensors: { ...prefixed("actor", actor), ...prefixed("critic", critic) },
      metadata: {
        progress: structuredClone(this.progress),
        updateCounts: { actor: actor.updateCount, critic: critic.updateCount },
        rewardScaler: this.#rewardScaler.state(),
        random: this.random.state(),
      },
    };
  }

  /** Continues from `state`. Environments cannot be stored: they begin new episodes. @throws InputError if it does not fit. */
  restore({ tensors, metadata }: LearnerState): void {
    const { actor, critic } = metadata.updateCounts;
    this.actorWeights.restore({ updateCount: actor, vectors: unprefixed("actor", tensors) });
    this.criticWeights.restore({ updateCount: critic, vectors: unprefixed("critic", tensors) });
    this.progress = structuredClone(metadata.progress);
    this.#rewardScaler.restore(metadata.rewardScaler);
    this.random.restore(metadata.random);
    this.collector.interrupt();
  }

  async dispose(): Promise<void> {
    await Promise.all([this.collector.dispose(), this.#actor.dispose()]);
  }
}

function prefixed(name: string, trainable: Trainable): Record<string, HostTensor> {
  const vectors = Object.entries(trainable.state().vectors);
  return Object.fromEntries(vectors.map(([key, vector]) => [`${name}.${key}`, hostTensor(vector, [vector.length])]));
}

function unprefixed(name: string, tensors: LearnerState["tensors"]): Record<string, Float32Array> {
  const own = Object.entries(tensors).filter(([key]) => key.startsWith(`${name}.`));
  return Object.fromEntries(own.map(([key, { data }]) => [key.slice(name.length + 1), data as Float32Array]));
}
