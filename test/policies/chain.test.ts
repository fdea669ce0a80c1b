import { beforeAll, expect, test } from "vitest";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { noiseNet } from "../../sdk/src/nn/noise-net.js";
import { chainDensity, sampleChain, type ChainOptions, type NoisySteps } from "../../sdk/src/policies/chain.js";
import { expectClose, wave } from "../nn/close.js";
import { expectFiniteDifferences, filledWeights, referenceFormula } from "../nn/weights.js";
import { golden } from "../shared.js";
import { noisy, referenceNetwork, referenceWeights } from "./batches.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const reference = { normalized: true, initialTerm: true };

/** The closed-form policy of `finetune-golden.json`: sigma = 0.1 + 0.02 i at step i of 2. */
const closedForm: NoisySteps = noisy(
  {
    parameters: [],
    horizonSteps: 2,
    actionDim: 2,
    encoder: { parameters: [], width: 1, stateSize: 2, apply: () => expect.unreachable() },
    velocity: (_, x, t, r, condition) =>
      x.mul(0.3).add(
        condition
          .mul(0.05)
          .add(t.mul(0.1).sub(r.mul(0.2)).expandDims(1))
          .expandDims(2),
      ),
    features: () => expect.unreachable(),
  },
  {
    logStd: (_, x, t) =>
      tf.scalar(0.1).add(tf.scalar(1).sub(t).mul(0.04)).log().reshape([-1, 1, 1]).broadcastTo(x.shape),
  },
);
const anyRange = { min: 0.05, max: 1 };

test("density of a chain equals the reference in every form", () => {
  const expected = golden("finetune").chain_meanflow;
  const condition = tf.tensor3d(expected.state).mean<tf.Tensor1D>([1, 2]).expandDims<tf.Tensor2D>(1);
  const at = (options: object) =>
    chainDensity(closedForm, {}, condition, tf.tensor4d(expected.chain), anyRange, { steps: 2, ...options });
  expectClose(at(reference).logProbability, expected.logprob);
  expectClose(at(reference).entropy, expected.entropy_rate);
  expectClose(at({ initialTerm: true }).logProbability, expected.logprob_sum);
  expectClose(at({ normalized: true }).logProbability, expected.logprob_without_x0);
  expectClose(
    at({}).logProbability,
    expected.logprob_without_x0.map((l: number) => l * 8),
  );
  expectClose(at({}).terms.noiseStd!, expected.std_mean);
  const stepEntropy = (sigma: number) => 4 * (0.5 * Math.log(2 * Math.PI * Math.E) + Math.log(sigma));
  const entropy = stepEntropy(0.1) + stepEntropy(0.12);
  expectClose(at({}).entropy, [entropy, entropy, entropy]);
});

// dmpo-reference.md 9.5, computed in float64.
const net = noiseNet({
  horizonSteps: 2,
  actionDim: 2,
  conditionDimension: 5,
  noiseHiddenDims: [6, 6],
  timeDimExplore: 4,
  stdMap: "clamp",
});
const policy = noisy(referenceNetwork, net);
const allWeights = (): Weights => ({ ...referenceWeights(), ...filledWeights(net.parameters, referenceFormula) });
const range = { min: 0.05, max: 1.5 };
const state = () => wave<tf.Tensor3D>([3, 1, 3], Math.sin, 0.4, 0.7);
const storedChain = () => wave<tf.Tensor4D>([3, 3, 2, 2], Math.sin, 0.8, 0.1, 0.9);
const densityOf = (weights: Weights, options: object = {}, by = policy) =>
  chainDensity(by, weights, referenceNetwork.encoder.apply(weights, { state: state() }), storedChain(), range, {
    steps: 2,
    ...options,
  });

test("log-probability and entropy of the reference's network", () => {
  const weights = allWeights();
  const { logProbability, entropy, terms } = densityOf(weights, reference);
  expectClose(logProbability, [-1.3582431586, -1.3629532043, -1.3744886532]);
  expectClose(entropy, [1.4653222124, 1.4653183647, 1.4652652905]);
  expectClose(terms.noiseStd!, 1.0751277307);
});

const tanhNet = noiseNet({
  horizonSteps: 2,
  actionDim: 2,
  conditionDimension: 5,
  noiseHiddenDims: [6, 6],
  timeDimExplore: 4,
});
const tanhPolicy = noisy(referenceNetwork, tanhNet);

test("gradients reach velocity network, encoder and noise net, and equal finite differences", () => {
  for (const part of ["logProbability", "entropy"] as const) {
    expectFiniteDifferences((w) => densityOf(w, { meanClip: null }, tanhPolicy)[part].mean(), allWeights());
  }
  const { gradients } = valueAndGradients(
    (w) => ({ loss: densityOf(w, {}, tanhPolicy).logProbability.mean() }),
    allWeights(),
  );
  for (const [name, gradient] of Object.entries(gradients)) {
    expect(gradient.abs().sum().dataSync()[0], name).toBeGreaterThan(0);
  }
});

