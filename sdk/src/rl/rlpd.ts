// RLPD: soft actor-critic whose batches are half demonstrations, with many layer-normalised critics and many updates per chunk. Ball et al.
// 2023 (arXiv 2302.02948), algorithm 1; targets from a random pair of critics: Chen et al. 2021 (REDQ, arXiv 2101.05982).
import { z } from "zod";
import { Trainable } from "../engine/optimizer.js";
import { hostTensor, tf, type Host, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import { count, keysBelow } from "../options.js";
import { Averages } from "./averages.js";
import { refusesDensity, refusesGradient, wholePolicy } from "./declaration.js";
import { demonstratedTransitions } from "./demonstrations.js";
import { isEvaluation } from "./iteration-record.js";
import { collect, collecting, criticRates, evaluationOf, offPolicyKeys, replaying } from "./off-policy.js";
import { joined, ReplayBuffer } from "./replay-buffer.js";
import { learningRates } from "./schedules.js";
import { softActor, softValue, temperatureFrom, type SoftBatch } from "./soft-actor.js";
import { criticWeights, normalizedCriticOptions, twinCritics } from "./twin-critics.js";
import { criticLoss, meanOf, valueTarget } from "./value-losses.js";

const { iterations, gamma, rewardScale, valFreq, evaluationEpisodes } = collecting;
const { actorLr, actorLrScheduler, actorWeightDecay } = collecting;

export const rlpdOptions = z.strictObject({
  ...{ iterations, gamma, rewardScale, actorLrScheduler, actorWeightDecay, ...criticRates },
  actorLr: actorLr.unwrap().default(3e-4).describe("learning rate of the policy"),
  criticLr: criticRates.criticLr.unwrap().default(3e-4).describe("learning rate of the critics"),
  steps: count.default(1000).describe("chunks per environment and iteration"),
  explorationSteps: z.int().nonnegative().default(5000).describe("first chunks, all environments together, at random"),
  batchSize: count.default(256).describe("of which the demonstrations' share is `offlineShare`"),
  offlineShare: z.number().min(0).max(1).default(0.5).describe("share of demonstrations in a batch"),
  bufferSize: replaying.bufferSize.unwrap().default(400_000).describe("own transitions kept"),
  targetRate: replaying.targetRate,
  criticNumUpdate: count.default(10).describe("updates of the critics per chunk; the policy has one"),
  nCritics: count.default(10).describe("critics, all in one graph"),
  backupEntropy: z.boolean().default(true).describe("targets count the entropy of what follows"),
  initialTemperature: z.number().positive().default(1).describe("weight of the entropy at first; it adapts"),
  targetEntropy: z.number().nullable().default(null).describe("of a chunk; null: minus its number of entries"),
  critic: normalizedCriticOptions,
  valFreq,
  evaluationEpisodes: evaluationEpisodes.unwrap().default(10).describe("whole episodes per evaluation"),
});
type RlpdOptions = z.output<typeof rlpdOptions>;

function parts(stage: Stage, o: RlpdOptions) {
  const { base, random, arena } = stage;
  return {
    actor: new Trainable(base.model.layout, base.weights),
    /** Each with weights of its own; their averages are the targets. */
    critic: criticWeights(twinCritics(stage, o, o.nCritics), random),
    temperature: temperatureFrom(o.initialTemperature),
    /** Its own transitions; the demonstrations are read again from their file. */
    buffer: new ReplayBuffer(o.bufferSize, arena.environments),
  };
}
type RlpdParts = ReturnType<typeof parts>;

interface Batch extends SoftBatch {
  /** Critics whose smaller value is the target (2). */
  readonly pair: tf.Tensor1D;
}

async function* run(stage: Stage, parts: RlpdParts, o: RlpdOptions): AsyncGenerator<Progress> {
  const { arena, random, compile } = stage;
  const { actor, critic, buffer } = parts;
  const { count: E } = arena.environments;
  const critics = twinCritics(stage, o, o.nCritics);
  const soft = softActor(stage, parts, o);
  const demonstrated = demonstratedTransitions(stage);
  const offline = Math.round(o.batchSize * o.offlineShare);
  const own = o.batchSize - offline;

  const valueLoss = (weights: Weights, batch: Batch) => {
    const next = soft.act(batch.others.actor, batch.nextObservation, batch.draws);
    const all = tf.stack(critics.values(batch.others.target, batch.nextObservation, next.action));
    const nextValue = tf.gather(all, batch.pair.cast("int32")).min(0);
    const followed = o.backupEntropy ? softValue(nextValue, next.logProbability, batch.alpha) : nextValue;
    const target = valueTarget(batch.reward, batch.terminated, followed, o);
    return criticLoss(critics.values(weights, batch.observation, batch.action), target);
  };
  const updateCritic = compileTraining(valueLoss, critic, { name: "RLPD critic loss", ...compile });
  const updateActor = compileTraining(soft.loss(critics, meanOf), actor, { name: "RLPD actor loss", ...compile });
  const evaluate = evaluationOf(stage, actor.weights, { evaluationNoise: "zero" });
  const rates = learningRates({ ...o, nCriticWarmupItr: 0 });

  /** Own and demonstrated transitions, and a random pair of critics. */
  function drawn(): Host<Batch> {
    const stream = random.stream("batches");
    const both = joined(buffer.sample(own, stream), demonstrated.sample(offline, stream));
    const pair = Float32Array.from(stream.permutation(o.nCritics).subarray(0, 2));
    return { ...both, ...soft.inputs(), pair: hostTensor(pair, [pair.length]) };
  }

  /** Several updates of the critics, then one of policy and temperature on the last batch. */
  async function update(iteration: number): Promise<Record<string, number>> {
    const { actor: actorRate, critic: criticRate } = rates(iteration);
    let batch: Host<Batch>;
    let measured: Record<string, number> = {};
    for (let i = 0; i < o.criticNumUpdate; i++) {
      batch = drawn();
      measured = await updateCritic(batch);
      critic.adamw({ learningRate: criticRate, weightDecay: o.criticWeightDecay });
      critic.updateEma(1 - o.targetRate);
    }
    const { loss: ofCritics, ...values } = measured;
    const { loss: policyLoss, logProb } = await updateActor(batch!);
    actor.adamw({ learningRate: actorRate, weightDecay: o.actorWeightDecay });
    soft.adjust(logProb!, criticRate);
    return { ...values, valueLoss: ofCritics!, policyLoss: policyLoss!, entropy: -logProb!, temperature: soft.alpha() };
  }

  try {
    while (stage.iteration < o.iterations) {
      const { iteration } = stage;
      if (isEvaluation(iteration, o)) {
        yield { mode: "evaluation", episodes: await evaluate(o.evaluationEpisodes) };
        continue;
      }
      const averages = new Averages();
      const episodes = await collect(stage, soft.explore, buffer, o, async () => {
        if (buffer.size < Math.max(o.explorationSteps, own)) return;
        for (let i = 0; i < E; i++) averages.add(await update(iteration));
      });
      yield { mode: "training", episodes, terms: { ...averages.record(), bufferSize: buffer.size } };
    }
  } finally {
    await Promise.all([updateCritic.dispose(), updateActor.dispose()]);
  }
}

const { critic, nCritics, backupEntropy, ...inTrain } = rlpdOptions.shape;

export const rlpd = defineAlgorithm({
  name: "rlpd",
  title: "RLPD",
  ...wholePolicy,
  options: rlpdOptions,
  keys: {
    ...offPolicyKeys(z.object(inTrain), {
      explorationSteps: "train.nExploreSteps",
      initialTemperature: "train.initTemperature",
      evaluationEpisodes: "train.nEvalEpisode",
    }),
    ...keysBelow("model", z.object({ nCritics, backupEntropy })),
    ...keysBelow("model.critic", critic.unwrap(), "critic"),
  },
  wantsData: true,
  refuses: (model) => refusesDensity(model) ?? refusesGradient(model),
  parts,
  run,
  playing: () => ({ sampling: {}, initialNoise: "zero" }),
});
