// RLPD: soft actor-critic whose batches are half demonstrations, with many layer-normalised critics and many updates per chunk. Ball et al.
// 2023 (arXiv 2302.02948), algorithm 1; targets from a random pair of critics: Chen et al. 2021 (REDQ, arXiv 2101.05982).
import { z } from "zod";
import { compile } from "../engine/compile.js";
import { Trainable } from "../engine/optimizer.js";
import { constant, ParameterLayout } from "../engine/parameters.js";
import { hostTensor, tf, type Host, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import type { FinishedEpisode } from "../evaluation/episode-statistics.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import { actionCriticOptions } from "../nn/critic.js";
import type { Observation } from "../nn/network.js";
import { count, keysBelow } from "../options.js";
import type { Tensors } from "../policies/definition.js";
import { hostObservation } from "../policies/host-observation.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import type { Observations } from "../space.js";
import { Averages } from "./averages.js";
import { demonstratedTransitions } from "./demonstrations.js";
import { evaluatedReturn, iterationRecord } from "./iteration-record.js";
import { collecting, criticRates, isEvaluation, offPolicyKeys, replaying } from "./off-policy.js";
import { joined, ReplayBuffer } from "./replay-buffer.js";
import { scalar } from "./rollout.js";
import { learningRates } from "./schedules.js";
import { criticWeights, twinCritics } from "./twin-critics.js";
import { criticLoss, valueTarget } from "./value-losses.js";

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
  critic: actionCriticOptions.prefault({ useLayernorm: true }).describe("networks of the values of actions"),
  valFreq,
  evaluationEpisodes: evaluationEpisodes.unwrap().default(10).describe("whole episodes per evaluation"),
});
type RlpdOptions = z.output<typeof rlpdOptions>;

function parts(stage: Stage, o: RlpdOptions) {
  const { base, random, arena } = stage;
  const temperature = new ParameterLayout([{ name: "log_alpha", shape: [1], initialise: constant(0) }]);
  return {
    actor: new Trainable(base.model.layout, base.weights),
    /** Each with weights of its own; their averages are the targets. */
    critic: criticWeights(twinCritics(stage, o, o.nCritics), random),
    temperature: new Trainable(temperature, Float32Array.of(Math.log(o.initialTemperature))),
    /** Its own transitions; the demonstrations are read again from their file. */
    buffer: new ReplayBuffer(o.bufferSize, arena.environments),
  };
}
type RlpdParts = ReturnType<typeof parts>;

interface Batch {
  readonly observation: Observation;
  readonly action: tf.Tensor3D;
  readonly reward: tf.Tensor1D;
  readonly nextObservation: Observation;
  readonly terminated: tf.Tensor1D;
  readonly draws: Tensors;
  readonly alpha: tf.Scalar;
  /** Critics whose smaller value is the target (2). */
  readonly pair: tf.Tensor1D;
  readonly others: Readonly<Record<"actor" | "target" | "critic", Weights>>;
}

