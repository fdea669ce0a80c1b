// Two critics with targets that follow them slowly, and their loss against what a policy does next: Fujimoto et al. 2018 (TD3,
// arXiv 1802.09477), section 4, as the methods for expressive policies have it.
import { z } from "zod";
import { Trainable } from "../engine/optimizer.js";
import { ParameterLayout } from "../engine/parameters.js";
import type { Random } from "../engine/random.js";
import type { HostTensor, tf, Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import type { Stage } from "../learning/stage.js";
import { actionCritics, actionCriticOptions, type ActionCritics } from "../nn/critic.js";
import type { Observation } from "../nn/network.js";
import type { Tensors } from "../policies/definition.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import { expectWholeChunks, type Exploration } from "./off-policy.js";
import { ReplayBuffer, type Transitions } from "./replay-buffer.js";
import { criticLoss, least, valueTarget } from "./value-losses.js";

/** Of the critics of expressive policies. */
export const twinCriticOptions = actionCriticOptions
  .prefault({ mlpDims: [256, 256, 256], activationType: "Mish" })
  .describe("network of the values of actions");

/** Of the critics of methods that learn from demonstrations besides. */
export const normalizedCriticOptions = actionCriticOptions
  .extend({ useLayernorm: z.boolean().default(true).describe("layer normalisation") })
  .prefault({})
  .describe("networks of the values of actions");

type Options = { readonly critic: z.input<typeof actionCriticOptions> };

/** `count` critics of the executed chunk, by default two. */
export const twinCritics = ({ base, arena: { environments } }: Stage, { critic }: Options, count = 2): ActionCritics =>
  actionCritics(critic, count, base.model.network.encoder.stateSize, environments.actionSteps * base.space.actionDim);

/** Their weights, of which the average is the target. */
export function criticWeights({ parameters }: Pick<ActionCritics, "parameters">, random: Random): Trainable {
  const layout = new ParameterLayout(parameters);
  return new Trainable(layout, layout.initialise(random.stream("critic weights")), { ema: true });
}

/** The parts of an algorithm with a policy, twin critics and a memory. */
export function twinCriticParts(stage: Stage, o: Options & { readonly bufferSize: number }) {
  const { base, random, arena } = stage;
  expectWholeChunks(stage);
  return {
    actor: new Trainable(base.model.layout, base.weights),
    critic: criticWeights(twinCritics(stage, o), random),
    buffer: new ReplayBuffer(o.bufferSize, arena.environments),
  };
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

/** Loss of critics whose target is a target value of what the policy does next: the smallest, or as `combined` makes it of all. */
export function policyValueLoss(
  critics: ActionCritics,
  { sample }: Exploration,
  o: { readonly gamma: number; readonly rewardScale: number },
  combined: (values: readonly tf.Tensor[]) => tf.Tensor = least,
) {
  return (weights: Weights, batch: CriticBatch) => {
    const { observation, nextObservation, others } = batch;
    const next = sample(others.actor, nextObservation, batch.draws);
    const nextValue = combined(critics.values(others.target, nextObservation, next));
    const target = valueTarget(batch.reward, batch.terminated, nextValue, o);
    return criticLoss(critics.values(weights, observation, batch.action), target);
  };
}

/**
 * Steps of the critics by {@link policyValueLoss}, after each of which their targets follow.
 *
 * @param acting weights of the policy that acts next, which may go on changing.
 */
export function criticUpdates(
  { random, compile }: Stage,
  {
    name,
    critics,
    critic,
    explore,
    acting,
    combined,
  }: {
    /** Of the loss, in errors. */
    readonly name: string;
    readonly critics: ActionCritics;
    readonly critic: Trainable;
    readonly explore: Exploration;
    readonly acting: Readonly<Record<string, HostTensor>>;
    /** See {@link policyValueLoss}. */
    readonly combined?: Parameters<typeof policyValueLoss>[3];
  },
  o: Parameters<typeof policyValueLoss>[2] & {
    readonly batchSize: number;
    readonly criticWeightDecay: number;
    readonly targetRate: number;
  },
) {
  const loss = policyValueLoss(critics, explore, o, combined);
  const step = compileTraining<CriticBatch>(loss, critic, { name, ...compile });
  const others = { actor: acting, target: critic.layout.views(critic.ema!) };
  const draws = emptyDraws(explore.draws, o.batchSize);
  return {
    /** What it measured, the loss as `valueLoss`. */
    async update(batch: Transitions, learningRate: number): Promise<Record<string, number>> {
      fillDraws(explore.draws, draws, random.stream("noise"));
      const { loss: valueLoss, ...values } = await step({ ...batch, draws, others });
      critic.adamw({ learningRate, weightDecay: o.criticWeightDecay });
      critic.updateEma(1 - o.targetRate);
      return { ...values, valueLoss: valueLoss! };
    },
    dispose: () => step.dispose(),
  };
}
