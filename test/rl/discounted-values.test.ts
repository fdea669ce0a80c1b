// What critics believe where it is known: every chunk earns 1, so that a chunk is worth 1 where the episode ends with it, and 1 / (1 - gamma)
// where time is up but nothing ends. A wrong end mask, discount or target fails here, whatever the policy does.
import { expect, test } from "vitest";
import { drive } from "../../sdk/src/learning/drive.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { rawNumbers } from "../../sdk/src/normalization.js";
import { algorithms } from "../../sdk/src/rl/registry.js";
import { FakeEnvironments } from "./fake-environments.js";
import { pointMassSetup, squashedGaussian } from "./point-mass.js";

const sizes = { horizonSteps: 1, actionDim: 1, condDim: 2, mlpDims: [8, 8, 8], timeDim: 4 };
const diffusion = () => new PolicyModel({ policy: "diffusion", options: { denoisingSteps: 2 }, network: sizes });
const q = { mlpDims: [16] };
const replay = { replayRatio: 128, batchSize: 32, targetRate: 0.1, criticLr: 1e-2 };
const cases = {
  dql: { model: diffusion, options: { ...replay, critic: q } },
  qsm: { model: diffusion, options: { ...replay, critic: q } },
  dipo: { model: diffusion, options: { ...replay, critic: q } },
  idql: { model: diffusion, options: { ...replay, criticQ: q, criticV: q } },
  sac: {
    model: squashedGaussian,
    options: {
      ...{ batchSize: 32, criticReplayRatio: 128, actorReplayRatio: 128, explorationSteps: 0, targetRate: 0.1 },
      ...{ criticLr: 1e-2, critic: q, initialTemperature: 1e-6, temperatureLr: 1e-9 },
    },
  },
};

const gamma = 0.5;
const worths = { terminated: 1, truncated: 1 / (1 - gamma) } as const;
const all = Object.keys(cases).flatMap((name) => Object.keys(worths).map((ends) => [name, ends] as const));

test.each(all)("%s: a chunk whose episode is %s", async (name, ends) => {
  const { model, options } = cases[name as keyof typeof cases];
  const { base } = pointMassSetup(model(), 1);
  const environments = new FakeEnvironments({ count: 4, ends: ends as keyof typeof worths });
  const setup = {
    ...{ environments, seed: 1, compile: { threads: 1 } },
    base: new TrainedPolicy({ ...base, normalization: rawNumbers(2, 1) }),
  };
  const common = { iterations: 8, steps: 8, valFreq: 7, evaluationEpisodes: 4, gamma, actorLr: 1e-3 };
  const { curve } = await drive(algorithms[name]!, setup, { ...common, ...options }, {});
  const { meanValue } = curve.at(-2)!.update as { meanValue: number };
  expect(Math.abs(meanValue - worths[ends as keyof typeof worths])).toBeLessThan(0.15);
});
