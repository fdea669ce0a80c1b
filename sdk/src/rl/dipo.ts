// DIPO: actions in memory move uphill on the critics, and the policy imitates where they went. Yang et al. 2023 (arXiv 2305.13122),
// algorithm 1.
import { z } from "zod";
import { compile } from "../engine/compile.js";
import { Trainable } from "../engine/optimizer.js";
import { tf, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import type { ActionCritics } from "../nn/critic.js";
import type { Observation } from "../nn/network.js";
import { count, keysBelow } from "../options.js";
import type { Tensors } from "../policies/definition.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import { ownSampling, wholePolicy } from "./declaration.js";
import {
  alternate,
  collecting,
  criticRates,
  evaluationOf,
  expectWholeChunks,
  exploration,
  exploringActor,
  offPolicyKeys,
  replaying,
  type UpdateRates,
} from "./off-policy.js";
import { ReplayBuffer } from "./replay-buffer.js";
import { learningRates } from "./schedules.js";
import { criticUpdates, criticWeights, twinCriticOptions, twinCritics } from "./twin-critics.js";
import { least } from "./value-losses.js";

export const dipoOptions = z.strictObject({
  ...{ ...collecting, ...criticRates, ...replaying },
  targetRate: replaying.targetRate.describe("share of critics and policy that their targets take at every update"),
  actionGradientSteps: count.default(10).describe("steps that actions of a batch move uphill"),
  actionLr: z.number().positive().default(1e-4).describe("size of these steps, of Adam"),
  critic: twinCriticOptions,
});
type DipoOptions = z.output<typeof dipoOptions>;

/** Longest gradient of a whole batch, in units of its row's numbers. */
const GRADIENT_NORM = 0.1;
const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-5];

/** Actions (B, Te, Da) after steps of Adam up the smaller of the critics' values, within -1 and 1. */
export function uphill(
  critics: ActionCritics,
  weights: Weights,
  observation: Observation,
  action: tf.Tensor3D,
  { actionGradientSteps, actionLr }: Pick<DipoOptions, "actionGradientSteps" | "actionLr">,
): tf.Tensor3D {
  const longest = GRADIENT_NORM * action.shape[1] * action.shape[2];
  const value = (a: tf.Tensor) => least(critics.values(weights, observation, a)).sum();
  let [x, first, second]: tf.Tensor[] = [action, tf.zerosLike(action), tf.zerosLike(action)];
  for (let step = 1; step <= actionGradientSteps; step++) {
    const slope: tf.Tensor = tf.grad(value)(x!);
    const norm = slope.square().sum().sqrt();
    const gradient = slope.mul(tf.minimum(tf.scalar(longest).div(norm.add(1e-6)), 1));
    first = first!.mul(BETA1).add(gradient.mul(1 - BETA1));
    second = second!.mul(BETA2).add(gradient.square().mul(1 - BETA2));
    const move: tf.Tensor = first.div(1 - BETA1 ** step).div(
      second
        .div(1 - BETA2 ** step)
        .sqrt()
        .add(EPSILON),
    );
    x = x!.add(move.mul(actionLr)).clipByValue(-1, 1);
  }
  return x as tf.Tensor3D;
}

function parts(stage: Stage, o: DipoOptions) {
  const { base, random, arena } = stage;
  expectWholeChunks(stage);
  return {
    /** Its average is what acts. */
    actor: new Trainable(base.model.layout, base.weights, { ema: true }),
    critic: criticWeights(twinCritics(stage, o), random),
    buffer: new ReplayBuffer(o.bufferSize, arena.environments, { improves: true }),
  };
}
type DipoParts = ReturnType<typeof parts>;

interface ActorBatch {
  readonly observation: Observation;
  readonly action: tf.Tensor3D;
  readonly imitation: Tensors;
}

async function* run(stage: Stage, { actor, critic, buffer }: DipoParts, o: DipoOptions): AsyncGenerator<Progress> {
  const { base, random, compile: options } = stage;
  const { model } = base;
  const critics = twinCritics(stage, o);
  const explore = exploration(model, o);

  const actorLoss = (weights: Weights, { observation, action, imitation }: ActorBatch) => ({
    loss: model.rowLosses(weights, { action, ...observation, ...imitation }).mean(),
  });
  const actorStep = compileTraining<ActorBatch>(actorLoss, actor, { name: "DIPO actor loss", ...options });
  const improve = compile<{ critic: Weights; observation: Observation; action: tf.Tensor3D }, tf.Tensor3D>(
    ({ critic: weights, observation, action }) => uphill(critics, weights, observation, action, o),
    { name: "DIPO action gradient", ...options },
  );
  const views = {
    acting: actor.layout.views(actor.ema!),
    critic: critic.layout.views(critic.weights),
  };
  const valued = criticUpdates(stage, { name: "DIPO critic loss", critics, critic, explore, acting: views.acting }, o);
  const imitation = emptyDraws(model.trainingDraws, o.batchSize);

  async function update({ actor: actorLr, critic: criticLr, learns }: UpdateRates) {
    const batch = buffer.sample(o.batchSize, random.stream("batches"));
    const terms = await valued.update(batch, criticLr);
    if (learns) {
      const indices = buffer.draw(o.batchSize, random.stream("batches"));
      const [observation, action] = [buffer.observationsAt(indices), buffer.improvedAt(indices)];
      const better = await improve({ critic: views.critic, observation, action });
      buffer.improve(indices, better.data as Float32Array);
      fillDraws(model.trainingDraws, imitation, random.stream("noise"));
      const { loss } = await actorStep({ observation, action: better, imitation });
      actor.adamw({ learningRate: actorLr, weightDecay: o.actorWeightDecay });
      terms.policyLoss = loss!;
    }
    actor.updateEma(1 - o.targetRate);
    return terms;
  }

  try {
    yield* alternate(stage, o, {
      act: exploringActor(stage, views.acting, explore),
      buffer,
      evaluate: evaluationOf(stage, actor.ema!, o),
      rates: learningRates(o),
      replayRatio: o.replayRatio,
      update,
    });
  } finally {
    await Promise.all([valued.dispose(), actorStep.dispose(), improve.dispose()]);
  }
}

const { critic, ...plain } = dipoOptions.shape;

export const dipo = defineAlgorithm({
  name: "dipo",
  title: "DIPO",
  ...wholePolicy,
  options: dipoOptions,
  keys: { ...offPolicyKeys(z.object(plain)), ...keysBelow("model.critic", critic.unwrap(), "critic") },
  parts,
  run,
  learned: ({ actor }, { base }) => ({ policy: base, sets: { policy: actor.ema!.slice() } }),
  playing: ownSampling,
});
