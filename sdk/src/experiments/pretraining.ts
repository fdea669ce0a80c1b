// A pre-training run: loop, simulator tests, metrics and files.
import { join } from "node:path";
import type { Dataset } from "../data/dataset.js";
import type { FlowModel } from "../policies/flow-model.js";
import type { PretrainOptions } from "../pretrain/options.js";
import { pretrain, type PretrainRecord, type PretrainResult } from "../pretrain/pretrain.js";
import { compileOptionsOf, folderOf, sinkOf, stoppable, writeJson, type RunControl } from "./control.js";
import { play, type PlaySettings } from "./play.js";
import { versions } from "./versions.js";

export interface PretrainingRun extends PretrainResult {
  readonly stage: "pretrain";
  /** Where metrics and checkpoints are; undefined if nothing was written. */
  readonly folder: string | undefined;
}

export interface PretrainingSettings {
  readonly model: FlowModel;
  readonly data: Dataset;
  readonly training: PretrainOptions;
  /** How tests in the simulator are played; needed for `testInMujoco`. */
  readonly test?: PlaySettings;
  readonly resumePath?: string | null;
}

/** A run stopped by the control's signal saves a checkpoint and returns what it has. */
export async function runPretraining(settings: PretrainingSettings, given: RunControl = {}): Promise<PretrainingRun> {
  const control = stoppable(given);
  const { model, data, training, test, resumePath } = settings;
  const folder = await folderOf(control, `pretrain/${data.name}`, training.seed);
  const compile = compileOptionsOf(control);
  const sink = sinkOf(control, folder, {
    counter: "epoch",
    total: training.epochs,
    shown: { loss: "loss", validationLoss: "validation loss", testReturn: "test return", seconds: "seconds" },
    curves: { loss: "training loss", validationLoss: "validation loss" },
    logarithmic: true,
  });
  try {
    const result = await pretrain(model, data, training, {
      signal: control.signal,
      folder,
      resumePath: resumePath ?? undefined,
      compile,
      onEpoch: (record) => sink.log({ ...record }),
      onProgress: ({ step, steps }) => sink.advance((step / steps) * training.epochs),
      test:
        test &&
        (async (policy, epoch) => {
          const { statistics } = await play(policy, { ...test, seed: test.seed + 1000 * epoch }, control);
          return { meanReturn: statistics.return.mean, stdReturn: statistics.return.standardDeviation };
        }),
    });
    if (folder) await writeJson(join(folder, "result.json"), { ...summaryOf(result), versions: versions() });
    return { ...result, stage: "pretrain", folder };
  } finally {
    await sink.close();
  }
}

function summaryOf({ curve, interrupted, seconds }: PretrainResult) {
  return {
    stage: "pretrain",
    epochs: curve.length,
    last: curve.at(-1) satisfies PretrainRecord | undefined,
    interrupted,
    seconds,
  };
}
