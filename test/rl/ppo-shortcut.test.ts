// PPO with a Shortcut flow on a task whose best policy is known.
import { expect, test } from "vitest";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { ppo } from "../../sdk/src/rl/ppo.js";
import { bestReturn, pointMassSetup } from "./point-mass.js";
import { smallNetworks } from "./setup.js";

test("the point mass is steered at most a tenth dearer than the Riccati equation steers it", async () => {
  const network = {
    horizonSteps: 1,
    actionDim: 1,
    condDim: 2,
    tdEmbDim: 8,
    mlpDims: [32, 32, 32],
    condMlpDims: [16, 8],
  };
  const { curve, best } = await ppo.train(pointMassSetup(new PolicyModel({ policy: "shortcut", network }), 32), {
    ...{ iterations: 61, steps: 16, batchSize: 128, updateEpochs: 8, nCriticWarmupItr: 0, gamma: 1, gaeLambda: 0.95 },
    ...{ actorLr: 2e-3, criticLr: 5e-3, targetKl: null, clipPlossCoef: 0.2, denoisingSteps: 2 },
    ...{ noise: { minStd: 0.05, maxStd: 0.2 }, noiseNet: { noiseHiddenDims: [8] }, critic: smallNetworks.critic },
    ...{ valFreq: 20, evaluationEpisodes: 32 },
  });
  const [before, reached] = [curve[0]!.episodes.return.mean, best!.episodes.return.mean];
  expect(before).toBeLessThan(2 * bestReturn(32));
  expect(reached).toBeGreaterThan(1.1 * bestReturn(32));
}, 60_000);
