// The pre-training loop: epochs of shuffled windows, AdamW, a moving average of the weights, tests and checkpoints.
// It can stop after any batch, and a resumed run continues bit for bit.
import { join } from "node:path";
import { saveCheckpoint } from "../checkpoints/checkpoint.js";
import type { Dataset } from "../data/dataset.js";
import { splitWindows, WindowSampler } from "../data/windows.js";
import type { CompileOptions } from "../engine/compile.js";
import { compile } from "../engine/compile.js";
import { Trainable } from "../engine/optimizer.js";
import { Random } from "../engine/random.js";
import { cosineWithWarmupAndRestarts, type Schedule } from "../engine/schedule.js";
import { hostTensor, type Host, type Weights } from "../engine/tensor.js";
import { compileTraining } from "../engine/training-step.js";
import { fail } from "../errors.js";
import type { FlowModel } from "../policies/flow-model.js";
import type { FlowBatch } from "../policies/mean-flow.js";
import { policyRecord, TrainedPolicy } from "../policies/trained-policy.js";
import type { PretrainOptions } from "./options.js";
import { restoreProgress, startProgress, type Progress } from "./progress.js";

/** One row of the learning curve; absent numbers were not measured in that epoch. */
export interface PretrainRecord {
  readonly stage: "pretrain";
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly seconds: number;
  readonly validationLoss?: number;
  readonly testReturn?: number;
  readonly testReturnStd?: number;
}

export interface PretrainContext {
  /** Stops after the batch in progress; the run so far is returned and saved. */
  readonly signal?: AbortSignal;
  /** Called after every epoch with its record, and between epochs with how far the run is. */
  readonly onEpoch?: (record: PretrainRecord) => void;
  readonly onProgress?: (progress: { readonly step: number; readonly steps: number; readonly loss: number }) => void;
  /** Where checkpoints go (`checkpoint/last.safetensors`, ...); none are written without it. */
  readonly folder?: string;
  /** Continue from this checkpoint. */
  readonly resumePath?: string;
  /** Continue a run that is stored otherwise: puts its state into `trainable` and says how far it was. */
  readonly resume?: (run: { readonly trainable: Trainable; readonly batches: number }) => Progress;
  /** Mean and spread of the episode return of a policy; needed for `testInMujoco`. */
  readonly test?: (
    policy: TrainedPolicy,
    epoch: number,
  ) => Promise<{ readonly meanReturn: number; readonly stdReturn: number }>;
  readonly compile?: CompileOptions;
}

export interface PretrainResult {
  /** With the averaged weights. */
  readonly policy: TrainedPolicy;
  /** The same with the weights as trained. */
  readonly rawPolicy: TrainedPolicy;
  readonly curve: readonly PretrainRecord[];
  readonly interrupted: boolean;
  readonly seconds: number;
}

/**
 * Trains `model` on the windows of `data`.
 *
 * @throws InputError when the data does not fit the model or yields less than one batch, or the gradient is not finite.
 */
