// RWR: imitate one's own last episodes, chunks with higher returns more. Peters and Schaal 2007 (reward-weighted regression), with
// exponential weights of normalised returns as Ren et al. 2024 (DPPO, arXiv 2409.00588, appendix) give it to diffusion policies.
import { z } from "zod";
import { Trainable } from "../engine/optimizer.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import { count } from "../options.js";
import { Averages } from "./averages.js";
import { ownSampling, wholePolicy } from "./declaration.js";
import {
  alternate,
  collecting,
  evaluationOf,
  expectWholeChunks,
  exploration,
  exploringActor,
  offPolicyKeys,
} from "./off-policy.js";
import { ReplayBuffer } from "./replay-buffer.js";
import { learningRate } from "./schedules.js";
import { exponentialWeight, populationStandardized, weightedImitation } from "./weighted-imitation.js";

const { rewardScale: _scale, nCriticWarmupItr: _warmUp, ...shared } = collecting;

export const rwrOptions = z.strictObject({
  ...shared,
  updateEpochs: count.default(16).describe("passes over the chunks of finished episodes"),
  beta: z.number().positive().default(10).describe("how much better returns count more"),
  maxRewardWeight: z.number().positive().default(100).describe("most that a chunk counts"),
});
type RwrOptions = z.output<typeof rwrOptions>;

function parts(stage: Stage, o: RwrOptions) {
  const { base, arena } = stage;
  const { environments } = arena;
  expectWholeChunks(stage);
  return {
    actor: new Trainable(base.model.layout, base.weights),
    /** Of one iteration: what an episode in progress has from the last is gone. */
    buffer: new ReplayBuffer(o.steps * environments.count, environments),
  };
}
type RwrParts = ReturnType<typeof parts>;

/** Chunks of finished episodes, and the weight of each: exp(beta R) of normalised discounted returns R to the end. */
export function returnWeights(
  buffer: Pick<ReplayBuffer, "returnsToGo">,
  { gamma, beta, maxRewardWeight }: Pick<RwrOptions, "gamma" | "beta" | "maxRewardWeight">,
): { readonly indices: Int32Array; readonly weights: Float32Array } {
  const returns = buffer.returnsToGo(gamma);
  const indices = Int32Array.from(returns.keys()).filter((index) => !Number.isNaN(returns[index]!));
  const normalized = populationStandardized(
    Array.from(indices, (index) => returns[index]!),
    1e-3,
  );
  return {
    indices,
    weights: Float32Array.from(normalized, (value) => exponentialWeight(value, beta, maxRewardWeight)),
  };
}

async function* run(stage: Stage, { actor, buffer }: RwrParts, o: RwrOptions): AsyncGenerator<Progress> {
  const { base, random, compile, signal } = stage;
  const { model } = base;
  const imitation = weightedImitation(model, actor, random.stream("noise"), compile);
  const explore = exploringActor(stage, actor.layout.views(actor.weights), exploration(model, o));
  const rate = learningRate(o.actorLr, o.actorLrScheduler, o.iterations);

  async function update({ actor: learningRate }: { readonly actor: number }) {
    const { indices, weights } = returnWeights(buffer, o);
    const averages = new Averages();
    const batches = Math.max(1, Math.floor(indices.length / o.batchSize));
    // Without a finished episode there is nothing to learn from.
    for (let epoch = 0; epoch < o.updateEpochs && indices.length > 0; epoch++) {
      const order = random.stream("batches").permutation(indices.length);
      for (let b = 0; b < batches; b++) {
        signal?.throwIfAborted();
        const rows = Int32Array.from({ length: o.batchSize }, (_, i) => order[(b * o.batchSize + i) % order.length]!);
        const [chosen, weight] = [rows.map((row) => indices[row]!), Float32Array.from(rows, (row) => weights[row]!)];
        averages.add(await imitation.gradient(buffer, chosen, weight));
        actor.adamw({ learningRate, weightDecay: o.actorWeightDecay });
      }
    }
    buffer.clear();
    return { ...averages.record(), finishedChunks: indices.length };
  }

  try {
    yield* alternate(
      stage,
      { ...o, nCriticWarmupItr: 0 },
      {
        act: explore,
        buffer,
        evaluate: evaluationOf(stage, actor.weights, o),
        rates: (iteration) => ({ actor: rate(iteration), critic: 0 }),
        replayRatio: null,
        update,
      },
    );
  } finally {
    await imitation.dispose();
  }
}

export const rwr = defineAlgorithm({
  name: "rwr",
  title: "RWR",
  ...wholePolicy,
  options: rwrOptions,
  keys: offPolicyKeys(rwrOptions, {
    actorLr: "train.lr",
    actorLrScheduler: "train.lrScheduler",
    actorWeightDecay: "train.weightDecay",
  }),
  parts,
  run,
  playing: ownSampling,
});
