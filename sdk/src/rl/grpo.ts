// GRPO: an episode is as good as it is better than others from the same start, so that no critic is needed. Shao et al. 2024 (arXiv
// 2402.03300), eq. 3 and 4 (clipped ratio, divergence from the starting policy), with episodes in place of answers.
import { z } from "zod";
import { Trainable } from "../engine/optimizer.js";
import { tf, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { fail } from "../errors.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import type { Observation } from "../nn/network.js";
import { count, keysBelow } from "../options.js";
import type { Tensors } from "../policies/definition.js";
import { Averages } from "./averages.js";
import { refusesDensity, wholePolicy } from "./declaration.js";
import { isEvaluation } from "./iteration-record.js";
import { minibatches } from "./minibatches.js";
import { collecting } from "./off-policy.js";
import { gather, gatherObservations, type RolloutBuffer } from "./rollout-buffer.js";
import { Collector, column } from "./rollout.js";
import { learningRate } from "./schedules.js";
import { populationStandardized } from "./weighted-imitation.js";

const { iterations, valFreq, evaluationEpisodes, evaluationNoise, actorLr, actorLrScheduler, actorWeightDecay } =
  collecting;

export const grpoOptions = z.strictObject({
  ...{ iterations, valFreq, evaluationEpisodes, evaluationNoise, actorLr, actorLrScheduler, actorWeightDecay },
  steps: count
    .default(1000)
    .describe("chunks per environment and iteration; episodes that do not end in them are left out"),
  nGroups: count.default(8).describe("groups of environments; those of one begin at the same states"),
  batchSize: count.default(10000).describe("chunks of a minibatch"),
  updateEpochs: count.default(10).describe("passes over the chunks of an iteration"),
  clipPlossCoef: z.number().positive().default(0.1).describe("clip of the ratio of probabilities"),
  klCoef: z.number().nonnegative().default(0).describe("weight of the divergence from the starting policy"),
  targetKl: z
    .number()
    .positive()
    .nullable()
    .default(0.01)
    .describe("divergence from the last policy that ends an update"),
});
type GrpoOptions = z.output<typeof grpoOptions>;

/** Clipped surrogate, and an estimate of KL(now || start) that is never negative: e^d - d - 1 for d = ln p_start - ln p. Rows (B). */
export function grpoLoss(
  {
    logProb,
    oldLogProb,
    startLogProb,
    advantage,
  }: Readonly<Record<"logProb" | "oldLogProb" | "startLogProb" | "advantage", tf.Tensor>>,
  { clipPlossCoef: clip, klCoef }: Pick<GrpoOptions, "clipPlossCoef" | "klCoef">,
) {
  const logRatio = logProb.sub(oldLogProb);
  const ratio = logRatio.exp();
  const policyLoss = tf
    .minimum(ratio.mul(advantage), ratio.clipByValue(1 - clip, 1 + clip).mul(advantage))
    .mean()
    .neg();
  const behind = startLogProb.sub(logProb);
  const startKl = behind.exp().sub(behind).sub(1).mean();
  return {
    loss: policyLoss.add(startKl.mul(klCoef)),
    ...{ policyLoss, startKl },
    approxKl: ratio.sub(1).sub(logRatio).mean(),
    clipFraction: ratio.sub(1).abs().greater(clip).cast("float32").mean(),
  };
}

/**
 * Advantage of every chunk (S, E): (R - mean) / deviation of the returns R of the k-th episodes of a group's environments; NaN for
 * chunks of episodes that did not end, or have nothing to be compared with.
 *
 * @param groups of environments; e belongs to e mod `groups`.
 */
export function groupAdvantages(
  { rewards, firsts, shape: { steps, environments } }: Pick<RolloutBuffer, "rewards" | "firsts" | "shape">,
  groups: number,
): Float32Array {
  const advantages = new Float32Array(steps * environments).fill(NaN);
  type Episode = { readonly environment: number; readonly start: number; readonly end: number; readonly total: number };
  const compared = new Map<string, Episode[]>();
  for (let environment = 0; environment < environments; environment++) {
    let [start, total, ordinal] = [0, 0, 0];
    for (let step = 0; step < steps; step++) {
      total += rewards[step * environments + environment]!;
      if (!firsts[(step + 1) * environments + environment]) continue;
      const key = `${environment % groups} ${ordinal++}`;
      compared.set(key, [...(compared.get(key) ?? []), { environment, start, end: step + 1, total }]);
      [start, total] = [step + 1, 0];
    }
  }
  for (const episodes of compared.values()) {
    if (episodes.length < 2) continue;
    const relative = populationStandardized(
      episodes.map(({ total }) => total),
      1e-8,
    );
    episodes.forEach(({ environment, start, end }, i) => {
      for (let step = start; step < end; step++) advantages[step * environments + environment] = relative[i]!;
    });
  }
  return advantages;
}

function parts({ base, arena }: Stage, { nGroups }: GrpoOptions) {
  const { count: E } = arena.environments;
  if (E < 2 * nGroups)
    fail(
      "DMPO_OPTIONS",
      "nGroups (n_groups)",
      `is ${nGroups}`,
      `at most half of the ${E} environments`,
      "use more environments",
    );
  return { actor: new Trainable(base.model.layout, base.weights) };
}
type GrpoParts = ReturnType<typeof parts>;

interface Batch {
  readonly observation: Observation;
  readonly stored: Tensors;
  /** Which decision of its chunk each row is (B). */
  readonly unit: tf.Tensor1D;
  readonly oldLogProb: tf.Tensor1D;
  readonly advantage: tf.Tensor1D;
  readonly start: Weights;
}

async function* run(stage: Stage, { actor }: GrpoParts, o: GrpoOptions): AsyncGenerator<Progress> {
  const { base, random, arena, compile, signal } = stage;
  const { model, space } = base;
  const { network } = model;
  const path = model.path();
  const collector = new Collector({ network, path, actor, arena, compile }, o.steps);
  const { buffer } = collector;
  const { units } = path;

  const loss = (weights: Weights, { observation, stored, unit, start, ...columns }: Batch) => {
    const density = (of: Weights) => path.density(of, network.encoder.apply(of, observation), stored, {}, unit);
    const { logProbability: logProb, entropy } = density(weights);
    const startLogProb = density(start).logProbability;
    return { ...grpoLoss({ ...columns, logProb, startLogProb }, o), entropy: entropy.mean() };
  };
  const step = compileTraining<Batch>(loss, actor, { name: "GRPO loss", ...compile });
  const start = model.views(base.weights.slice());
  const acting = { model, weights: actor.weights, space };
  const evaluate = stage.evaluator(acting, { sampling: path.sampling, initialNoise: o.evaluationNoise });
  const rate = learningRate(o.actorLr, o.actorLrScheduler, o.iterations);

  /** The gradient of samples (chunk, unit), left in the actor. */
  async function gradient(samples: Int32Array) {
    const chunks = samples.map((sample) => Math.floor(sample / units));
    return step({
      observation: gatherObservations(buffer.observations, chunks, space),
      stored: buffer.storedAt(chunks),
      unit: column(samples.map((sample) => sample % units)),
      oldLogProb: gather(buffer.logProbabilities, samples),
      advantage: gather(buffer.advantages, chunks),
      start,
    });
  }

  try {
    while (stage.iteration < o.iterations) {
      const { iteration } = stage;
      if (isEvaluation(iteration, o)) {
        yield { mode: "evaluation", episodes: await evaluate(o.evaluationEpisodes) };
        continue;
      }
      const seeds = random.stream("starts").integers(new Int32Array(o.nGroups), 2 ** 31 - 1);
      await arena.begin(true, (environment) => seeds[environment % o.nGroups]!);
      const episodes = await collector.collect({ minStd: 0, maxStd: 0 }, random.stream("exploration"), false);
      buffer.advantages.set(groupAdvantages(buffer, o.nGroups));
      const usable = Int32Array.from({ length: buffer.samples }, (_, i) => i).filter(
        (sample) => !Number.isNaN(buffer.advantages[Math.floor(sample / units)]!),
      );
      const averages = new Averages();
      const learningRate = rate(iteration);
      update: for (let epoch = 0; epoch < o.updateEpochs; epoch++) {
        for (const rows of minibatches(usable.length, o, random.stream("minibatches"))) {
          signal?.throwIfAborted();
          const measured = await gradient(rows.map((row) => usable[row]!));
          averages.add(measured);
          // The divergence was measured before this minibatch's step, which is not made.
          if (o.targetKl !== null && measured.approxKl! > o.targetKl) break update;
          actor.adamw({ learningRate, weightDecay: o.actorWeightDecay });
        }
      }
      const comparedShare = usable.length / buffer.samples;
      yield { mode: "training", episodes, terms: { ...averages.record(), actorLr: learningRate, comparedShare } };
    }
  } finally {
    await Promise.all([collector.dispose(), step.dispose()]);
  }
}

const { clipPlossCoef, iterations: _iterations, steps: _steps, ...inTrain } = grpoOptions.shape;

export const grpo = defineAlgorithm({
  name: "grpo",
  title: "GRPO",
  ...wholePolicy,
  options: grpoOptions,
  keys: {
    "train.nTrainItr": "iterations",
    "train.nSteps": "steps",
    ...keysBelow("train", z.object(inTrain)),
    ...keysBelow("model", z.object({ clipPlossCoef })),
  },
  refuses: refusesDensity,
  parts,
  run,
  playing: (model, o) => ({ sampling: model.path().sampling, initialNoise: o.evaluationNoise }),
});
