// The pre-training loop beside the same written by hand, its tests, its interruptions, and what it refuses.
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Dataset } from "../../sdk/src/data/dataset.js";
import { splitWindows, WindowSampler } from "../../sdk/src/data/windows.js";
import { compile } from "../../sdk/src/engine/compile.js";
import { Trainable } from "../../sdk/src/engine/optimizer.js";
import { Random } from "../../sdk/src/engine/random.js";
import { hostTensor, type Host, type tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { compileTraining } from "../../sdk/src/engine/training-step.js";
import type { DriveContext, RunResult, RunState } from "../../sdk/src/learning/drive.js";
import type { StageSetup } from "../../sdk/src/learning/stage.js";
import type { TrainingBatch } from "../../sdk/src/policies/definition.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { pretrainOptions } from "../../sdk/src/pretrain/options.js";
import { freshPolicy, pretraining, type PretrainRecord } from "../../sdk/src/pretrain/pretrain.js";

/** Compiled functions by name, as they are made and given back. */
const made: string[] = [];
const released: string[] = [];
function watched<T extends { dispose: () => Promise<void> }>(
  compiled: T,
  { name }: { readonly name?: string } = {},
): T {
  if (name === undefined) return compiled;
  const dispose = compiled.dispose.bind(compiled);
  made.push(name);
  return Object.assign(compiled, { dispose: () => (released.push(name), dispose()) });
}
vi.mock(import("../../sdk/src/engine/compile.js"), async (original) => {
  const module = await original();
  return { ...module, compile: (f, options) => watched(module.compile(f, options), options) };
});
beforeEach(() => {
  made.length = 0;
  released.length = 0;
});

const wave = (rows: number, columns: number, speed: number) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => Math.sin(speed * i + j)));
const data = Dataset.from({
  observations: wave(90, 3, 0.13),
  actions: wave(90, 2, 0.29),
  rewards: Array<number>(90).fill(1),
  episodeLengths: [40, 50],
});
const model = new PolicyModel({
  options: { tangent: "predicted", dispersive: { weight: 0.1 } },
  network: { horizonSteps: 4, actionDim: 2, condDim: 3, mlpDims: [16, 16, 16], condMlpDims: [8, 4] },
});
const options = pretrainOptions.parse({ epochs: 6, batchSize: 8, seed: 7, trainSplit: 0.8, validateEvery: 2 });
type Context = DriveContext<PretrainRecord> & Pick<StageSetup, "test" | "onAdvance">;
const run = ({ test, onAdvance, ...context }: Context = {}, other: Partial<typeof options> = {}) => {
  const all = { ...options, ...other };
  const base = freshPolicy(model, data, all.seed);
  const setup = { base, demonstrations: data, seed: all.seed, compile: { threads: 1 }, test, onAdvance };
  return pretraining.train(setup, all, context);
};
const withoutTimes = ({ curve }: RunResult<PretrainRecord>) => curve.map(({ seconds: _, ...record }) => record);

test("the loss falls, and every epoch leaves a record with the validation loss where it is due", async () => {
  const epochs: number[] = [];
  const { curve, interrupted } = await run({ onIteration: ({ epoch }) => void epochs.push(epoch) }, { epochs: 20 });
  expect(interrupted).toBe(false);
  expect(epochs).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  expect(curve.at(-1)!.loss).toBeLessThan(curve[0]!.loss - 0.1);
  expect(curve[1]!.validationLoss).toBeGreaterThan(-10);
  expect(curve[2]!.validationLoss).toBeUndefined();
});

test("equal seeds give equal weights, other seeds others", async () => {
  const [a, b, c] = [await run(), await run(), await run({}, { seed: 8 })];
  expect(a.sets).toEqual(b.sets);
  expect(withoutTimes(a)).toEqual(withoutTimes(b));
  expect(a.sets.ema).not.toEqual(c.sets.ema);
});

