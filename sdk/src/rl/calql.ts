// Cal-QL: soft actor-critic whose critics stay below the data's returns for actions that nobody took, but not further below than
// what the data earned, so that learning goes on in the environment without a slump. Nakamoto et al. 2023 (arXiv 2303.05479),
// algorithm 1 and eq. 5; the conservative term is that of Kumar et al. 2020 (CQL, arXiv 2006.04779), eq. 4. First on
// demonstrations alone, then, in a run of its own, on batches that are half its own transitions.
import { z } from "zod";
import { Trainable } from "../engine/optimizer.js";
import { hostTensor, tf, type Host, type HostTensor, type Weights } from "../engine/tensor.js";
import type { RandomStream } from "../engine/random.js";
import { compileTraining } from "../engine/training-step.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import { repeated } from "../nn/network.js";
import { count, keysBelow } from "../options.js";
import type { Tensors } from "../policies/definition.js";
import { emptyDraws, fillDraws } from "../policies/policy-model.js";
import { Averages } from "./averages.js";
import { refusesDensity, refusesGradient, wholePolicy } from "./declaration.js";
import { demonstratedRows, demonstratedTransitions } from "./demonstrations.js";
import { isEvaluation } from "./iteration-record.js";
import { collect, collecting, criticRates, evaluationOf, offPolicyKeys, replaying } from "./off-policy.js";
import { joined, ReplayBuffer, type Transitions } from "./replay-buffer.js";
import { column } from "./rollout.js";
import { learningRates } from "./schedules.js";
import { softActor, temperatureFrom, type SoftBatch } from "./soft-actor.js";
import { criticWeights, normalizedCriticOptions, twinCritics } from "./twin-critics.js";
import { criticLoss, least, valueTarget } from "./value-losses.js";

const { iterations, gamma, rewardScale, valFreq, evaluationEpisodes } = collecting;
const { actorLr, actorLrScheduler, actorWeightDecay } = collecting;
const limit = z.number().nullable().default(null);

export const calqlOptions = z.strictObject({
  iterations,
  trainOnline: z
    .boolean()
    .default(false)
    .describe("acts, and learns from what it did too; false: demonstrations alone"),
  numUpdate: count.default(1000).describe("on demonstrations alone: updates per iteration"),
  nEpisodePerEpoch: count.default(1).describe("while it acts: episodes per iteration"),
  onlineUtdRatio: z.number().positive().default(1).describe("while it acts: updates per chunk"),
  explorationSteps: z.int().nonnegative().default(0).describe("first chunks that are uniformly random"),
  ...{ gamma, rewardScale, actorLr, actorLrScheduler, actorWeightDecay, ...criticRates },
  criticLr: criticRates.criticLr.unwrap().default(3e-4).describe("learning rate of critics and temperature"),
  batchSize: count.default(256).describe("transitions per update; while it acts, half of them demonstrations"),
  bufferSize: replaying.bufferSize,
  targetRate: replaying.targetRate,
  cqlMinQWeight: z.number().nonnegative().default(5).describe("weight of the conservative term"),
  nRandomActions: count.default(10).describe("random chunks per state in the conservative term"),
  cqlNActions: count.default(10).describe("chunks per state of which the best is the target"),
  cqlClipDiffMin: limit.describe("least conservative difference of a row; null: any"),
  cqlClipDiffMax: limit.describe("greatest one; null: any"),
  randomDensity: z
    .enum(["uniform", "reference"])
    .default("uniform")
    .describe("of random chunks: its logarithm; or the density itself, as in the reference"),
  initialTemperature: z.number().positive().default(1).describe("weight of the entropy at first"),
  automaticEntropyTuning: z.boolean().default(true).describe("it adapts"),
  targetEntropy: z.number().nullable().default(null).describe("of a chunk; null: minus its number of entries"),
  critic: normalizedCriticOptions,
  valFreq,
  evaluationEpisodes: evaluationEpisodes.unwrap().default(10).describe("whole episodes per evaluation"),
});
type CalqlOptions = z.output<typeof calqlOptions>;

function parts(stage: Stage, o: CalqlOptions) {
  const { base, random, arena } = stage;
  return {
    actor: new Trainable(base.model.layout, base.weights),
    /** Its average is the target network. */
    critic: criticWeights(twinCritics(stage, o), random),
    temperature: temperatureFrom(o.initialTemperature),
    /** Its own transitions; the demonstrations are read again from their file. */
    buffer: new ReplayBuffer(o.trainOnline ? o.bufferSize : 1, arena.environments),
  };
}
type CalqlParts = ReturnType<typeof parts>;

