// DQL: a policy imitates the actions in memory while gradients of a critic, through all steps of sampling, pull it to better ones.
// Wang et al. 2023 (Diffusion Q-learning, arXiv 2208.06193), algorithm 1 and eq. 3.
import { z } from "zod";
import { stopGradient } from "../engine/jvp.js";
import { Trainable } from "../engine/optimizer.js";
import { tf, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import { actionCriticOptions } from "../nn/critic.js";
import type { Observation } from "../nn/network.js";
import { keysBelow } from "../options.js";
import type { Tensors } from "../policies/definition.js";
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
} from "./off-policy.js";
import { ReplayBuffer } from "./replay-buffer.js";
import { scalar } from "./rollout.js";
import { learningRates } from "./schedules.js";
import { criticWeights, policyValueLoss, twinCritics, type CriticBatch } from "./twin-critics.js";

export const dqlOptions = z.strictObject({
  ...{ ...collecting, ...criticRates, ...replaying },
  eta: z.number().nonnegative().default(1).describe("weight of the critic's pull against imitation"),
  critic: actionCriticOptions
    .prefault({ mlpDims: [256, 256, 256], activationType: "Mish" })
    .describe("network of the values of actions"),
});
type DqlOptions = z.output<typeof dqlOptions>;

/**
 * Minus the mean value of new chunks by one critic, in units of the mean size of the other's, so that eta means the same whatever the
 * rewards. `first` (scalar) is 1 where the first critic pulls, else 0.
 */
export function pull([q1, q2]: readonly tf.Tensor[], first: tf.Scalar): tf.Tensor {
  const by = (one: tf.Tensor, other: tf.Tensor): tf.Tensor => one.mean().div(stopGradient(other.abs().mean()));
  return by(q1!, q2!)
    .mul(first)
    .add(by(q2!, q1!).mul(tf.scalar(1).sub(first)))
    .neg();
}

function parts(stage: Stage, o: DqlOptions) {
  const { base, random, arena } = stage;
  expectWholeChunks(stage);
  return {
    actor: new Trainable(base.model.layout, base.weights),
    critic: criticWeights(twinCritics(stage, o), random),
    buffer: new ReplayBuffer(o.bufferSize, arena.environments),
  };
}
type DqlParts = ReturnType<typeof parts>;

interface ActorBatch {
  readonly observation: Observation;
  readonly action: tf.Tensor3D;
  readonly draws: Tensors;
  /** What the imitation loss draws. */
  readonly imitation: Tensors;
  readonly first: tf.Scalar;
  readonly critic: Weights;
}

async function* run(stage: Stage, { actor, critic, buffer }: DqlParts, o: DqlOptions): AsyncGenerator<Progress> {
  const { base, random, compile } = stage;
  const { model, space } = base;
  const critics = twinCritics(stage, o);
  const explore = exploration(model, o);

  const actorLoss = (weights: Weights, { observation, action, draws, imitation, first, critic }: ActorBatch) => {
    const bcLoss = model.rowLosses(weights, { action, ...observation, ...imitation }).mean();
    const qLoss = pull(critics.values(critic, observation, explore.sample(weights, observation, draws)), first);
    return { loss: bcLoss.add(qLoss.mul(o.eta)), bcLoss, qLoss };
  };
  const criticStep = compileTraining<CriticBatch>(policyValueLoss(critics, explore, o), critic, {
    name: "DQL critic loss",
    ...compile,
  });
  const actorStep = compileTraining<ActorBatch>(actorLoss, actor, { name: "DQL actor loss", ...compile });

  const views = {
    actor: actor.layout.views(actor.weights),
    critic: critic.layout.views(critic.weights),
    target: critic.layout.views(critic.ema!),
  };
  const draws = emptyDraws(explore.draws, o.batchSize);
  const imitation = emptyDraws(model.trainingDraws, o.batchSize);

  async function update({
    actor: actorLr,
    critic: criticLr,
    learns,
  }: {
    actor: number;
    critic: number;
    learns: boolean;
  }) {
    const batch = buffer.sample(o.batchSize, random.stream("batches"));
    fillDraws(explore.draws, draws, random.stream("noise"));
    const { loss: valueLoss, ...values } = await criticStep({ ...batch, draws, others: views });
    critic.adamw({ learningRate: criticLr, weightDecay: o.criticWeightDecay });
    const terms: Record<string, number> = { ...values, valueLoss: valueLoss! };
    if (learns) {
      fillDraws(explore.draws, draws, random.stream("noise"));
      fillDraws(model.trainingDraws, imitation, random.stream("noise"));
      const first = scalar(random.stream("noise").integers(new Int32Array(1), 2)[0]!);
      const { observation, action } = batch;
      const { loss: policyLoss, ...measured } = await actorStep({
        ...{ observation, action, draws, imitation, first },
        critic: views.critic,
      });
      actor.adamw({ learningRate: actorLr, weightDecay: o.actorWeightDecay });
      Object.assign(terms, measured, { policyLoss });
    }
    critic.updateEma(1 - o.targetRate);
    return terms;
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

const { critic, ...plain } = dqlOptions.shape;

export const dql = defineAlgorithm({
  name: "dql",
  title: "DQL",
  kind: "finetuning",
  options: dqlOptions,
  presets: {},
  keys: { ...offPolicyKeys(z.object(plain)), ...keysBelow("model.critic", critic.unwrap(), "critic") },
  iterations: (o) => o.iterations,
  refuses: ({ definition: { path } }) =>
    path?.isReparameterized === false ? "makes choices, through which no gradient flows" : undefined,
  parts,
  run,
  learned: ({ actor }, { base }) => ({ policy: base, sets: { policy: actor.weights.slice() } }),
  playing: (_, o) => ({ sampling: {}, initialNoise: o.evaluationNoise }),
  row: iterationRecord,
  score: evaluatedReturn,
});
