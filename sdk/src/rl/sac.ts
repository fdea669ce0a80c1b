// SAC: off-policy learning of a policy that is as random as its rewards allow. Haarnoja et al. 2018 (arXiv 1812.05905),
// algorithm 1, with two critics, their moving averages as targets, and a temperature that holds the entropy.
// One step is one action chunk.
import { z } from "zod";
import { compile } from "../engine/compile.js";
import { Trainable } from "../engine/optimizer.js";
import { constant, ParameterLayout } from "../engine/parameters.js";
import { type tf, type Host, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import type { FinishedEpisode } from "../evaluation/episode-statistics.js";
import { hostObservation } from "../policies/host-observation.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import { actionCriticOptions } from "../nn/critic.js";
import type { Observation } from "../nn/network.js";
import { keysBelow } from "../options.js";
import type { Tensors } from "../policies/definition.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import type { Observations } from "../space.js";
import { evaluatedReturn, iterationRecord } from "./iteration-record.js";
import { ReplayBuffer } from "./replay-buffer.js";
import { scalar } from "./rollout.js";
import { criticWeights, twinCritics } from "./twin-critics.js";
import { criticLoss, least, valueTarget } from "./value-losses.js";

const count = z.int().positive();
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
  const temperature = new ParameterLayout([{ name: "log_alpha", shape: [1], initialise: constant(0) }]);
  return {
    actor: new Trainable(base.model.layout, base.weights),
    /** Its average is the target network. */
    critic: criticWeights(twinCritics(stage, o), random),
    temperature: new Trainable(temperature, Float32Array.of(Math.log(o.initialTemperature))),
    buffer: new ReplayBuffer(o.bufferSize, arena.environments),
  };
}
type SacParts = ReturnType<typeof parts>;

interface Batch {
  readonly observation: Observation;
  readonly action: tf.Tensor3D;
  readonly reward: tf.Tensor1D;
  readonly nextObservation: Observation;
  readonly terminated: tf.Tensor1D;
  readonly draws: Tensors;
  readonly alpha: tf.Scalar;
  readonly others: Readonly<Record<"actor" | "target" | "critic", Weights>>;
}

