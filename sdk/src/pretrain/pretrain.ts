// The pre-training loop: epochs of shuffled windows, AdamW, a moving average of the weights, tests. It can stop after any
// batch, and a resumed run continues bit for bit.
import { observationBoundIn } from "../envs/registry.js";
import type { Dataset } from "../data/dataset.js";
import { splitWindows, WindowSampler } from "../data/windows.js";
import { compile } from "../engine/compile.js";
import { Trainable } from "../engine/optimizer.js";
import { Random } from "../engine/random.js";
import { cosineWithWarmupAndRestarts, type Schedule } from "../learning/schedule.js";
import { hostTensor, type Host, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { fail } from "../errors.js";
import { hostObservation } from "../policies/host-observation.js";
import { defineAlgorithm, type IterationFacts, type Progress } from "../learning/algorithm.js";
import { Values } from "../learning/parts.js";
import type { Stage } from "../learning/stage.js";
import type { TrainingBatch } from "../policies/definition.js";
import { emptyDraws, fillDraws, type PolicyModel } from "../policies/policy-model.js";
import { teacherOf } from "../policies/teacher.js";
import { TrainedPolicy } from "../policies/trained-policy.js";
import { emptyObservations, sizeOf } from "../space.js";
import { pretrainKeys, pretrainOptions, type PretrainOptions } from "./options.js";

/** One row of the learning curve; absent numbers were not measured in that epoch. */
export interface PretrainRecord {
  readonly stage: "pretrain";
  /** Counted from 1. */
  readonly epoch: number;
  /** Batches so far. */
  readonly step: number;
  /** Mean over the epoch's batches. */
  readonly loss: number;
  readonly learningRate: number;
  /** Since the beginning, interruptions left out. */
  readonly seconds: number;
  readonly validationLoss?: number;
  readonly testReturn?: number;
  readonly testReturnStd?: number;
}

/** A policy with fresh weights for data or an environment, and the statistics to act with. */
export function freshPolicy(
  model: PolicyModel,
  { normalization, name }: Pick<Dataset, "normalization" | "name">,
  seed: number,
): TrainedPolicy {
  const weights = model.layout.initialise(new Random(seed).stream("weights"));
  return new TrainedPolicy({
    ...{ model, weights, normalization, environment: name },
    observationBound: observationBoundIn(name),
  });
}

function parts({ base }: Stage) {
  return {
    trainable: new Trainable(base.model.layout, base.weights, { ema: true }),
    /** Batches done of the epoch in progress, and the sum of their losses. */
    place: new Values({ batch: 0, lossSum: 0 }),
  };
}
type PretrainParts = ReturnType<typeof parts>;

async function* run(stage: Stage, { trainable, place }: PretrainParts, o: PretrainOptions): AsyncGenerator<Progress> {
  const { base, seed, compile: compileOptions } = stage;
  const { model, space } = base;
  const data = stage.demonstrations ?? fail("DMPO_STAGE", "demonstrations", "are missing", "a data set to learn from");
  checkFit(base, data);
  const [condSteps] = space.state;
  const imageSteps = space.rgb?.[0];
  const windows = new WindowSampler(data, { horizonSteps: space.horizonSteps, condSteps, imageSteps });
  const { train, validation } = splitWindows(windows.count, o.trainSplit, new Random(seed).stream("split"));
  const batches = Math.floor(train.length / o.batchSize);
  if (batches === 0) {
    const found = `yields ${train.length} training windows`;
    fail("DMPO_DATASET", data.name, found, `at least one batch of ${o.batchSize}`, "use a smaller batch or more data");
  }

  const [draws, drawn] = [model.trainingDraws, emptyDraws(model.trainingDraws, o.batchSize)];
  const observations = emptyObservations(space, o.batchSize);
  const shape = [o.batchSize, space.horizonSteps, space.actionDim];
  const action = hostTensor(new Float32Array(sizeOf(shape)), shape);
  const batch = { action, ...hostObservation(observations, space, o.batchSize), ...drawn } as Host<TrainingBatch>;
  const fill = (indices: Int32Array) => {
    windows.fill(indices, action.data as Float32Array, observations.state);
    if (observations.rgb) windows.fillImages(indices, observations.rgb);
  };
  const teacher = teacherOf(model, base.normalization, stage.teacher);
  const loss = (weights: Weights, batch: TrainingBatch) => model.loss(weights, batch, teacher);
  const step = compileTraining<TrainingBatch>(loss, trainable, { name: "pretraining loss", ...compileOptions });
  const validate = validation.length < o.batchSize ? undefined : validationLoss();
  const learningRate = scheduleOf(o, batches);

  try {
    while (stage.iteration < o.epochs) {
      const epoch = stage.iteration + 1;
      const now = place.current;
      const order = new Random(seed).stream(`order of epoch ${epoch}`).permutation(train.length);
      for (; now.batch < batches; now.batch++) {
        if (stage.signal?.aborted) return;
        const stepsBefore = stage.iteration * batches + now.batch;
        fill(rowsOf(train, order, now.batch, o.batchSize));
        fillDraws(draws, drawn, stage.random.stream("noise and times"));
        const { loss } = await step(batch);
        trainable.adamw({ learningRate: learningRate(epoch - 1, stepsBefore), weightDecay: o.weightDecay });
        if (stepsBefore % o.ema.every === 0) {
          if (epoch < o.ema.startEpoch) trainable.copyToEma();
          else trainable.updateEma(o.ema.decay);
        }
        now.lossSum += loss!;
        stage.onAdvance?.((stepsBefore + 1) / batches, loss!);
      }
      const terms = {
        step: epoch * batches,
        loss: now.lossSum / batches,
        learningRate: learningRate(epoch - 1, epoch * batches - 1),
        ...(epoch % o.validateEvery === 0 && (await validate?.measure())),
        ...(await test(epoch)),
      };
      Object.assign(now, { batch: 0, lossSum: 0 });
      yield { mode: "offline", episodes: [], terms };
    }
  } finally {
    await Promise.all([step.dispose(), validate?.dispose()]);
  }

  /** The loss of the averaged weights on windows that are not trained on, with the same noise every time and without dropout. */
  function validationLoss() {
    type Input = { weights: Weights; batch: TrainingBatch };
    const evaluate = compile<Input, { loss: Weights[string] }>(
      ({ weights, batch }) => ({ loss: model.loss(weights, batch, teacher).loss }),
      { name: "validation loss", ...compileOptions },
    );
    const weights = model.views(trainable.ema!);
    const left = new Set(draws.onlyTraining);
    const measured = Object.fromEntries(Object.entries(batch).filter(([name]) => !left.has(name))) as typeof batch;
    const count = Math.floor(validation.length / o.batchSize);
    return {
      async measure() {
        const random = new Random(seed).stream("validation");
        let sum = 0;
        for (let b = 0; b < count; b++) {
          fill(validation.subarray(b * o.batchSize, (b + 1) * o.batchSize));
          fillDraws(draws, drawn, random);
          const { loss } = await evaluate({ weights, batch: measured });
          sum += loss.data[0]!;
        }
        return { validationLoss: sum / count };
      },
      dispose: () => evaluate.dispose(),
    };
  }

  async function test(epoch: number): Promise<{ testReturn?: number; testReturnStd?: number }> {
    const due = epoch === o.epochs || (o.testEvery !== null && epoch % o.testEvery === 0);
    if (!o.testInMujoco || !stage.test || !due) return {};
    try {
      const averaged = new TrainedPolicy({ ...base, model, weights: trainable.ema!.slice() });
      const { meanReturn, stdReturn } = await stage.test(averaged, epoch);
      return { testReturn: meanReturn, testReturnStd: stdReturn };
    } catch (error) {
      // An interrupted test is no result, but the epoch before it is.
      if (stage.signal?.aborted) return {};
      throw error;
    }
  }
}

export const pretraining = defineAlgorithm({
  name: "pretraining",
  title: "pre-training",
  kind: "pretraining",
  sees: true,
  options: pretrainOptions,
  presets: {},
  keys: pretrainKeys,
  iterations: (o) => o.epochs,
  parts,
  run,
  learned: ({ trainable: { ema, weights } }, { base }) => ({
    policy: base,
    sets: { ema: ema!.slice(), model: weights.slice() },
  }),
  row: ({ terms }: Progress, { iteration, totalSeconds: seconds }: IterationFacts): PretrainRecord => {
    const { step, loss, learningRate, ...tests } = terms as Omit<PretrainRecord, "stage" | "epoch" | "seconds">;
    return { stage: "pretrain", epoch: iteration + 1, step, loss, learningRate, seconds, ...tests };
  },
  score: ({ testReturn }) => testReturn,
});

function checkFit({ space }: TrainedPolicy, data: Dataset): void {
  const { rgb } = space;
  if (space.actionDim !== data.actionDimension) {
    const found = `has ${data.actionDimension}-dimensional actions`;
    fail("DMPO_DATASET", data.name, found, `the ${space.actionDim} of the policy`);
  }
  const [condSteps, width] = space.state;
  if (!Number.isInteger(condSteps)) {
    const found = `has ${width}-dimensional observations`;
    fail("DMPO_DATASET", data.name, found, `a divisor of the policy's ${condSteps * width}`);
  }
  if (!rgb) return;
  const [, ...wanted] = rgb;
  const pictures = data.images?.shape;
  if (pictures?.join() === wanted.join()) return;
  const found = pictures ? `has pictures of ${pictures.join(" x ")}` : "has no pictures";
  fail("DMPO_DATASET", data.name, found, `the pictures of ${wanted.join(" x ")} that the policy sees`);
}

function scheduleOf({ schedule, epochs, learningRate, minLearningRate }: PretrainOptions, batches: number) {
  const total = schedule.per === "epoch" ? epochs : epochs * batches;
  const cycle = schedule.cycle ?? Math.max(total, 2);
  const at: Schedule = cosineWithWarmupAndRestarts({
    firstCycleSteps: cycle,
    warmupSteps: Math.min(schedule.warmup, Math.floor(cycle / 2)),
    maxLearningRate: learningRate,
    minLearningRate,
  });
  return (epoch: number, step: number) => at(schedule.per === "epoch" ? epoch : step);
}

function rowsOf(train: Int32Array, order: Int32Array, batch: number, size: number): Int32Array {
  return order.subarray(batch * size, (batch + 1) * size).map((index) => train[index]!);
}
