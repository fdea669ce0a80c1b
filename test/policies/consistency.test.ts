import { beforeAll, describe, expect, test } from "vitest";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { Random } from "../../sdk/src/engine/random.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { consistencyMlpFamily } from "../../sdk/src/nn/consistency-mlp.js";
import type { FlowNetwork } from "../../sdk/src/nn/flow-mlp.js";
import {
  consistency,
  consistencyLoss,
  consistencyModel,
  sampleConsistency,
} from "../../sdk/src/policies/consistency.js";
import type { Teacher, TrainingBatch } from "../../sdk/src/policies/definition.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { policies } from "../../sdk/src/policies/registry.js";
import { teacherOf } from "../../sdk/src/policies/teacher.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { rawNumbers } from "../../sdk/src/normalization.js";
import { expectClose, wave } from "../nn/close.js";
import { expectCompiled } from "../nn/compiled.js";
import { expectFiniteDifferences, filledWeights, pretrainFormula } from "../nn/weights.js";
import { golden } from "../shared.js";
import { lossOf } from "./batches.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

/** `pretrain-golden.json`: B = 4, Ta = 2, Da = 3. */
const sizes = { horizonSteps: 2, actionDim: 3, condDim: 5, timeDim: 4, mlpDims: [8, 8, 8] };
const build = (options: object) =>
  consistencyMlpFamily.build(consistencyMlpFamily.options.parse({ ...sizes, ...options }), "");
const network = build({});
const weights = () => filledWeights(network.parameters, pretrainFormula);
const noise = () => wave<tf.Tensor3D>([4, 2, 3], Math.cos, 1.1, 0.4);
const state = () => wave<tf.Tensor3D>([4, 1, 5], Math.cos, 0.3);
const times = () => tf.tensor1d([0.2, 0.4, 0.6, 0.8]);
const batch = (): TrainingBatch => ({
  action: wave([4, 2, 3], Math.sin, 0.5, 0.2, 0.8),
  ...{ noise: noise(), state: state(), t: times() },
});
const condition = (w: Weights) => network.encoder.apply(w, { state: state() });
const noisyActions = (): tf.Tensor3D => {
  const time = times().reshape([-1, 1, 1]);
  return batch()
    .action.mul(time)
    .add(noise().mul(tf.scalar(1).sub(time)));
};

test("network, function and one-step samples equal the reference", () => {
  const expected = golden("pretrain").consistency_mlp;
  expect(network.parameters.map(({ name }) => name)).toEqual(expected.param_order);
  const w = weights();
  expectClose(network.velocity(w, noisyActions(), times(), condition(w)).velocity, expected.F);
  expectClose(consistency(network, w, noisyActions(), times(), condition(w)), expected.f);
  const options = consistencyModel.configure();
  expectClose(sampleConsistency(network, w, condition(w), { noise: noise() }, options), expected.sample1);
  // At the end of the path it is the identity.
  expectClose(consistency(network, w, noise(), tf.ones([4]), condition(w)), noise().arraySync());
});

/** F(x, t) = a x + b t, whatever the weights. */
const linear = (a: number, b: number): FlowNetwork => ({
  ...network,
  velocity: (_, x, t) => ({ velocity: x.mul(a).add(t.mul(b).reshape([-1, 1, 1])), hidden: [] }),
});
const pulled: Teacher = (x, from, to) => x.add(to.sub(from).reshape([-1, 1, 1]).mul(x.mul(-0.7).add(0.2)));

