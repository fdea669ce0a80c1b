// Denoising as an inner process: what is stored of it has the density that sampling reported, decision by decision.
import { beforeAll, describe, expect, test } from "vitest";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { diffusionPathOptions, stepClips, stepDiscounts } from "../../sdk/src/policies/diffusion-path.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { expectClose, wave } from "../nn/close.js";
import { expectFiniteDifferences, filledWeights } from "../nn/weights.js";
import { golden } from "../shared.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const network = { horizonSteps: 2, actionDim: 3, condDim: 5, timeDim: 4, mlpDims: [8, 8, 8], condMlpDims: [6, 4] };
const unet = {
  ...{ type: "unet", horizonSteps: 2, actionDim: 3, condDim: 5 },
  ...{ dim: 4, dimMults: [1, 2], nGroups: 2 },
};
const modelOf = ({ isUnet, ...options }: Record<string, unknown> = {}) =>
  new PolicyModel({
    policy: "diffusion",
    options: { denoisingSteps: 6, ...options },
    network: isUnet ? unet : network,
  });
const state = () => wave<tf.Tensor3D>([4, 1, 5], Math.cos, 0.3);

/** A path with weights, and chunks sampled by it. */
function sampled(options: Record<string, unknown>, pathOptions: Record<string, unknown> = {}) {
  const model = modelOf(options);
  const path = model.path(pathOptions);
  const specs = [...model.layout.specs, ...path.parameters];
  const weights = filledWeights(specs, (n, k) => 0.4 * Math.sin(1.3 * n + 0.7 * k + 0.1));
  const draws = { noise: wave([4, ...path.draws.shapes.noise!], Math.sin, 1.7, 0.4, 2) };
  const condition = model.network.encoder.apply(weights, { state: state() });
  return { model, path, weights, condition, draws, ...path.sample(weights, condition, draws, {}) };
}

describe.each([
  ["DDPM, all steps", {}, {}, 6],
  ["DDPM, the last 3", { ftDenoisingSteps: 3 }, {}, 3],
  ["DDPM, the last one", { ftDenoisingSteps: 1 }, {}, 1],
  ["DDIM", { useDdim: true, ddimSteps: 3 }, {}, 3],
  ["DDIM, the last 2, learned noise", { useDdim: true, ddimSteps: 3, ftDenoisingSteps: 2 }, { learnEta: true }, 2],
  ["U-Net, the last 2", { isUnet: true, ftDenoisingSteps: 2 }, {}, 2],
  ["as the reference counts", {}, { likelihood: "reference", rewardHorizon: 1 }, 6],
] as const)("%s", (_, options, pathOptions, units) => {
  test("the density of what is stored is the one that was reported", () => {
    const { path, weights, condition, stored, logProbability, action } = sampled(options, pathOptions);
    expect(path.units).toBe(units);
    expect(stored.chain!.shape).toEqual([4, units + 1, 2, 3]);
    expectClose(action, stored.chain!.slice([0, units], [-1, 1]).arraySync());
    for (let unit = 0; unit < units; unit++) {
      const rows = units === 1 ? undefined : tf.fill<tf.Rank.R1>([4], unit);
      const again = path.density(weights, condition, stored, {}, rows).logProbability;
      const reported = units === 1 ? logProbability : logProbability.slice([0, unit], [-1, 1]);
      expectClose(again, reported.flatten().arraySync(), 1e-4);
    }
  });
});

test("a step's density is a normal one around the mean that acting has, of deviation at least the floor", () => {
  const { path, weights, condition, stored, model } = sampled({ denoisingSteps: 2, useDdim: true });
  // DDIM without noise from the stored first state is a step of the policy itself.
  const path0 = model.path({ eta: { baseEta: 0, minEta: 0 }, minLogprobDenoisingStd: 0.2 });
  const chain = stored.chain!;
  const noise = chain.slice([0, 0], [-1, 1]).squeeze([1]);
  const acted = model.sampleFrom(weights, condition, { noise }, { steps: 2 });
  const second = path0.sample(weights, condition, { noise: tf.stack([noise, noise.mul(0), noise.mul(0)], 1) }, {});
  expectClose(second.action, acted.arraySync(), 1e-4);
  const moved = { chain: tf.concat([second.stored.chain!.slice([0, 0], [-1, 2]), acted.add(0.3).expandDims(1)], 1) };
  const { logProbability, entropy, terms } = path0.density(weights, condition, moved, {}, tf.ones([4]));
  const each = -0.5 * (0.3 / 0.2) ** 2 - Math.log(0.2) - 0.5 * Math.log(2 * Math.PI);
  expectClose(logProbability, Array<number>(4).fill(6 * each), 1e-4);
  expectClose(entropy, Array<number>(4).fill(6 * (Math.log(0.2) + 0.5 * Math.log(2 * Math.PI * Math.E))), 1e-4);
  expectClose(terms.noiseStd!, 0.2);
  expect(path.sampling.steps).toBe(2);
});

