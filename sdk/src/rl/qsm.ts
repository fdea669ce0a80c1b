// QSM: the score that a diffusion policy learns is the gradient of the action value. Psenka et al. 2023 (arXiv 2312.11752),
// algorithm 1: noisy actions move uphill, by `qGradCoeff` times the slope of the critics there.
import { z } from "zod";
import { stopGradient } from "../engine/jvp.js";
import { tf, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import type { ActionCritics } from "../nn/critic.js";
import type { Observation } from "../nn/network.js";
import { keysBelow } from "../options.js";
import type { Tensors, TrainingBatch } from "../policies/definition.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import { ownSampling, wholePolicy } from "./declaration.js";
import {
  alternate,
  collecting,
  criticRates,
  evaluationOf,
  exploration,
  exploringActor,
  offPolicyKeys,
  replaying,
  type UpdateRates,
} from "./off-policy.js";
import { learningRates } from "./schedules.js";
import { criticUpdates, twinCriticOptions, twinCriticParts, twinCritics } from "./twin-critics.js";

export const qsmOptions = z.strictObject({
  ...{ ...collecting, ...criticRates, ...replaying },
  qGradCoeff: z.number().positive().default(10).describe("noise that one unit of a critic's slope stands for"),
  critic: twinCriticOptions,
});
type QsmOptions = z.output<typeof qsmOptions>;

/** Mean of the critics' gradients with respect to actions (B, Ta, Da); no gradient flows into it. */
export function slope(
  critics: ActionCritics,
  weights: Weights,
  observation: Observation,
  action: tf.Tensor3D,
): tf.Tensor {
  const mean = (a: tf.Tensor) =>
    tf
      .addN(critics.values(weights, observation, a))
      .sum()
      .div(critics.count);
  return stopGradient(tf.grad(mean)(action));
}

type QsmParts = ReturnType<typeof twinCriticParts>;

interface ActorBatch {
  readonly observation: Observation;
  readonly action: tf.Tensor3D;
  /** Noise and times of the policy's own training. */
  readonly noising: Tensors;
  readonly critic: Weights;
}

async function* run(stage: Stage, { actor, critic, buffer }: QsmParts, o: QsmOptions): AsyncGenerator<Progress> {
  const { base, random, compile } = stage;
  const { model } = base;
  const { definition, network, spec } = model;
  const critics = twinCritics(stage, o);
  const explore = exploration(model, o);

  const actorLoss = (weights: Weights, { observation, action, noising, critic }: ActorBatch) => {
    const batch = { action, ...observation, ...noising } as TrainingBatch;
    const { noisy, score } = definition.score!(network, weights, batch, spec.options);
    const uphill = slope(critics, critic, observation, noisy);
    const loss: tf.Tensor = score.sub(uphill.mul(o.qGradCoeff)).square().mean();
    return { loss, meanSlope: uphill.abs().mean() };
  };
  const actorStep = compileTraining<ActorBatch>(actorLoss, actor, { name: "QSM actor loss", ...compile });
  const views = {
    actor: actor.layout.views(actor.weights),
    critic: critic.layout.views(critic.weights),
  };
  const valued = criticUpdates(stage, { name: "QSM critic loss", critics, critic, explore, acting: views.actor }, o);
  const noising = emptyDraws(model.trainingDraws, o.batchSize);

  async function update({ actor: actorLr, critic: criticLr, learns }: UpdateRates) {
    const batch = buffer.sample(o.batchSize, random.stream("batches"));
    const terms = await valued.update(batch, criticLr);
    if (!learns) return terms;
    fillDraws(model.trainingDraws, noising, random.stream("noise"));
    const { observation, action } = batch;
    const { loss: policyLoss, ...measured } = await actorStep({
      ...{ observation, action, noising },
      critic: views.critic,
    });
    actor.adamw({ learningRate: actorLr, weightDecay: o.actorWeightDecay });
    return { ...terms, ...measured, policyLoss: policyLoss! };
  }

  try {
    yield* alternate(stage, o, {
      act: exploringActor(stage, views.actor, explore),
      buffer,
      evaluate: evaluationOf(stage, actor.weights, o),
      rates: learningRates(o),
      replayRatio: o.replayRatio,
      update,
    });
  } finally {
    await Promise.all([valued.dispose(), actorStep.dispose()]);
  }
}

const { critic, ...plain } = qsmOptions.shape;

export const qsm = defineAlgorithm({
  name: "qsm",
  title: "QSM",
  ...wholePolicy,
  options: qsmOptions,
  keys: {
    ...offPolicyKeys(z.object(plain), { targetRate: "train.criticTau" }),
    ...keysBelow("model.critic", critic.unwrap(), "critic"),
  },
  refuses: ({ definition }) => (definition.score ? undefined : "has no score"),
  parts: twinCriticParts,
  run,
  playing: ownSampling,
});