/** The same training written down step by step: what the loop has to do, and in which order. */
async function byHand(o: typeof options) {
  const windows = new WindowSampler(data, { horizonSteps: 4 });
  const { train, validation } = splitWindows(windows.count, o.trainSplit, new Random(o.seed).stream("split"));
  const trainable = new Trainable(model.layout, freshPolicy(model, data, o.seed).weights);
  const ema = trainable.weights.slice();
  const [draws, drawn] = [model.trainingDraws, emptyDraws(model.trainingDraws, o.batchSize)];
  const [action, state] = [new Float32Array(o.batchSize * 8), new Float32Array(o.batchSize * 3)];
  const batch = {
    ...{ action: hostTensor(action, [o.batchSize, 4, 2]), state: hostTensor(state, [o.batchSize, 1, 3]) },
    ...drawn,
  } as Host<TrainingBatch>;
  const loss = (w: Weights, b: TrainingBatch) => ({ loss: model.loss(w, b).loss });
  const step = compileTraining<TrainingBatch>(loss, trainable, { threads: 1 });
  const evaluate = compile<{ weights: Weights; batch: TrainingBatch }, { loss: tf.Tensor }>(
    ({ weights, batch }) => loss(weights, batch),
    { threads: 1 },
  );
  const batches = Math.floor(train.length / o.batchSize);
  const cycle = o.schedule.per === "epoch" ? o.epochs : o.epochs * batches;
  const warmup = Math.min(o.schedule.warmup, Math.floor(cycle / 2));
  /** Linear up, half a cosine down. */
  const rate = (n: number) => {
    const span = o.learningRate - o.minLearningRate;
    if (n < warmup) return o.minLearningRate + (span * n) / warmup;
    return o.minLearningRate + (span * (1 + Math.cos((Math.PI * (n - warmup)) / (cycle - warmup)))) / 2;
  };
  const noise = new Random(o.seed).stream("noise and times");
  const validationLosses: number[] = [];
  const rates: number[] = [];
  const losses: number[] = [];
  let steps = 0;
  for (let epoch = 1; epoch <= o.epochs; epoch++) {
    const order = new Random(o.seed).stream(`order of epoch ${epoch}`).permutation(train.length);
    let lossSum = 0;
    for (let b = 0; b < batches; b++) {
      windows.fill(
        [...order.subarray(b * o.batchSize, (b + 1) * o.batchSize)].map((i) => train[i]!),
        action,
        state,
      );
      fillDraws(draws, drawn, noise);
      lossSum += (await step(batch)).loss!;
      rates.push(rate(o.schedule.per === "epoch" ? epoch - 1 : steps));
      trainable.adamw({ learningRate: rates.at(-1)!, weightDecay: o.weightDecay });
      const decay = epoch < o.ema.startEpoch ? 0 : o.ema.decay;
      if (steps++ % o.ema.every === 0) {
        trainable.weights.forEach((w, i) => (ema[i] = Math.fround(decay * ema[i]! + (1 - decay) * w)));
      }
    }
    losses.push(lossSum / batches);
    if (epoch % o.validateEvery !== 0) continue;
    const random = new Random(o.seed).stream("validation");
    const count = Math.floor(validation.length / o.batchSize);
    let sum = 0;
    for (let b = 0; b < count; b++) {
      windows.fill(validation.subarray(b * o.batchSize, (b + 1) * o.batchSize), action, state);
      fillDraws(draws, drawn, random);
      sum += (await evaluate({ weights: model.views(ema.slice()), batch })).loss.data[0]!;
    }
    validationLosses.push(sum / count);
  }
  await Promise.all([step.dispose(), evaluate.dispose()]);
  return { weights: trainable.weights, ema, validationLosses, losses, batches, lastRate: rates.at(-1)! };
}

