// dmpo-reference.md 9.5, computed in float64 with the reference's classes: network, noise net and critic filled by formula.
import { beforeAll, test } from "vitest";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { critic } from "../../sdk/src/nn/critic.js";
import { noiseNet } from "../../sdk/src/nn/noise-net.js";
import { chainDensity } from "../../sdk/src/policies/chain.js";
import { standardized } from "../../sdk/src/rl/minibatches.js";
import { ppoLoss, valueLoss } from "../../sdk/src/rl/ppo.js";
import { expectClose, wave } from "../nn/close.js";
import { filledWeights, referenceFormula } from "../nn/weights.js";
import { noisy, referenceNetwork, referenceWeights } from "../policies/batches.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const noise = noiseNet({
  horizonSteps: 2,
  actionDim: 2,
  conditionDimension: 5,
  noiseHiddenDims: [6, 6],
  timeDimExplore: 4,
  stdMap: "clamp",
});
const state = () => wave<tf.Tensor3D>([3, 1, 3], Math.sin, 0.4, 0.7);
const samples = Int32Array.of(0, 1, 2);
const oldLogProb = [-1.3582431586 + 0.004, -1.3629532043 - 0.02, -1.3744886532 + 0.03];

function terms(policyScale: number) {
  const policyWeights = Object.entries(referenceWeights()).map(([name, w]) => [name, w.mul(policyScale)]);
  const weights: Weights = {
    ...Object.fromEntries(policyWeights),
    ...filledWeights(noise.parameters, referenceFormula),
  };
  const density = chainDensity(
    noisy(referenceNetwork, noise),
    weights,
    referenceNetwork.encoder.apply(weights, { state: state() }),
    wave<tf.Tensor4D>([3, 3, 2, 2], Math.sin, 0.8, 0.1, 0.9),
    { min: 0.05, max: 1.5 },
    { steps: 2, normalized: true, initialTerm: true },
  );
  const columns = {
    logProb: density.logProbability,
    oldLogProb: tf.tensor1d(oldLogProb),
    advantage: tf.tensor1d(standardized(Float32Array.of(0.5, -1, 0.3), samples)),
    entropy: density.entropy,
  };
  return { weights, ...ppoLoss(columns, { clipPlossCoef: 0.01, logProbRange: [-5, 5], entCoef: 0.01 }) };
}

test("policy terms", () => {
  const { policyLoss, entropyLoss, clipFraction, approxKl, ratio } = terms(1);
  // Differences of log-probabilities of order 1e-2: float32 leaves four digits of their squares.
  expectClose(policyLoss, 0.01307764, 1e-4);
  expectClose(entropyLoss, -1.4653019558);
  expectClose(clipFraction, 2 / 3);
  expectClose(approxKl, 2.182876e-4, 1e-3);
  expectClose(ratio, 0.995551621);
  const moved = terms(1.1);
  expectClose(moved.policyLoss, 0.0117282055, 1e-4);
  expectClose(moved.entropyLoss, -1.4652878434);
  expectClose(moved.approxKl, 1.944468e-4, 1e-3);
  expectClose(moved.ratio, 1.0060984499);
});

test("value term", () => {
  const network = critic({ mlpDims: [4, 4, 4] }, 3);
  const value = network.value(filledWeights(network.parameters, referenceFormula), { state: state() });
  expectClose(value.mean(), 0.1870586003);
  const columns = { value, oldValue: tf.tensor1d([0.8, -0.2, 1.5]), target: tf.tensor1d([1, -0.5, 2]) };
  expectClose(valueLoss(columns, { clipVlossCoef: null, vfCoef: 1 }).valueLoss, 0.7540320392);
});
