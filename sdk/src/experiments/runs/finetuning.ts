// A fine-tuning run: what an algorithm made of a policy in environments, and where its files are.
import { z } from "zod";
import type { Dataset } from "../../data/dataset.js";
import { environmentTitle } from "../../envs/registry.js";
import { learningCurve } from "../../figures/charts/learning-curve.js";
import { danfoFrame, dataTable, type ColumnTable, type DanfoFrame } from "../../figures/data-table.js";
import type { Figure } from "../../figures/figure.js";
import type { AnyAlgorithm } from "../../learning/algorithm.js";
import type { RunResult } from "../../learning/drive.js";
import type { PartState } from "../../learning/parts.js";
import type { TrainedPolicy } from "../../policies/trained-policy.js";
import { logRow, type IterationRecord } from "../../rl/iteration-record.js";
import { checkOptions, count, optionsSchema, pathText, wholeNumber } from "../../options.js";
import { dataset } from "../dataset-argument.js";
import { environmentShape, type EnvironmentSettings } from "../play.js";
import { controlKeys, type RunControl } from "./control.js";
import { runLearning } from "./learning-run.js";

/** A finished or stopped fine-tuning: its policies, its curve, and where its files are. */
export class FineTuningRun {
  /** Tells it from a {@link PretrainingRun}. */
  readonly stage = "finetune";
  /** With the weights of the best evaluation (highest mean return); the last ones if there was none. */
  readonly policy: TrainedPolicy;
  /** With the weights after the last iteration. */
  readonly last: TrainedPolicy;
  /** The evaluation that chose `policy`; undefined if there was none. */
  readonly best: IterationRecord | undefined;
  /** One record per iteration, evaluations among them, those before a resume included. */
  readonly curve: readonly IterationRecord[];
  /** Executed in training, in all environments together. */
  readonly environmentSteps: number;
  /** Wall-clock seconds of all iterations, those before a resume included. */
  readonly seconds: number;
  /** Whether its signal or a stop button ended it. */
  readonly interrupted: boolean;

  /** What a later run that goes on from `last` begins with, e.g. critics; empty for most algorithms. */
  readonly handedOn: Readonly<Record<string, PartState>>;

  readonly #logNames: Readonly<Record<string, string>>;

  constructor(
    result: RunResult<IterationRecord>,
    /** Where metrics and checkpoints are; undefined if nothing was written. */
    readonly folder: string | undefined,
    { logNames = {} }: Pick<AnyAlgorithm, "logNames">,
  ) {
    this.#logNames = logNames;
    this.policy = result.policy;
    this.last = result.last;
    this.best = result.best;
    this.curve = result.curve;
    this.environmentSteps = result.environmentSteps;
    this.seconds = result.seconds;
    this.interrupted = result.interrupted;
    this.handedOn = result.handedOn;
  }

  /** `return`: of evaluations, and of training episodes with their exploration noise; nothing before the first episode. */
  figures(): Partial<Record<"return", Figure>> {
    const lines = (["evaluation", "training"] as const).map((wanted) => {
      const records = this.curve.filter(({ mode, episodes }) => mode === wanted && episodes.episodes > 0);
      return {
        name: wanted === "evaluation" ? "evaluation" : "training episodes",
        x: records.map(({ environmentSteps }) => environmentSteps),
        y: records.map(({ episodes }) => episodes.return.mean),
      };
    });
    const present = lines.filter(({ x }) => x.length > 0);
    return present.length > 0 ? { return: learningCurve(present, { title: "Fine-tuning" }) } : {};
  }

  /** The curve as an arquero table, one row per iteration, with the names of the reference's logs. */
  toTable(): ColumnTable {
    return dataTable(this.#rows());
  }

  /** The curve as a danfo data frame. @throws InputError DMPO_DANFO where danfojs-node is not installed. */
  toDanfo<Frame = DanfoFrame>(): Promise<Frame> {
    return danfoFrame<Frame>(this.#rows());
  }

  toString(): string {
    const count = this.environmentSteps.toLocaleString("en-US");
    return [
      `${this.interrupted ? "stopped " : ""}fine-tuning: ${this.curve.length} iterations, ${count} environment steps in ${this.seconds.toFixed(1)} s`,
      ...(this.best ? [`best return ${this.best.episodes.return.mean.toFixed(1)}`] : []),
      ...(this.folder === undefined ? [] : [`files in ${this.folder}`]),
    ].join(", ");
  }

  #rows(): Record<string, number>[] {
    return this.curve.map((record) => logRow(record, this.#logNames));
  }
}

export interface FineTuningSettings extends EnvironmentSettings {
  readonly algorithm: AnyAlgorithm<IterationRecord>;
  readonly base: TrainedPolicy;
  /** Demonstrations to learn from besides, for algorithms that do. */
  readonly data?: Dataset;
  /** What an earlier run of the algorithm has handed on, see {@link FineTuningRun.handedOn}. */
  readonly handedOn?: FineTuningRun["handedOn"];
  /** Of the algorithm and, where it explores, of the policy's path. */
  readonly learning: Readonly<Record<string, unknown>>;
  /** Of everything random: environments, exploration, batches. Default 42. */
  readonly seed?: number;
  /** Iterations between numbered checkpoints. Default: none. */
  readonly saveEvery?: number | null;
  /** Films of `episodes` episodes after every so many iterations, beginning with iteration 0, into the folder's render/. Default: none. */
  readonly films?: { readonly every: number; readonly episodes: number } | null;
  /** Continue from this checkpoint, exactly; from one of the reference (`.pt`) as far as that goes. */
  readonly resumePath?: string | null;
}

/** What a call may say besides the options of its algorithm; `data` is what {@link Dataset} has. */
const settingShape = {
  ...environmentShape,
  data: dataset,
  seed: wholeNumber,
  saveEvery: count.nullable(),
  films: z.strictObject({ every: count, episodes: count }).nullable(),
  resumePath: pathText.nullable(),
};
const settingSchema =
  optionsSchema<Omit<FineTuningSettings, "algorithm" | "base" | "learning" | "handedOn">>(settingShape);

/** Names of the settings that stand beside the options of an algorithm. */
export const settingNames = Object.keys(settingShape);

/** A run stopped by the control's signal saves a checkpoint and returns what it has. */
export async function runFineTuning(settings: FineTuningSettings, control: RunControl = {}): Promise<FineTuningRun> {
  const { algorithm, base, handedOn, learning: options, ...said } = settings;
  checkOptions(settingSchema, said);
  const { data, seed = 42, saveEvery, films, resumePath, ...environments } = said;
  const { logNames = {} } = algorithm;
  const { result, folder } = await runLearning<IterationRecord>(
    {
      ...{ algorithm, base, data, handedOn, options, seed, environments, saveEvery, films, resumePath, countsFrom: 0 },
      optionsBeside: [...settingNames, ...controlKeys],
      task: `finetune/${await environmentTitle(settings.env)}`,
      metrics: (record) => ({ stage: record.stage, ...logRow(record, logNames) }),
      shown: {
        counter: "itr",
        offset: 1,
        shown: {
          step: "environment steps",
          "train/avg episode reward": "training return",
          "eval/avg episode reward": "evaluation return",
          "loss/approx kl": "KL",
        },
        curves: { "train/avg episode reward": "training return", "eval/avg episode reward": "evaluation return" },
      },
      summary: ({ best, curve, environmentSteps }) => ({
        stage: "finetune",
        best,
        last: curve.at(-1),
        environmentSteps,
      }),
    },
    control,
  );
  return new FineTuningRun(result, folder, algorithm);
}
