// A pre-training run: loop, simulator tests, metrics and files.
import type { Dataset } from "../../data/dataset.js";
import { learningCurve } from "../../figures/charts/learning-curve.js";
import { lossCurve } from "../../figures/charts/loss-curve.js";
import { danfoFrame, dataTable, type ColumnTable, type DanfoFrame } from "../../figures/data-table.js";
import type { Figure } from "../../figures/figure.js";
import type { PolicyModel } from "../../policies/policy-model.js";
import { teacherOf } from "../../policies/teacher.js";
import { TrainedPolicy } from "../../policies/trained-policy.js";
import type { PretrainOptions } from "../../pretrain/options.js";
import { freshPolicy, pretraining, type PretrainRecord } from "../../pretrain/pretrain.js";
import type { RunResult } from "../../learning/drive.js";
import type { PlaySettings } from "../play.js";
import type { RunControl } from "./control.js";
import { runLearning } from "./learning-run.js";

/** A finished or stopped pre-training: its policies, its curve, and where its files are. */
export class PretrainingRun {
  /** Tells it from a {@link FineTuningRun}. */
  readonly stage = "pretrain";
  /** With the averaged weights (`ema`) after the last epoch. */
  readonly policy: TrainedPolicy;
  /** The same with the weights as trained. */
  readonly rawPolicy: TrainedPolicy;
  /** One record per epoch, those before a resume included. */
  readonly curve: readonly PretrainRecord[];
  /** Whether its signal or a stop button ended it. */
  readonly interrupted: boolean;
  /** Wall-clock seconds of all epochs, those before a resume included. */
  readonly seconds: number;

  constructor(
    result: RunResult<PretrainRecord>,
    /** Where metrics and checkpoints are; undefined if nothing was written. */
    readonly folder: string | undefined,
  ) {
    this.policy = result.last;
    this.rawPolicy = new TrainedPolicy({ ...result.last, weights: result.sets.model! });
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
  readonly model: PolicyModel;
  readonly data: Dataset;
  readonly training: PretrainOptions;
  /** What a policy that has a teacher learns from. */
  readonly teacher?: TrainedPolicy;
  /** How tests in the simulator are played; needed for `testInMujoco`. */
  readonly test?: PlaySettings;
  /** Continue from this checkpoint, exactly; from one of the reference (`.pt`) as far as that goes. */
  readonly resumePath?: string | null;
}

/** A run stopped by the control's signal saves a checkpoint and returns what it has. */
export async function runPretraining(settings: PretrainingSettings, control: RunControl = {}): Promise<PretrainingRun> {
  const { model, data, teacher, training, test, resumePath } = settings;
  const { seed } = training;
  // Before the run has a folder.
  teacherOf(model, data.normalization, teacher);
  const { result, folder } = await runLearning<PretrainRecord>(
    {
      ...{ algorithm: pretraining, base: freshPolicy(model, data, seed), options: training, seed },
      ...{
        task: `pretrain/${data.name}`,
        data,
        teacher,
        test,
        resumePath,
        saveEvery: training.saveEvery,
        countsFrom: 1,
      },
      metrics: (record) => ({ ...record }),
      shown: {
        counter: "epoch",
        shown: { loss: "loss", validationLoss: "validation loss", testReturn: "test return" },
        curves: { loss: "training loss", validationLoss: "validation loss" },
        logarithmic: true,
      },
      summary: ({ curve }) => ({ stage: "pretrain", epochs: curve.length, last: curve.at(-1) }),
    },
    control,
  );
  return new PretrainingRun(result, folder);
}
