// FQL: a flow imitates demonstrations and memory; a policy of one step learns from its answers and from a critic, so that no
// gradient goes through the steps of the flow. Park et al. 2025, "Flow Q-learning" (arXiv 2502.02538), algorithm 1; first on
// demonstrations alone, then on batches that are half its own transitions. The policy of one step acts and is saved.
import { z } from "zod";
import { stopGradient } from "../engine/jvp.js";
import { Trainable } from "../engine/optimizer.js";
import { tf, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { episodeStatistics } from "../evaluation/episode-statistics.js";
import { defineAlgorithm, type Progress } from "../learning/algorithm.js";
import type { Stage } from "../learning/stage.js";
import type { Observation } from "../nn/network.js";
import { oneStepMlpOptions, type OneStepNetwork } from "../nn/one-step-mlp.js";
import { count, keysBelow } from "../options.js";
import type { Tensors } from "../policies/definition.js";
import { emptyDraws, fillDraws, PolicyModel } from "../policies/policy-model.js";
import { Averages } from "./averages.js";
import { inEnvironments } from "./declaration.js";
import { demonstratedTransitions } from "./demonstrations.js";
import { isEvaluation } from "./iteration-record.js";
import {
  collect,
  collecting,
  criticRates,
  expectWholeChunks,
  exploringActor,
  offPolicyKeys,
  plainSampling,
  replaying,
} from "./off-policy.js";
import { joined, ReplayBuffer, type Transitions } from "./replay-buffer.js";
import { learningRates } from "./schedules.js";
import { criticUpdates, criticWeights, normalizedCriticOptions, twinCritics } from "./twin-critics.js";
import { meanOf } from "./value-losses.js";

const { iterations, gamma, rewardScale, valFreq, evaluationEpisodes } = collecting;
const { actorLr, actorLrScheduler, actorWeightDecay } = collecting;

export const fqlOptions = z.strictObject({
  iterations: iterations.unwrap().default(770).describe("rounds of learning, evaluations among them"),
  steps: count.default(1000).describe("updates per iteration; once it acts, one per chunk"),
  offlineSteps: z
    .int()
    .nonnegative()
    .default(200_000)
    .describe("first updates, on demonstrations alone, before it acts"),
  ...{ gamma, rewardScale, actorLr, actorLrScheduler, actorWeightDecay, ...criticRates },
  criticLr: criticRates.criticLr.unwrap().default(3e-4).describe("learning rate of the critics"),
  batchSize: count.default(256).describe("transitions per update; once it acts, half of them demonstrations"),
  bufferSize: replaying.bufferSize,
  targetRate: replaying.targetRate,
  alpha: z.number().nonnegative().default(3).describe("weight of the flow's answers against the critics' pull"),
  flowSteps: count.default(4).describe("steps of the flow in an answer"),
  normalizeQLoss: z.boolean().default(true).describe("the critics pull in units of their mean size"),
  evalBaseModel: z.boolean().default(true).describe("evaluations play the flow too"),
  network: oneStepMlpOptions.pick({ hiddenDim: true }).prefault({}).describe("network of the policy of one step"),
  critic: normalizedCriticOptions,
  valFreq,
  evaluationEpisodes: evaluationEpisodes.unwrap().default(10).describe("whole episodes per evaluation"),
});
type FqlOptions = z.output<typeof fqlOptions>;

/** The policy of one step for the chunks and observations of `base`. */
function oneStepOf({ network: { horizonSteps, actionDim, encoder } }: PolicyModel, { network }: FqlOptions) {
  const sizes = { horizonSteps, actionDim, condDim: encoder.stateSize };
  return new PolicyModel({ policy: "onestep", network: { ...network, ...sizes } });
}

function parts(stage: Stage, o: FqlOptions) {
  const { base, random, arena } = stage;
  expectWholeChunks(stage);
  const { layout } = oneStepOf(base.model, o);
  return {
    /** The policy of one step. */
    actor: new Trainable(layout, layout.initialise(random.stream("actor weights"))),
    flow: new Trainable(base.model.layout, base.weights),
    critic: criticWeights(twinCritics(stage, o), random),
    /** Its own transitions; the demonstrations are read again from their file. */
    buffer: new ReplayBuffer(o.bufferSize, arena.environments),
  };
}
type FqlParts = ReturnType<typeof parts>;

interface ActorBatch {
  readonly observation: Observation;
  readonly draws: Tensors;
  readonly others: Readonly<Record<"flow" | "critic", Weights>>;
}

async function* run(stage: Stage, { actor, flow, critic, buffer }: FqlParts, o: FqlOptions): AsyncGenerator<Progress> {
  const { base, random, arena, compile } = stage;
  const { model, space } = base;
  const { count: E } = arena.environments;
  const student = oneStepOf(model, o);
  const network = student.network as OneStepNetwork;
  const critics = twinCritics(stage, o);
  const demonstrated = demonstratedTransitions(stage);
  const own = Math.ceil(o.batchSize / 2);

  const actorLoss = (weights: Weights, { observation, draws, others }: ActorBatch) => {
    const answer = model.sample(others.flow, observation, draws, { steps: o.flowSteps, clipIntermediate: false });
    const chunk = network.chunk(weights, draws.noise as tf.Tensor3D, network.encoder.apply(weights, observation));
    const distillation = chunk.sub(stopGradient(answer)).square().mean();
    const value = meanOf(critics.values(others.critic, observation, chunk.clipByValue(-1, 1)));
    const size = o.normalizeQLoss ? stopGradient(value.abs().mean()) : tf.scalar(1);
    const qLoss = value.mean().div(size).neg();
    return { loss: distillation.mul(o.alpha).add(qLoss), distillation, qLoss };
  };
  type FlowBatch = Tensors & Observation & { readonly action: tf.Tensor3D };
  const flowLoss = (weights: Weights, batch: FlowBatch) => ({ loss: model.rowLosses(weights, batch).mean() });
  const actorStep = compileTraining<ActorBatch>(actorLoss, actor, { name: "FQL actor loss", ...compile });
  const flowStep = compileTraining<FlowBatch>(flowLoss, flow, { name: "FQL flow loss", ...compile });

  const acting = plainSampling(student);
  const views = {
    actor: actor.layout.views(actor.weights),
    others: { flow: flow.layout.views(flow.weights), critic: critic.layout.views(critic.weights) },
  };
  const valued = criticUpdates(
    stage,
    { name: "FQL critic loss", critics, critic, explore: acting, acting: views.actor, combined: meanOf },
    o,
  );
  const explore = exploringActor(stage, views.actor, acting);
  const evaluator = (played: PolicyModel, { weights }: Trainable, steps?: number) =>
    stage.evaluator({ model: played, weights, space }, { sampling: { steps }, initialNoise: "sampled" });
  const evaluate = evaluator(student, actor);
  const evaluateFlow = o.evalBaseModel ? evaluator(model, flow, o.flowSteps) : undefined;
  const rates = learningRates({ ...o, nCriticWarmupItr: 0 });
  const flowDraws = model.actingDraws(o.flowSteps);
  const draws = emptyDraws(flowDraws, o.batchSize);
  const imitation = emptyDraws(model.trainingDraws, o.batchSize);

  async function update(batch: Transitions): Promise<Record<string, number>> {
    const { actor: learningRate, critic: criticLr } = rates(stage.iteration);
    const terms = await valued.update(batch, criticLr);
    const { observation, action } = batch;
    fillDraws(flowDraws, draws, random.stream("noise"));
    fillDraws(model.trainingDraws, imitation, random.stream("noise"));
    const { loss: policyLoss, ...measured } = await actorStep({ observation, draws, others: views.others });
    actor.adamw({ learningRate, weightDecay: o.actorWeightDecay });
    const { loss: bcLoss } = await flowStep({ action, ...observation, ...imitation });
    flow.adamw({ learningRate, weightDecay: o.actorWeightDecay });
    return { ...terms, ...measured, policyLoss: policyLoss!, bcLoss: bcLoss! };
  }

  try {
    while (stage.iteration < o.iterations) {
      if (isEvaluation(stage.iteration, o)) {
        const episodes = await evaluate(o.evaluationEpisodes);
        const flowReturn = evaluateFlow && episodeStatistics(await evaluateFlow(o.evaluationEpisodes)).return.mean;
        yield { mode: "evaluation", episodes, ...(flowReturn !== undefined && { terms: { flowReturn } }) };
        continue;
      }
      const averages = new Averages();
      const left = Math.min(o.steps, o.offlineSteps - critic.updateCount);
      for (let i = 0; i < left; i++) {
        stage.signal?.throwIfAborted();
        averages.add(await update(demonstrated.sample(o.batchSize, random.stream("batches"))));
      }
      if (left > 0) {
        yield { mode: "offline", episodes: [], terms: averages.record() };
        continue;
      }
      const episodes = await collect(stage, explore, buffer, o, async () => {
        if (buffer.size < own) return;
        for (let i = 0; i < E; i++) {
          const stream = random.stream("batches");
          averages.add(
            await update(joined(buffer.sample(own, stream), demonstrated.sample(o.batchSize - own, stream))),
          );
        }
      });
      yield { mode: "training", episodes, terms: { ...averages.record(), bufferSize: buffer.size } };
    }
  } finally {
    await Promise.all([valued.dispose(), actorStep.dispose(), flowStep.dispose()]);
  }
}

const { critic, network, alpha, flowSteps, normalizeQLoss, ...plain } = fqlOptions.shape;

export const fql = defineAlgorithm({
  name: "fql",
  title: "FQL",
  ...inEnvironments,
  presets: {},
  options: fqlOptions,
  keys: {
    ...offPolicyKeys(z.object({ ...plain, alpha }), { evaluationEpisodes: "train.nEvalEpisode" }),
    denoisingSteps: "flowSteps",
    ...keysBelow("model", z.object({ normalizeQLoss })),
    ...keysBelow("model.network", network.unwrap(), "network"),
    ...keysBelow("model.critic", critic.unwrap(), "critic"),
  },
  logNames: { flowReturn: "eval/avg episode reward of the flow", bcLoss: "loss/bc_loss" },
  baseNetworkKey: "model.bcFlow.network",
  wantsData: true,
  mayBeginFresh: true,
  refuses: ({ definition }) => (definition.advance ? undefined : "is no flow"),
  makes: oneStepOf,
  parts,
  run,
  learned: ({ actor }, { base: { model, normalization, environment } }, o) => ({
    policy: { model: oneStepOf(model, o), normalization, environment },
    sets: { policy: actor.weights.slice() },
  }),
  playing: () => ({ sampling: {}, initialNoise: "sampled" }),
});