async function* run(stage: Stage, parts: SacParts, o: SacOptions): AsyncGenerator<Progress> {
  const { base, arena, random, compile: compileOptions, signal } = stage;
  const { actor, critic, temperature, buffer } = parts;
  const { environments } = arena;
  const { count: E, actionSteps, space } = environments;
  const { model } = base;
  const path = model.path();
  const critics = twinCritics(stage, o);
  const targetEntropy = o.targetEntropy ?? -actionSteps * space.actionDim;

  const act = (weights: Weights, observation: Observation, draws: Tensors) => {
    const sampled = path.sample(weights, model.network.encoder.apply(weights, observation), draws, {});
    return { ...sampled, action: sampled.action.slice([0, 0], [-1, actionSteps]) };
  };
  const valueLoss = (weights: Weights, batch: Batch) => {
    const next = act(batch.others.actor, batch.nextObservation, batch.draws);
    const nextValue = least(critics.values(batch.others.target, batch.nextObservation, next.action));
    // The soft value of what follows: its entropy counts too.
    const softValue = nextValue.sub(next.logProbability.mul(batch.alpha));
    const target = valueTarget(batch.reward, batch.terminated, softValue, o);
    return criticLoss(critics.values(weights, batch.observation, batch.action), target);
  };
  const actorLoss = (weights: Weights, batch: Batch) => {
    const { action, logProbability } = act(weights, batch.observation, batch.draws);
    const value = least(critics.values(batch.others.critic, batch.observation, action));
    return { loss: logProbability.mul(batch.alpha).sub(value).mean(), logProb: logProbability.mean() };
  };
  const updateCritic = compileTraining(valueLoss, critic, { name: "SAC critic loss", ...compileOptions });
  const updateActor = compileTraining(actorLoss, actor, { name: "SAC actor loss", ...compileOptions });
  const sample = compile<{ weights: Weights; observation: Observation; draws: Tensors }, tf.Tensor3D>(
    ({ weights, observation, draws }) => act(weights, observation, draws).action,
    { name: "SAC acting", ...compileOptions },
  );
  const others = {
    actor: actor.layout.views(actor.weights),
    critic: critic.layout.views(critic.weights),
    target: critic.layout.views(critic.ema!),
  };
  const [batchDraws, actingDraws] = [emptyDraws(path.draws, o.batchSize), emptyDraws(path.draws, E)];
  const acting = { model, weights: actor.weights, space: base.space };
  const evaluate = stage.evaluator(acting, { sampling: {}, initialNoise: "zero" });

  const delay = Math.max(1, Math.floor(o.criticReplayRatio / o.actorReplayRatio));
  const drawn = (): Host<Batch> => {
    fillDraws(path.draws, batchDraws, random.stream("noise"));
    const sampled = buffer.sample(o.batchSize, random.stream("batches"));
    return { ...sampled, alpha: scalar(alpha()), others, draws: batchDraws };
  };
  const alpha = () => Math.exp(temperature.weights[0]!);

  async function update(): Promise<Record<string, number>> {
    const { loss: valueLoss, ...measured } = await updateCritic(drawn());
    critic.adam({ learningRate: o.criticLr });
    critic.updateEma(1 - o.targetRate);
    const terms: Record<string, number> = { ...measured, valueLoss: valueLoss!, temperature: alpha() };
    for (let i = 0; i < delay && critic.updateCount % delay === 0; i++) {
      const { loss: policyLoss, logProb } = await updateActor(drawn());
      actor.adam({ learningRate: o.actorLr });
      temperature.gradient[0] = -alpha() * (logProb! + targetEntropy);
      temperature.adam({ learningRate: o.temperatureLr });
      Object.assign(terms, { policyLoss, entropy: -logProb! });
    }
    return terms;
  }

  const explored = (): Float32Array =>
    random.stream("exploration").uniform(new Float32Array(E * actionSteps * space.actionDim), -1, 1);
  const acted = async (observations: Observations): Promise<Float32Array> => {
    fillDraws(path.draws, actingDraws, random.stream("acting"));
    const observation = hostObservation(observations, space, E);
    return (await sample({ weights: others.actor, observation, draws: actingDraws })).data as Float32Array;
  };

  try {
    while (stage.iteration < o.iterations) {
      const { iteration } = stage;
      if (iteration % o.valFreq === 0 || iteration === o.iterations - 1) {
        yield { mode: "evaluation", episodes: await evaluate(o.evaluationEpisodes) };
        continue;
      }
      await arena.begin();
      const episodes: FinishedEpisode[] = [];
      let terms: Record<string, number> = {};
      let owed = 0;
      for (let step = 0; step < o.steps; step++) {
        signal?.throwIfAborted();
        const before = structuredClone(environments.observations);
        const actions = buffer.size < o.explorationSteps ? explored() : await acted(before);
        episodes.push(...(await arena.step(actions)));
        buffer.add(before, actions, environments);
        if (buffer.size < Math.max(o.explorationSteps, o.batchSize)) continue;
        owed += (E * o.criticReplayRatio) / o.batchSize;
        for (; owed >= 1; owed--) terms = { ...terms, ...(await update()) };
      }
      yield { mode: "training", episodes, terms: { ...terms, bufferSize: buffer.size } };
    }
  } finally {
    await Promise.all([updateCritic.dispose(), updateActor.dispose(), sample.dispose()]);
  }
}

const { iterations, steps, critic, ...named } = sacOptions.shape;
const { explorationSteps, targetRate, rewardScale, temperatureLr, initialTemperature, evaluationEpisodes, ...same } =
  named;

export const sac = defineAlgorithm({
  name: "sac",
  title: "SAC",
  kind: "finetuning",
  options: sacOptions,
  presets: {},
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
  iterations: (o) => o.iterations,
  refuses({ definition: { path } }) {
    if (!path) return "has no density";
    if (path.explorer) return "explores with a part of its own";
    return path.isReparameterized === false ? "makes choices, through which no gradient flows" : undefined;
  },
  parts,
  run,
  learned: ({ actor }, { base }) => ({ policy: base, sets: { policy: actor.weights.slice() } }),
  playing: () => ({ sampling: {}, initialNoise: "zero" }),
  row: iterationRecord,
  score: evaluatedReturn,
});
