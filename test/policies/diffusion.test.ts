import { beforeAll, describe, expect, test } from "vitest";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { Random } from "../../sdk/src/engine/random.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { diffusionMlp } from "../../sdk/src/nn/diffusion-mlp.js";
import type { TrainingBatch } from "../../sdk/src/policies/definition.js";
import { coefficients, nextMean } from "../../sdk/src/policies/diffusion-step.js";
import { diffusion, diffusionLoss, sampleDiffusion } from "../../sdk/src/policies/diffusion.js";
import { cosineSchedule, noiseLevels } from "../../sdk/src/policies/noise-schedule.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { expectClose, wave } from "../nn/close.js";
import { expectCompiled } from "../nn/compiled.js";
import { expectFiniteDifferences, filledWeights, pretrainFormula } from "../nn/weights.js";
import { golden } from "../shared.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

/** `pretrain-golden.json`: B = 4, Ta = 2, Da = 3. */
const sizes = {
  ...{ horizonSteps: 2, actionDim: 3, condDim: 5, timeDim: 4 },
  ...{ mlpDims: [8, 8, 8] },
};
const network = diffusionMlp(sizes);
const weights = () => filledWeights(network.parameters, pretrainFormula);
const noise = () => wave<tf.Tensor3D>([4, 2, 3], Math.cos, 1.1, 0.4);
const state = () => wave<tf.Tensor3D>([4, 1, 5], Math.cos, 0.3);
const batch = (): TrainingBatch => ({
  action: wave([4, 2, 3], Math.sin, 0.5, 0.2, 0.8),
  ...{ noise: noise(), state: state(), t: tf.tensor1d([0, 3, 7, 19]) },
});
const condition = () => network.encoder.apply(weights(), { state: state() });
/** The next mean of row `row` of x = noise at a noise level. */
const meanOf = (row: number, time: number, levels: ReturnType<typeof noiseLevels>, eta: number, options = {}) => {
  const answer = network.noise(weights(), noise(), tf.fill<tf.Rank.R1>([4], time), condition());
  const level = levels.find((level) => level.time === time)!;
  return nextMean(answer, noise(), coefficients(level, eta), diffusion.configure(options)).slice([row], [1]);
};

describe("the schedule", () => {
  test("equals the reference's", () => {
    const { betas, alphas_cumprod } = golden("finetune").ddpm_T20;
    const shares = cosineSchedule(20);
    expectClose(tf.tensor1d(Float32Array.from(shares)), alphas_cumprod);
    expectClose(tf.tensor1d([...shares].map((share, i) => 1 - share / (shares[i - 1] ?? 1))), betas);
  });

  test("levels are evenly spread, noisiest first, the last one leads to clean actions", () => {
    const { ddim_t, alphas, alphas_prev } = golden("pretrain").ddim_T100_S5;
    const levels = noiseLevels(100, 5);
    expect(levels.map(({ time }) => time)).toEqual(ddim_t);
    expectClose(tf.tensor1d(levels.map(({ share }) => share)), alphas);
    expectClose(tf.tensor1d(levels.map(({ next }) => next)), alphas_prev);
    expect(noiseLevels(20, 3).map(({ time }) => time)).toEqual([13, 6, 0]);
    expect(() => noiseLevels(20, 21)).toThrow(/denoising steps: is 21[^]*at most 20/);
  });
});