test("rows with different decisions are one batch", () => {
  const { path, weights, condition, stored, logProbability } = sampled({ ftDenoisingSteps: 4 });
  const { logProbability: mixed } = path.density(weights, condition, stored, {}, tf.tensor1d([3, 0, 2, 1]));
  const all = logProbability.arraySync() as number[][];
  expectClose(mixed, [all[0]![3]!, all[1]![0]!, all[2]![2]!, all[3]![1]!], 1e-4);
});

test("the reference's likelihood is the mean over the executed rows, entries within -5 and 2", () => {
  const given = { likelihood: "reference", rewardHorizon: 1, minLogprobDenoisingStd: 0.01 };
  const { path, weights, condition, stored } = sampled({ denoisingSteps: 2 }, given);
  const far = { chain: tf.concat([stored.chain!.slice([0, 0], [-1, 2]), tf.fill([4, 1, 2, 3], 9)], 1) };
  expectClose(path.density(weights, condition, far, {}, tf.ones([4])).logProbability, [-5, -5, -5, -5]);
  const onlyFirst = { chain: stored.chain!.mul(tf.tensor([1, 0], [1, 1, 2, 1])) };
  const density = (chain: typeof stored) => path.density(weights, condition, chain, {}, tf.ones([4])).logProbability;
  // The second row enters through the network, not through its own density.
  expect(density(onlyFirst).shape).toEqual([4]);
  const lastChanged = tf.concat(
    [stored.chain!.slice([0, 0], [-1, 2]), stored.chain!.slice([0, 2], [-1, 1]).add(tf.tensor([0, 0.5], [1, 1, 2, 1]))],
    1,
  );
  expectClose(density({ chain: lastChanged }), density(stored).arraySync());
});

test("noise never exceeds its clip, and floors hold in sampling", () => {
  const spread = (options: object, pathOptions: Record<string, unknown>) => {
    const { stored } = sampled({ denoisingSteps: 1, ...options }, pathOptions);
    return stored.chain!.dataSync().slice(6);
  };
  expect(spread({}, { minSamplingDenoisingStd: 0.5 })).not.toEqual(spread({}, { minSamplingDenoisingStd: 0.1 }));
  expect(spread({ randnClipValue: 0.5 }, {})).not.toEqual(spread({}, {}));
});

