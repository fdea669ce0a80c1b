// Each off-policy algorithm finds a known optimum with a diffusion policy that begins with fresh weights: the point mass, whose best
// feedback follows from the Riccati equation. A wrong sign, target, discount or end mask fails here.
import { expect, test } from "vitest";
import { drive, type RunState } from "../../sdk/src/learning/drive.js";
import { episodeStatistics } from "../../sdk/src/evaluation/episode-statistics.js";
import { Stage } from "../../sdk/src/learning/stage.js";
import type { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { actionCritics, critic as criticOf } from "../../sdk/src/nn/critic.js";
import { ParameterLayout } from "../../sdk/src/engine/parameters.js";
import { tf, type HostTensor } from "../../sdk/src/engine/tensor.js";
import { explainedVariance } from "../../sdk/src/rl/gae.js";
import { ReplayBuffer } from "../../sdk/src/rl/replay-buffer.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { algorithms } from "../../sdk/src/rl/registry.js";
import { bestReturn, idleReturn, pointMassSetup, riccati, valueOfStaying } from "./point-mass.js";
import { stateAfter } from "./stopped-run.js";

const COUNT = 16;

const model = new PolicyModel({
  policy: "diffusion",
  options: { denoisingSteps: 4, finalActionClipValue: 1 },
  network: { horizonSteps: 1, actionDim: 1, condDim: 2, mlpDims: [32, 32, 32], timeDim: 8 },
});

const quick = {
  ...{ iterations: 21, steps: 16, batchSize: 128, valFreq: 20, evaluationEpisodes: 32, gamma: 1 },
  ...{ minSamplingDenoisingStd: 0.2, actorLr: 3e-3 },
};
const [q, v] = [{ mlpDims: [32, 32] }, { mlpDims: [32] }];
const replay = { targetRate: 0.05, replayRatio: 16, criticLr: 5e-3 };

const settings = {
  dql: { ...replay, replayRatio: 16, critic: q, eta: 3 },
  qsm: { ...replay, critic: q, qGradCoeff: 3 },
  dipo: { ...replay, replayRatio: 16, critic: q, actionLr: 0.03 },
  idql: {
    ...{ ...replay, bufferSize: 1024, useExpectileExploration: false, expectile: 0.9, evalSampleNum: 8 },
    ...{ criticQ: q, criticV: v },
  },
  awr: { criticLr: 5e-3, critic: v, replayRatio: 16, bufferSize: 64, beta: 2, maxAdvWeight: 20 },
  rwr: { updateEpochs: 8, beta: 2, maxRewardWeight: 20 },
} satisfies Record<string, object>;
const names = Object.keys(settings) as (keyof typeof settings)[];

test.each(names)("%s steers the point mass", async (name) => {
  const setup = pointMassSetup(model, COUNT);
  let state: RunState | undefined;
  const { curve } = await drive(
    algorithms[name]!,
    setup,
    { ...quick, ...settings[name] },
    { onIteration: (_, run) => void (state = run.state()) },
  );
  const [before, reached] = [curve[0]!.episodes.return.mean, curve.at(-1)!.episodes.return.mean];
  const best = bestReturn(COUNT);
  expect(before).toBeLessThan(idleReturn(COUNT));
  // 90 % of the way from doing nothing to the best feedback.
  expect(reached).toBeGreaterThan(best + 0.1 * (idleReturn(COUNT) - best));
  if (!["dql", "qsm", "dipo"].includes(name)) return;
  // The next reward is -0.25; then the best feedback of seven steps, and what noise of 0.2 costs in each of them. A critic without a
  // future would stop at the first.
  const critics = actionCritics(q, 2, 2, 1);
  const { cost } = riccati(7);
  const noise = 7 * ((1 + cost) * 0.1 ** 2 + 0.1 * 0.2 ** 2);
  expect(valueOfStaying(state!, critics)).toBeLessThan(-0.25 - 0.25 * cost + 0.02);
  expect(valueOfStaying(state!, critics)).toBeGreaterThan(-0.25 - 0.25 * cost - noise - 0.2);
});

test("awr's critic knows from one-step targets alone what it knows from whole episodes", async () => {
  /** Share of the variance of returns to go that the critic explains, of a policy that does not change. */
  async function explained(tdLambda: number): Promise<number> {
    let state: RunState | undefined;
    const options = { ...quick, ...settings.awr, criticUpdateRatio: 1, nCriticWarmupItr: 100, bufferSize: 32 };
    const setup = pointMassSetup(model, COUNT);
    await drive(
      algorithms.awr!,
      setup,
      { ...options, tdLambda, tdRate: 1 },
      { onIteration: (_, run) => void (state = run.state()) },
    );
    const buffer = new ReplayBuffer(32 * COUNT, setup.environments);
    buffer.restore(state!.parts.buffer!);
    const critic = criticOf(v, 2, "critic.");
    const vectors = new ParameterLayout(critic.parameters).views(state!.parts.critic!.vectors!.weights as Float32Array);
    const tensor = ({ data, shape }: HostTensor) => tf.tensor(data, [...shape]);
    const weights = Object.fromEntries(Object.entries(vectors).map(([name, value]) => [name, tensor(value)]));
    const seen = buffer.observationsAt(Int32Array.from({ length: buffer.size }, (_, i) => i));
    const values = critic.value(weights, { state: tensor(seen.state) });
    return explainedVariance(values.dataSync() as Float32Array, Float32Array.from(buffer.returnsToGo(1)));
  }
  const [oneStep, whole] = [await explained(0), await explained(1)];
  expect(whole).toBeGreaterThan(0.25);
  expect(oneStep).toBeGreaterThan(whole - 0.1);
});

test("the policy that idql leaves chooses as its evaluations did, and begins another run without its critics", async () => {
  const options = { ...quick, ...settings.idql, iterations: 11, valFreq: 10 };
  const { last, curve } = await drive(algorithms.idql!, pointMassSetup(model, COUNT), options, {});
  expect(last.model.spec.choice).toMatchObject({ samples: 8, critic: q });
  const settled = { sampling: {}, initialNoise: "sampled" } as const;
  const mean = async (policy: TrainedPolicy) => {
    const stage = new Stage({ ...pointMassSetup(model, COUNT), base: policy });
    const { return: returns } = episodeStatistics(await stage.evaluator(policy, settled)(64));
    await stage.dispose();
    return returns.mean;
  };
  const [chosen, first] = [await mean(last), await mean(last.withoutChoice())];
  const evaluated = curve.at(-1)!.episodes.return.mean;
  expect(Math.abs(chosen - evaluated)).toBeLessThan(0.25 * (evaluated - first));
  const next = await drive(
    algorithms.dql!,
    { ...pointMassSetup(model, 4), base: last },
    { ...quick, iterations: 1 },
    {},
  );
  expect(next.last.model.spec.choice).toBeUndefined();
  expect(next.last.weights).toEqual(last.withoutChoice().weights);
});

test.each(names)("a resumed %s equals an uninterrupted one", async (name) => {
  const options = { ...quick, ...settings[name], iterations: 6, steps: 8, batchSize: 16, valFreq: 3 };
  const start = (context: object) => drive(algorithms[name]!, pointMassSetup(model, 4), options, context);
  const state = await stateAfter(4, start);
  // An evaluation begins new episodes, so that both runs go on from the same place.
  const [whole, resumed] = [await start({}), await start({ resume: state })];
  expect(resumed.last.weights).toEqual(whole.last.weights);
  expect(resumed.curve.map(({ episodes }) => episodes)).toEqual(whole.curve.map(({ episodes }) => episodes));
});