describe("DDPM", () => {
  const expected = golden("pretrain").ddpm;

  test("the network's answer and the loss equal the reference's", () => {
    expect(network.parameters.map(({ name }) => name)).toEqual(expected.param_order);
    // The reference asked it between action and noise, at the flow times.
    const share = tf.tensor3d([0.2, 0.4, 0.6, 0.8], [4, 1, 1]);
    const x: tf.Tensor3D = batch()
      .action.mul(share)
      .add(noise().mul(tf.scalar(1).sub(share)));
    expectClose(network.noise(weights(), x, batch().t as tf.Tensor1D, condition()), expected.eps_pred);
    const { rows } = diffusionLoss(network, weights(), batch(), diffusion.configure());
    expect(rows.shape).toEqual([4]);
    expectClose(rows.mean(), expected.loss_with_eps_noise);
  });

  test("the posterior equals the reference's, mean and deviation", () => {
    (expected.t as number[]).forEach((time, row) => {
      expectClose(meanOf(row, time, noiseLevels(20, 20), 1), expected.p_mean_of_x_eq_eps[row]);
      const { sigma } = coefficients(
        noiseLevels(20, 20).find((level) => level.time === time)!,
        1,
      );
      expectClose(tf.scalar(Math.max(sigma ** 2, 1e-20)).log(), expected.p_logvar[row]);
    });
  });

  test("of DDIM's family it is eta = 1: Ho et al. 2020, eq. 7", () => {
    const { mu_coef1_T20, mu_coef2_T20, logvar_clipped_T20 } = golden("pretrain").ddpm;
    noiseLevels(20, 20).forEach((level) => {
      const { signal, noise, nextSignal, direction, sigma } = coefficients(level, 1);
      const ofState = direction / noise;
      expect(ofState).toBeCloseTo(mu_coef2_T20[level.time], 5);
      expect(nextSignal - signal * ofState).toBeCloseTo(mu_coef1_T20[level.time], 5);
      if (level.time > 0) expect(2 * Math.log(sigma)).toBeCloseTo(logvar_clipped_T20[level.time], 4);
    });
  });
});

test("a step of DDIM equals the reference's", () => {
  const { ddim_t, index, mean_of_x_eq_eps } = golden("pretrain").ddim_T100_S5;
  (index as number[]).forEach((i, row) => {
    expectClose(meanOf(row, ddim_t[i], noiseLevels(100, 5), 0), mean_of_x_eq_eps[row]);
  });
});

test("it may learn the clean actions instead: loss, step and gradients", () => {
  const options = diffusion.configure({ predictEpsilon: false });
  const { rows } = diffusionLoss(network, weights(), batch(), options);
  // The same network, asked for something else: the errors differ by noise - action.
  expect(rows.mean().dataSync()[0]).not.toBeCloseTo(golden("pretrain").ddpm.loss_with_eps_noise, 3);
  const [level] = noiseLevels(20, 1);
  // From the lowest level one step leads to the answer itself, clipped.
  const answer = wave<tf.Tensor3D>([4, 2, 3], Math.sin, 0.9, 0, 1.4);
  expectClose(nextMean(answer, noise(), coefficients(level!, 1), options), answer.clipByValue(-1, 1).arraySync());
  for (const predictEpsilon of [true, false]) {
    expectFiniteDifferences(
      (w) => diffusionLoss(network, w, batch(), { denoisingSteps: 20, predictEpsilon }).rows.mean(),
      weights(),
    );
  }
});