/**
 * How much a critic values chunks that nobody took above those of the data (B): ln of the sum of exp(value - ln density) over what
 * was proposed, minus the data's value. A policy's chunk counts at least as much as the data earned from there on.
 *
 * @param data values of the data's chunks (B), `returns` (B) what they earned.
 * @param random values of random chunks (B, n), of log density `logDensity`.
 * @param proposed values (B) of chunks of the policy, with their log densities.
 */
export function conservativeGap(
  data: tf.Tensor,
  returns: tf.Tensor,
  random: tf.Tensor,
  logDensity: number,
  proposed: readonly { readonly value: tf.Tensor; readonly logProbability: tf.Tensor }[],
): tf.Tensor {
  const calibrated = proposed.map(({ value, logProbability }) =>
    tf.maximum(value, returns).sub(logProbability).expandDims(1),
  );
  return tf.logSumExp(tf.concat([random.sub(logDensity), ...calibrated], 1), 1).sub(data);
}

interface Batch extends SoftBatch {
  /** Discounted reward from each transition on (B). */
  readonly returns: tf.Tensor1D;
  /** Uniform chunks (B n, Te, Da). */
  readonly random: tf.Tensor3D;
  /** Randomness of the policy's chunks: here, where a transition leads, and the many of which the best is the target. */
  readonly proposals: Readonly<Record<"here" | "next" | "target", Tensors>>;
}

/** Transitions and what they earned. */
type Earned = Transitions & { readonly returns: HostTensor };

