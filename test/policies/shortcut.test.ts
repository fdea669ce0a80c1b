import { beforeAll, describe, expect, test } from "vitest";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { Random } from "../../sdk/src/engine/random.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { shortcutMlp, type ShortcutNetwork } from "../../sdk/src/nn/shortcut-mlp.js";
import { chainDensity, type NoisySteps } from "../../sdk/src/policies/chain.js";
import type { TrainingBatch } from "../../sdk/src/policies/definition.js";
import { sampleFlow } from "../../sdk/src/policies/flow.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { shortcut, shortcutLoss, shortcutSteps } from "../../sdk/src/policies/shortcut.js";
import { expectClose, wave } from "../nn/close.js";
import { expectCompiled } from "../nn/compiled.js";
import { expectFiniteDifferences, filledWeights, parameterCount, pretrainFormula } from "../nn/weights.js";
import { golden } from "../shared.js";
import { lossOf } from "./batches.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

/** `pretrain-golden.json`: B = 4, Ta = 2, Da = 3. */
const sizes = { horizonSteps: 2, actionDim: 3, condDim: 5, tdEmbDim: 4 };
const options = { ...sizes, mlpDims: [8, 8, 8], condMlpDims: [6, 4], activationType: "ReLU" as const };
const network = shortcutMlp(options);
const weights = () => filledWeights(network.parameters, pretrainFormula);
const noise = () => wave<tf.Tensor3D>([4, 2, 3], Math.cos, 1.1, 0.4);
const state = () => wave<tf.Tensor3D>([4, 1, 5], Math.cos, 0.3);
/** With a share of 0.5, two self-consistent rows. */
const batch = (): TrainingBatch => ({
  action: wave([4, 2, 3], Math.sin, 0.5, 0.2, 0.8),
  ...{ noise: noise(), state: state(), t: tf.tensor1d([0.5, 0.75, 0.6, 0.8]), d: tf.tensor1d([0.5, 0.25, 0, 0]) },
});
const settings = shortcut.configure({ selfConsistencyK: 0.5 });

/** s(x, t, d) = a x + b t + c d, whatever the weights. */
const linear = (a: number, b: number, c: number): ShortcutNetwork => ({
  ...network,
  velocity(_, x, t, d) {
    const velocity: tf.Tensor3D = x.mul(a).add(t.mul(b).add(d.mul(c)).reshape([-1, 1, 1]));
    return { velocity, hidden: [] };
  },
});

test("the velocity equals the reference", () => {
  const expected = golden("pretrain").shortcut_mlp;
  expect(network.parameters.map(({ name }) => name)).toEqual(expected.param_order);
  const t = tf.tensor1d([0.2, 0.4, 0.6, 0.8]);
  const time = t.reshape([-1, 1, 1]);
  const x: tf.Tensor3D = batch()
    .action.mul(time)
    .add(noise().mul(tf.scalar(1).sub(time)));
  const condition = network.encoder.apply(weights(), { state: state() });
  expectClose(network.velocity(weights(), x, t, tf.tensor1d(expected.d), condition).velocity, expected.v);
});

