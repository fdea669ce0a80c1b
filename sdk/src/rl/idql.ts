// IDQL: values are an upper expectile of what the actions in memory are worth, the policy only imitates, and acting chooses among its
// samples, as its checkpoint does. Hansen-Estruch et al. 2023 (arXiv 2304.10573), algorithms 1 and 2; values: Kostrikov et al. 2021 (IQL, arXiv 2110.06169).
import { z } from "zod";
import { compile } from "../engine/compile.js";
import { Trainable } from "../engine/optimizer.js";
import { ParameterLayout } from "../engine/parameters.js";
import type { RandomStream } from "../engine/random.js";
import { type tf, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import type { Environments } from "../evaluation/environments.js";
import type { Act } from "../evaluation/play.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import { critic as buildCritic, criticOptions } from "../nn/critic.js";
import { repeated, type Observation } from "../nn/network.js";
import { count, keysBelow } from "../options.js";
import type { Tensors } from "../policies/definition.js";
import { hostObservation } from "../policies/host-observation.js";
import { emptyDraws, fillDraws, PolicyModel } from "../policies/policy-model.js";
import { inEnvironments, ownSampling } from "./declaration.js";
import {
  alternate,
  collecting,
  criticRates,
  expectWholeChunks,
  exploration,
  offPolicyKeys,
  plainSampling,
  replaying,
  type Exploration,
  type UpdateRates,
} from "./off-policy.js";
import { ReplayBuffer } from "./replay-buffer.js";
import { learningRates } from "./schedules.js";
import { criticWeights, twinCriticOptions, twinCritics, type CriticBatch } from "./twin-critics.js";
import { criticLoss, expectileLoss, least, valueTarget } from "./value-losses.js";

export const idqlOptions = z.strictObject({
  ...{ ...collecting, ...criticRates, ...replaying },
  targetRate: replaying.targetRate.unwrap().default(0.001).describe("share of the critics that their targets take"),
  expectile: z.number().min(0).max(1).default(0.8).describe("of action values in a state, its value"),
  evalSampleNum: count.default(20).describe("chunks to choose from whenever it acts"),
  evalDeterministic: z.boolean().default(true).describe("evaluations take the best of them"),
  useExpectileExploration: z
    .boolean()
    .default(true)
    .describe("while it explores, chunks above the state's value are likelier; false: the best is taken"),
  criticQ: twinCriticOptions,
  criticV: criticOptions.prefault({}).describe("network of the values of states"),
});
type IdqlOptions = z.output<typeof idqlOptions>;

const valueOf = ({ base }: Stage, o: IdqlOptions) =>
  buildCritic(o.criticV, base.model.network.encoder.stateSize, "critic_v.");
const qOf = (stage: Stage, { criticQ: critic }: IdqlOptions) => twinCritics(stage, { critic });

function parts(stage: Stage, o: IdqlOptions) {
  const { base, random, arena } = stage;
  expectWholeChunks(stage);
  const values = new ParameterLayout(valueOf(stage, o).parameters);
  return {
    actor: new Trainable(base.model.layout, base.weights),
    critic: criticWeights(qOf(stage, o), random),
    value: new Trainable(values, values.initialise(random.stream("value weights"))),
    buffer: new ReplayBuffer(o.bufferSize, arena.environments),
  };
}
type IdqlParts = ReturnType<typeof parts>;

/** The policy that chooses as evaluations do; `plain` where these draw lots. */
function chooserOf({ spec }: PolicyModel, { evalDeterministic, evalSampleNum: samples, criticQ: critic }: IdqlOptions) {
  return new PolicyModel({ ...spec, ...(evalDeterministic && { choice: { samples, critic } }) });
}

/**
 * Which of the values q of samples to take: the greatest, or at random, those above the state's value v with weight `expectile`, the
 * others with what is left of 1 (normalised).
 */
export function choose(
  q: Float32Array,
  v: number,
  { expectile }: Pick<IdqlOptions, "expectile">,
  random: RandomStream | null,
): number {
  if (!random) return q.reduce((best, value, i) => (value > q[best]! ? i : best), 0);
  const weights = Array.from(q, (value) => (value > v ? expectile : 1 - expectile));
  let left = random.uniform(new Float32Array(1))[0]! * weights.reduce((sum, weight) => sum + weight, 0);
  const chosen = weights.findIndex((weight) => (left -= weight) < 0);
  return chosen < 0 ? q.length - 1 : chosen;
}

async function* run(
  stage: Stage,
  { actor, critic, value, buffer }: IdqlParts,
  o: IdqlOptions,
): AsyncGenerator<Progress> {
  const { base, random, arena, compile: options } = stage;
  const { model, space } = base;
  const [critics, values] = [qOf(stage, o), valueOf(stage, o)];
  const views = {
    actor: actor.layout.views(actor.weights),
    target: critic.layout.views(critic.ema!),
    value: value.layout.views(value.weights),
  };

  const valueLoss = (weights: Weights, { observation, action, others }: ValueBatch) => {
    const target = least(critics.values(others.target, observation, action));
    const v = values.value(weights, observation);
    return { loss: expectileLoss(v, target, o.expectile), advantage: target.sub(v).mean() };
  };
  const qLoss = (weights: Weights, batch: QBatch) => {
    const next = values.value(batch.others.value, batch.nextObservation);
    const target = valueTarget(batch.reward, batch.terminated, next, o);
    return criticLoss(critics.values(weights, batch.observation, batch.action), target);
  };
  const actorLoss = (
    weights: Weights,
    { observation, action, draws }: Pick<CriticBatch, "observation" | "action" | "draws">,
  ) => ({
    loss: model.rowLosses(weights, { action, ...observation, ...draws }).mean(),
  });
  const valueStep = compileTraining(valueLoss, value, { name: "IDQL value loss", ...options });
  const qStep = compileTraining(qLoss, critic, { name: "IDQL critic loss", ...options });
  const actorStep = compileTraining(actorLoss, actor, { name: "IDQL actor loss", ...options });
  const draws = emptyDraws(model.trainingDraws, o.batchSize);

  /** Acts with one of `evalSampleNum` samples in each environment. */
  function chooser(
    { draws: wanted, sample }: Exploration,
    { count: E }: Environments,
    stream: RandomStream,
    greedy: boolean,
  ): Act {
    const N = o.evalSampleNum;
    type Input = { actor: Weights; target: Weights; value: Weights; observation: Observation; draws: Tensors };
    const candidates = compile(
      ({ actor: weights, target, value: v, observation, draws }: Input) => {
        const many = repeated(observation, N);
        const action = sample(weights, many, draws);
        return { action, q: least(critics.values(target, many, action)), v: values.value(v, observation) };
      },
      { name: "IDQL candidates", ...options },
    );
    stage.onDispose(() => candidates.dispose());
    const drawn = emptyDraws(wanted, E * N);
    return async (observations) => {
      fillDraws(wanted, drawn, stream);
      const observation = hostObservation(observations, space, E);
      const { action, q, v } = await candidates({ ...views, observation, draws: drawn });
      const width = action.data.length / (E * N);
      const out = new Float32Array(E * width);
      for (let i = 0; i < E; i++) {
        const own = (q.data as Float32Array).subarray(i * N, (i + 1) * N);
        const at = i * N + choose(own, v.data[i]!, o, greedy ? null : stream);
        out.set((action.data as Float32Array).subarray(at * width, (at + 1) * width), i * width);
      }
      return out;
    };
  }

  async function update({ actor: actorLr, critic: criticLr, learns }: UpdateRates) {
    const batch = buffer.sample(o.batchSize, random.stream("batches"));
    const { observation, action } = batch;
    const decay = { learningRate: criticLr, weightDecay: o.criticWeightDecay };
    const { loss: ofValue, advantage } = await valueStep({ observation, action, others: views });
    value.adamw(decay);
    const { loss: ofCritic, ...measured } = await qStep({ ...batch, others: views });
    critic.adamw(decay);
    critic.updateEma(1 - o.targetRate);
    const terms = { ...measured, valueLoss: ofCritic!, expectileLoss: ofValue!, advantage: advantage! };
    if (!learns) return terms;
    fillDraws(model.trainingDraws, draws, random.stream("noise"));
    const { loss } = await actorStep({ observation, action, draws });
    actor.adamw({ learningRate: actorLr, weightDecay: o.actorWeightDecay });
    return { ...terms, policyLoss: loss! };
  }

  const evaluating = stage.evaluationEnvironments;
  try {
    yield* alternate(stage, o, {
      act: chooser(exploration(model, o), arena.environments, random.stream("exploration"), !o.useExpectileExploration),
      buffer,
      evaluate: stage.evaluatorOf(
        chooser(plainSampling(model), evaluating, random.stream("evaluation"), o.evalDeterministic),
      ),
      rates: learningRates(o),
      replayRatio: o.replayRatio,
      update,
    });
  } finally {
    await Promise.all([valueStep.dispose(), qStep.dispose(), actorStep.dispose()]);
  }
}

interface ValueBatch {
  readonly observation: Observation;
  readonly action: tf.Tensor3D;
  readonly others: Readonly<Record<"target", Weights>>;
}

interface QBatch extends Omit<CriticBatch, "draws" | "others"> {
  readonly others: Readonly<Record<"value", Weights>>;
}

const { criticQ, criticV, ...plain } = idqlOptions.shape;

export const idql = defineAlgorithm({
  name: "idql",
  title: "IDQL",
  ...inEnvironments,
  presets: {},
  options: idqlOptions,
  keys: {
    ...offPolicyKeys(z.object(plain), { targetRate: "train.criticTau" }),
    ...keysBelow("model.criticQ", criticQ.unwrap(), "criticQ"),
    ...keysBelow("model.criticV", criticV.unwrap(), "criticV"),
  },
  makes: chooserOf,
  parts,
  run,
  learned({ actor, critic }, { base: { model: plain, normalization, environment } }, o) {
    const model = chooserOf(plain, o);
    const trained = { ...plain.views(actor.weights), ...critic.layout.views(critic.ema!) };
    const weights = new Float32Array(model.layout.size);
    for (const { name, offset } of model.layout.entries) weights.set(trained[name]!.data, offset);
    return { policy: { model, normalization, environment }, sets: { policy: weights } };
  },
  playing: ownSampling,
});
