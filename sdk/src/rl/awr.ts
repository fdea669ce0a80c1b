// AWR: imitate one's own actions, those that turned out better than expected more. Peng et al. 2019 (arXiv 1910.00177), algorithm 1.
import { z } from "zod";
import { compile } from "../engine/compile.js";
import { Trainable } from "../engine/optimizer.js";
import { ParameterLayout } from "../engine/parameters.js";
import { hostTensor, type tf, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import { critic as buildCritic, criticOptions } from "../nn/critic.js";
import type { HostObservation, Observation } from "../nn/network.js";
import { count, keysBelow } from "../options.js";
import { Averages } from "./averages.js";
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
  type UpdateRates,
} from "./off-policy.js";
import { ReplayBuffer } from "./replay-buffer.js";
import { learningRates } from "./schedules.js";
import { tdLambda } from "./td-lambda.js";
import { exponentialWeight, populationStandardized, weightedImitation } from "./weighted-imitation.js";

export const awrOptions = z.strictObject({
  ...{ ...collecting, ...criticRates },
  bufferSize: count.default(5000).describe("chunks kept of each environment"),
  replayRatio: count.default(64).describe("samples that the policy learns from per chunk collected"),
  criticUpdateRatio: count.default(4).describe("updates of the policy to one of the critic"),
  tdLambda: z.number().min(0).max(1).default(0.95).describe("share of later errors in a target"),
  tdRate: z.number().positive().max(1).default(0.95).describe("share of an error that a target moves by"),
  beta: z.number().positive().default(10).describe("how much better actions count more"),
  maxAdvWeight: z.number().positive().default(100).describe("most that a chunk counts"),
  critic: criticOptions.prefault({}).describe("network of the values of states"),
});
type AwrOptions = z.output<typeof awrOptions>;

const criticOf = ({ base }: Stage, o: AwrOptions) =>
  buildCritic(o.critic, base.model.network.encoder.stateSize, "critic.");

/** Weights (N) of transitions by what they brought beyond what was expected, in deviations of it. */
export function advantageWeights(
  targets: Float32Array,
  values: Float32Array,
  { beta, maxAdvWeight }: Pick<AwrOptions, "beta" | "maxAdvWeight">,
): number[] {
  const advantages = Array.from(targets, (target, i) => target - values[i]!);
  return populationStandardized(advantages, 1e-6).map((advantage) => exponentialWeight(advantage, beta, maxAdvWeight));
}

function parts(stage: Stage, o: AwrOptions) {
  const { base, random, arena } = stage;
  const { environments } = arena;
  expectWholeChunks(stage);
  const values = new ParameterLayout(criticOf(stage, o).parameters);
  return {
    actor: new Trainable(base.model.layout, base.weights),
    critic: new Trainable(values, values.initialise(random.stream("critic weights"))),
    buffer: new ReplayBuffer(o.bufferSize * environments.count, environments),
  };
}
type AwrParts = ReturnType<typeof parts>;

interface CriticBatch {
  readonly observation: Observation;
  readonly target: tf.Tensor1D;
}

async function* run(stage: Stage, { actor, critic, buffer }: AwrParts, o: AwrOptions): AsyncGenerator<Progress> {
  const { base, random, arena, compile: options, signal } = stage;
  const { model } = base;
  const values = criticOf(stage, o);
  const criticLoss = (weights: Weights, { observation, target }: CriticBatch) => {
    const value = values.value(weights, observation);
    return {
      loss: value.sub(target).square().mean(),
      meanValue: value.mean(),
      tdError: value.sub(target).abs().mean(),
    };
  };
  const criticStep = compileTraining(criticLoss, critic, { name: "AWR critic loss", ...options });
  const evaluateCritic = compile<{ weights: Weights; observation: Observation }, tf.Tensor1D>(
    ({ weights, observation }) => values.value(weights, observation),
    { name: "AWR values", ...options },
  );
  const imitation = weightedImitation(model, actor, random.stream("noise"), options);
  const weights = critic.layout.views(critic.weights);

  /** Values of the observations of transitions `indices`, in batches of one size. */
  async function valuesOf(indices: Int32Array, observations: (rows: Int32Array) => HostObservation) {
    const all = new Float32Array(indices.length);
    for (let start = 0; start < indices.length; start += o.batchSize) {
      const rows = Int32Array.from(
        { length: o.batchSize },
        (_, i) => indices[Math.min(start + i, indices.length - 1)]!,
      );
      const { data } = await evaluateCritic({ weights, observation: observations(rows) });
      all.set((data as Float32Array).subarray(0, indices.length - start), start);
    }
    return all;
  }
  /** V and its TD(lambda) target for everything in memory. */
  async function targets() {
    const all = Int32Array.from({ length: buffer.size }, (_, index) => index);
    const value = await valuesOf(all, (rows) => buffer.observationsAt(rows));
    const last = all.filter((index) => buffer.following(index) < 0);
    const after = await valuesOf(last, (rows) => buffer.at(rows).nextObservation);
    const nextValues = new Map(Array.from(last, (index, i) => [index, after[i]!]));
    const { gamma, rewardScale, tdLambda: lambda, tdRate: rate } = o;
    return { value, target: tdLambda(buffer, value, (i) => nextValues.get(i)!, { gamma, lambda, rate, rewardScale }) };
  }

  async function update({ actor: actorLr, critic: criticLr, learns }: UpdateRates) {
    const averages = new Averages();
    const updates = Math.max(1, Math.floor((o.steps * arena.environments.count * o.replayRatio) / o.batchSize));
    const { target: goals } = await targets();
    for (let i = 0; i < Math.max(1, Math.floor(updates / o.criticUpdateRatio)); i++) {
      signal?.throwIfAborted();
      const rows = buffer.draw(o.batchSize, random.stream("batches"));
      const target = hostTensor(
        Float32Array.from(rows, (row) => goals[row]!),
        [rows.length],
      );
      const { loss, ...measured } = await criticStep({
        observation: buffer.observationsAt(rows),
        target,
      });
      critic.adamw({ learningRate: criticLr, weightDecay: o.criticWeightDecay });
      averages.add({ ...measured, valueLoss: loss! });
    }
    if (!learns) return averages.record();
    const { value, target } = await targets();
    const all = advantageWeights(target, value, o);
    for (let i = 0; i < updates; i++) {
      signal?.throwIfAborted();
      const rows = buffer.draw(o.batchSize, random.stream("batches"));
      const weight = Float32Array.from(rows, (row) => all[row]!);
      averages.add(await imitation.gradient(buffer, rows, weight));
      actor.adamw({ learningRate: actorLr, weightDecay: o.actorWeightDecay });
    }
    return averages.record();
  }

  try {
    yield* alternate(stage, o, {
      act: exploringActor(stage, actor.layout.views(actor.weights), exploration(model, o)),
      buffer,
      evaluate: evaluationOf(stage, actor.weights, o),
      rates: learningRates(o),
      replayRatio: null,
      update,
    });
  } finally {
    await Promise.all([criticStep.dispose(), evaluateCritic.dispose(), imitation.dispose()]);
  }
}

const { critic, ...plain } = awrOptions.shape;

export const awr = defineAlgorithm({
  name: "awr",
  title: "AWR",
  ...wholePolicy,
  options: awrOptions,
  keys: { ...offPolicyKeys(z.object(plain)), ...keysBelow("model.critic", critic.unwrap(), "critic") },
  parts,
  run,
  playing: ownSampling,
});
