// QSM: the score that a diffusion policy learns is the gradient of the action value. Psenka et al. 2023 (arXiv 2312.11752),
// algorithm 1: noisy actions move uphill, by `qGradCoeff` times the slope of the critics there.
import { z } from "zod";
import { stopGradient } from "../engine/jvp.js";
import { Trainable } from "../engine/optimizer.js";
import { tf, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import { actionCriticOptions, type ActionCritics } from "../nn/critic.js";
import type { Observation } from "../nn/network.js";
import { keysBelow } from "../options.js";
import type { Tensors, TrainingBatch } from "../policies/definition.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import { evaluatedReturn, iterationRecord } from "./iteration-record.js";
import {
  alternate,
  collecting,
  criticRates,
  expectWholeChunks,
  exploration,
  exploringActor,
  offPolicyKeys,
  replaying,
  type UpdateRates,
} from "./off-policy.js";
import { ReplayBuffer } from "./replay-buffer.js";
import { learningRates } from "./schedules.js";
import { criticWeights, policyValueLoss, twinCritics, type CriticBatch } from "./twin-critics.js";

export const qsmOptions = z.strictObject({
  ...{ ...collecting, ...criticRates, ...replaying },
  qGradCoeff: z.number().positive().default(10).describe("noise that one unit of a critic's slope stands for"),
  critic: actionCriticOptions
    .prefault({ mlpDims: [256, 256, 256], activationType: "Mish" })
    .describe("network of the values of actions"),
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

function parts(stage: Stage, o: QsmOptions) {
  const { base, random, arena } = stage;
  expectWholeChunks(stage);
  return {
    actor: new Trainable(base.model.layout, base.weights),
    critic: criticWeights(twinCritics(stage, o), random),
    buffer: new ReplayBuffer(o.bufferSize, arena.environments),
  };
}
type QsmParts = ReturnType<typeof parts>;

interface ActorBatch {
  readonly observation: Observation;
  readonly action: tf.Tensor3D;
  /** Noise and times of the policy's own training. */
  readonly noising: Tensors;
  readonly critic: Weights;
}

async function* run(stage: Stage, { actor, critic, buffer }: QsmParts, o: QsmOptions): AsyncGenerator<Progress> {
  const { base, random, compile } = stage;
  const { model, space } = base;
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
  const criticStep = compileTraining<CriticBatch>(policyValueLoss(critics, explore, o), critic, {
    name: "QSM critic loss",
    ...compile,
  });
  const actorStep = compileTraining<ActorBatch>(actorLoss, actor, { name: "QSM actor loss", ...compile });
  const views = {
    actor: actor.layout.views(actor.weights),
    critic: critic.layout.views(critic.weights),
    target: critic.layout.views(critic.ema!),
  };
  const draws = emptyDraws(explore.draws, o.batchSize);
  const noising = emptyDraws(model.trainingDraws, o.batchSize);

  async function update({ actor: actorLr, critic: criticLr, learns }: UpdateRates) {
    const batch = buffer.sample(o.batchSize, random.stream("batches"));
    fillDraws(explore.draws, draws, random.stream("noise"));
    const { loss: valueLoss, ...values } = await criticStep({ ...batch, draws, others: views });
    critic.adamw({ learningRate: criticLr, weightDecay: o.criticWeightDecay });
    critic.updateEma(1 - o.targetRate);
    const terms: Record<string, number> = { ...values, valueLoss: valueLoss! };
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
      evaluate: stage.evaluator(
        { model, weights: actor.weights, space },
        { sampling: {}, initialNoise: o.evaluationNoise },
      ),
      rates: learningRates(o),
      replayRatio: o.replayRatio,
      update,
    });
  } finally {
    await Promise.all([criticStep.dispose(), actorStep.dispose()]);
  }
}

const { critic, ...plain } = qsmOptions.shape;

export const qsm = defineAlgorithm({
  name: "qsm",
  title: "QSM",
  kind: "finetuning",
  options: qsmOptions,
  presets: {},
  keys: {
    ...offPolicyKeys(z.object(plain), { targetRate: "train.criticTau" }),
    ...keysBelow("model.critic", critic.unwrap(), "critic"),
  },
  iterations: (o) => o.iterations,
  refuses: ({ definition }) => (definition.score ? undefined : "has no score"),
  parts,
  run,
  learned: ({ actor }, { base }) => ({ policy: base, sets: { policy: actor.weights.slice() } }),
  playing: (_, o) => ({ sampling: {}, initialNoise: o.evaluationNoise }),
  row: iterationRecord,
  score: evaluatedReturn,
});