describe("the loss", () => {
  test("compares f at a point of the teacher's path with f at the next", () => {
    const [a, b, steps] = [0.4, -0.3, 5];
    const options = consistencyModel.configure({ numTrainingSteps: steps, actMax: 0.5 });
    const { rows } = consistencyLoss(linear(a, b), weights(), batch(), options, pulled);
    const [actions, noises] = [batch().action.arraySync().flat(2), noise().arraySync().flat(2)];
    const f = (x: number, t: number) => t * x + (1 - t) * (a * x + b * t);
    const want = [0.2, 0.4, 0.6, 0.8].map((t, row) => {
      const squares = Array.from({ length: 6 }, (_, k) => {
        const clean = Math.max(-1, Math.min(0.5, actions[6 * row + k]!));
        const x = t * clean + (1 - t) * noises[6 * row + k]!;
        return (f(x, t) - f(x + (-0.7 * x + 0.2) / steps, t + 1 / steps)) ** 2;
      });
      return squares.reduce((sum, square) => sum + square) / 6;
    });
    expectClose(rows, want);
  });

  test("differentiates f at the earlier point alone", () => {
    const smooth = build({ condMlpDims: [6, 4] });
    const w = filledWeights(smooth.parameters, pretrainFormula);
    const options = consistencyModel.configure({ numTrainingSteps: 5 });
    const conditions = (w: Weights) => smooth.encoder.apply(w, { state: state() });
    const next = times().add<tf.Tensor1D>(0.2);
    const target = consistency(
      smooth,
      w,
      pulled(noisyActions(), times(), next, { state: state() }),
      next,
      conditions(w),
    );
    const known = (w: Weights): tf.Scalar =>
      consistency(smooth, w, noisyActions(), times(), conditions(w)).sub(target).square().mean();
    expectFiniteDifferences(known, w);
    const want = valueAndGradients((w) => ({ loss: known(w) }), w);
    const got = valueAndGradients((w) => lossOf(consistencyLoss(smooth, w, batch(), options, pulled)), w);
    expectClose(got.value.loss, want.value.loss.dataSync()[0]!, 1e-4);
    for (const [name, gradient] of Object.entries(want.gradients)) {
      expectClose(got.gradients[name]!, gradient.arraySync(), 1e-3);
    }
  });

  test("draws steps of the teacher, by the distribution of noise levels", () => {
    const drawn = (input: Parameters<typeof consistencyModel.configure>[0]) => {
      const draws = consistencyModel.training.draws(consistencyModel.configure(input), network);
      const out = emptyDraws(draws, 4000);
      fillDraws(draws, out, new Random(2).stream("times"));
      return [...out.t!.data].map((t) => Math.round(t * 1e6) / 1e6);
    };
    const uniform = drawn({ numTrainingSteps: 5 });
    for (const t of [0, 0.2, 0.4, 0.6, 0.8]) {
      expect(Math.abs(uniform.filter((value) => value === t).length - 800)).toBeLessThan(120);
    }
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(drawn({ times: { type: "beta", a: 3, b: 1 } }))).toBeLessThan(0.3);
  });
});

test("later steps begin at the last answer with noise added again", () => {
  const [a, b, steps] = [0.4, -0.3, 3];
  const renoise = wave<tf.Tensor4D>([4, 2, 2, 3], Math.sin, 0.9, 0.3, 1.5);
  const net = linear(a, b);
  const f = (x: number, t: number) => t * x + (1 - t) * (a * x + b * t);
  for (const clipIntermediate of [true, false]) {
    const options = consistencyModel.configure({ actMin: -0.3, actMax: 0.4 });
    const draws = { noise: noise(), renoise };
    const got = sampleConsistency(net, {}, tf.zeros([4, 1]), draws, options, { steps, clipIntermediate });
    const clip = (x: number) => Math.max(-0.3, Math.min(0.4, x));
    const fresh = renoise.arraySync();
    const want = noise()
      .arraySync()
      .map((chunk, row) =>
        chunk.map((action, i) =>
          action.map((start, j) => {
            let x = start;
            for (let step = 0; step < steps; step++) {
              x = f(x, step / steps);
              const [share, left] = [(step + 1) / steps, 1 - (step + 1) / steps];
              if (step < steps - 1) x = share * x + left * fresh[row]![step]![i]![j]!;
              if (clipIntermediate) x = clip(x);
            }
            return clip(x);
          }),
        ),
      );
    expectClose(got, want);
  }
  const { acting } = consistencyModel;
  const shapes = (steps: number) => acting.draws(consistencyModel.configure(), network, steps).shapes;
  expect(shapes(1)).toEqual({ noise: [2, 3] });
  expect(shapes(3)).toEqual({ noise: [2, 3], renoise: [2, 2, 3] });
  const draws = acting.draws(consistencyModel.configure(), network, 2);
  const out = emptyDraws(draws, 3);
  fillDraws(draws, out, new Random(4).stream("acting"));
  expect(new Set([...out.noise!.data, ...out.renoise!.data]).size).toBe(36);
});

test("weights tell its network from a ReFlow's, which has a narrower embedding", () => {
  const built = consistencyMlpFamily.build(consistencyMlpFamily.options.parse({ ...sizes, timeDim: 8 }), "network.");
  const shapes = new Map(built.parameters.map(({ name, shape }) => [name, shape]));
  const told = consistencyMlpFamily.infer(shapes, "network.", "file");
  expect(told).toMatchObject({ chunk: { size: 6 }, stateSize: 5, options: { timeDim: 8, mlpDims: [8, 8, 8] } });
  const other = () => policies.reflow.networks.mlp!.infer(shapes, "network.", "file");
  expect(other).toThrow(/file: has time_embedding of 32 by 8\s+expected 16 by 8/);
  expect(consistencyMlpFamily.options.shape.timeDim!.parse(undefined)).toBe(128);
});

