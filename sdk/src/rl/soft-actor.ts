// What methods of maximum entropy share: a policy that is sampled with its density, its loss, and the temperature that holds its
// entropy. Haarnoja et al. 2018 (arXiv 1812.05905), eq. 7 and 18.
import { Trainable } from "../engine/optimizer.js";
import { constant, ParameterLayout } from "../engine/parameters.js";
import type { Host, tf, Weights } from "../engine/tensor.js";
import type { Act } from "../evaluation/play.js";
import type { Stage } from "../learning/stage.js";
import type { ActionCritics } from "../nn/critic.js";
import type { Observation } from "../nn/network.js";
import type { Tensors } from "../policies/definition.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import { exploringActor } from "./off-policy.js";
import type { ReplayBuffer } from "./replay-buffer.js";
import { scalar } from "./rollout.js";
import type { CriticBatch } from "./twin-critics.js";

export interface SoftBatch extends CriticBatch {
  /** Temperature: what a unit of entropy is worth. */
  readonly alpha: tf.Scalar;
  readonly others: Readonly<Record<"actor" | "target" | "critic", Weights>>;
}

/** What it is worth to go on (B): its value, and that it keeps its entropy, which is minus the log density. */
export const softValue = (value: tf.Tensor, logProbability: tf.Tensor, alpha: tf.Scalar): tf.Tensor =>
  value.sub(logProbability.mul(alpha));

/** The temperature as a part: its logarithm learns. */
export function temperatureFrom(initial: number): Trainable {
  const layout = new ParameterLayout([{ name: "log_alpha", shape: [1], initialise: constant(0) }]);
  return new Trainable(layout, Float32Array.of(Math.log(initial)));
}

interface SoftParts {
  readonly actor: Trainable;
  readonly critic: Trainable;
  readonly temperature: Trainable;
  /** Its own transitions. */
  readonly buffer: ReplayBuffer;
}

interface SoftOptions {
  readonly batchSize: number;
  /** First chunks, which are uniformly random. */
  readonly explorationSteps: number;
  /** Of a chunk; null: minus its number of entries. */
  readonly targetEntropy: number | null;
}

/** The policy of a stage as such methods use it; released with the stage. */
export function softActor(stage: Stage, { actor, critic, temperature, buffer }: SoftParts, o: SoftOptions) {
  const { base, arena, random } = stage;
  const { count: E, actionSteps, space } = arena.environments;
  const { model } = base;
  const path = model.path();
  const targetEntropy = o.targetEntropy ?? -actionSteps * space.actionDim;
  const alpha = () => Math.exp(temperature.weights[0]!);
  const others = {
    actor: actor.layout.views(actor.weights),
    critic: critic.layout.views(critic.weights),
    target: critic.layout.views(critic.ema!),
  };
  const draws = emptyDraws(path.draws, o.batchSize);

  const sample = (weights: Weights, observation: Observation, drawn: Tensors) =>
    path.sample(weights, model.network.encoder.apply(weights, observation), drawn, {});
  /** Chunks (B, Te, Da) as they are executed, and the logarithm of their density (B). */
  const act = (weights: Weights, observation: Observation, drawn: Tensors) => {
    const sampled = sample(weights, observation, drawn);
    return { ...sampled, action: sampled.action.slice([0, 0], [-1, actionSteps]) };
  };
  const acting = { draws: path.draws, sample: (...given: Parameters<typeof sample>) => sample(...given).action };
  const acted = exploringActor(stage, others.actor, acting, "acting");
  const explored = () =>
    random.stream("exploration").uniform(new Float32Array(E * actionSteps * space.actionDim), -1, 1);
  /** Uniformly random at first, then as the policy is. */
  const explore: Act = async (observations) =>
    buffer.size < o.explorationSteps ? explored() : await acted(observations);

  return {
    ...{ act, alpha, explore },
    /** What {@link act} draws. */
    draws: path.draws,
    /** Loss of the policy; `combined` makes one value (B) of those of all critics. */
    loss:
      (critics: ActionCritics, combined: (values: tf.Tensor[]) => tf.Tensor) =>
      (weights: Weights, batch: SoftBatch) => {
        const { action, logProbability } = act(weights, batch.observation, batch.draws);
        const value = combined(critics.values(batch.others.critic, batch.observation, action));
        return { loss: logProbability.mul(batch.alpha).sub(value).mean(), logProb: logProbability.mean() };
      },
    /** What a batch has besides transitions, with fresh randomness. */
    inputs(): Pick<Host<SoftBatch>, "alpha" | "others" | "draws"> {
      fillDraws(path.draws, draws, random.stream("noise"));
      return { alpha: scalar(alpha()), others, draws };
    },
    /** Moves the temperature towards the entropy it is to hold, from the mean log density of a batch. */
    adjust(logProb: number, learningRate: number): void {
      temperature.gradient[0] = -alpha() * (logProb + targetEntropy);
      temperature.adam({ learningRate });
    },
  };
}
