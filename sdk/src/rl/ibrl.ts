// IBRL: a frozen imitation policy and a learner both propose a chunk, and the critics pick, when it acts and in the targets; many
// layer-normalised critics, many updates per chunk, demonstrations in the memory. Hu et al. 2023, "Imitation Bootstrapped
// Reinforcement Learning" (arXiv 2311.02198), algorithm 1.
import { z } from "zod";
import { compile } from "../engine/compile.js";
import { Trainable } from "../engine/optimizer.js";
import type { RandomStream } from "../engine/random.js";
import { hostTensor, tf, type Host, type HostTensor, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import type { Environments } from "../evaluation/environments.js";
import type { Act } from "../evaluation/play.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import type { Observation } from "../nn/network.js";
import { count, keysBelow } from "../options.js";
import type { Tensors } from "../policies/definition.js";
import { hostObservation } from "../policies/host-observation.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import { Averages } from "./averages.js";
import { centralChunk } from "./cloning.js";
import { refusesGradient, wholePolicy } from "./declaration.js";
import { demonstratedRows } from "./demonstrations.js";
import { isEvaluation } from "./iteration-record.js";
import { collect, collecting, criticRates, exploration, offPolicyKeys, replaying } from "./off-policy.js";
import { ReplayBuffer } from "./replay-buffer.js";
import { learningRates } from "./schedules.js";
import { criticWeights, normalizedCriticOptions, twinCritics, type CriticBatch } from "./twin-critics.js";
import { criticLoss, least, valueTarget } from "./value-losses.js";

const { iterations, gamma, rewardScale, valFreq, evaluationEpisodes } = collecting;
const { actorLr, actorLrScheduler, actorWeightDecay, minSamplingDenoisingStd } = collecting;

export const ibrlOptions = z.strictObject({
  ...{ iterations, gamma, rewardScale, actorLr, actorLrScheduler, actorWeightDecay, ...criticRates },
  criticLr: criticRates.criticLr.unwrap().default(1e-4).describe("learning rate of the critics"),
  steps: count.default(1000).describe("chunks per environment and iteration"),
  batchSize: count.default(256).describe("transitions per update, demonstrations among them"),
  bufferSize: replaying.bufferSize.unwrap().default(400_000).describe("transitions kept; at first the demonstrations"),
  targetRate: replaying.targetRate
    .unwrap()
    .default(0.01)
    .describe("share of critics and policy that their targets take at every update"),
  updateFreq: count.default(2).describe("chunks of an environment between updates"),
  criticNumUpdate: count.default(5).describe("updates of the critics at a time; the policy has one"),
  nCritics: z.int().min(2).default(5).describe("critics, all in one graph"),
  softActionSample: z
    .boolean()
    .default(true)
    .describe("while it explores, the better proposal is likelier; false: it is taken"),
  softActionSampleBeta: z.number().nonnegative().default(10).describe("how much likelier, per unit of value"),
  minSamplingDenoisingStd,
  critic: normalizedCriticOptions,
  valFreq,
  evaluationEpisodes: evaluationEpisodes.unwrap().default(10).describe("whole episodes per evaluation"),
});
type IbrlOptions = z.output<typeof ibrlOptions>;

function parts(stage: Stage, o: IbrlOptions) {
  const { base, random, arena } = stage;
  const buffer = new ReplayBuffer(o.bufferSize, arena.environments);
  buffer.load(demonstratedRows(stage));
  return {
    /** Begins as the imitation policy; its average is what targets ask. */
    actor: new Trainable(base.model.layout, base.weights, { ema: true }),
    /** Each with weights of its own; their averages are the targets. */
    critic: criticWeights(twinCritics(stage, o, o.nCritics), random),
    /** Demonstrations, and its own transitions. */
    buffer,
  };
}
type IbrlParts = ReturnType<typeof parts>;

/**
 * Probability of the learner's chunk beside that of the imitation policy, by the softmax of beta times their values.
 */
export function ownShare(ownValue: number, imitatedValue: number, beta: number): number {
  return 1 / (1 + Math.exp(-beta * (ownValue - imitatedValue)));
}

interface ValueBatch extends Omit<CriticBatch, "others"> {
  /** Critics whose smallest value counts (k). */
  readonly members: tf.Tensor1D;
  readonly others: Readonly<Record<"imitation" | "actor" | "target", Weights>>;
}

interface ActorBatch {
  readonly observation: Observation;
  readonly draws: Tensors;
  /** Masks of dropout, which lie in the table of weights. */
  readonly masks: Weights;
  readonly critic: Weights;
}

async function* run(stage: Stage, { actor, critic, buffer }: IbrlParts, o: IbrlOptions): AsyncGenerator<Progress> {
  const { base, random, arena, compile: options } = stage;
  const { model, space } = base;
  const { count: E, actionSteps } = arena.environments;
  const critics = twinCritics(stage, o, o.nCritics);
  const explore = exploration(model, o);
  const views = {
    /** Frozen. */
    imitation: model.views(base.weights.slice()),
    actor: actor.layout.views(actor.weights),
    targetActor: actor.layout.views(actor.ema!),
    critic: critic.layout.views(critic.weights),
    target: critic.layout.views(critic.ema!),
  };

  const executed = (chunk: tf.Tensor3D) => chunk.slice([0, 0], [-1, actionSteps]);
  const central = (weights: Weights, observation: Observation) =>
    executed(centralChunk(model, weights, model.network.encoder.apply(weights, observation), {}));
  const explored = (...given: Parameters<typeof explore.sample>) => executed(explore.sample(...given));
  /** The smallest value (B) of a chunk by some of the critics. */
  const judged = (weights: Weights, observation: Observation, action: tf.Tensor, members: tf.Tensor1D) =>
    tf.gather(tf.stack(critics.values(weights, observation, action)), members.cast("int32")).min(0);

  const valueLoss = (weights: Weights, batch: ValueBatch) => {
    const { nextObservation, others, members } = batch;
    const proposals = [
      central(others.imitation, nextObservation),
      explored(others.actor, nextObservation, batch.draws),
    ] as const;
    const [imitated, own] = proposals.map((action) => judged(others.target, nextObservation, action, members));
    const target = valueTarget(batch.reward, batch.terminated, tf.maximum(imitated!, own!), o);
    return criticLoss(critics.values(weights, batch.observation, batch.action), target);
  };
  const actorLoss = (weights: Weights, { observation, draws, masks, critic }: ActorBatch) => {
    const action = explored({ ...weights, ...masks }, observation, draws);
    return {
      loss: least(critics.values(critic, observation, action))
        .mean()
        .neg(),
    };
  };
  const updateCritic = compileTraining(valueLoss, critic, { name: "IBRL critic loss", ...options });
  const updateActor = compileTraining(actorLoss, actor, { name: "IBRL actor loss", ...options });
  const rates = learningRates({ ...o, nCriticWarmupItr: 0 });

  const members = (indices: Int32Array): HostTensor => hostTensor(Float32Array.from(indices), [indices.length]);
  const pair = (stream: RandomStream) => members(stream.permutation(o.nCritics).subarray(0, 2));
  const everyone = members(Int32Array.from({ length: o.nCritics }, (_, i) => i));

  let [imitatedChunks, chunks] = [0, 0];
  /** Acts with the better of both proposals; `explores`: of noisy ones, under two critics, and not always. */
  function chooser({ count: rows }: Environments, stream: RandomStream, explores: boolean): Act {
    type Input = { observation: Observation; draws: Tensors; members: tf.Tensor1D } & Record<
      "imitation" | "actor" | "critic",
      Weights
    >;
    const proposals = compile(
      ({ imitation, actor: weights, critic: judge, observation, draws, members }: Input) => {
        const imitated = central(imitation, observation);
        const own = explores ? explored(weights, observation, draws) : central(weights, observation);
        const [imitatedValue, ownValue] = [imitated, own].map((chunk) => judged(judge, observation, chunk, members));
        return { imitated, own, imitatedValue: imitatedValue!, ownValue: ownValue! };
      },
      { name: "IBRL proposals", ...options },
    );
    stage.onDispose(() => proposals.dispose());
    const draws = emptyDraws(explore.draws, rows);
    return async (observations) => {
      if (explores) fillDraws(explore.draws, draws, stream);
      const { imitation, actor, critic } = views;
      const observation = hostObservation(observations, space, rows);
      const judges = explores ? pair(stream) : everyone;
      const found = await proposals({ imitation, actor, critic, observation, draws, members: judges });
      const out = Float32Array.from(found.own.data);
      const width = out.length / rows;
      const isSoft = explores && o.softActionSample;
      const luck = isSoft ? stream.uniform(new Float32Array(rows)) : undefined;
      for (let i = 0; i < rows; i++) {
        const [ownValue, imitatedValue] = [found.ownValue.data[i]!, found.imitatedValue.data[i]!];
        const takesOwn = luck
          ? luck[i]! < ownShare(ownValue, imitatedValue, o.softActionSampleBeta)
          : ownValue >= imitatedValue;
        if (!takesOwn) out.set(found.imitated.data.subarray(i * width, (i + 1) * width), i * width);
        if (explores) [imitatedChunks, chunks] = [imitatedChunks + Number(!takesOwn), chunks + 1];
      }
      return out;
    };
  }

  const draws = emptyDraws(explore.draws, o.batchSize);
  const training = emptyDraws(model.trainingDraws, o.batchSize);
  const masks = Object.fromEntries((model.trainingDraws.onlyTraining ?? []).map((name) => [name, training[name]!]));
  function refresh(): void {
    fillDraws(explore.draws, draws, random.stream("noise"));
  }

  /** Several updates of the critics, then one of the policy on the last batch; targets follow each. */
  async function update(): Promise<Record<string, number>> {
    const { actor: actorLr, critic: learningRate } = rates(stage.iteration);
    const stream = random.stream("batches");
    const others = { imitation: views.imitation, actor: views.targetActor, target: views.target };
    let batch: Host<ValueBatch>;
    let measured: Record<string, number> = {};
    for (let i = 0; i < o.criticNumUpdate; i++) {
      refresh();
      batch = { ...buffer.sample(o.batchSize, stream), draws, members: pair(stream), others };
      measured = await updateCritic(batch);
      critic.adamw({ learningRate, weightDecay: o.criticWeightDecay });
      critic.updateEma(1 - o.targetRate);
    }
    refresh();
    if (Object.keys(masks).length > 0) fillDraws(model.trainingDraws, training, random.stream("noise"));
    const { loss } = await updateActor({ observation: batch!.observation, draws, masks, critic: views.critic });
    actor.adamw({ learningRate: actorLr, weightDecay: o.actorWeightDecay });
    actor.updateEma(1 - o.targetRate);
    const { loss: valueLoss, ...values } = measured;
    return { ...values, valueLoss: valueLoss!, policyLoss: loss! };
  }

  const act = chooser(arena.environments, random.stream("exploration"), true);
  const evaluate = stage.evaluatorOf(chooser(stage.evaluationEnvironments, random.stream("evaluation"), false));
  try {
    while (stage.iteration < o.iterations) {
      if (isEvaluation(stage.iteration, o)) {
        yield { mode: "evaluation", episodes: await evaluate(o.evaluationEpisodes) };
        continue;
      }
      const averages = new Averages();
      [imitatedChunks, chunks] = [0, 0];
      let steps = 0;
      const episodes = await collect(stage, act, buffer, o, async () => {
        if (++steps % o.updateFreq !== 0) return;
        for (let i = 0; i < E; i++) averages.add(await update());
      });
      const terms = { ...averages.record(), imitationShare: imitatedChunks / chunks, bufferSize: buffer.size };
      yield { mode: "training", episodes, terms };
    }
  } finally {
    await Promise.all([updateCritic.dispose(), updateActor.dispose()]);
  }
}

const { critic, nCritics, softActionSample, softActionSampleBeta, ...inTrain } = ibrlOptions.shape;

export const ibrl = defineAlgorithm({
  name: "ibrl",
  title: "IBRL",
  ...wholePolicy,
  options: ibrlOptions,
  keys: {
    ...offPolicyKeys(z.object(inTrain), { evaluationEpisodes: "train.nEvalEpisode" }),
    ...keysBelow("model", z.object({ nCritics, softActionSample, softActionSampleBeta })),
    ...keysBelow("model.critic", critic.unwrap(), "critic"),
  },
  wantsData: true,
  refuses: refusesGradient,
  parts,
  run,
  playing: () => ({ sampling: {}, initialNoise: "zero" }),
});
