// DQL: a policy imitates the actions in memory while gradients of a critic, through all steps of sampling, pull it to better ones.
// Wang et al. 2023 (Diffusion Q-learning, arXiv 2208.06193), algorithm 1 and eq. 3.
import { z } from "zod";
import { stopGradient } from "../engine/jvp.js";
import { tf, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import type { Observation } from "../nn/network.js";
import { keysBelow } from "../options.js";
import type { Tensors } from "../policies/definition.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import { ownSampling, refusesGradient, wholePolicy } from "./declaration.js";
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
import { scalar } from "./rollout.js";
import { learningRates } from "./schedules.js";
import { criticUpdates, twinCriticOptions, twinCriticParts, twinCritics } from "./twin-critics.js";

export const dqlOptions = z.strictObject({
  ...{ ...collecting, ...criticRates, ...replaying },
  eta: z.number().nonnegative().default(1).describe("weight of the critic's pull against imitation"),
  critic: twinCriticOptions,
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

type DqlParts = ReturnType<typeof twinCriticParts>;

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
  const { model } = base;
  const critics = twinCritics(stage, o);
  const explore = exploration(model, o);

  const actorLoss = (weights: Weights, { observation, action, draws, imitation, first, critic }: ActorBatch) => {
    const bcLoss = model.rowLosses(weights, { action, ...observation, ...imitation }).mean();
    const qLoss = pull(critics.values(critic, observation, explore.sample(weights, observation, draws)), first);
    return { loss: bcLoss.add(qLoss.mul(o.eta)), bcLoss, qLoss };
  };
  const actorStep = compileTraining<ActorBatch>(actorLoss, actor, { name: "DQL actor loss", ...compile });

  const views = {
    actor: actor.layout.views(actor.weights),
    critic: critic.layout.views(critic.weights),
  };
  const valued = criticUpdates(stage, { name: "DQL critic loss", critics, critic, explore, acting: views.actor }, o);
  const draws = emptyDraws(explore.draws, o.batchSize);
  const imitation = emptyDraws(model.trainingDraws, o.batchSize);

  async function update({ actor: actorLr, critic: criticLr, learns }: UpdateRates) {
    const batch = buffer.sample(o.batchSize, random.stream("batches"));
    const terms = await valued.update(batch, criticLr);
    if (!learns) return terms;
    fillDraws(explore.draws, draws, random.stream("noise"));
    fillDraws(model.trainingDraws, imitation, random.stream("noise"));
    const first = scalar(random.stream("noise").integers(new Int32Array(1), 2)[0]!);
    const { observation, action } = batch;
    const { loss: policyLoss, ...measured } = await actorStep({
      ...{ observation, action, draws, imitation, first },
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

const { critic, ...plain } = dqlOptions.shape;

export const dql = defineAlgorithm({
  name: "dql",
  title: "DQL",
  ...wholePolicy,
  options: dqlOptions,
  keys: { ...offPolicyKeys(z.object(plain)), ...keysBelow("model.critic", critic.unwrap(), "critic") },
  refuses: refusesGradient,
  parts: twinCriticParts,
  run,
  playing: ownSampling,
});