describe("sampling", () => {
  const model = (options: Record<string, unknown> = {}) =>
    new PolicyModel({ policy: "diffusion", options, network: sizes });
  const own = () => filledWeights(model().network.parameters, pretrainFormula);
  const drawn = (model: PolicyModel, steps = model.defaultSteps) => {
    const draws = model.actingDraws(steps);
    const out = emptyDraws(draws, 4);
    fillDraws(draws, out, new Random(3).stream("noise"));
    return Object.fromEntries(
      Object.entries(out).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
    );
  };
  const sample = (options: Record<string, unknown>, sampling: object = {}, draws?: Record<string, tf.Tensor>) => {
    const policy = model(options);
    const { steps } = sampling as { steps?: number };
    return policy.sample(own(), { state: state() }, draws ?? drawn(policy, steps), sampling);
  };

  test("DDPM takes all levels and draws noise for every step but the last, DDIM its own number and none", () => {
    expect(model().defaultSteps).toBe(20);
    expect(model().actingDraws().shapes).toEqual({ noise: [2, 3], stepNoise: [19, 2, 3] });
    expect(model().actingDraws(1).shapes).toEqual({ noise: [2, 3] });
    const ddim = model(diffusion.ddim());
    expect(ddim.defaultSteps).toBe(5);
    expect(ddim.actingDraws().shapes).toEqual({ noise: [2, 3] });
    expect(model({ useDdim: true }).defaultSteps).toBe(20);
  });

  test("each step is the mean, and noise of the posterior's deviation, at least 1e-3", () => {
    const draws = drawn(model(), 4);
    let x = draws.noise as tf.Tensor3D;
    noiseLevels(20, 4).forEach((level, i) => {
      const t = tf.fill<tf.Rank.R1>([4], level.time);
      const answer = network.noise(weights(), x, t, condition());
      x = nextMean(answer, x, coefficients(level, 1), diffusion.configure());
      const std = Math.max(1e-3, coefficients(level, 1).sigma);
      if (i < 3) x = x.add(draws.stepNoise!.slice([0, i], [-1, 1]).squeeze<tf.Tensor3D>([1]).mul(std));
    });
    expectClose(sample({}, { steps: 4 }), x.arraySync());
  });

  test("options and arguments do what they say", () => {
    const far = { noise: noise().mul(3), stepNoise: tf.fill([4, 19, 2, 3], 50) };
    const largest = (x: tf.Tensor) => x.abs().max().dataSync()[0]!;
    const clipped = (clip: number) => sample({ randnClipValue: clip, denoisedClipValue: 100 }, {}, far).arraySync();
    expect(clipped(10)).not.toEqual(clipped(3));
    expect(largest(sample({ denoisedClipValue: 0.25 }))).toBeLessThanOrEqual(0.25);
    expect(largest(sample({ denoisedClipValue: null }, { steps: 3 }))).toBeGreaterThan(1);
    expect(largest(sample({ finalActionClipValue: 0.1 }))).toBeCloseTo(0.1, 6);
    const ddim = { useDdim: true, denoisedClipValue: 0.5 };
    const [loose, tight] = [sample(ddim), sample({ ...ddim, epsClipValue: 0.1 })];
    expect(tight.arraySync()).not.toEqual(loose.arraySync());
    const late = sample({}, { clipIntermediate: false });
    expect(largest(late)).toBeLessThanOrEqual(1);
    expect(late.arraySync()).not.toEqual(sample({}).arraySync());
    expect(() => sample({}, { steps: 21 })).toThrow(/at most 20/);
  });

  test("data that are a point are found by DDIM from any noise", () => {
    const data = tf.tensor3d([[[0.3, -0.6, 0.1]]]).tile<tf.Tensor3D>([4, 2, 1]);
    const shares = cosineSchedule(20);
    const exact = {
      ...network,
      noise: (_: Weights, x: tf.Tensor3D, t: tf.Tensor1D): tf.Tensor3D => {
        const share = shares[t.dataSync()[0]!]!;
        return x.sub(data.mul(Math.sqrt(share))).div(Math.sqrt(1 - share));
      },
    };
    for (const steps of [1, 3, 20]) {
      const options = diffusion.configure({ useDdim: true });
      const got = sampleDiffusion(exact, {}, condition(), { noise: noise() }, options, { steps });
      expectClose(got, data.arraySync(), 1e-4);
    }
  });

  test("training draws every level equally often, and standard normal noise", () => {
    const draws = model().trainingDraws;
    const out = emptyDraws(draws, 8000);
    fillDraws(draws, out, new Random(2).stream("draws"));
    const counts = Array.from({ length: 20 }, () => 0);
    out.t!.data.forEach((level) => counts[level]!++);
    expect(counts.reduce((a, b) => a + b)).toBe(8000);
    for (const each of counts) expect(Math.abs(each - 400)).toBeLessThan(90);
    const values = [...out.noise!.data];
    expect(Math.abs(values.reduce((sum, x) => sum + x * x, 0) / values.length - 1)).toBeLessThan(0.03);
  });

  test("compiled equals eager: loss, gradients and a chunk", async () => {
    const policy = model();
    const input = { weights: own(), batch: batch(), draws: drawn(policy) };
    const all = ({ weights, batch, draws }: typeof input) => ({
      loss: valueAndGradients((w) => policy.loss(w, batch), weights),
      action: policy.sample(weights, batch, draws),
    });
    await expectCompiled(all, input, 1e-4);
  });
});
