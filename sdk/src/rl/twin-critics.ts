// Two critics with targets that follow them slowly, and their loss against what a policy does next: Fujimoto et al. 2018 (TD3,
// arXiv 1802.09477), section 4, as the methods for expressive policies have it.
import { Trainable } from "../engine/optimizer.js";
import { ParameterLayout } from "../engine/parameters.js";
import type { Random } from "../engine/random.js";
import type { tf, Weights } from "../engine/tensor.js";
import type { Stage } from "../learning/stage.js";
import { actionCritics, type ActionCritics, type actionCriticOptions } from "../nn/critic.js";
import type { Observation } from "../nn/network.js";
import type { Tensors } from "../policies/definition.js";
import type { Exploration } from "./off-policy.js";
import { criticLoss, least, valueTarget } from "./value-losses.js";
import type { z } from "zod";

type Options = { readonly critic: z.input<typeof actionCriticOptions> };

/** `count` critics of the executed chunk, by default two. */
export const twinCritics = ({ base, arena: { environments } }: Stage, { critic }: Options, count = 2): ActionCritics =>
  actionCritics(critic, count, base.model.network.encoder.stateSize, environments.actionSteps * base.space.actionDim);

/** Their weights, of which the average is the target. */
export function criticWeights({ parameters }: Pick<ActionCritics, "parameters">, random: Random): Trainable {
  const layout = new ParameterLayout(parameters);
  return new Trainable(layout, layout.initialise(random.stream("critic weights")), { ema: true });
}

/** What the loss of the critics reads of a batch. */
export interface CriticBatch {
  readonly observation: Observation;
  readonly action: tf.Tensor3D;
  readonly reward: tf.Tensor1D;
  readonly nextObservation: Observation;
  readonly terminated: tf.Tensor1D;
  /** Randomness of the next chunks. */
  readonly draws: Tensors;
  readonly others: Readonly<Record<"actor" | "target", Weights>>;
}

/** Loss of critics whose target is the smallest target value of what the policy does next. */
export function policyValueLoss(
  critics: ActionCritics,
  { sample }: Exploration,
  o: { readonly gamma: number; readonly rewardScale: number },
) {
  return (weights: Weights, batch: CriticBatch) => {
    const { observation, nextObservation, others } = batch;
    const next = sample(others.actor, nextObservation, batch.draws);
    const nextValue = least(critics.values(others.target, nextObservation, next));
    const target = valueTarget(batch.reward, batch.terminated, nextValue, o);
    return criticLoss(critics.values(weights, observation, batch.action), target);
  };
}