describe("fine-tuned steps", () => {
  const options = { ftDenoisingSteps: 2 };

  test("the rest keeps a copy of the network and of its encoder", () => {
    const { model, weights, condition } = sampled(options);
    const names = model.network.parameters.map(({ name }) => name);
    const own = names.filter((name) => !name.startsWith("pretrained."));
    expect(names).toEqual([...own, ...own.map((name) => `pretrained.${name}`)]);
    expect(condition.shape).toEqual([4, 8]);
    const noise = wave<tf.Tensor3D>([4, 2, 3], Math.cos, 1.1);
    const draws = { noise, stepNoise: tf.zeros([4, 5, 2, 3]) };
    const sample = (w: Weights) => model.sample(w, { state: state() }, draws).arraySync();
    const first = (w: Weights) =>
      model
        .path()
        .sample(
          w,
          model.network.encoder.apply(w, { state: state() }),
          {
            noise: wave([4, 7, 2, 3], Math.sin, 1.7),
          },
          {},
        )
        .stored.chain!.slice([0, 0], [-1, 1])
        .arraySync();
    const scaled = (wanted: (name: string) => boolean): Weights =>
      Object.fromEntries(Object.entries(weights).map(([name, w]) => [name, wanted(name) ? w.mul(1.5) : w]));
    const [tuned, kept] = [scaled((name) => own.includes(name)), scaled((name) => !own.includes(name))];
    expect(first(tuned)).toEqual(first(weights));
    expect(first(kept)).not.toEqual(first(weights));
    expect(sample(tuned)).not.toEqual(sample(weights));
    expect(sample(kept)).not.toEqual(sample(weights));
    // Without steps of its own left, the copy acts alone.
    const base = modelOf({ ftDenoisingSteps: 0 });
    expect(base.sample(tuned, { state: state() }, draws).arraySync()).toEqual(
      base.sample(weights, { state: state() }, draws).arraySync(),
    );
  });

  test("all of them need no copy; more than there are is an error", () => {
    expect(modelOf({ ftDenoisingSteps: 6 }).network).not.toHaveProperty("pretrained");
    expect(() => modelOf({ ftDenoisingSteps: 7 }).path()).toThrow(/ftDenoisingSteps: is 7[^]*1 to 6/);
    expect(() => modelOf().path({ rewardHorizon: 3 })).toThrow(/rewardHorizon: is 3[^]*at most the 2 actions/);
  });

  test("gradients reach the trained network and its encoder, and equal finite differences", () => {
    const { model, path, weights, stored } = sampled(options);
    const density = (w: Weights) =>
      path.density(w, model.network.encoder.apply(w, { state: state() }), stored, {}, tf.tensor1d([0, 1, 1, 0]));
    const { gradients } = valueAndGradients((w) => ({ loss: density(w).logProbability.mean() }), weights);
    for (const [name, gradient] of Object.entries(gradients)) {
      const size = gradient.abs().sum().dataSync()[0]!;
      if (name.startsWith("pretrained.")) expect(size, name).toBe(0);
      else expect(size, name).toBeGreaterThan(0);
    }
    // Not through a clip, where there is no slope.
    const loose = { denoisedClipValue: null, ...options };
    const smooth = sampled(loose, { minLogprobDenoisingStd: 1 });
    const trained = Object.entries(smooth.weights).filter(([name]) => !name.startsWith("pretrained."));
    const own = Object.fromEntries(trained.map(([name, w]) => [name, w.mul(0.4)]));
    const loss = (w: Weights) => {
      const all = { ...smooth.weights, ...w };
      const condition = smooth.model.network.encoder.apply(all, { state: state() });
      return smooth.path.density(all, condition, smooth.stored, {}, tf.tensor1d([0, 1, 1, 0])).logProbability.mean();
    };
    expectFiniteDifferences(loss, own);
  });
});

test("learned noise: within its range, from its base on, with a gradient through mean and deviation", () => {
  const eta = { baseEta: 0.5, minEta: 0.1, maxEta: 0.9 };
  const pathOptions = { learnEta: true, eta, minLogprobDenoisingStd: 1e-3, minSamplingDenoisingStd: 1e-3 };
  const { path, model, weights, condition, draws } = sampled({ useDdim: true, ddimSteps: 3 }, pathOptions);
  expect(path.parameters.map(({ name }) => name)).toEqual(["actor_ft.eta.logit"]);
  const initial = new Float32Array(1);
  path.parameters[0]!.initialise(initial, [1], undefined as never);
  const at = (logit: number): Weights => ({ ...weights, "actor_ft.eta.logit": tf.tensor1d([logit]) });
  const fixed = (baseEta: number) =>
    model.path({ ...pathOptions, learnEta: false, eta: { ...eta, baseEta } }).sample(weights, condition, draws, {});
  const learned = (logit: number) => path.sample(at(logit), condition, draws, {});
  expectClose(learned(initial[0]!).action, fixed(0.5).action.arraySync(), 1e-4);
  expectClose(learned(20).action, fixed(2).action.arraySync(), 1e-4);
  expectClose(learned(-20).action, fixed(0).action.arraySync(), 1e-4);
  const { stored } = learned(0);
  const unit = tf.tensor1d([0, 1, 0, 1]);
  expectFiniteDifferences(
    (w) => path.density({ ...weights, ...w }, condition, stored, {}, unit).logProbability.mean(),
    { "actor_ft.eta.logit": tf.tensor1d([0.3]) },
  );
});

test.each([5, 10])("clips and discounts of %i steps equal the reference's", (steps) => {
  const expected = golden("finetune")[`dppo_ft${steps}`];
  const options = diffusionPathOptions.parse({
    clipPlossCoefBase: expected.base,
    clipPlossCoefRate: expected.rate,
    gammaDenoising: expected.gamma_denoising,
  });
  expectClose(tf.tensor1d(stepClips(steps, expected.clip_coef, options)), expected.clip_per_denoising_index);
  expectClose(tf.tensor1d(stepDiscounts(steps, options)), expected.discount_per_denoising_index);
  expect(stepClips(1, 0.2, options)).toEqual([0.2]);
  expect(stepClips(3, 0.2, diffusionPathOptions.parse({}))).toEqual([0.2, 0.2, 0.2]);
});