async function* run(
  stage: Stage,
  { actor, critic, temperature, buffer }: RlpdParts,
  o: RlpdOptions,
): AsyncGenerator<Progress> {
  const { base, arena, random, compile: options, signal } = stage;
  const { environments } = arena;
  const { count: E, actionSteps, space } = environments;
  const { model } = base;
  const path = model.path();
  const critics = twinCritics(stage, o, o.nCritics);
  const demonstrated = demonstratedTransitions(stage);
  const targetEntropy = o.targetEntropy ?? -actionSteps * space.actionDim;
  const [offline, own] = [
    Math.round(o.batchSize * o.offlineShare),
    o.batchSize - Math.round(o.batchSize * o.offlineShare),
  ];

  const act = (weights: Weights, observation: Observation, draws: Tensors) => {
    const sampled = path.sample(weights, model.network.encoder.apply(weights, observation), draws, {});
    return { ...sampled, action: sampled.action.slice([0, 0], [-1, actionSteps]) };
  };
  const valueLoss = (weights: Weights, batch: Batch) => {
    const next = act(batch.others.actor, batch.nextObservation, batch.draws);
    const all = tf.stack(critics.values(batch.others.target, batch.nextObservation, next.action));
    const nextValue = tf.gather(all, batch.pair.cast("int32")).min(0);
    const entropy = o.backupEntropy ? next.logProbability.mul(batch.alpha) : tf.zerosLike(next.logProbability);
    const target = valueTarget(batch.reward, batch.terminated, nextValue.sub(entropy), o);
    return criticLoss(critics.values(weights, batch.observation, batch.action), target);
  };
  const actorLoss = (weights: Weights, batch: Batch) => {
    const { action, logProbability } = act(weights, batch.observation, batch.draws);
    const value = tf.addN(critics.values(batch.others.critic, batch.observation, action)).div(critics.count);
    return { loss: logProbability.mul(batch.alpha).sub(value).mean(), logProb: logProbability.mean() };
  };
  const updateCritic = compileTraining(valueLoss, critic, { name: "RLPD critic loss", ...options });
  const updateActor = compileTraining(actorLoss, actor, { name: "RLPD actor loss", ...options });
  const sample = compile<{ weights: Weights; observation: Observation; draws: Tensors }, tf.Tensor3D>(
    ({ weights, observation, draws }) => act(weights, observation, draws).action,
    { name: "RLPD acting", ...options },
  );
  const others = {
    actor: actor.layout.views(actor.weights),
    critic: critic.layout.views(critic.weights),
    target: critic.layout.views(critic.ema!),
  };
  const [batchDraws, actingDraws] = [emptyDraws(path.draws, o.batchSize), emptyDraws(path.draws, E)];
  const evaluate = stage.evaluator(
    { model, weights: actor.weights, space: base.space },
    { sampling: {}, initialNoise: "zero" },
  );
  const rates = learningRates({ ...o, nCriticWarmupItr: 0 });
  const alpha = () => Math.exp(temperature.weights[0]!);

  /** Own and demonstrated transitions, and a random pair of critics. */
  function drawn(): Host<Batch> {
    const stream = random.stream("batches");
    fillDraws(path.draws, batchDraws, random.stream("noise"));
    const mine = buffer.sample(own, stream);
    const both =
      offline === 0
        ? mine
        : own === 0
          ? demonstrated.sample(offline, stream)
          : joined(mine, demonstrated.sample(offline, stream));
    const pair = Float32Array.from(stream.permutation(o.nCritics).subarray(0, 2));
    return { ...both, alpha: scalar(alpha()), others, draws: batchDraws, pair: hostTensor(pair, [pair.length]) };
  }

  /** Several updates of the critics, then one of policy and temperature on the last batch. */
  async function update(iteration: number): Promise<Record<string, number>> {
    const { actor: actorRate, critic: criticRate } = rates(iteration);
    let batch = drawn();
    let measured: Record<string, number> = {};
    for (let i = 0; i < o.criticNumUpdate; i++, batch = i < o.criticNumUpdate ? drawn() : batch) {
      measured = await updateCritic(batch);
      critic.adamw({ learningRate: criticRate, weightDecay: o.criticWeightDecay });
      critic.updateEma(1 - o.targetRate);
    }
    const { loss: ofCritics, ...values } = measured;
    const { loss: policyLoss, logProb } = await updateActor(batch);
    actor.adamw({ learningRate: actorRate, weightDecay: o.actorWeightDecay });
    temperature.gradient[0] = -alpha() * (logProb! + targetEntropy);
    temperature.adam({ learningRate: criticRate });
    return { ...values, valueLoss: ofCritics!, policyLoss: policyLoss!, entropy: -logProb!, temperature: alpha() };
  }

  const explored = () =>
    random.stream("exploration").uniform(new Float32Array(E * actionSteps * space.actionDim), -1, 1);
  const acted = async (observations: Observations) => {
    fillDraws(path.draws, actingDraws, random.stream("acting"));
    const observation = hostObservation(observations, space, E);
    return (await sample({ weights: others.actor, observation, draws: actingDraws })).data as Float32Array;
  };

  try {
    while (stage.iteration < o.iterations) {
      const { iteration } = stage;
      if (isEvaluation(iteration, o)) {
        yield { mode: "evaluation", episodes: await evaluate(o.evaluationEpisodes) };
        continue;
      }
      if (await arena.begin()) buffer.leaveEpisodes();
      const episodes: FinishedEpisode[] = [];
      const averages = new Averages();
      for (let step = 0; step < o.steps; step++) {
        signal?.throwIfAborted();
        const before = structuredClone(environments.observations);
        const actions = buffer.size < o.explorationSteps ? explored() : await acted(before);
        episodes.push(...(await arena.step(actions)));
        buffer.add(before, actions, environments);
        if (buffer.size < Math.max(o.explorationSteps, own)) continue;
        for (let i = 0; i < E; i++) averages.add(await update(iteration));
      }
      yield { mode: "training", episodes, terms: { ...averages.record(), bufferSize: buffer.size } };
    }
  } finally {
    await Promise.all([updateCritic.dispose(), updateActor.dispose(), sample.dispose()]);
  }
}

const { critic, nCritics, backupEntropy, ...inTrain } = rlpdOptions.shape;

export const rlpd = defineAlgorithm({
  name: "rlpd",
  title: "RLPD",
  kind: "finetuning",
  options: rlpdOptions,
  presets: {},
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