test("a saturated clamp keeps the noise net from learning, as in the reference", () => {
  const { gradients } = valueAndGradients(
    (w) => ({
      loss: chainDensity(
        policy,
        w,
        referenceNetwork.encoder.apply(w, { state: state() }),
        storedChain(),
        { min: 0.05, max: 0.12 },
        { steps: 2 },
      ).logProbability.mean(),
    }),
    allWeights(),
  );
  for (const { name } of net.parameters) expect(gradients[name]!.abs().sum().dataSync()[0], name).toBe(0);
  expect(gradients["mlp_mean.layers.0.weight"]!.abs().sum().dataSync()[0]).toBeGreaterThan(0);
});

test.each([1, 2, 4])("a sampled chain of %i steps has the density that it reports", (steps) => {
  const weights = allWeights();
  const condition = referenceNetwork.encoder.apply(weights, { state: state() });
  const noise = wave<tf.Tensor4D>([3, steps + 1, 2, 2], Math.sin, 1.7, 0.4, 2);
  for (const options of [{ steps }, { steps, noisySteps: 1 }, { steps, ...reference }]) {
    const sampled = sampleChain(tanhPolicy, weights, condition, noise, { min: 0.05, max: 0.3 }, options);
    const again = chainDensity(tanhPolicy, weights, condition, sampled.chain, { min: 0.05, max: 0.3 }, options);
    expectClose(again.logProbability, sampled.logProbability.arraySync(), 1e-5);
    expectClose(again.entropy, sampled.entropy.arraySync(), 1e-5);
    expectClose(again.terms.noiseStd!, sampled.terms.noiseStd!.dataSync()[0]!);
    expect(sampled.chain.shape).toEqual([3, steps + 1, 2, 2]);
    expectClose(sampled.action, sampled.chain.slice([0, steps]).squeeze([1]).arraySync());
  }
});

test("initial noise of another deviation: where chains begin, and its density as the reference counts it", () => {
  const weights = allWeights();
  const condition = referenceNetwork.encoder.apply(weights, { state: state() });
  const noise = wave<tf.Tensor4D>([3, 3, 2, 2], Math.sin, 1.7, 0.4, 2);
  const [all, sampling] = [
    { steps: 2, initialTerm: true },
    { min: 0.05, max: 0.3 },
  ];
  const sampled = (options: ChainOptions) => sampleChain(tanhPolicy, weights, condition, noise, sampling, options);
  for (const initialNoiseStd of [0.3, 2]) {
    const { chain, logProbability, entropy } = sampled({ ...all, initialNoiseStd });
    expectClose(chain.slice([0, 0], [-1, 1]), noise.slice([0, 0], [-1, 1]).mul(initialNoiseStd).arraySync());
    const steps = chainDensity(tanhPolicy, weights, condition, chain, sampling, { steps: 2 });
    // ln N(x_0; 0, s^2 I) of four entries, and its entropy.
    const normalizer = 4 * (0.5 * Math.log(2 * Math.PI) + Math.log(initialNoiseStd));
    const initial = noise.slice([0, 0], [-1, 1]).square().sum([1, 2, 3]).mul(-0.5).sub(normalizer);
    expectClose(logProbability, steps.logProbability.add(initial).arraySync(), 1e-5);
    expectClose(entropy, steps.entropy.add(normalizer + 2).arraySync(), 1e-5);
  }
  // Without noise there is one beginning, which has no density.
  const { chain, logProbability } = sampled({ ...all, initialNoiseStd: 0 });
  expect(chain.slice([0, 0], [-1, 1]).abs().max().dataSync()[0]).toBe(0);
  expectClose(logProbability, sampled({ steps: 2, initialNoiseStd: 0 }).logProbability.arraySync());
});

test("early steps have the range's minimum", () => {
  const weights = allWeights();
  const condition = referenceNetwork.encoder.apply(weights, { state: state() });
  const fixed = chainDensity(tanhPolicy, weights, condition, storedChain(), range, { steps: 2, noisySteps: 0 });
  expectClose(fixed.terms.noiseStd!, 0.05);
});

test("noise is clipped at three standard deviations, actions at their range, means at one", () => {
  const noise = tf.tensor4d([[[[0.2, -5]], [[10, 10]], [[-10, -10]]]]);
  const { chain } = sampleChain({ ...closedForm, step: (_, x) => x }, {}, tf.zeros([1, 1]), noise, anyRange, {
    steps: 2,
  });
  expectClose(chain, [0.2, -5, 0.2 + 0.3, -1 + 0.3, 0.5 - 0.36, -1]);
});
