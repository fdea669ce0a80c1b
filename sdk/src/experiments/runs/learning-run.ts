// A run with its files, whatever its algorithm: environments, metrics, checkpoints, films, stopping and resuming.
import { join } from "node:path";
import { isCheckpoint, openCheckpoint, saveCheckpoint } from "../../checkpoints/checkpoint.js";
import { readCheckpointFile } from "../../checkpoints/checkpoint-file.js";
import { fail } from "../../errors.js";
import type { Dataset } from "../../data/dataset.js";
import { defaultThreads } from "../../engine/device.js";
import type { AnyAlgorithm } from "../../learning/algorithm.js";
import { drive, type DriveContext, type Run, type RunResult } from "../../learning/drive.js";
import type { PartState } from "../../learning/parts.js";
import { runOptions, startingPolicy } from "../../learning/run-options.js";
import { parseOptions } from "../../options.js";
import { policyRecord, type TrainedPolicy } from "../../policies/trained-policy.js";
import type { MetricsRecord } from "../../tracking/metrics-sink.js";
import type { NotebookSinkOptions } from "../../tracking/notebook-sink.js";
import { openEnvironments, play, type EnvironmentSettings, type PlaySettings } from "../play.js";
import { referenceResume } from "../reference/run.js";
import { announce, compileOptionsOf, folderOf, sinkOf, stoppable, writeJson, type RunControl } from "./control.js";
import { filmMaker } from "./films.js";
import { resumeNotices, threadsOf } from "./resume-notices.js";
import { stateOf, stateRecord } from "./run-state.js";
import { checkStoredParts } from "./stored-parts.js";
import { versions } from "./versions.js";

export interface LearningSettings<Row> {
  readonly algorithm: AnyAlgorithm<Row>;
  /** The policy to start from, trained or with fresh weights. */
  readonly base: TrainedPolicy;
  readonly options: Readonly<Record<string, unknown>>;
  /** Names of what may stand beside these options where a person writes them. */
  readonly optionsBeside?: readonly string[];
  readonly seed: number;
  /** Name of the run's folder below the log root, where the control names none. */
  readonly task: string;
  readonly data?: Dataset;
  /** A trained policy to imitate besides, for policies that have a teacher. */
  readonly teacher?: TrainedPolicy;
  /** States of the parts that an earlier run of the algorithm has handed on. */
  readonly handedOn?: Readonly<Record<string, PartState>>;
  /** Where it acts; absent for runs on demonstrations alone. */
  readonly environments?: EnvironmentSettings;
  /** How tests while pre-training are played. */
  readonly test?: PlaySettings;
  /** Iterations between numbered checkpoints. Default: none. */
  readonly saveEvery?: number | null;
  /** Number of the first iteration in names of checkpoints and progress. */
  readonly countsFrom: 0 | 1;
  /** Films of `episodes` episodes after every so many iterations, into the folder's render/. Default: none. */
  readonly films?: { readonly every: number; readonly episodes: number } | null;
  /** Continue from this checkpoint, exactly; from one of the reference (`.pt`) as far as that goes. */
  readonly resumePath?: string | null;
  /** A row of the curve as metrics, and how they are shown. */
  readonly metrics: (row: Row) => MetricsRecord;
  readonly shown: Omit<NotebookSinkOptions, "notebook" | "now" | "total" | "start">;
  /** What result.json says besides. */
  readonly summary: (result: RunResult<Row>) => object;
}

/** A run stopped by the control's signal saves a checkpoint and returns what it has. */
export async function runLearning<Row>(
  wantedSettings: LearningSettings<Row>,
  given: RunControl = {},
): Promise<{ readonly result: RunResult<Row>; readonly folder: string | undefined }> {
  const control = stoppable(given);
  const { algorithm, environments: wanted, films, saveEvery, countsFrom, test, resumePath } = wantedSettings;
  const options = parseOptions(
    runOptions(algorithm, wantedSettings.base.model),
    wantedSettings.options,
    wantedSettings.optionsBeside,
  );
  const base = startingPolicy(algorithm, wantedSettings.base, options);
  const settings = { ...wantedSettings, base };
  const threads = compileOptionsOf(control).threads ?? defaultThreads();
  const folder = await folderOf(control, { task: settings.task, seed: settings.seed, threads, resumePath });
  const notify = (line: string) => announce(line, folder);
  const resumed = resumePath ? await openRun(resumePath, settings, { options, threads, notify }) : undefined;
  const seed = resumed?.seed ?? settings.seed;
  const environments = wanted && (await openEnvironments(base, wanted, seed, control, "training"));
  // Evaluating elsewhere leaves the training episodes alone.
  const evaluationEnvironments = wanted && (await openEnvironments(base, wanted, seed, control, "evaluation"));
  const film =
    folder && films && wanted ? filming(folder, films, wanted, { ...settings, seed }, options, control) : undefined;
  const total = algorithm.iterations(options);
  const sink = sinkOf(control, folder, { ...settings.shown, total, start: resumed?.iterations });
  const save = async (name: string, run: Run<Row>) => {
    if (folder) await saveRun(join(folder, "checkpoint", `${name}.safetensors`), algorithm.kind, run, threads);
  };
  try {
    const setup = {
      ...{ base, environments, evaluationEnvironments, demonstrations: settings.data, teacher: settings.teacher, seed },
      handedOn: settings.handedOn,
      successThreshold: wanted?.successThreshold,
      compile: compileOptionsOf(control),
      onAdvance: (iterations: number) => sink.advance(iterations),
      test:
        test &&
        (async (policy: TrainedPolicy, iteration: number) => {
          const { statistics } = await play(policy, { ...test, streams: `test ${iteration}` }, control);
          return { meanReturn: statistics.return.mean, stdReturn: statistics.return.standardDeviation };
        }),
    };
    const result = await drive<Row>(algorithm, setup, options, {
      signal: control.signal,
      resume: resumed?.state,
      onStop: (run) => save("last", run),
      async onIteration(row, run) {
        const iteration = run.curve.length - 1;
        sink.log(settings.metrics(row));
        if (run.isBest) await save("best", run);
        const number = iteration + countsFrom;
        if (saveEvery && number % saveEvery === 0) await save(`state_${number}`, run);
        await save("last", run);
        await film?.(iteration, run);
      },
    });
    if (folder) {
      const { interrupted, seconds } = result;
      const summary = { ...settings.summary(result), seconds, interrupted, versions: versions() };
      await writeJson(join(folder, "result.json"), summary);
    }
    return { result, folder };
  } finally {
    await Promise.all([sink.close(), environments?.close(), evaluationEnvironments?.close()]);
  }
}

