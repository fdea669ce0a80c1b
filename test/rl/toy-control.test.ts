// PPO finds a known optimum, whatever the policy: the point mass, whose best feedback follows from the Riccati equation.
import { expect, test } from "vitest";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { ppo } from "../../sdk/src/rl/ppo.js";
import { bestReturn, pointMassSetup } from "./point-mass.js";

const COUNT = 16;

const network = { horizonSteps: 1, actionDim: 1, condDim: 2, mlpDims: [32, 32, 32] };

/** The learned action, clean at once, so that a new network begins near zero; a rate that falls, so that it settles. */
const quick = {
  ...{ iterations: 51, steps: 16, batchSize: 128, updateEpochs: 4, valFreq: 50, evaluationEpisodes: 32 },
  ...{ gamma: 1, actorLr: 3e-3, actorLrScheduler: { type: "cosine_custom" as const }, criticLr: 5e-3, targetKl: null },
  ...{ nCriticWarmupItr: 2, critic: { mlpDims: [32] } },
};

test.each([
  [
    "diffusion",
    "DDPM, the first of 3 steps frozen",
    { denoisingSteps: 3, predictEpsilon: false },
    { ftDenoisingSteps: 2 },
  ],
  ["diffusion", "DDIM", { denoisingSteps: 8, useDdim: true, ddimSteps: 2, predictEpsilon: false }, {}],
] as const)("%s, %s", async (policy, _, options, path) => {
  const { curve, best } = await ppo.train(pointMassSetup(new PolicyModel({ policy, options, network }), COUNT), {
    ...quick,
    ...path,
  });
  const [before, reached] = [curve[0]!.episodes.return.mean, best!.episodes.return.mean];
  expect(before).toBeLessThan(10 * bestReturn(COUNT));
  // Returns are costs: at most a tenth more than the least possible one.
  expect(reached).toBeGreaterThan(1.1 * bestReturn(COUNT));
});
