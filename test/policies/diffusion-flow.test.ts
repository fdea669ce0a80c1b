// Densities by the probability flow, against those of data whose noise is known in closed form.
import { beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import type { DiffusionNetwork } from "../../sdk/src/nn/denoising-network.js";
import { flowDensity, type FlowOptions } from "../../sdk/src/policies/diffusion-flow.js";
import { diffusion } from "../../sdk/src/policies/diffusion.js";
import { cosineSchedule } from "../../sdk/src/policies/noise-schedule.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { expectClose, wave } from "../nn/close.js";
import { expectCompiled } from "../nn/compiled.js";
import { expectFiniteDifferences, filledWeights } from "../nn/weights.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const usual: FlowOptions = {
  ...{ sdeStepSize: 0.05, sdeNumEpsilon: 0, sdeHutchinsonType: "Rademacher" },
  ...{ learnEta: false, likelihood: "summed" },
};

/** Two clusters in the plane, each a normal distribution with a covariance of its own. */
const clusters = [
  { share: 0.3, mean: [0.5, -0.3], covariance: [0.09, 0.05, 0.06] },
  { share: 0.7, mean: [-0.4, 0.2], covariance: [0.04, -0.02, 0.05] },
] as const;

/** ln of each cluster's share times its density (B, 2) at x (B, 2), with so much signal left. */
function logDensities(x: tf.Tensor2D, signal: number): tf.Tensor2D {
  const columns = clusters.map(({ share, mean, covariance: [a, b, c] }) => {
    const [p, q, r] = [signal * a + 1 - signal, signal * b, signal * c + 1 - signal];
    const determinant = p * r - q * q;
    const [u, v] = [0, 1].map((axis) => x.slice([0, axis], [-1, 1]).sub(Math.sqrt(signal) * mean[axis]!));
    const squares = u!.square().mul(r).sub(u!.mul(v!).mul(2 * q)).add(v!.square().mul(p)).div(determinant); // prettier-ignore
    return squares.mul(-0.5).add(Math.log(share) - Math.log(2 * Math.PI) - 0.5 * Math.log(determinant));
  });
  return tf.concat(columns, 1) as tf.Tensor2D;
}

/** What a network that has learned them answers: - sqrt(1 - A) times the gradient of ln p. */
const levels = 200;
const shares = cosineSchedule(levels);
const learned = {
  ...{ parameters: [], horizonSteps: 1, actionDim: 2 },
  noise(_: Weights, x: tf.Tensor3D, t: tf.Tensor1D): tf.Tensor3D {
    const signal = shares[t.dataSync()[0]!]!;
    const rows: tf.Tensor2D = x.reshape([-1, 2]);
    const weights = tf.softmax(logDensities(rows, signal), 1);
    const slopes = clusters.map(({ mean, covariance: [a, b, c] }, i) => {
      const [p, q, r] = [signal * a + 1 - signal, signal * b, signal * c + 1 - signal];
      const determinant = p * r - q * q;
      const centred = rows.sub(tf.tensor2d([mean.map((m) => m * Math.sqrt(signal))]));
      const inverse = tf.tensor2d([
        [r / determinant, -q / determinant],
        [-q / determinant, p / determinant],
      ]);
      return tf.matMul(centred, inverse).mul(weights.slice([0, i], [-1, 1]));
    });
    return tf
      .addN(slopes)
      .mul(Math.sqrt(1 - signal))
      .reshape(x.shape);
  },
} as unknown as DiffusionNetwork;

const chunks = () => tf.tensor3d([0.5, -0.3, -0.4, 0.2, 0.1, 0.05, -0.2, 0.4, 0.9, 0.2, -0.8, 0.1], [6, 1, 2]);
const truth = (x: tf.Tensor3D) =>
  tf.logSumExp(logDensities(x.reshape<tf.Tensor2D>([-1, 2]), 1), 1).arraySync() as number[];
const densityOf = (network: DiffusionNetwork, flow: Partial<FlowOptions>, probes?: tf.Tensor4D) =>
  flowDensity(
    ...([network, {}, tf.zeros<tf.Rank.R2>([6, 1]), chunks(), probes] as const),
    ...([diffusion.configure({ denoisingSteps: levels }), { ...usual, ...flow }] as const),
  );

test("in many steps it is the density of the data", () => {
  const errors = (sdeStepSize: number) =>
    densityOf(learned, { sdeStepSize })
      .arraySync()
      .map((value, i) => value - truth(chunks())[i]!);
  const worst = (values: number[]) => Math.max(...values.map(Math.abs));
  const [coarse, fine] = [errors(1 / 20), errors(1 / levels)].map(worst);
  expect(fine).toBeLessThan(0.05);
  expect(coarse).toBeGreaterThan(2 * fine!);
});

