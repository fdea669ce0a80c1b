// A pre-training run: loop, simulator tests, metrics and files.
import { join } from "node:path";
import { isCheckpoint } from "../checkpoints/checkpoint.js";
import { readCheckpointFile } from "../checkpoints/checkpoint-file.js";
import type { Dataset } from "../data/dataset.js";
import { learningCurve } from "../figures/charts/learning-curve.js";
import { lossCurve } from "../figures/charts/loss-curve.js";
import { danfoFrame, dataTable, type ColumnTable, type DanfoFrame } from "../figures/data-table.js";
import type { Figure } from "../figures/figure.js";
import type { FlowModel } from "../policies/flow-model.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import type { PretrainOptions } from "../pretrain/options.js";
import { pretrain, type PretrainContext, type PretrainRecord, type PretrainResult } from "../pretrain/pretrain.js";
import { announce, compileOptionsOf, folderOf, sinkOf, stoppable, writeJson, type RunControl } from "./control.js";
import { play, type PlaySettings } from "./play.js";
import { resumeReferencePretraining } from "./reference-run.js";
import { versions } from "./versions.js";

/** A finished or stopped pre-training: its policies, its curve, and where its files are. */
export class PretrainingRun implements PretrainResult {
  readonly stage = "pretrain";
  readonly policy: TrainedPolicy;
  readonly rawPolicy: TrainedPolicy;
  readonly curve: readonly PretrainRecord[];
  readonly interrupted: boolean;
  readonly seconds: number;

  constructor(
    result: PretrainResult,
    /** Where metrics and checkpoints are; undefined if nothing was written. */
    readonly folder: string | undefined,
  ) {
    this.policy = result.policy;
    this.rawPolicy = result.rawPolicy;
    this.curve = result.curve;
    this.interrupted = result.interrupted;
    this.seconds = result.seconds;
  }

  /** `loss`, and `return` where tests in the simulator were made; nothing before the first epoch. */
  figures(): Partial<Record<"loss" | "return", Figure>> {
    const tests = this.curve.filter(({ testReturn }) => testReturn !== undefined);
    const losses = [this.#series("training loss", "loss"), this.#series("validation loss", "validationLoss")];
    const present = losses.filter(({ x }) => x.length > 0);
    const returns = this.#series("test in the simulator", "testReturn");
    return {
      ...(present.length > 0 && { loss: lossCurve(present, { title: "Pre-training loss" }) }),
      ...(tests.length > 0 && {
        return: learningCurve([{ ...returns, spread: tests.map(({ testReturnStd = 0 }) => testReturnStd) }], {
          title: "Return of the averaged policy",
          subtitle: "band: standard deviation over episodes",
          x: "epoch",
        }),
      }),
    };
  }

  /** The curve as an arquero table, one row per epoch. */
  toTable(): ColumnTable {
    return dataTable(this.curve.map((record) => ({ ...record })));
  }

  /** The curve as a danfo data frame. @throws InputError DMPO_DANFO where danfojs-node is not installed. */
  toDanfo<Frame = DanfoFrame>(): Promise<Frame> {
    return danfoFrame<Frame>(this.curve.map((record) => ({ ...record })));
  }

  toString(): string {
    const last = this.curve.at(-1);
    return [
      `${this.interrupted ? "stopped " : ""}pre-training: ${this.curve.length} epochs in ${this.seconds.toFixed(1)} s`,
      ...(last ? [`loss ${last.loss.toPrecision(4)}`] : []),
      ...(last?.testReturn === undefined ? [] : [`test return ${last.testReturn.toFixed(1)}`]),
      ...(this.folder === undefined ? [] : [`files in ${this.folder}`]),
    ].join(", ");
  }

  #series(name: string, key: "loss" | "validationLoss" | "testReturn") {
    const measured = this.curve.filter((record) => record[key] !== undefined);
    return { name, x: measured.map(({ epoch }) => epoch), y: measured.map((record) => record[key]!) };
  }
}

export interface PretrainingSettings {
  readonly model: FlowModel;
  readonly data: Dataset;
  readonly training: PretrainOptions;
  /** How tests in the simulator are played; needed for `testInMujoco`. */
  readonly test?: PlaySettings;
  /** Continue from this checkpoint, exactly; from one of the reference (`.pt`) as far as that goes. */
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
    shown: { loss: "loss", validationLoss: "validation loss", testReturn: "test return" },
    curves: { loss: "training loss", validationLoss: "validation loss" },
    logarithmic: true,
  });
  try {
    const result = await pretrain(model, data, training, {
      signal: control.signal,
      folder,
      ...(await resumeOf(resumePath, (line) => announce(line, folder))),
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
    return new PretrainingRun(result, folder);
  } finally {
    await sink.close();
  }
}

/** Own checkpoints by their path, which continue exactly; those of the reference as far as they go. */
async function resumeOf(path: string | null | undefined, notify: (line: string) => void): Promise<PretrainContext> {
  if (!path) return {};
  const { contents, object } = await readCheckpointFile(path);
  if (isCheckpoint(contents)) return { resumePath: path };
  return { resume: (run) => resumeReferencePretraining(object, path, run, notify) };
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
