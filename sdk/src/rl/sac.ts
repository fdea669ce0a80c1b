// SAC: off-policy learning of a policy that is as random as its rewards allow. Haarnoja et al. 2018 (arXiv 1812.05905),
// algorithm 1, with two critics, their moving averages as targets, and a temperature that holds the entropy.
// One step is one action chunk.
import { z } from "zod";
import { Trainable } from "../engine/optimizer.js";
import type { Host, Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import { actionCriticOptions } from "../nn/critic.js";
import { count, keysBelow } from "../options.js";
import { refusesDensity, refusesGradient, wholePolicy } from "./declaration.js";
import { isEvaluation } from "./iteration-record.js";
import { collect, evaluationOf } from "./off-policy.js";
import { ReplayBuffer } from "./replay-buffer.js";
import { softActor, softValue, temperatureFrom, type SoftBatch } from "./soft-actor.js";
import { criticWeights, twinCritics } from "./twin-critics.js";
import { criticLoss, least, valueTarget } from "./value-losses.js";

const rate = z.number().positive();

export const sacOptions = z.strictObject({
  iterations: count.default(100).describe("rounds of collecting and learning, evaluations among them"),
  steps: count.default(1000).describe("chunks per environment and iteration"),
  explorationSteps: z
    .int()
    .nonnegative()
    .default(5000)
    .describe("first chunks, all environments together, with uniform actions"),
  batchSize: count.default(256).describe("transitions per update"),
  criticReplayRatio: count.default(256).describe("samples that the critics learn from per chunk"),
  actorReplayRatio: count.default(256).describe("the same of the actor; if fewer, it learns rarely, but then as often"),
  bufferSize: count.default(1_000_000).describe("transitions kept"),
  gamma: z.number().min(0).max(1).default(0.99).describe("discount per chunk"),
  targetRate: z
    .number()
    .min(0)
    .max(1)
    .default(0.005)
    .describe("share of the critics that their targets take at every update"),
  rewardScale: z.number().default(1).describe("factor of every reward"),
  actorLr: rate.default(3e-4).describe("learning rate of the policy"),
  criticLr: rate.default(1e-3).describe("learning rate of the critics"),
  temperatureLr: rate.default(1e-3).describe("learning rate of the temperature"),
  initialTemperature: rate.default(1).describe("weight of the entropy, at first"),
  targetEntropy: z.number().nullable().default(null).describe("of a chunk; null: minus its number of entries"),
  critic: actionCriticOptions.prefault({}).describe("networks of both critics"),
  valFreq: count.default(10).describe("every so many iterations, and the last, evaluates instead of training"),
  evaluationEpisodes: count.default(10).describe("whole episodes per evaluation"),
});
type SacOptions = z.output<typeof sacOptions>;

function parts(stage: Stage, o: SacOptions) {
  const { base, random, arena } = stage;
  return {
    actor: new Trainable(base.model.layout, base.weights),
    /** Its average is the target network. */
    critic: criticWeights(twinCritics(stage, o), random),
    temperature: temperatureFrom(o.initialTemperature),
    buffer: new ReplayBuffer(o.bufferSize, arena.environments),
  };
}
type SacParts = ReturnType<typeof parts>;

async function* run(stage: Stage, parts: SacParts, o: SacOptions): AsyncGenerator<Progress> {
  const { arena, random, compile } = stage;
  const { actor, critic, buffer } = parts;
  const { count: E } = arena.environments;
  const critics = twinCritics(stage, o);
  const soft = softActor(stage, parts, o);

  const valueLoss = (weights: Weights, batch: SoftBatch) => {
    const next = soft.act(batch.others.actor, batch.nextObservation, batch.draws);
    const nextValue = least(critics.values(batch.others.target, batch.nextObservation, next.action));
    const followed = softValue(nextValue, next.logProbability, batch.alpha);
    const target = valueTarget(batch.reward, batch.terminated, followed, o);
    return criticLoss(critics.values(weights, batch.observation, batch.action), target);
  };
  const updateCritic = compileTraining(valueLoss, critic, { name: "SAC critic loss", ...compile });
  const updateActor = compileTraining(soft.loss(critics, least), actor, { name: "SAC actor loss", ...compile });
  const evaluate = evaluationOf(stage, actor.weights, { evaluationNoise: "zero" });

  const delay = Math.max(1, Math.floor(o.criticReplayRatio / o.actorReplayRatio));
  const drawn = (): Host<SoftBatch> => ({
    ...soft.inputs(),
    ...buffer.sample(o.batchSize, random.stream("batches")),
  });

  async function update(): Promise<Record<string, number>> {
    const { loss: valueLoss, ...measured } = await updateCritic(drawn());
    critic.adam({ learningRate: o.criticLr });
    critic.updateEma(1 - o.targetRate);
    const terms: Record<string, number> = { ...measured, valueLoss: valueLoss!, temperature: soft.alpha() };
    for (let i = 0; i < delay && critic.updateCount % delay === 0; i++) {
      const { loss: policyLoss, logProb } = await updateActor(drawn());
      actor.adam({ learningRate: o.actorLr });
      soft.adjust(logProb!, o.temperatureLr);
      Object.assign(terms, { policyLoss, entropy: -logProb! });
    }
    return terms;
  }

  try {
    while (stage.iteration < o.iterations) {
      const { iteration } = stage;
      if (isEvaluation(iteration, o)) {
        yield { mode: "evaluation", episodes: await evaluate(o.evaluationEpisodes) };
        continue;
      }
      let terms: Record<string, number> = {};
      let owed = 0;
      const episodes = await collect(stage, soft.explore, buffer, o, async () => {
        if (buffer.size < Math.max(o.explorationSteps, o.batchSize)) return;
        owed += (E * o.criticReplayRatio) / o.batchSize;
        for (; owed >= 1; owed--) terms = { ...terms, ...(await update()) };
      });
      yield { mode: "training", episodes, terms: { ...terms, bufferSize: buffer.size } };
    }
  } finally {
    await Promise.all([updateCritic.dispose(), updateActor.dispose()]);
  }
}

const { iterations, steps, critic, ...named } = sacOptions.shape;
const { explorationSteps, targetRate, rewardScale, temperatureLr, initialTemperature, evaluationEpisodes, ...same } =
  named;

export const sac = defineAlgorithm({
  name: "sac",
  title: "SAC",
  ...wholePolicy,
  options: sacOptions,
  keys: {
    "train.nTrainItr": "iterations",
    "train.nSteps": "steps",
    "train.nExploreSteps": "explorationSteps",
    "train.targetEmaRate": "targetRate",
    "train.scaleRewardFactor": "rewardScale",
    "train.alphaLr": "temperatureLr",
    "train.initTemperature": "initialTemperature",
    "train.nEvalEpisode": "evaluationEpisodes",
    ...keysBelow("train", z.object(same)),
    ...keysBelow("model.critic", actionCriticOptions, "critic"),
  },
  refuses: (model) => refusesDensity(model) ?? refusesGradient(model),
  parts,
  run,
  playing: () => ({ sampling: {}, initialNoise: "zero" }),
});