export async function pretrain(
  model: FlowModel,
  data: Dataset,
  options: PretrainOptions,
  context: PretrainContext = {},
): Promise<PretrainResult> {
  checkFit(model, data);
  const { batchSize, epochs, ema, seed } = options;
  const { condDim, horizonSteps } = model.spec.network;
  const condSteps = condDim / data.observationDimension;
  const windows = new WindowSampler(data, { horizonSteps, condSteps });
  const random = new Random(seed);
  const { train, validation } = splitWindows(windows.count, options.trainSplit, random.stream("split"));
  const batches = Math.floor(train.length / batchSize);
  if (batches === 0) {
    fail(
      "DMPO_DATASET",
      data.name,
      `yields ${train.length} training windows`,
      `at least one batch of ${batchSize}`,
      "use a smaller batch or more data",
    );
  }

  const trainable = new Trainable(model.layout, model.layout.initialise(random.stream("weights")), { ema: true });
  const progress: Progress = context.resumePath
    ? await restoreProgress(context.resumePath, model, trainable, random)
    : (context.resume?.({ trainable, batches }) ?? startProgress());
  const batch = { ...emptyWindows(batchSize), ...model.emptyDraws(batchSize) };
  const step = compileTraining<FlowBatch>(model.lossFor(batchSize), trainable, {
    name: "pretraining loss",
    ...context.compile,
  });
  const learningRate = scheduleOf(options, batches);
  const { normalization, name: environment } = data;
  const policyOf = (weights: Float32Array) => new TrainedPolicy({ model, weights, normalization, environment });
  const startedAt = performance.now() - 1000 * progress.seconds;

  const save = async (name: string) => {
    if (!context.folder) return;
    progress.seconds = (performance.now() - startedAt) / 1000;
    const record = policyRecord(policyOf(trainable.weights), { model: trainable.weights, ema: trainable.ema! });
    const { vectors, updateCount } = trainable.state();
    await saveCheckpoint(join(context.folder, "checkpoint", `${name}.safetensors`), {
      tensors: {
        ...record.tensors,
        ...Object.fromEntries(
          Object.entries(vectors).map(([key, vector]) => [`optimizer.${key}`, hostTensor(vector, [vector.length])]),
        ),
      },
      metadata: {
        ...(record.metadata as object),
        kind: "pretraining",
        options,
        progress,
        updateCount,
        random: random.state(),
      },
    });
  };

  try {
    while (progress.epoch <= epochs) {
      const { epoch } = progress;
      const order = new Random(seed).stream(`order of epoch ${epoch}`).permutation(train.length);
      for (; progress.batch < batches; progress.batch++) {
        if (context.signal?.aborted) {
          await save("last");
          return result(true);
        }
        windows.fill(
          rowsOf(train, order, progress.batch, batchSize),
          batch.action.data as Float32Array,
          batch.state.data as Float32Array,
        );
        model.draw(batch, random.stream("noise and times"));
        const { loss } = await step(batch);
        const rate = learningRate(epoch - 1, progress.step);
        trainable.adamw({ learningRate: rate, weightDecay: options.weightDecay });
        if (progress.step % ema.every === 0) {
          if (epoch < ema.startEpoch) trainable.copyToEma();
          else trainable.updateEma(ema.decay);
        }
        progress.step++;
        progress.lossSum += loss!;
        context.onProgress?.({ step: progress.step, steps: epochs * batches, loss: loss! });
      }
      const record: PretrainRecord = {
        stage: "pretrain",
        epoch,
        step: progress.step,
        loss: progress.lossSum / batches,
        learningRate: learningRate(epoch - 1, progress.step - 1),
        seconds: (performance.now() - startedAt) / 1000,
        ...(await validate(epoch)),
        ...(await test(epoch)),
      };
      progress.curve.push(record);
      Object.assign(progress, { epoch: epoch + 1, batch: 0, lossSum: 0 });
      const isBest = record.testReturn !== undefined && record.testReturn > (progress.bestReturn ?? -Infinity);
      if (isBest) progress.bestReturn = record.testReturn!;
      if (isBest) await save("best");
      if (options.saveEvery && epoch % options.saveEvery === 0) await save(`state_${epoch}`);
      await save("last");
      context.onEpoch?.(record);
    }
    return result(context.signal?.aborted ?? false);
  } finally {
    await step.dispose();
  }

  function emptyWindows(size: number): Pick<Host<FlowBatch>, "action" | "state"> {
    const { actionDimension, observationDimension } = data;
    const array = (...shape: number[]) => hostTensor(new Float32Array(shape.reduce((a, b) => a * b)), shape);
    return { action: array(size, horizonSteps, actionDimension), state: array(size, condSteps, observationDimension) };
  }

  function result(interrupted: boolean): PretrainResult {
    return {
      policy: policyOf(trainable.ema!.slice()),
      rawPolicy: policyOf(trainable.weights.slice()),
      curve: progress.curve,
      interrupted,
      seconds: (performance.now() - startedAt) / 1000,
    };
  }

  async function validate(epoch: number): Promise<{ validationLoss?: number }> {
    if (validation.length < batchSize || epoch % options.validateEvery !== 0) return {};
    const evaluate = compile<{ weights: Weights; batch: FlowBatch }, { loss: Weights[string] }>(
      ({ weights, batch }) => ({ loss: model.lossFor(batchSize)(weights, batch).loss }),
      { name: "validation loss", ...context.compile },
    );
    const draws = new Random(seed).stream("validation");
    const count = Math.floor(validation.length / batchSize);
    let sum = 0;
    for (let b = 0; b < count; b++) {
      windows.fill(
        validation.subarray(b * batchSize, (b + 1) * batchSize),
        batch.action.data as Float32Array,
        batch.state.data as Float32Array,
      );
      model.draw(batch, draws);
      sum += (await evaluate({ weights: model.views(trainable.ema!), batch })).loss.data[0]!;
    }
    await evaluate.dispose();
    return { validationLoss: sum / count };
  }

  async function test(epoch: number): Promise<{ testReturn?: number; testReturnStd?: number }> {
    const due = epoch === epochs || (options.testEvery !== null && epoch % options.testEvery === 0);
    if (!options.testInMujoco || !context.test || !due) return {};
    try {
      const { meanReturn, stdReturn } = await context.test(policyOf(trainable.ema!.slice()), epoch);
      return { testReturn: meanReturn, testReturnStd: stdReturn };
    } catch (error) {
      // An interrupted test is no result, but the epoch before it is.
      if (context.signal?.aborted) return {};
      throw error;
    }
  }
}

function checkFit(model: FlowModel, data: Dataset): void {
  const { actionDim, condDim } = model.spec.network;
  if (actionDim !== data.actionDimension) {
    fail(
      "DMPO_DATASET",
      data.name,
      `has ${data.actionDimension}-dimensional actions`,
      `the ${actionDim} of the policy`,
    );
  }
  if (condDim % data.observationDimension !== 0) {
    fail(
      "DMPO_DATASET",
      data.name,
      `has ${data.observationDimension}-dimensional observations`,
      `a divisor of the policy's ${condDim}`,
    );
  }
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