describe("the loss", () => {
  test("regresses two half steps where rows are self-consistent, the flow elsewhere", () => {
    const [a, b, c, delta] = [0.3, -0.2, 0.5, 0.1];
    const { rows } = shortcutLoss(linear(a, b, c), weights(), batch(), { ...settings, delta });
    const [action, noises] = [batch().action.arraySync().flat(2), noise().arraySync().flat(2)];
    const [t, d] = [
      [0.5, 0.75, 0.6, 0.8],
      [0.5, 0.25, 0, 0],
    ];
    const s = (x: number, t: number, d: number) => a * x + b * t + c * d;
    const want = [0, 1, 2, 3].map((row) => {
      const squares = Array.from({ length: 6 }, (_, k) => {
        const [clean, e, time, size] = [action[6 * row + k]!, noises[6 * row + k]!, t[row]!, d[row]!];
        const x = (1 - (1 - delta) * time) * e + time * clean;
        const first = s(x, time, size / 2);
        const second = s(x + (size / 2) * first, time + size / 2, size / 2);
        const target = row < 2 ? (first + second) / 2 : clean - (1 - delta) * e;
        return (s(x, time, size) - target) ** 2;
      });
      return squares.reduce((sum, square) => sum + square) / 6;
    });
    expectClose(rows, want);
  });

  test("is zero for the steps of a straight path", () => {
    // All data are the point 0: x = (1 - t) e, and -e is reached from (x, t) with velocity -x / (1 - t).
    const straight: ShortcutNetwork = {
      ...network,
      velocity: (_, x, t) => ({ velocity: x.div(t.sub(1).reshape([-1, 1, 1])), hidden: [] }),
    };
    const zero = { ...batch(), action: tf.zeros<tf.Rank.R3>([4, 2, 3]), t: tf.tensor1d([0, 0.75, 0.6, 0.3]) };
    const { rows } = shortcutLoss(straight, weights(), zero, { ...settings, delta: 0 });
    for (const loss of rows.arraySync()) expect(loss).toBeLessThan(1e-10);
  });

  test.each([0, 1])("with a share of %i of self-consistent rows", (selfConsistencyK) => {
    const { rows } = shortcutLoss(network, weights(), batch(), { ...settings, selfConsistencyK });
    const half = shortcutLoss(network, weights(), batch(), settings).rows.arraySync();
    const same = selfConsistencyK === 1 ? [0, 1] : [2, 3];
    for (const row of [0, 1, 2, 3]) {
      const isSame = Math.abs(rows.arraySync()[row]! - half[row]!) < 1e-6;
      expect(isSame, `row ${row}`).toBe(same.includes(row));
    }
  });

  test("differentiates the prediction, not the target; the dispersive term is the batch's", () => {
    const smooth = shortcutMlp({ ...options, activationType: "Mish" });
    const smoothWeights = filledWeights(smooth.parameters, pretrainFormula);
    const flowOnly = shortcut.configure({
      ...{ selfConsistencyK: 0, dispersive: { formulation: "paper", targetLayer: "late" } },
    });
    expect(shortcutLoss(smooth, smoothWeights, batch(), flowOnly).batchwise!.dispersive.shape).toEqual([]);
    expectFiniteDifferences((w) => lossOf(shortcutLoss(smooth, w, batch(), flowOnly)).loss, smoothWeights);

    // Against the same loss with targets that are computed beforehand.
    const condition = (w: Weights) => smooth.encoder.apply(w, { state: state() });
    const { t, d, action } = batch() as Record<"t" | "d", tf.Tensor1D> & TrainingBatch;
    const time = t.reshape([-1, 1, 1]);
    const x: tf.Tensor3D = action.mul(time).add(noise().mul(tf.scalar(1).sub(time.mul(1 - settings.delta))));
    const at = (w: Weights, x: tf.Tensor3D, t: tf.Tensor1D, d: tf.Tensor1D) =>
      smooth.velocity(w, x, t, d, condition(w)).velocity;
    const half: tf.Tensor1D = d.mul(0.5);
    const before = at(smoothWeights, x, t, half);
    const after = at(smoothWeights, x.add(before.mul(half.reshape([-1, 1, 1]))), t.add(half), half);
    const flow = action.sub(noise().mul(1 - settings.delta));
    const target = tf.concat([before.add(after).mul(0.5).slice(0, 2), flow.slice(2)]);
    const known = (w: Weights): tf.Scalar => at(w, x, t, d).sub(target).square().mean();
    const want = valueAndGradients((w) => ({ loss: known(w) }), smoothWeights);
    const got = valueAndGradients((w) => lossOf(shortcutLoss(smooth, w, batch(), settings)), smoothWeights);
    expectClose(got.value.loss, want.value.loss.dataSync()[0]!);
    for (const [name, gradient] of Object.entries(want.gradients)) {
      expectClose(got.gradients[name]!, gradient.arraySync(), 1e-4);
    }
  });
});

