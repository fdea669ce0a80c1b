// Acting in the environments with exploration noise: collects on-policy rollouts, one compiled call per chunk step.
import { compile, type Compiled, type CompileOptions } from "../engine/compile.js";
import type { Trainable } from "../engine/optimizer.js";
import type { RandomStream } from "../engine/random.js";
import { hostTensor, type HostTensor, type tf, type Weights } from "../engine/tensor.js";
import type { FinishedEpisode } from "../evaluation/episode-statistics.js";
import { hostObservation } from "../policies/host-observation.js";
import type { Arena } from "../learning/arena.js";
import type { Critic } from "../nn/critic.js";
import type { Network, Observation } from "../nn/network.js";
import type { BoundPath, ControlName, Controls, Tensors } from "../policies/definition.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import { observationShapes, sizeOf, type Observations } from "../space.js";
import { RolloutBuffer } from "./rollout-buffer.js";

/** What an algorithm sets the controls of a path to: the ends of the range of standard deviations, 0 < minStd <= maxStd. */
export type ControlValues = Readonly<Record<ControlName, number>>;

/** The controls that `path` reads, as inputs of a compiled function: a schedule moves them, and constants would be compiled anew. */
export function controlInputs({ controls }: BoundPath, values: ControlValues): Readonly<Record<string, HostTensor>> {
  return Object.fromEntries(controls.map((name) => [name, scalar(values[name])]));
}

export function scalar(value: number): HostTensor {
  return hostTensor(Float32Array.of(value), []);
}

/** Values as rows (B). */
export const column = (values: ArrayLike<number>): HostTensor => hostTensor(Float32Array.from(values), [values.length]);

export interface Players {
  readonly network: Network;
  readonly path: BoundPath;
  /** Weights of the network and of what explores. */
  readonly actor: Trainable;
  readonly arena: Arena;
  readonly compile?: CompileOptions | undefined;
  /**
   * Whether what the encoder makes of an observation is kept when it was acted upon, and neither computed again nor learned through:
   * the critic then reads that, too. Default false.
   */
  readonly keepsEncodings?: boolean;
}

/** Name of the kept encodings among what is stored of a chunk. */
export const encodings = "encoding";

/** Players of whom somebody knows what states are worth. */
export interface ValuedPlayers extends Players {
  readonly critic: Critic;
  readonly criticWeights: Trainable;
}

interface ActInput {
  readonly actor: Weights;
  readonly critic: Weights;
  readonly observation: Observation;
  readonly draws: Tensors;
  readonly controls: Controls;
}

interface ValueInput extends Pick<ActInput, "critic" | "observation"> {
  /** Where the critic reads encodings. */
  readonly actor?: Weights;
}

interface AssessInput extends Pick<ActInput, "actor" | "observation" | "controls"> {
  readonly stored: Tensors;
  readonly unit?: tf.Tensor1D;
}

export class Collector {
  readonly buffer: RolloutBuffer;
  readonly #players: Players;
  readonly #act;
  readonly #value: Compiled<ValueInput, tf.Tensor1D> | undefined;
  readonly #assess: Compiled<AssessInput, Weights>;
  readonly #draws: Record<string, HostTensor>;
  readonly #actions: HostTensor;
  /** Weights by name; views, so they follow the training. */
  readonly #actor: Record<string, HostTensor>;
  readonly #critic: Record<string, HostTensor>;

  /** `steps`: chunk steps S per rollout. Without a critic the values in the buffer stay 0. */
  constructor(players: Players | ValuedPlayers, steps: number) {
    const { network, path, actor, keepsEncodings = false } = players;
    const kept: Record<string, number[]> = keepsEncodings ? { [encodings]: [network.encoder.width] } : {};
    const valued = "critic" in players ? players : undefined;
    const { count, space, actionSteps } = players.arena.environments;
    this.#players = players;
    this.buffer = new RolloutBuffer({
      steps,
      environments: count,
      units: path.units,
      space,
      stored: { ...path.stored, ...kept },
    });
    this.#actor = actor.layout.views(actor.weights);
    this.#critic = valued ? valued.criticWeights.layout.views(valued.criticWeights.weights) : {};
    this.#draws = emptyDraws(path.draws, count);
    this.#actions = zeros([count, actionSteps, space.actionDim]);
    const act = ({ actor, critic: values, observation, draws, controls }: ActInput) => {
      const condition = network.encoder.apply(actor, observation);
      const { action, stored, logProbability } = path.sample(actor, condition, draws, controls);
      return {
        action: action.slice([0, 0], [-1, actionSteps]),
        stored: keepsEncodings ? { ...stored, [encodings]: condition } : stored,
        logProbability,
        ...(valued && { value: valued.critic.value(values, keepsEncodings ? { state: condition } : observation) }),
      };
    };
    this.#act = compile<ActInput, ReturnType<typeof act>>(act, players.compile);
    const assess = ({ actor, observation, stored, controls, unit }: AssessInput): Weights => {
      const { logProbability } = path.density(actor, network.encoder.apply(actor, observation), stored, controls, unit);
      return { logProbability };
    };
    this.#assess = compile<AssessInput, Weights>(assess, players.compile);
    if (!valued) return;
    const value = ({ actor, critic: values, observation }: ValueInput) =>
      valued.critic.value(values, actor ? { state: network.encoder.apply(actor, observation) } : observation);
    this.#value = compile<ValueInput, tf.Tensor1D>(value, players.compile);
  }