test.each([
  ["by step", { schedule: { per: "step", warmup: 5, cycle: null }, ema: { decay: 0.9, startEpoch: 2, every: 3 } }],
  ["by epoch", { schedule: { per: "epoch", warmup: 1, cycle: null }, ema: { decay: 0.5, startEpoch: 1, every: 1 } }],
] as const)("weights, average, rates and validation losses are those of the loop written by hand, %s", async (_, o) => {
  const all = { ...options, ...o, learningRate: 3e-3, minLearningRate: 2e-4, weightDecay: 0.01 };
  const expected = await byHand(all);
  const places: number[] = [];
  const got = await run({ onAdvance: (epochs) => void places.push(epochs) }, all);
  const { batches } = expected;
  expect(got.sets.model).toEqual(expected.weights);
  expect(got.curve.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6].map((epoch) => epoch * batches));
  expect(got.curve.map(({ loss }) => loss)).toEqual(expected.losses);
  expect(places).toEqual(Array.from({ length: 6 * batches }, (_, i) => (i + 1) / batches));
  got.sets.ema!.forEach((value, i) => expect(value).toBeCloseTo(expected.ema[i]!, 6));
  const measured = got.curve.flatMap(({ validationLoss }) => validationLoss ?? []);
  expect(measured).toHaveLength(3);
  measured.forEach((loss, i) => expect(loss).toBeCloseTo(expected.validationLosses[i]!, 5));
  expect(got.curve.at(-1)!.learningRate).toBeCloseTo(expected.lastRate, 10);
  // On raw weights the validation losses would be others.
  expect(got.sets.ema).not.toEqual(got.sets.model);
});

test("a student that learns from a teacher continues bit for bit; other teachers give other students", async () => {
  const network = { horizonSteps: 4, actionDim: 2, condDim: 3, mlpDims: [16, 16, 16] };
  const student = new PolicyModel({ policy: "consistency", network: { ...network, timeDim: 8 } });
  const teachers = [3, 4].map((seed) => freshPolicy(new PolicyModel({ policy: "shortcut", network }), data, seed));
  const distil = (teacher: StageSetup["teacher"], { onAdvance, ...context }: Context = {}) => {
    const base = freshPolicy(student, data, options.seed);
    const setup = { base, demonstrations: data, teacher, seed: options.seed, compile: { threads: 1 }, onAdvance };
    return pretraining.train(setup, options, context);
  };
  const [whole, other] = [await distil(teachers[0]), await distil(teachers[1])];
  expect(other.sets.model).not.toEqual(whole.sets.model);
  const controller = new AbortController();
  let state: RunState | undefined;
  await distil(teachers[0], {
    signal: controller.signal,
    onAdvance: (epochs) => epochs > 2.4 && controller.abort(),
    onStop: (run) => void (state = structuredClone(run.state())),
  });
  const resumed = await distil(teachers[0], { resume: state! });
  expect(resumed.sets).toEqual(whole.sets);
  expect(withoutTimes(resumed)).toEqual(withoutTimes(whole));
  await expect(distil(undefined)).rejects.toThrow(/policy consistency: has no teacher/);
});

