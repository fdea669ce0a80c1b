// A fine-tuning run: environments, algorithm, metrics and checkpoints.
import { join } from "node:path";
import { z } from "zod";
import { isCheckpoint, openCheckpoint, saveCheckpoint } from "../checkpoints/checkpoint.js";
import { readCheckpointFile } from "../checkpoints/checkpoint-file.js";
import { fail } from "../errors.js";
import { learningCurve } from "../figures/charts/learning-curve.js";
import { danfoFrame, dataTable, type ColumnTable, type DanfoFrame } from "../figures/data-table.js";
import type { Figure } from "../figures/figure.js";
import { policyRecord, type TrainedPolicy } from "../policies/trained-policy.js";
import type { FineTuningResult, Run, RunContext, RunState } from "../rl/algorithm.js";
import { logRow, type IterationRecord } from "../rl/iteration-record.js";
import type { LearnerSetup } from "../rl/learner.js";
import { PPO, type PpoOptions, type ppoOptions } from "../rl/ppo.js";
import { announce, compileOptionsOf, folderOf, sinkOf, stoppable, writeJson, type RunControl } from "./control.js";
import { filmMaker } from "./films.js";
import { openEnvironments, type EnvironmentSettings } from "./play.js";
import { referenceIterations, referenceRunState } from "./reference-run.js";
import { versions } from "./versions.js";

/** A finished or stopped fine-tuning: its policies, its curve, and where its files are. */
export class FineTuningRun implements FineTuningResult {
  readonly stage = "finetune";
  readonly policy: TrainedPolicy;
  readonly last: TrainedPolicy;
  readonly best: IterationRecord | undefined;
  readonly curve: readonly IterationRecord[];
  readonly environmentSteps: number;
  readonly seconds: number;
  readonly interrupted: boolean;

  constructor(
    result: FineTuningResult,
    /** Where metrics and checkpoints are; undefined if nothing was written. */
    readonly folder: string | undefined,
  ) {
    this.policy = result.policy;
    this.last = result.last;
    this.best = result.best;
    this.curve = result.curve;
    this.environmentSteps = result.environmentSteps;
    this.seconds = result.seconds;
    this.interrupted = result.interrupted;
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
    return dataTable(this.curve.map(logRow));
  }

  /** The curve as a danfo data frame. @throws InputError DMPO_DANFO where danfojs-node is not installed. */
  toDanfo<Frame = DanfoFrame>(): Promise<Frame> {
    return danfoFrame<Frame>(this.curve.map(logRow));
  }

  toString(): string {
    const count = this.environmentSteps.toLocaleString("en-US");
    return [
      `${this.interrupted ? "stopped " : ""}fine-tuning: ${this.curve.length} iterations, ${count} environment steps in ${this.seconds.toFixed(1)} s`,
      ...(this.best ? [`best return ${this.best.episodes.return.mean.toFixed(1)}`] : []),
      ...(this.folder === undefined ? [] : [`files in ${this.folder}`]),
    ].join(", ");
  }
}

export interface FineTuningSettings extends EnvironmentSettings, Pick<LearnerSetup, "noiseNet" | "critic"> {
  readonly base: TrainedPolicy;
  readonly learning: z.input<typeof ppoOptions>;
  readonly seed?: number;
  /** Iterations between numbered checkpoints. Default: none. */
  readonly saveEvery?: number | null;
  /** Films of `episodes` episodes after every so many iterations, beginning with iteration 0, into the folder's render/. Default: none. */
  readonly films?: { readonly every: number; readonly episodes: number } | null;
  /** Continue from this checkpoint, exactly; from one of the reference (`.pt`) as far as that goes. */
  readonly resumePath?: string | null;
}

