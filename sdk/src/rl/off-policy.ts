// What algorithms share that learn from transitions: options, acting with exploration, filling the buffer.
import { z } from "zod";
import { compile } from "../engine/compile.js";
import type { HostTensor, tf, Weights } from "../engine/tensor.js";
import { fail } from "../errors.js";
import type { FinishedEpisode } from "../evaluation/episode-statistics.js";
import type { Act } from "../evaluation/play.js";
import { pathOptions } from "../learning/run-options.js";
import type { Progress } from "../learning/algorithm.js";
import type { Evaluation, EvaluationSettings, Stage } from "../learning/stage.js";
import type { Observation } from "../nn/network.js";
import { count, type Keys } from "../options.js";
import type { Draws, Tensors } from "../policies/definition.js";
import { hostObservation } from "../policies/host-observation.js";
import { emptyDraws, fillDraws, type PolicyModel } from "../policies/policy-model.js";
import type { ReplayBuffer } from "./replay-buffer.js";
import { Averages } from "./averages.js";
import { isEvaluation } from "./iteration-record.js";
import { learningRateSchedule, type Rates } from "./schedules.js";

const rate = z.number().positive();
const share = z.number().min(0).max(1);

/** Of every algorithm that alternates collecting and updates. */
export const collecting = {
  iterations: count.default(1000).describe("rounds of collecting and learning, evaluations among them"),
  steps: count.default(500).describe("chunks per environment and iteration"),
  batchSize: count.default(1000).describe("samples per update"),
  gamma: share.default(0.99).describe("discount per chunk"),
  rewardScale: z.number().default(1).describe("factor of every reward"),
  resetAtIteration: z.boolean().default(false).describe("new episodes at every iteration"),
  nCriticWarmupItr: z.int().nonnegative().default(0).describe("first iterations that leave the policy alone"),
  valFreq: count.default(10).describe("every so many iterations, and the last, evaluates instead of training"),
  evaluationEpisodes: count.default(40).describe("whole episodes per evaluation"),
  evaluationNoise: z.enum(["sampled", "zero"]).default("sampled").describe("initial noise of evaluated chunks"),
  minSamplingDenoisingStd: rate
    .default(0.1)
    .describe("diffusion: lowest deviation of a step's noise while it explores"),
  actorLr: rate.default(1e-4).describe("highest learning rate of the policy"),
  actorLrScheduler: learningRateSchedule.prefault({ type: "constant" }).describe("how it changes over the iterations"),
  actorWeightDecay: z.number().nonnegative().default(0).describe("of AdamW, of the policy"),
};

export const criticRates = {
  criticLr: rate.default(1e-3).describe("highest learning rate of the critic"),
  criticLrScheduler: learningRateSchedule.prefault({ type: "constant" }).describe("how it changes over the iterations"),
  criticWeightDecay: z.number().nonnegative().default(0).describe("of AdamW, of the critic"),
};

/** Of those that keep transitions and learn from samples of them. */
export const replaying = {
  bufferSize: count.default(1_000_000).describe("transitions kept"),
  replayRatio: count.default(16).describe("samples learned from per transition collected"),
  targetRate: share.default(0.005).describe("share of the critics that their targets take at every update"),
};

const named: Keys = {
  iterations: "train.nTrainItr",
  steps: "train.nSteps",
  rewardScale: "train.scaleRewardFactor",
  resetAtIteration: "env.resetAtIteration",
  minSamplingDenoisingStd: "model.minSamplingDenoisingStd",
  targetRate: "train.targetEmaRate",
};

/** Where configurations have the plain options of a schema: below `train`, but for a few. */
export function offPolicyKeys({ shape }: z.ZodObject, others: Keys = {}): Keys {
  return Object.fromEntries(Object.keys(shape).map((name) => [others[name] ?? named[name] ?? `train.${name}`, name]));
}

/** Chunks (B, Ta, Da) with noise to explore by, differentiable in the weights. */
export interface Exploration {
  readonly draws: Draws;
  readonly sample: (weights: Weights, observation: Observation, draws: Tensors) => tf.Tensor3D;
}

/** Along the policy's path where that needs no part of its own; else as the policy always acts. */
export function exploration(
  model: PolicyModel,
  { minSamplingDenoisingStd }: { readonly minSamplingDenoisingStd: number },
): Exploration {
  const { path } = model.definition;
  if (!path || path.explorer) return plainSampling(model);
  const bound = model.path(pathOptions({ minSamplingDenoisingStd }, model));
  const { encoder } = model.network;
  return {
    draws: bound.draws,
    sample: (weights, observation, draws) =>
      bound.sample(weights, encoder.apply(weights, observation), draws, {}).action,
  };
}

/** As the policy acts, from sampled noise. */
export function plainSampling(model: PolicyModel): Exploration {
  return {
    draws: model.actingDraws(),
    sample: (weights, observation, draws) => model.sample(weights, observation, draws),
  };
}

/**
 * Acts in the arena with weights that may go on changing; released with the stage.
 *
 * @param stream name of its random numbers.
 */