describe("an interrupted run", () => {
  /** The state in the middle of the third epoch. */
  async function interrupted(): Promise<RunState> {
    const controller = new AbortController();
    let state: RunState | undefined;
    const partial = await run({
      signal: controller.signal,
      onAdvance: (epochs) => epochs > 2.4 && controller.abort(),
      onStop: (run) => void (state = structuredClone(run.state())),
    });
    expect(partial.interrupted).toBe(true);
    expect(partial.curve).toHaveLength(2);
    return state!;
  }

  test("in the middle of an epoch continues bit for bit", async () => {
    const whole = await run();
    const state = await interrupted();
    expect(state.parts.place!.values).toMatchObject({ batch: expect.any(Number) });
    const resumed = await run({ resume: state });
    expect(resumed.interrupted).toBe(false);
    expect(resumed.sets).toEqual(whole.sets);
    expect(withoutTimes(resumed)).toEqual(withoutTimes(whole));
    expect(resumed.curve.at(-1)!.seconds).toBeGreaterThan(state.seconds);
  });

  test.each(["first_moment", "second_moment", "ema", "weights"])(
    "%s decide what a resumed run does",
    async (vector) => {
      const [state, damaged] = [await interrupted(), await interrupted()];
      (damaged.parts.trainable!.vectors![vector] as Float32Array).fill(0);
      const [good, bad] = await Promise.all([state, damaged].map((resume) => run({ resume })));
      expect(bad!.sets).not.toEqual(good!.sets);
    },
  );

  test("so do the count of updates, the place in the epoch and the random streams", async () => {
    const states = [await interrupted(), await interrupted(), await interrupted(), await interrupted()];
    const [state, counted, placed, drawn] = states as [RunState, RunState, RunState, RunState];
    const damaged = [
      {
        ...counted,
        parts: { ...counted.parts, trainable: { ...counted.parts.trainable, values: { updateCount: 0 } } },
      },
      { ...placed, parts: { ...placed.parts, place: { values: { batch: 0, lossSum: 0 } } } },
      { ...drawn, random: { ...drawn.random, streams: {} } },
    ];
    const good = await run({ resume: state });
    for (const resume of damaged) expect((await run({ resume })).sets).not.toEqual(good.sets);
    const lossless = {
      ...state,
      parts: { ...state.parts, place: { values: { ...(state.parts.place!.values as object), lossSum: 0 } } },
    };
    expect(withoutTimes(await run({ resume: lossless }))).not.toEqual(withoutTimes(good));
  });

  test("during a test in the simulator keeps the epoch before it", async () => {
    const controller = new AbortController();
    let state: RunState | undefined;
    const { interrupted, curve } = await run(
      {
        signal: controller.signal,
        onStop: (run) => void (state = run.state()),
        test: async () => {
          controller.abort();
          return Promise.reject(controller.signal.reason as Error);
        },
      },
      { testInMujoco: true, testEvery: 2 },
    );
    expect(interrupted).toBe(true);
    expect(curve.map(({ epoch, testReturn }) => [epoch, testReturn])).toEqual([
      [1, undefined],
      [2, undefined],
    ]);
    expect(state).toMatchObject({ iteration: 2, parts: { place: { values: { batch: 0 } } } });
  });
});

test("tests in the simulator happen when due, and the best weights are kept", async () => {
  const tested: number[] = [];
  const returns = [10, 30, 20];
  const averages: Float32Array[] = [];
  const { curve, policy, best, last } = await run(
    {
      test: async ({ weights }, epoch) => {
        tested.push(epoch);
        averages.push(weights);
        return { meanReturn: returns[tested.length - 1]!, stdReturn: 1 };
      },
    },
    { testInMujoco: true, testEvery: 2 },
  );
  expect(tested).toEqual([2, 4, 6]);
  expect(curve.map(({ testReturn }) => testReturn)).toEqual([undefined, 10, undefined, 30, undefined, 20]);
  expect(best!.testReturn).toBe(30);
  expect(policy.weights).toEqual(averages[1]);
  expect(last.weights).toEqual(averages[2]);
});

test.each([
  [{ testEvery: 4 }, [4, 6]],
  [{ testEvery: null }, [6]],
  [{ testEvery: 1, testInMujoco: false }, []],
])("%j: tested after epochs %j", async (other, expected) => {
  const tested: number[] = [];
  const test = async (_: unknown, epoch: number) => (tested.push(epoch), { meanReturn: 0, stdReturn: 0 });
  await run({ test }, { testInMujoco: true, ...other });
  expect(tested).toEqual(expected);
});

test("without a simulator nothing is tested", async () => {
  const { curve } = await run({}, { epochs: 1, testInMujoco: true });
  expect(curve[0]).not.toHaveProperty("testReturn");
});

