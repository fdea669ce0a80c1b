// Options of the algorithms: defaults, what is refused, and where configurations have each.
import { describe, expect, test } from "vitest";
import { actionCriticOptions, ownCriticOptions } from "../../sdk/src/nn/critic.js";
import { ppo, ppoOptions } from "../../sdk/src/rl/ppo.js";
import { sac, sacOptions } from "../../sdk/src/rl/sac.js";

const noise = {
  ...{ minStd: 0.05, maxStd: 0.5, schedule: "learn", finalMaxStd: 0.2, holdRatio: 0.35, decayRatio: 0.7 },
};
const ppoDefaults = {
  ...{ iterations: 50, steps: 50, gamma: 0.99, gaeLambda: 0.95, timeOuts: "bootstrap" },
  ...{ rewardScaleRunning: true, rewardScaleConst: 1, resetAtIteration: false },
  ...{ noise, logProbRange: null, clipPlossCoef: 0.2, clipVlossCoef: null, entCoef: 0, vfCoef: 0.5 },
  ...{ updateEpochs: 5, batchSize: 500, repeatSamples: 1, microBatchSize: 1000 },
  ...{ targetKl: 0.045, klStops: "actor", stepBeforeKlStop: false, lrSchedule: "fixed" },
  ...{ nCriticWarmupItr: 3, criticWarmupCounts: "updates" },
  ...{ actorLr: 4e-5, actorLrScheduler: { type: "constant" }, actorWeightDecay: 0, maxGradNorm: 1 },
  ...{ criticLr: 1e-3, criticLrScheduler: { type: "constant" }, criticWeightDecay: 0, criticMaxGradNorm: 25 },
  ...{ critic: ownCriticOptions.parse({}), augment: false, gradAccumulate: 1 },
  ...{ useBcLoss: false, bcLossType: "W2", bcLossCoeff: 0.05, bcLossDecayStart: 0 },
  ...{ valFreq: 10, forceTrain: false, freezeEncoder: false, evaluationEpisodes: 40, evaluationNoise: "sampled" },
};
const sacDefaults = {
  ...{ iterations: 100, steps: 1000, explorationSteps: 5000, batchSize: 256 },
  ...{ criticReplayRatio: 256, actorReplayRatio: 256, bufferSize: 1_000_000, gamma: 0.99, targetRate: 0.005 },
  ...{ rewardScale: 1, actorLr: 3e-4, criticLr: 1e-3, temperatureLr: 1e-3, initialTemperature: 1 },
  ...{ targetEntropy: null, critic: actionCriticOptions.parse({}), valFreq: 10, evaluationEpisodes: 10 },
};

test("defaults", () => {
  expect(ppoOptions.parse({})).toEqual(ppoDefaults);
  expect(sacOptions.parse({})).toEqual(sacDefaults);
});

describe.each([
  ["PPO", ppoOptions],
  ["SAC", sacOptions],
])("%s", (_, options) => {
  test.each(
    [
      ...["iterations", "steps", "batchSize", "valFreq", "evaluationEpisodes"].flatMap((count) => [
        { [count]: 0 },
        { [count]: 1.5 },
      ]),
      ...["actorLr", "criticLr"].map((rate) => ({ [rate]: 0 })),
      ...[{ gamma: -0.1 }, { gamma: 1.1 }, { unknown: 1 }],
    ].map((given) => [given]),
  )("%j is refused", (given) => expect(options.safeParse(given).success).toBe(false));

  test.each([{ gamma: 0 }, { gamma: 1 }])("%j is accepted", (given) =>
    expect(options.safeParse(given).success).toBe(true),
  );
});

test.each<object>(
  [
    ...[{ gaeLambda: 1.1 }, { gaeLambda: -0.1 }, { timeOuts: "other" }, { clipPlossCoef: 0 }, { clipVlossCoef: 0 }],
    ...[{ vfCoef: 0 }, { logProbRange: [1] }, { targetKl: 0 }, { klStops: "critic" }, { nCriticWarmupItr: -1 }],
    ...[{ lrSchedule: "other" }, { actorWeightDecay: -1 }, { maxGradNorm: 0 }, { criticWeightDecay: -1 }],
    ...[{ criticMaxGradNorm: 0 }, { bcLossType: "other" }, { bcLossCoeff: -1 }, { bcLossCoeffFinal: -1 }],
    ...[{ bcLossDecayStart: -1 }, { bcLossDecayEnd: 0 }, { evaluationNoise: "other" }],
    ...["updateEpochs", "repeatSamples", "microBatchSize"].map((count) => ({ [count]: 0 })),
    ...[
      { minStd: 0 },
      { maxStd: 0 },
      { finalMaxStd: 0 },
      { schedule: "other" },
      { holdRatio: 1.1 },
      { holdRatio: -0.1 },
    ],
    ...[{ decayRatio: 1.1 }, { decayRatio: -0.1 }],
  ].map((given) => ("minStd" in given || Object.keys(given)[0]! in noise ? { noise: given } : given)),
)("PPO: %j is refused", (given) => expect(ppoOptions.safeParse(given).success).toBe(false));

test.each<object>([
  { type: "cosine" },
  { type: "cosine", firstCycleSteps: 0 },
  { type: "cosine", firstCycleSteps: 3, warmupSteps: -1 },
  { type: "constant_warmup", warmupSteps: 0 },
  { type: "constant", warmupSteps: 1 },
  { type: "cosine_custom", holdSteps: -1 },
  { type: "cosine_custom", annealSteps: 0 },
  { type: "cosine_custom", minLr: -1 },
  { type: "other" },
])("the schedule %j is refused", (actorLrScheduler) =>
  expect(ppoOptions.safeParse({ actorLrScheduler }).success).toBe(false),
);

test("schedules complete themselves", () => {
  const schedule = (actorLrScheduler: object) =>
    ppoOptions.parse({ actorLrScheduler: actorLrScheduler as never }).actorLrScheduler;
  expect(schedule({ type: "cosine", firstCycleSteps: 3 })).toEqual({
    ...{ type: "cosine", firstCycleSteps: 3, warmupSteps: 0 },
  });
  expect(schedule({ type: "cosine_custom" })).toEqual({ type: "cosine_custom", holdSteps: 0 });
});

test.each<object>([
  ...[{ explorationSteps: -1 }, { criticReplayRatio: 0 }, { actorReplayRatio: 0 }, { bufferSize: 0 }],
  ...[{ targetRate: -0.1 }, { targetRate: 1.1 }, { temperatureLr: 0 }, { initialTemperature: 0 }],
])("SAC: %j is refused", (given) => expect(sacOptions.safeParse(given).success).toBe(false));

/** Dotted paths of the options of a schema. */
const pathsOf = (defaults: object, prefix = ""): string[] =>
  Object.entries(defaults).flatMap(([name, value]) =>
    name === "noise" || name === "critic" ? pathsOf(value as object, `${name}.`) : [prefix + name],
  );

test("every option has a key of the configuration, and every key an option", () => {
  const optional = { bcLossCoeffFinal: 0, bcLossDecayEnd: 1, critic: { ...ppoDefaults.critic, type: "vit" } };
  const { logProbRange: _, noise: __, ...others } = { ...ppoDefaults, ...optional };
  expect(new Set(Object.values(ppo.keys))).toEqual(new Set(["logProbRange.0", "logProbRange.1", ...pathsOf(others)]));
  expect(new Set(Object.values(ppo.controlKeys!))).toEqual(new Set(pathsOf({ noise })));
  expect(new Set(Object.values(sac.keys))).toEqual(new Set(pathsOf(sacDefaults)));
});