test.each([
  ["Rademacher", 0.3],
  ["Gaussian", 1],
] as const)("random directions measure the same on average: %s, within %d", (type, within) => {
  const model = new PolicyModel({
    policy: "diffusion",
    options: { denoisingSteps: 4 },
    network: { horizonSteps: 1, actionDim: 2, condDim: 1, timeDim: 4, mlpDims: [4] },
  });
  const path = model.path({ density: "flow", sdeNumEpsilon: 400, sdeHutchinsonType: type });
  const draws = emptyDraws(path.draws, 6);
  fillDraws(path.draws, draws, new Random(2).stream("directions"));
  const { data, shape } = draws.probes!;
  const probes = tf.tensor4d(data as Float32Array, shape as [number, number, number, number]);
  expect(new Set(data.map(Math.abs)).size === 1).toBe(type === "Rademacher");
  const exact = densityOf(learned, { sdeStepSize: 0.1 }).arraySync();
  const estimate = densityOf(learned, { sdeStepSize: 0.1 }, probes).arraySync();
  estimate.forEach((value, i) => expect(Math.abs(value - exact[i]!)).toBeLessThan(within));
  expect(Math.max(...estimate.map((value, i) => Math.abs(value - exact[i]!)))).toBeGreaterThan(1e-4);
});

const network = { horizonSteps: 2, actionDim: 2, condDim: 3, timeDim: 4, mlpDims: [6, 6, 6] };
const state = () => wave<tf.Tensor3D>([3, 1, 3], Math.cos, 0.3);

describe.each([
  ["exact", {}, { sdeNumEpsilon: 0 }],
  ["estimated", {}, {}],
  ["clean actions learned, an earlier network for the first steps", { predictEpsilon: false, ftDenoisingSteps: 2 }, {}],
  ["as the reference counts", { ftDenoisingSteps: 2 }, { likelihood: "reference" }],
] as const)("a chunk's density, %s", (_, options, settings) => {
  const model = new PolicyModel({ policy: "diffusion", options: { denoisingSteps: 4, ...options }, network });
  const path = model.path({ density: "flow", sdeStepSize: 0.25, ...settings });
  const weights = () => filledWeights(model.layout.specs, (n, k) => 0.4 * Math.sin(1.3 * n + 0.7 * k + 0.1));
  const draws = Object.fromEntries(
    Object.entries(path.draws.shapes).map(([name, shape], i) => [name, wave([3, ...shape], Math.sin, 1.7, i)]),
  );
  const conditionOf = (w: Weights) => model.network.encoder.apply(w, { state: state() });

  test("is reported as it is computed again, with one decision per chunk", () => {
    const w = weights();
    const { action, stored, logProbability } = path.sample(w, conditionOf(w), draws, {});
    expect(path.units).toBe(1);
    expectClose(stored.chunk!, action.arraySync());
    const again = path.density(w, conditionOf(w), stored, {});
    expectClose(again.logProbability, logProbability.arraySync());
    expectClose(again.entropy, logProbability.neg().arraySync());
  });

  test("has the right gradients, and compiles", async () => {
    const { stored } = path.sample(weights(), conditionOf(weights()), draws, {});
    const trained = Object.fromEntries(model.layout.trained.map(({ name }) => [name, weights()[name]!]));
    const total = (w: Weights): tf.Scalar =>
      path.density({ ...weights(), ...w }, conditionOf({ ...weights(), ...w }), stored, {}).logProbability.sum();
    expectFiniteDifferences(total, trained, 2e-2);
    await expectCompiled(({ w }: { w: Weights }) => ({ total: total(w) }), { w: trained }, 1e-4);
  });
});

test("the reference's is in bits per entry, with a drift that lacks the number of levels", () => {
  const [slope, value] = [0.7, 0.9];
  const linear = {
    ...{ parameters: [], horizonSteps: 1, actionDim: 1 },
    noise: (_: Weights, x: tf.Tensor3D): tf.Tensor3D => x.mul(slope),
  } as unknown as DiffusionNetwork;
  const options = diffusion.configure({ denoisingSteps: 20 });
  const flow = { ...usual, likelihood: "reference" } as const;
  const got = flowDensity(linear, {}, tf.zeros([1, 1]), tf.tensor3d([[[value]]]), undefined, options, flow);
  const table = cosineSchedule(20);
  let [x, change] = [value, 0];
  for (let i = 0; i < 20; i++) {
    const [time, end] = [1e-4 + 0.05 * i, Math.min(1, 1e-4 + 0.05 * (i + 1))];
    const level = Math.round(time * 20);
    const beta = 1 - table[level]! / (table[level - 1] ?? 1);
    const drift = (y: number) => -0.5 * beta * y - 0.5 * beta * ((-slope * y) / Math.sqrt(1 - table[level]!));
    change += (end - time) * drift(1);
    x += (end - time) * drift(x);
  }
  const bits = (-0.5 * Math.log(2 * Math.PI) - 0.5 * x ** 2 + change) / Math.LN2;
  expectClose(got, [bits]);
  const far = flowDensity(linear, {}, tf.zeros([1, 1]), tf.tensor3d([[[9]]]), undefined, options, flow);
  expectClose(far, [-5]);
});

test("learned noise of the steps has no meaning there", () => {
  const model = new PolicyModel({ policy: "diffusion", options: { useDdim: true }, network });
  expect(() => model.path({ density: "flow", learnEta: true })).toThrow(/learnEta: is true[^]*false/);
});
