// Acting in the environments with exploration noise: collects on-policy rollouts, one compiled call per chunk step.
import { compile, type CompileOptions } from "../engine/compile.js";
import type { Trainable } from "../engine/optimizer.js";
import type { RandomStream } from "../engine/random.js";
import { hostTensor, type HostTensor, type tf, type Weights } from "../engine/tensor.js";
import type { Environments } from "../evaluation/environments.js";
import type { EpisodeRules, FinishedEpisode } from "../evaluation/episode-statistics.js";
import { EpisodeTracker } from "../evaluation/episode-tracker.js";
import type { Critic } from "../nn/critic.js";
import { sampleChain, type ChainOptions, type NoisyPolicy } from "../policies/chain.js";
import { RolloutBuffer } from "./rollout-buffer.js";

/** Ends of the exploration noise's range of standard deviations, 0 < min <= max. */
export interface NoiseRange {
  readonly min: number;
  readonly max: number;
}

/** A range as inputs of a compiled function: the schedule moves it, and constants would be compiled anew. */
export const rangeInputs = ({ min, max }: NoiseRange) => ({ min: scalar(min), max: scalar(max) });

export function scalar(value: number): HostTensor {
  return hostTensor(Float32Array.of(value), []);
}

export interface Players {
  readonly policy: NoisyPolicy;
  /** Weights of velocity network and noise net. */
  readonly actor: Trainable;
  readonly critic: Critic;
  readonly criticWeights: Trainable;
  readonly environments: Environments;
  readonly rules: EpisodeRules;
  readonly compile?: CompileOptions;
  /** Ends a collection between two steps by throwing its reason. */
  readonly signal?: AbortSignal;
}

interface ActInput {
  readonly actor: Weights;
  readonly critic: Weights;
  readonly state: tf.Tensor3D;
  readonly noise: tf.Tensor4D;
  readonly range: { readonly min: tf.Scalar; readonly max: tf.Scalar };
}

export class Collector {
  readonly buffer: RolloutBuffer;
  readonly #players: Players;
  readonly #tracker: EpisodeTracker;
  readonly #act;
  readonly #value;
  readonly #noise: HostTensor;
  readonly #actions: HostTensor;
  /** Weights by name; views, so they follow the training. */
  readonly #actor: Record<string, HostTensor>;
  readonly #critic: Record<string, HostTensor>;
  #interrupted = true;

  /** `steps`: chunk steps S per rollout. */
  constructor(players: Players, steps: number, chain: ChainOptions) {
    const { policy, critic, environments, actor, criticWeights } = players;
    const { network } = policy;
    const { count, condSteps, observationDimension, actionSteps, actionDimension } = environments;
    const chainShape = [chain.steps + 1, network.horizonSteps, network.actionDimension];
    this.#players = players;
    this.buffer = new RolloutBuffer({
      steps,
      environments: count,
      observation: [condSteps, observationDimension],
      chain: chainShape,
    });
    this.#tracker = new EpisodeTracker(players.rules);
    this.#actor = actor.layout.views(actor.weights);
    this.#critic = criticWeights.layout.views(criticWeights.weights);
    this.#noise = zeros([count, ...chainShape]);
    this.#actions = zeros([count, actionSteps, actionDimension]);
    const act = ({ actor, critic: values, state, noise, range }: ActInput) => {
      const {
        action,
        chain: states,
        logProbability,
      } = sampleChain(policy, actor, network.encode(actor, state), noise, range, chain);
      return {
        action: action.slice([0, 0], [-1, actionSteps]),
        chain: states,
        logProbability,
        value: critic.value(values, state),
      };
    };
    const value = ({ critic: values, state }: Pick<ActInput, "critic" | "state">) => critic.value(values, state);
    this.#act = compile(act, players.compile);
    this.#value = compile(value, players.compile);
  }

  /** The next collection begins with new episodes: the environments were used for something else. */
  interrupt(): void {
    this.#interrupted = true;
  }

  /**
   * Fills {@link buffer}, all but advantages and returns, with S steps; continues the episodes in progress unless `restart`.
   * Returns the episodes that ended.
   */
  async collect(range: NoiseRange, random: RandomStream, restart: boolean): Promise<FinishedEpisode[]> {
    const { buffer } = this;
    const { environments } = this.#players;
    const { steps, environments: count, observation, chain } = buffer.shape;
    if (restart || this.#interrupted) {
      await environments.reset();
      this.#tracker.restart();
      buffer.firsts.fill(1, 0, count);
    } else buffer.firsts.copyWithin(0, steps * count);
    this.#interrupted = false;

    const episodes: FinishedEpisode[] = [];
    const inputs = { actor: this.#actor, critic: this.#critic, noise: this.#noise, range: rangeInputs(range) };
    for (let step = 0; step < steps; step++) {
      this.#players.signal?.throwIfAborted();
      const state = hostTensor(buffer.row(buffer.observations, step), [count, ...observation]);
      (state.data as Float32Array).set(environments.observations);
      random.normal(this.#noise.data as Float32Array);
      await this.#act(
        { ...inputs, state },
        {
          action: this.#actions,
          chain: hostTensor(buffer.row(buffer.chains, step), [count, ...chain]),
          logProbability: hostTensor(buffer.row(buffer.logProbabilities, step), [count]),
          value: hostTensor(buffer.row(buffer.values, step), [count]),
        },
      );
      await environments.step(this.#actions.data as Float32Array);
      episodes.push(...this.#tracker.step(environments));
      await this.#store(step);
    }
    await this.#values(environments.observations, buffer.lastValues);
    return episodes;
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#act.dispose(), this.#value.dispose()]);
  }

  async #store(step: number): Promise<void> {
    const { buffer } = this;
    const { environments } = this.#players;
    const { count, terminated, truncated } = environments;
    buffer.row(buffer.rewards, step).set(environments.rewards);
    buffer.row(buffer.terminated, step).set(terminated);
    buffer.row(buffer.truncated, step).set(truncated);
    buffer.row(buffer.executedSteps, step).set(environments.executedSteps);
    const firsts = buffer.firsts.subarray((step + 1) * count, (step + 2) * count);
    firsts.forEach((_, i) => (firsts[i] = terminated[i]! | truncated[i]!));
    if (truncated.includes(1)) await this.#values(environments.finalObservations, buffer.row(buffer.finalValues, step));
  }

  async #values(observations: Float32Array, out: Float32Array): Promise<void> {
    const { environments: count, observation } = this.buffer.shape;
    const state = hostTensor(observations, [count, ...observation]);
    await this.#value({ critic: this.#critic, state }, hostTensor(out, [count]));
  }
}

function zeros(shape: readonly number[]): HostTensor {
  return hostTensor(new Float32Array(shape.reduce((product, extent) => product * extent, 1)), shape);
}