describe("times and step sizes", () => {
  const drawn = (input: Parameters<typeof shortcut.configure>[0], rows = 4000) => {
    const draws = shortcut.training.draws(shortcut.configure(input), network);
    const out = emptyDraws(draws, rows);
    fillDraws(draws, out, new Random(2).stream("times"));
    return { t: [...out.t!.data], d: [...out.d!.data] };
  };
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test("self-consistent rows come first: powers of a half, each equally often, at multiples of themselves", () => {
    const { t, d } = drawn({ stepSizes: 4 });
    for (let i = 0; i < 1000; i++) {
      expect([1, 0.5, 0.25, 0.125]).toContain(d[i]);
      expect(Number.isInteger(t[i]! / d[i]!)).toBe(true);
      expect(t[i]! + d[i]!).toBeLessThanOrEqual(1);
    }
    for (const size of [1, 0.5, 0.25, 0.125]) {
      expect(Math.abs(d.slice(0, 1000).filter((value) => value === size).length - 250)).toBeLessThan(50);
    }
    expect(d.slice(1000).every((value) => value === 0)).toBe(true);
    expect(
      drawn({ stepSizes: 19 })
        .d.filter((value) => value > 0)
        .at(-1),
    ).toBeGreaterThanOrEqual(2 ** -18);
  });

  test("the others follow the distribution of noise levels", () => {
    const times = (times: object) => drawn({ selfConsistencyK: 0, times: times as { type: "uniform" } }).t;
    expect(Math.abs(mean(times({ type: "uniform" })) - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(mean(times({ type: "beta", a: 3, b: 1 })) - 0.25)).toBeLessThan(0.02);
    expect(mean(times({ type: "logitNormal", mean: 1 }))).toBeLessThan(0.35);
  });

  test("the probe's steps stay within the path", () => {
    const { probe } = shortcut.training;
    const out = emptyDraws(probe!.draws(network), 500);
    fillDraws(probe!.draws(network), out, new Random(3).stream("probe"));
    out.t!.data.forEach((t, i) => expect(t + out.d!.data[i]!).toBeLessThanOrEqual(1));
    const condition = network.encoder.apply(weights(), { state: state() });
    const at = (d: number) =>
      probe!.value(network, weights(), condition, { x: noise(), t: tf.fill([4], 0.3), d: tf.fill([4], d) }).arraySync();
    expect(at(0.5)).not.toEqual(at(0.1));
  });
});

test("K steps of size 1 / K, clipped where asked; a teacher's step has the size of its span", () => {
  const [a, b, c] = [-0.4, 0.3, 0.2];
  const sample = (steps: number, clipIntermediate: boolean) =>
    sampleFlow(shortcutSteps, linear(a, b, c), {}, tf.zeros([4, 1]), noise(), settings, { steps, clipIntermediate });
  for (const [steps, clipped] of [
    [1, true],
    [4, true],
    [4, false],
  ] as const) {
    const clip = (x: number) => Math.max(-1, Math.min(1, x));
    const want = [...noise().dataSync()].map((start) => {
      let x = start;
      for (let i = 0; i < steps; i++) {
        x += (a * x + (b * i) / steps + c / steps) / steps;
        if (clipped) x = clip(x);
      }
      return clip(x);
    });
    expectClose(sample(steps, clipped), want);
  }
  const [from, to] = [tf.fill<tf.Rank.R1>([4], 0.25), tf.fill<tf.Rank.R1>([4], 0.75)];
  const got = shortcut.advance!(linear(a, b, c), {}, noise(), from, to, tf.zeros([4, 1]));
  expectClose(
    got,
    [...noise().dataSync()].map((x) => x + 0.5 * (a * x + b * 0.25 + c * 0.5)),
  );
});

describe("exploring", () => {
  test("the chain's density equals the reference", () => {
    const expected = golden("finetune").chain_shortcut;
    const closed: ShortcutNetwork = {
      ...network,
      velocity(_, x, t, d, condition) {
        const shift = t.mul(0.1).sub(d.mul(0.2)).add(condition.mean(1).mul(0.05)).reshape([-1, 1, 1]);
        return { velocity: x.mul(0.3).add(shift), hidden: [] };
      },
    };
    const noisy: NoisySteps = {
      times: (steps) => shortcutSteps.times(steps, settings),
      step: (...input) => shortcutSteps.step(closed, ...input),
      noise: {
        logStd: (_, x, t) => tf.broadcastTo<tf.Rank.R3>(t.mul(2).mul(0.02).add(0.1).log().reshape([-1, 1, 1]), x.shape),
      },
    };
    const condition = tf.tensor(expected.state).squeeze<tf.Tensor2D>([1]);
    const chain = tf.tensor4d(expected.chain);
    const density = (initialTerm: boolean, normalized: boolean) =>
      chainDensity(noisy, {}, condition, chain, { min: 0.1, max: 0.2 }, { steps: 2, initialTerm, normalized });
    expectClose(density(true, false).logProbability, expected.logprob_sum, 1e-5);
    expectClose(density(true, true).logProbability, expected.logprob, 1e-5);
    expectClose(density(true, true).entropy, expected.entropy_rate, 1e-5);
    expectClose(density(false, true).logProbability, expected.logprob_without_x0, 1e-5);
    expectClose(density(true, false).terms.noiseStd!, expected.std_mean);
  });

  const model = new PolicyModel({ policy: "shortcut", network: options });
  const controls = () => ({ minStd: tf.scalar(0.1), maxStd: tf.scalar(0.24) });
  const policyWeights = (path: ReturnType<typeof model.path>): Weights =>
    filledWeights([...model.network.parameters, ...path.parameters], (n, k) => 0.4 * Math.sin(1.3 * n + 0.7 * k + 0.1));

  test.each([
    ["its embedding of time and step size", {}, 4 + 4],
    ["a vector per step", { timeDimExplore: 6 }, 6 + 4],
    ["the condition alone", { useTimeIndependentNoise: true }, 4],
  ])("the noise net reads %s; a sampled chain has the density that it reports", (_, explorer, inputs) => {
    for (const steps of [1, 3]) {
      const path = model.path({ denoisingSteps: steps }, explorer);
      const name = "actor_ft.explore_noise_net.mlp_logvar.moduleList.0.linear_1.weight";
      expect(path.parameters.find((parameter) => parameter.name === name)!.shape).toEqual([64, inputs]);
      const w = policyWeights(path);
      const condition = model.network.encoder.apply(w, { state: state() });
      const draws = { noise: wave([4, steps + 1, 2, 3], Math.sin, 1.7, 0.4, 2) };
      const sampled = path.sample(w, condition, draws, controls());
      const again = path.density(w, condition, sampled.stored, controls());
      expectClose(again.logProbability, (sampled.logProbability as tf.Tensor1D).arraySync(), 1e-5);
    }
  });

  test("loss, chain and samples: compiled equals eager", async () => {
    const path = model.path({ denoisingSteps: 3 });
    const input = { weights: policyWeights(path), batch: batch(), noise: wave([4, 4, 2, 3], Math.sin, 1.7, 0.4, 2) };
    const all = ({ weights, batch, noise }: typeof input) => {
      const condition = model.network.encoder.apply(weights, batch);
      const { stored } = path.sample(weights, condition, { noise }, controls());
      return {
        loss: valueAndGradients((w) => model.loss(w, batch), weights),
        density: path.density(weights, condition, stored, controls()).logProbability,
        action: model.sample(weights, batch, { noise: batch.noise! }, { steps: 2 }),
      };
    };
    await expectCompiled(all, input, 1e-4);
  });
});

describe("the network", () => {
  const hopper = { horizonSteps: 4, actionDim: 3, condDim: 11 };

  test("has as many parameters as the release's", () => {
    expect(parameterCount(shortcutMlp(hopper).parameters)).toBe(548_924);
    const transport = { horizonSteps: 8, actionDim: 14, condDim: 59, tdEmbDim: 32, condMlpDims: [32, 32] };
    expect(parameterCount(shortcutMlp({ ...transport, mlpDims: [1024, 1024, 1024] }).parameters)).toBe(2_368_592);
  });

  test.each([
    ["add", [64, 16], {}, 11],
    ["multiply", [64, 16], {}, 11],
    ["concate", [64, 8], { embedCombinationType: "concate" }, 11],
    ["concate", null, { embedCombinationType: "concate" }, 11],
    ["add", null, {}, 16],
  ] as const)("weights tell it: %s, condition %o", (embedCombinationType, condMlpDims, told, condDim) => {
    const widths = { mlpDims: [32, 32, 32], condMlpDims: condMlpDims && [...condMlpDims] };
    const built = shortcutMlp({ ...hopper, condDim, ...widths, embedCombinationType }, "network.");
    const shapes = new Map(built.parameters.map(({ name, shape }) => [name, shape]));
    expect(shortcut.networks.mlp!.infer(shapes, "network.", "file")).toEqual({
      chunk: { size: 12 },
      stateSize: condDim,
      options: { tdEmbDim: 16, ...told, ...widths, useLayernorm: false, residualStyle: true },
    });
  });

  test("combines by sum, product or concatenation; unequal widths are an error", () => {
    const velocities = (["add", "multiply", "concate"] as const).map((embedCombinationType) => {
      const net = shortcutMlp({ ...options, embedCombinationType });
      const w = filledWeights(net.parameters, pretrainFormula);
      const condition = net.encoder.apply(w, { state: state() });
      // By hand, from the part that the head reads.
      const embedding = net.timeFeatures(w, batch().t as tf.Tensor1D, batch().d as tf.Tensor1D);
      const columns = {
        add: () => [embedding.add<tf.Tensor2D>(condition)],
        multiply: () => [embedding.mul<tf.Tensor2D>(condition)],
        concate: () => [embedding, condition],
      }[embedCombinationType]();
      const input = tf.concat2d([noise().reshape([4, 6]), ...columns] as tf.Tensor2D[], 1);
      const first = tf.matMul(input, w["vel_head.layers.0.weight"] as tf.Tensor2D, false, true);
      const { velocity, hidden } = net.velocity(
        w,
        noise(),
        batch().t as tf.Tensor1D,
        batch().d as tf.Tensor1D,
        condition,
      );
      expectClose(hidden[0]!, first.add(w["vel_head.layers.0.bias"]!).arraySync(), 1e-5);
      return JSON.stringify(velocity.arraySync());
    });
    expect(new Set(velocities).size).toBe(3);
    expect(() => shortcutMlp({ ...options, condMlpDims: [6, 5] })).toThrow(
      /combines 4 numbers of time and step size[^]*with 5 of the condition[^]*"concate"/,
    );
  });
});