async function* run(stage: Stage, parts: CalqlParts, o: CalqlOptions): AsyncGenerator<Progress> {
  const { base, arena, random, compile } = stage;
  const { actor, critic, buffer } = parts;
  const { count: E, actionSteps } = arena.environments;
  const size = actionSteps * base.space.actionDim;
  const [B, N, M] = [o.batchSize, o.nRandomActions, o.cqlNActions];
  const critics = twinCritics(stage, o);
  const soft = softActor(stage, parts, o);
  const logDensity = o.randomDensity === "uniform" ? -size * Math.LN2 : 0.5 ** size;

  const valueLoss = (weights: Weights, batch: Batch) => {
    const { observation, nextObservation, others, proposals, returns } = batch;
    const many = repeated(nextObservation, M);
    const followed = soft.act(others.actor, many, proposals.target).action;
    const followedValue = least(critics.values(others.target, many, followed));
    const target = valueTarget(batch.reward, batch.terminated, followedValue.reshape([B, M]).max(1), o);
    const here = soft.act(others.actor, observation, proposals.here);
    const next = soft.act(others.actor, nextObservation, proposals.next);
    const seen = [observation, observation, nextObservation, repeated(observation, N)];
    const all = critics.values(
      weights,
      { state: tf.concat(seen.map(({ state }) => state)) },
      tf.concat([batch.action, here.action, next.action, batch.random]),
    );
    const split = all.map(
      (values) => tf.split(values, [B, B, B, B * N]) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor],
    );
    const gaps = split.map(([data, ofHere, ofNext, ofRandom]) =>
      conservativeGap(data, returns, ofRandom.reshape([B, N]), logDensity, [
        { value: ofHere, logProbability: here.logProbability },
        { value: ofNext, logProbability: next.logProbability },
      ])
        .clipByValue(o.cqlClipDiffMin ?? -LARGEST, o.cqlClipDiffMax ?? LARGEST)
        .mean(),
    );
    const { loss, ...measured } = criticLoss(
      split.map(([data]) => data),
      target,
    );
    const gap = tf.addN(gaps);
    const boundedShare = split[0]![1].less(returns).cast("float32").mean();
    return { loss: loss.add(gap.mul(o.cqlMinQWeight)), ...measured, conservativeGap: gap, boundedShare };
  };
  const updateCritic = compileTraining(valueLoss, critic, { name: "Cal-QL critic loss", ...compile });
  const updateActor = compileTraining(soft.loss(critics, least), actor, { name: "Cal-QL actor loss", ...compile });
  const evaluate = evaluationOf(stage, actor.weights, { evaluationNoise: "zero" });
  const rates = learningRates({ ...o, nCriticWarmupItr: 0 });

  const rows = { here: B, next: B, target: B * M };
  const proposals = Object.fromEntries(
    Object.entries(rows).map(([name, count]) => [name, emptyDraws(soft.draws, count)]),
  ) as Host<Batch["proposals"]>;
  const uniform = hostTensor(new Float32Array(B * N * size), [B * N, actionSteps, base.space.actionDim]);

  /** Draws transitions of which it is known what they earned. */
  function sampler(from: ReplayBuffer, returns: ArrayLike<number>) {
    const known = Int32Array.from(Array.from({ length: from.size }, (_, i) => i).filter((i) => isFinite(returns[i]!)));
    return (count: number, stream: RandomStream): Earned => {
      const indices = stream.integers(new Int32Array(count), known.length).map((i) => known[i]!);
      return { ...from.at(indices), returns: column(Array.from(indices, (i) => o.rewardScale * returns[i]!)) };
    };
  }
  const demonstrations = demonstratedRows(stage, o.gamma);
  const demonstrated = sampler(demonstratedTransitions(stage, demonstrations), demonstrations.returnsToGo);

  async function update(transitions: Earned): Promise<Record<string, number>> {
    const { actor: actorLr, critic: learningRate } = rates(stage.iteration);
    for (const drawn of Object.values(proposals)) fillDraws(soft.draws, drawn, random.stream("noise"));
    random.stream("noise").uniform(uniform.data as Float32Array, -1, 1);
    const batch: Host<Batch> = { ...transitions, ...soft.inputs(), proposals, random: uniform };
    const { loss: ofCritics, ...measured } = await updateCritic(batch);
    critic.adamw({ learningRate, weightDecay: o.criticWeightDecay });
    critic.updateEma(1 - o.targetRate);
    const { loss: policyLoss, logProb } = await updateActor(batch);
    actor.adamw({ learningRate: actorLr, weightDecay: o.actorWeightDecay });
    if (o.automaticEntropyTuning) soft.adjust(logProb!, learningRate);
    const terms = { policyLoss: policyLoss!, entropy: -logProb!, temperature: soft.alpha() };
    return { ...measured, valueLoss: ofCritics!, ...terms };
  }

  try {
    while (stage.iteration < o.iterations) {
      if (isEvaluation(stage.iteration, o)) {
        yield { mode: "evaluation", episodes: await evaluate(o.evaluationEpisodes) };
        continue;
      }
      const averages = new Averages();
      const learn = async (updates: number, draw: (stream: RandomStream) => Earned) => {
        for (let i = 0; i < updates; i++) {
          stage.signal?.throwIfAborted();
          averages.add(await update(draw(random.stream("batches"))));
        }
      };
      if (!o.trainOnline) {
        await learn(o.numUpdate, (stream) => demonstrated(B, stream));
        yield { mode: "offline", episodes: [], terms: averages.record() };
        continue;
      }
      let chunks = 0;
      const wanted = { episodes: o.nEpisodePerEpoch };
      const episodes = await collect(stage, soft.explore, buffer, wanted, async () => void (chunks += E));
      const own = sampler(buffer, buffer.returnsToGo(o.gamma));
      const half = Math.ceil(B / 2);
      await learn(Math.round(chunks * o.onlineUtdRatio), (stream) => {
        const [mine, theirs] = [own(half, stream), demonstrated(B - half, stream)];
        const returns = column([...mine.returns.data, ...theirs.returns.data]);
        return { ...joined(mine, theirs), returns };
      });
      yield { mode: "training", episodes, terms: { ...averages.record(), bufferSize: buffer.size } };
    }
  } finally {
    await Promise.all([updateCritic.dispose(), updateActor.dispose()]);
  }
}

/** Beyond any difference of values. */
const LARGEST = 3e38;

const { critic, cqlMinQWeight, cqlNActions, cqlClipDiffMin, cqlClipDiffMax, randomDensity, ...plain } =
  calqlOptions.shape;

export const calql = defineAlgorithm({
  name: "calql",
  title: "Cal-QL",
  ...wholePolicy,
  options: calqlOptions,
  keys: {
    ...offPolicyKeys(z.object(plain), {
      explorationSteps: "train.nExploreSteps",
      initialTemperature: "train.initTemperature",
      evaluationEpisodes: "train.nEvalEpisode",
    }),
    ...keysBelow("model", z.object({ cqlMinQWeight, cqlNActions, cqlClipDiffMin, cqlClipDiffMax, randomDensity })),
    ...keysBelow("model.critic", critic.unwrap(), "critic"),
  },
  wantsData: true,
  handsOn: ["actor", "critic", "temperature"],
  refuses: (model) => refusesDensity(model) ?? refusesGradient(model),
  parts,
  run,
  playing: () => ({ sampling: {}, initialNoise: "zero" }),
});