export function exploringActor(
  stage: Stage,
  weights: Readonly<Record<string, HostTensor>>,
  { draws, sample }: Exploration,
  stream = "exploration",
): Act {
  type Input = { weights: Weights; observation: Observation; draws: Tensors };
  const { base, arena, random, compile: compileOptions } = stage;
  const { environments } = arena;
  const { count: E, actionSteps } = environments;
  const compiled = compile<Input, tf.Tensor3D>(
    (input) => sample(input.weights, input.observation, input.draws).slice([0, 0], [-1, actionSteps]),
    { name: "exploration", ...compileOptions },
  );
  stage.onDispose(() => compiled.dispose());
  const drawn = emptyDraws(draws, E);
  return async (observations) => {
    fillDraws(draws, drawn, random.stream(stream));
    const observation = hostObservation(observations, base.space, E);
    return (await compiled({ weights, observation, draws: drawn })).data as Float32Array;
  };
}

/** Evaluations of weights of the base policy, which may go on changing. */
export function evaluationOf(
  stage: Stage,
  weights: Float32Array,
  { evaluationNoise: initialNoise }: { readonly evaluationNoise: EvaluationSettings["initialNoise"] },
): Evaluation {
  const { model, space } = stage.base;
  return stage.evaluator({ model, weights, space }, { sampling: {}, initialNoise });
}

/**
 * Executes `steps` chunks in every environment, or as many as end so many episodes, and keeps what they led to. Returns the episodes
 * that ended.
 *
 * @param afterStep called when a chunk of every environment is in the buffer.
 */
export async function collect(
  { arena, signal }: Stage,
  act: Act,
  buffer: ReplayBuffer,
  {
    steps = Infinity,
    episodes: wanted = Infinity,
    resetAtIteration = false,
  }: { readonly steps?: number; readonly episodes?: number; readonly resetAtIteration?: boolean },
  afterStep?: () => Promise<void>,
): Promise<FinishedEpisode[]> {
  const { environments } = arena;
  if (await arena.begin(resetAtIteration)) buffer.leaveEpisodes();
  const episodes: FinishedEpisode[] = [];
  for (let step = 0; step < steps && episodes.length < wanted; step++) {
    signal?.throwIfAborted();
    const before = structuredClone(environments.observations);
    const actions = await act(before);
    episodes.push(...(await arena.step(actions)));
    buffer.add(before, actions, environments);
    await afterStep?.();
  }
  return episodes;
}

/** What {@link alternate} asks of a page. */
export interface Alternation {
  /** Explores. */
  readonly act: Act;
  readonly buffer: ReplayBuffer;
  readonly evaluate: Evaluation;
  /** Learning rates of an iteration. */
  readonly rates: (iteration: number) => Rates;
  /** Samples that one call of `update` learns from per transition collected; with null one call is all of an iteration's. */
  readonly replayRatio: number | null;
  /** One update; what it measured. */
  readonly update: (rates: UpdateRates) => Promise<Readonly<Record<string, number>>>;
}

/** Of one iteration. */
export interface UpdateRates extends Rates {
  /** Whether the policy learns, not only the critics. */
  readonly learns: boolean;
}

/** Iterations that evaluate, or collect and then update, as the papers' outer loop has them. */
export async function* alternate(
  stage: Stage,
  o: { steps: number; iterations: number; valFreq: number; evaluationEpisodes: number; batchSize: number } & {
    resetAtIteration: boolean;
    nCriticWarmupItr: number;
  },
  { act, buffer, evaluate, rates: ratesAt, replayRatio, update }: Alternation,
): AsyncGenerator<Progress> {
  const { signal } = stage;
  const collected = o.steps * stage.arena.environments.count;
  const updates = replayRatio === null ? 1 : Math.max(1, Math.floor((collected * replayRatio) / o.batchSize));
  while (stage.iteration < o.iterations) {
    const { iteration } = stage;
    if (isEvaluation(iteration, o)) {
      yield { mode: "evaluation", episodes: await evaluate(o.evaluationEpisodes) };
      continue;
    }
    const episodes = await collect(stage, act, buffer, o);
    const rates = { ...ratesAt(iteration), learns: iteration >= o.nCriticWarmupItr };
    const averages = new Averages();
    const start = performance.now();
    for (let i = 0; i < updates; i++) {
      signal?.throwIfAborted();
      averages.add(await update(rates));
    }
    const updatesPerSecond = (1000 * updates) / (performance.now() - start);
    const terms = { ...averages.record(), actorLr: rates.actor, ...(rates.critic > 0 && { criticLr: rates.critic }) };
    yield {
      mode: "training",
      episodes,
      terms: { ...terms, bufferSize: buffer.size, ...(replayRatio !== null && { updatesPerSecond }) },
    };
  }
}

/** @throws InputError where chunks are executed in part only: a policy cannot imitate actions that nobody took. */
export function expectWholeChunks({ base: { space }, arena: { environments } }: Stage): void {
  const { actionSteps } = environments;
  if (actionSteps === space.horizonSteps) return;
  const remedy = "set act_steps (actionSteps) to the chunk's length";
  fail("DMPO_ALGORITHM", "act_steps", `is ${actionSteps}`, `the policy's chunk of ${space.horizonSteps}`, remedy);
}