  /**
   * Fills {@link buffer}, all but advantages and returns, with S steps; continues the episodes in progress unless `restart`.
   * Returns the episodes that ended.
   *
   * @throws the reason of the arena's signal between two steps.
   */
  async collect(controls: ControlValues, random: RandomStream, restart: boolean): Promise<FinishedEpisode[]> {
    const { buffer } = this;
    const { arena, path } = this.#players;
    const { environments } = arena;
    const { steps, environments: count, units, space, stored } = buffer.shape;
    await arena.begin(restart);
    for (let i = 0; i < count; i++) buffer.firsts[i] = Number(arena.isAtStart(i));

    const episodes: FinishedEpisode[] = [];
    const inputs = { actor: this.#actor, critic: this.#critic, controls: controlInputs(path, controls) };
    for (let step = 0; step < steps; step++) {
      arena.signal?.throwIfAborted();
      const seen = buffer.observationsAt(step);
      for (const [name] of observationShapes(space)) seen[name]!.set(environments.observations[name]!);
      fillDraws(path.draws, this.#draws, random);
      const kept = Object.entries(stored).map(([name, shape]) => [
        name,
        hostTensor(buffer.row(buffer.stored[name]!, step), [count, ...shape]),
      ]);
      await this.#act(
        { ...inputs, observation: hostObservation(seen, space, count), draws: this.#draws },
        {
          action: this.#actions,
          stored: Object.fromEntries(kept) as Record<string, HostTensor>,
          logProbability: hostTensor(buffer.row(buffer.logProbabilities, step), units > 1 ? [count, units] : [count]),
          ...(this.#value && { value: hostTensor(buffer.row(buffer.values, step), [count]) }),
        },
      );
      episodes.push(...(await arena.step(this.#actions.data as Float32Array)));
      await this.#store(step);
    }
    await this.#values(environments.observations, buffer.lastValues);
    return episodes;
  }

  /**
   * Densities and values anew, after what was seen has changed: {@link buffer}'s log-probabilities, values and last values.
   *
   * @param last what is seen after the last step, changed alike.
   */
  async reassess(controls: ControlValues, last: Observations): Promise<void> {
    const { buffer } = this;
    const { steps, environments: count, units, space, stored } = buffer.shape;
    const { path, arena } = this.#players;
    const inputs = { actor: this.#actor, controls: controlInputs(path, controls) };
    for (let step = 0; step < steps; step++) {
      arena.signal?.throwIfAborted();
      const seen = buffer.observationsAt(step);
      const kept = Object.entries(stored).map(([name, shape]) => [
        name,
        hostTensor(buffer.row(buffer.stored[name]!, step), [count, ...shape]),
      ]);
      const row = buffer.row(buffer.logProbabilities, step);
      for (let unit = 0; unit < units; unit++) {
        const { logProbability } = await this.#assess({
          ...inputs,
          observation: hostObservation(seen, space, count),
          stored: Object.fromEntries(kept) as Record<string, HostTensor>,
          ...(units > 1 && { unit: column(Array<number>(count).fill(unit)) }),
        });
        for (let i = 0; i < count; i++) row[i * units + unit] = logProbability!.data[i]!;
      }
      await this.#values(seen, buffer.row(buffer.values, step));
    }
    await this.#values(last, buffer.lastValues);
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#act.dispose(), this.#assess.dispose(), this.#value?.dispose()]);
  }

  async #store(step: number): Promise<void> {
    const { buffer } = this;
    const { environments } = this.#players.arena;
    const { count, terminated, truncated } = environments;
    buffer.row(buffer.rewards, step).set(environments.rewards);
    buffer.row(buffer.terminated, step).set(terminated);
    buffer.row(buffer.truncated, step).set(truncated);
    buffer.row(buffer.executedSteps, step).set(environments.executedSteps);
    const firsts = buffer.firsts.subarray((step + 1) * count, (step + 2) * count);
    firsts.forEach((_, i) => (firsts[i] = terminated[i]! | truncated[i]!));
    if (truncated.includes(1)) await this.#values(environments.finalObservations, buffer.row(buffer.finalValues, step));
  }

  async #values(observations: Observations, out: Float32Array): Promise<void> {
    if (!this.#value) return;
    const { environments: count, space } = this.buffer.shape;
    const observation = hostObservation(observations, space, count);
    const reader = this.#players.keepsEncodings ? { actor: this.#actor } : {};
    await this.#value({ ...reader, critic: this.#critic, observation }, hostTensor(out, [count]));
  }
}

function zeros(shape: readonly number[]): HostTensor {
  return hostTensor(new Float32Array(sizeOf(shape)), shape);
}
