// Policies that are densities themselves, one decision per chunk, on the point mass.
import { expect } from "vitest";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { ppo } from "../../sdk/src/rl/ppo.js";
import { bestReturn, pointMassSetup } from "./point-mass.js";

const sizes = { horizonSteps: 1, actionDim: 1, condDim: 2 };
const deviation = { fixedStd: 0.3, learnFixedStd: true, stdMin: 0.05, stdMax: 0.5 };
const attentive = { transformerEmbedDim: 16, transformerNumHeads: 2, transformerNumLayers: 1 };
const kinds = {
  Gaussian: { policy: "gaussian", network: { ...sizes, ...deviation, mlpDims: [32, 32] } },
  GMM: { policy: "gmm", network: { ...sizes, ...deviation, mlpDims: [32, 32], numModes: 2 } },
  "Gaussian transformer": {
    policy: "gaussian",
    network: { type: "transformer", ...sizes, ...deviation, ...attentive },
  },
};
export type Kind = keyof typeof kinds;

export const setup = (kind: Kind, count = 16) => pointMassSetup(new PolicyModel(kinds[kind]), count);
export const quick = {
  steps: 32,
  batchSize: 128,
  updateEpochs: 8,
  nCriticWarmupItr: 1,
  gamma: 1,
  targetKl: null,
  actorLr: 5e-3,
  actorLrScheduler: { type: "cosine_custom" },
  criticLr: 3e-3,
  critic: { mlpDims: [32] },
  evaluationEpisodes: 16,
  evaluationNoise: "zero",
} satisfies Parameters<typeof ppo.train>[1];

/** PPO steers as the Riccati equation does. */
export async function expectSteering(kind: Kind, options: object): Promise<void> {
  const { curve, best } = await ppo.train(setup(kind), { ...quick, iterations: 31, valFreq: 10, ...options });
  const [before, reached] = [curve[0]!.episodes.return.mean, best!.episodes.return.mean];
  const optimum = bestReturn(16);
  expect(before).toBeLessThan(2.5 * optimum);
  // Returns are costs: at most a tenth more than the least possible one.
  expect(reached).toBeGreaterThan(1.1 * optimum);
  expect(reached).toBeLessThanOrEqual(optimum + 1e-3);
  const { noiseStd, firstRatio } = curve.filter(({ mode }) => mode === "training").at(-1)!.update!;
  expect(Math.abs(firstRatio! - 1)).toBeLessThan(1e-4);
  expect(noiseStd).toBeLessThan(0.3);
}