describe("a teacher", () => {
  const statistics = rawNumbers(5, 3);
  const policy = (name: string, network: object = {}, normalization = statistics) => {
    const common = { horizonSteps: 2, actionDim: 3, condDim: 5, mlpDims: [8, 8, 8] };
    const model = new PolicyModel({ policy: name, network: { ...common, ...network } });
    const weights = model.layout.initialise(new Random(5).stream("weights"));
    return new TrainedPolicy({ model, weights, normalization, environment: "test" });
  };
  const student = new PolicyModel({ policy: "consistency", network: { ...sizes, condMlpDims: [6, 4] } });

  test.each(["meanflow", "reflow", "shortcut"])("may be %s: a step is its own, on other times", (name) => {
    const teacher = policy(name);
    const advance = teacherOf(student, statistics, teacher)!;
    const frozen = Object.fromEntries(
      Object.entries(teacher.model.views(teacher.weights)).map(([key, { data, shape }]) => [
        key,
        tf.tensor(data, [...shape]),
      ]),
    );
    // One step over the whole path is what the policy does with one network call.
    const whole = advance(noise(), tf.zeros([4]), tf.ones([4]), { state: state() });
    const sampled = teacher.model.sample(frozen, { state: state() }, { noise: noise() }, { steps: 1 });
    expectClose(whole.clipByValue(-1, 1), sampled.arraySync());
    const [from, to] = [tf.fill<tf.Rank.R1>([4], 0.25), tf.fill<tf.Rank.R1>([4], 0.75)];
    const half = advance(noise(), from, to, { state: state() });
    const { network } = teacher.model;
    const condition = network.encoder.apply(frozen, { state: state() });
    const by = {
      meanflow: () =>
        policies.meanflow.training.probe!.value(network as never, frozen, condition, {
          ...{ x: noise(), t: tf.fill([4], 0.75), r: tf.fill([4], 0.25) },
        }),
      reflow: () =>
        policies.reflow.training.probe!.value(network as never, frozen, condition, { x: noise(), t: from }).neg(),
      shortcut: () =>
        policies.shortcut.training
          .probe!.value(network as never, frozen, condition, { x: noise(), t: from, d: tf.fill([4], 0.5) })
          .neg(),
    }[name as "reflow"]();
    expectClose(half, noise().sub(by.mul(0.5)).arraySync());
  });

  test("keeps the weights that it had, and gets no gradient", () => {
    const teacher = policy("reflow");
    const advance = teacherOf(student, statistics, teacher)!;
    const step = () => advance(noise(), tf.zeros([4]), tf.ones([4]), { state: state() }).arraySync();
    const before = step();
    teacher.weights.fill(0);
    expect(step()).toEqual(before);
  });

  test.each([
    [undefined, /policy consistency: has no teacher[^]*teacher_path/],
    [() => policy("gaussian"), /the teacher: is a gaussian policy\s+expected a flow: meanflow, reflow, shortcut/],
    [() => policy("consistency"), /is a consistency policy/],
    [
      () => policy("reflow", { horizonSteps: 3, actionDim: 2, condDim: 4 }, rawNumbers(4, 2)),
      /3 actions per chunk[^]*expected 2[^]*2 numbers per action[^]*expected 3[^]*4 numbers of the observations[^]*expected 5/,
    ],
    [
      () => policy("reflow", {}, { ...statistics, actionMax: new Float32Array([1, 2, 1]) }),
      /was trained on other data: its actionMax differs/,
    ],
  ])("that does not fit is an error (%#)", (teacher, message) => {
    expect(() => teacherOf(student, statistics, teacher?.())).toThrow(message);
  });

  test("is superfluous for policies that learn from demonstrations alone", () => {
    expect(teacherOf(policy("reflow").model, statistics, undefined)).toBeUndefined();
    expect(() => teacherOf(policy("reflow").model, statistics, policy("reflow"))).toThrow(/learns from no teacher/);
  });

  test("distillation and sampling: compiled equals eager", async () => {
    const advance = teacherOf(student, statistics, policy("shortcut"));
    const w = filledWeights(student.network.parameters, pretrainFormula);
    const input = { weights: w, batch: batch(), renoise: wave<tf.Tensor4D>([4, 1, 2, 3], Math.sin, 0.9) };
    const gradients = ({ weights, batch }: typeof input) =>
      valueAndGradients((w) => student.loss(w, batch, advance), weights).gradients;
    const all = ({ weights, batch, renoise }: typeof input) => ({
      loss: student.loss(weights, batch, advance).loss,
      action: student.sample(weights, batch, { noise: batch.noise!, renoise }, { steps: 2 }),
    });
    await expectCompiled(all, input, 1e-4);
    await expectCompiled(gradients, input, 1e-3);
  });
});