test.each([undefined, new AbortController().signal])(
  "a test that fails ends the run with its error",
  async (signal) => {
    const failure = new Error("the simulator broke");
    await expect(run({ signal, test: () => Promise.reject(failure) }, { epochs: 1, testInMujoco: true })).rejects.toBe(
      failure,
    );
  },
);

test("a validation needs one whole batch of windows", async () => {
  // 90 steps of two episodes are 84 windows of 4.
  const validated = async (windows: number) => {
    const { curve } = await run({}, { epochs: 1, validateEvery: 1, batchSize: 8, trainSplit: 1 - windows / 84 });
    return curve[0]!.validationLoss !== undefined;
  };
  expect([await validated(7), await validated(8)]).toEqual([false, true]);
});

test("what it compiles has a name for messages, and is given back, also where the run fails", async () => {
  const names = ["pretraining loss", "validation loss"];
  await run({}, { epochs: 1 });
  expect([made, released]).toEqual([names, names]);
  await run({}, { epochs: 1, trainSplit: 1 });
  expect([made, released]).toEqual([
    [...names, "pretraining loss"],
    [...names, "pretraining loss"],
  ]);
  const test = () => Promise.reject(new Error("broken"));
  await expect(run({ test }, { epochs: 1, testInMujoco: true })).rejects.toThrow("broken");
  expect(released).toEqual(made);
});

test("what was learned after an epoch stays as it was then", async () => {
  const kept: Record<string, Float32Array>[] = [];
  const copies: Record<string, Float32Array>[] = [];
  await run(
    {
      onIteration: (_, run) => {
        const { sets } = run.learned();
        kept.push(sets);
        copies.push(structuredClone(sets));
      },
    },
    { epochs: 2 },
  );
  expect(kept).toEqual(copies);
  expect(kept[0]!.model).not.toEqual(kept[1]!.model);
  expect(kept[0]!.ema).not.toEqual(kept[1]!.ema);
});

test("rows, checkpoints and messages name the stage", async () => {
  const { curve } = await run(
    { onIteration: (_, run) => expect(run.state().algorithm).toBe("pretraining") },
    { epochs: 1 },
  );
  expect(curve[0]!.stage).toBe("pretrain");
  expect(pretraining).toMatchObject({ kind: "pretraining", title: "pre-training" });
  expect(pretraining.iterations(options)).toBe(6);
});

test("fresh weights are those of the seed's stream", () => {
  const { weights, environment } = freshPolicy(model, data, 7);
  expect(weights).toEqual(model.layout.initialise(new Random(7).stream("weights")));
  expect(environment).toBe(data.name);
});

test.each<[string, Parameters<typeof pretraining.train>[0], Partial<typeof options>, string, string]>([
  [
    "too few windows",
    { base: freshPolicy(model, data, 7), demonstrations: data },
    { batchSize: 1000 },
    "DMPO_DATASET",
    `${data.name}: yields 67 training windows\n  expected at least one batch of 1000\n  use a smaller batch or more data`,
  ],
  [
    "other actions",
    {
      base: freshPolicy(new PolicyModel({ network: { ...model.spec.network, actionDim: 5 } }), data, 7),
      demonstrations: data,
    },
    {},
    "DMPO_DATASET",
    `${data.name}: has 2-dimensional actions\n  expected the 5 of the policy`,
  ],
  [
    "other observations",
    {
      base: freshPolicy(new PolicyModel({ network: { ...model.spec.network, condDim: 4 } }), data, 7),
      demonstrations: data,
    },
    {},
    "DMPO_DATASET",
    `${data.name}: has 3-dimensional observations\n  expected a divisor of the policy's 4`,
  ],
  [
    "no data",
    { base: freshPolicy(model, data, 7) },
    {},
    "DMPO_STAGE",
    "demonstrations: are missing\n  expected a data set to learn from",
  ],
])("refused with what was expected: %s", async (_, setup, other, code, message) => {
  await expect(pretraining.train(setup, { ...options, ...other })).rejects.toMatchObject({ code, message });
});