/** A run stopped by the control's signal saves a checkpoint and returns what it has. */
export async function runFineTuning(settings: FineTuningSettings, given: RunControl = {}): Promise<FineTuningRun> {
  const control = stoppable(given);
  const { base, learning, seed = 42, saveEvery, films, resumePath, successThreshold, noiseNet, critic, env } = settings;
  const folder = await folderOf(control, `finetune/${env}`, seed);
  const resumed = resumePath ? await loadRunState(resumePath, base, (line) => announce(line, folder)) : undefined;
  const options = PPO.options.parse(learning);
  const environments = await openEnvironments(base, settings, seed, control);
  // Evaluating elsewhere leaves the training episodes alone.
  const evaluationEnvironments = await openEnvironments(base, settings, seed + 1_000_000, control);
  const film = folder && films ? filming(folder, films, settings, options, control) : undefined;
  const sink = sinkOf(control, folder, {
    counter: "itr",
    total: options.iterations,
    start: resumed?.iterations,
    offset: 1,
    shown: {
      step: "environment steps",
      "train/avg episode reward": "training return",
      "eval/avg episode reward": "evaluation return",
      "loss/approx kl": "KL",
    },
    curves: { "train/avg episode reward": "training return", "eval/avg episode reward": "evaluation return" },
  });
  try {
    const setup = {
      base,
      environments,
      evaluationEnvironments,
      noiseNet,
      critic,
      seed,
      successThreshold,
      compile: compileOptionsOf(control),
    };
    const result = await PPO.train(setup, options, {
      signal: control.signal,
      resume: resumed?.state,
      async onStop(run) {
        if (folder) await save(folder, "last", run, base);
      },
      async onIteration(record, run) {
        sink.log({ stage: record.stage, ...logRow(record) });
        if (!folder) return;
        const isLast = record.iteration === options.iterations - 1;
        if (run.isBest) await save(folder, "best", run, base);
        if (saveEvery && record.iteration % saveEvery === 0) await save(folder, `state_${record.iteration}`, run, base);
        if (isLast || record.mode === "evaluation") await save(folder, "last", run, base);
        await film?.(record.iteration, run);
      },
    });
    if (folder) {
      const { best, curve, environmentSteps, seconds, interrupted } = result;
      await writeJson(join(folder, "result.json"), {
        stage: "finetune",
        best,
        last: curve.at(-1),
        environmentSteps,
        seconds,
        interrupted,
        versions: versions(),
      });
    }
    return new FineTuningRun(result, folder);
  } finally {
    await Promise.all([sink.close(), environments.close(), evaluationEnvironments.close()]);
  }
}

/** Films show what evaluations play: the policy without exploration noise. */
function filming(
  folder: string,
  { every, episodes }: NonNullable<FineTuningSettings["films"]>,
  { env, actionSteps, maxEpisodeSteps, seed = 42 }: FineTuningSettings,
  { denoisingSteps, clipIntermediateActions: clipIntermediate, evaluationNoise: initialNoise }: PpoOptions,
  control: RunControl,
) {
  const played = { env, actionSteps, maxEpisodeSteps, denoisingSteps, clipIntermediate, initialNoise };
  const film = filmMaker(folder, { ...played, episodes, seed: seed + 2_000_000 }, control);
  return async (iteration: number, { policy }: Pick<Run, "policy">) => {
    if (iteration % every === 0) await film(policy(), `itr-${iteration}`);
  };
}

/** `policy.*` are the weights to act with; `state.*` and the metadata continue the run. */
async function save(folder: string, name: string, run: Omit<Run, "isBest">, base: TrainedPolicy): Promise<void> {
  const record = policyRecord(base, { policy: run.policy().weights });
  const { tensors, metadata } = run.state();
  const state = Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [`state.${key}`, tensor]));
  await saveCheckpoint(join(folder, "checkpoint", `${name}.safetensors`), {
    tensors: { ...record.tensors, ...state },
    metadata: { ...(record.metadata as object), kind: "finetuning", state: metadata },
  });
}

const runMetadata = z.object({
  kind: z.literal("finetuning"),
  model: z.object({ policy: z.string(), network: z.record(z.string(), z.unknown()) }),
  state: z.custom<RunState["metadata"]>((state) => typeof state === "object" && state !== null),
});

interface Resumed {
  /** Iterations done. */
  readonly iterations: number | undefined;
  readonly state: RunContext["resume"];
}

async function loadRunState(path: string, base: TrainedPolicy, notify: (line: string) => void): Promise<Resumed> {
  const { contents, object } = await readCheckpointFile(path);
  if (!isCheckpoint(contents)) {
    return {
      iterations: referenceIterations(object),
      state: (learner) => referenceRunState(object, path, PPO.name, learner, notify),
    };
  }
  const { tensors, metadata } = openCheckpoint(contents, path);
  const parsed = runMetadata.safeParse(metadata);
  if (!parsed.success)
    fail("DMPO_RESUME", path, "is not a checkpoint of a fine-tuning run", "checkpoint/last.safetensors of one");
  checkPolicy(parsed.data.model, base, path);
  const { state } = parsed.data;
  const own = Object.entries(tensors).filter(([name]) => name.startsWith("state."));
  return {
    iterations: state.progress.iteration,
    state: {
      tensors: Object.fromEntries(own.map(([name, tensor]) => [name.slice("state.".length), tensor])),
      metadata: state,
    },
  };
}

/** @throws InputError when a run was made with another policy or network than `base`. */
function checkPolicy(stored: z.output<typeof runMetadata>["model"], { model: { spec } }: TrainedPolicy, path: string) {
  const [found, expected] = [stored, spec].map(({ policy, network }) => JSON.stringify({ policy, network }));
  if (found === expected) return;
  const remedy = "resume with the run's own configuration and pre-trained policy";
  fail("DMPO_RESUME", path, "belongs to another policy or network", `the policy to fine-tune, ${expected}`, remedy);
}