/** The weight sets of what was learned, its statistics, and the state of the run. */
async function saveRun<Row>(path: string, kind: AnyAlgorithm["kind"], run: Run<Row>, threads: number): Promise<void> {
  const { policy, sets } = run.learned();
  const record = policyRecord(policy, sets);
  const { tensors, state } = stateRecord(run.state());
  await saveCheckpoint(path, {
    tensors: { ...record.tensors, ...tensors },
    metadata: { ...(record.metadata as object), kind, state, threads },
  });
}

interface Resumed<Row> {
  /** Iterations done, where the file tells. */
  readonly iterations: number | undefined;
  /** Its own, where the file tells. */
  readonly seed?: number;
  readonly state: DriveContext<Row>["resume"];
}

interface Resuming {
  /** Complete. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly threads: number;
  readonly notify: (line: string) => void;
}

/** Own checkpoints, which continue exactly; those of the reference as far as they go. */
async function openRun<Row>(
  path: string,
  { algorithm, base: { model }, metrics, seed }: LearningSettings<Row>,
  { options, threads, notify }: Resuming,
): Promise<Resumed<Row>> {
  const { contents, object } = await readCheckpointFile(path);
  if (!isCheckpoint(contents)) return referenceResume(object, path, algorithm, notify);
  const checkpoint = openCheckpoint(contents, path);
  const state = stateOf(checkpoint, algorithm, algorithm.makes?.(model, options) ?? model, path);
  const now = { options, seed, threads, iterations: algorithm.iterations(options) };
  for (const line of resumeNotices(state, threadsOf(checkpoint), now)) notify(line);
  return {
    iterations: state.iteration,
    seed: state.random.seed,
    state(parts) {
      checkStoredParts(parts, state.parts, path);
      checkCurve(state.curve as readonly Row[], { algorithm, metrics }, path);
      return state;
    },
  };
}

/** @throws InputError for a row that the algorithm could not have written: what is made of rows fails, or is no number. */
function checkCurve<Row>(
  curve: readonly Row[],
  { algorithm, metrics }: Pick<LearningSettings<Row>, "algorithm" | "metrics">,
  path: string,
): void {
  const isSound = (row: Row) => {
    try {
      const { score = 0, ...shown } = { ...metrics(row), score: algorithm.score(row) };
      return (
        typeof score === "number" && Object.values(shown).every((value) => ["number", "string"].includes(typeof value))
      );
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  };
  const damaged = curve.findIndex((row) => !isSound(row));
  if (damaged < 0) return;
  const wrong = "has a damaged row";
  fail("DMPO_RESUME", `${path}: state.curve.${damaged}`, wrong, `a row of ${algorithm.title}`, "take an earlier one");
}

/** Films show what evaluations play: the policy without exploration noise. */
function filming<Row>(
  folder: string,
  { every, episodes }: NonNullable<LearningSettings<Row>["films"]>,
  { env, actionSteps, maxEpisodeSteps }: EnvironmentSettings,
  { algorithm, base, seed }: LearningSettings<Row>,
  options: Readonly<Record<string, unknown>>,
  control: RunControl,
) {
  const { sampling, initialNoise } = algorithm.playing?.(base.model, options) ?? {};
  const { steps: denoisingSteps, clipIntermediate } = sampling ?? {};
  const played = { env, actionSteps, maxEpisodeSteps, denoisingSteps, clipIntermediate, initialNoise };
  const film = filmMaker(folder, { ...played, episodes, seed }, control);
  return async (iteration: number, { policy }: Pick<Run<Row>, "policy">) => {
    if (iteration % every === 0) await film(policy(), `itr-${iteration}`);
  };
}
