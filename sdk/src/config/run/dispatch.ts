// Runs an experiment: hands its options to the room that does the work.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { dataFolder, fetchMissing } from "../../data/data-folder.js";
import { Dataset } from "../../data/dataset.js";
import { fail, InputError, type Problem } from "../../errors.js";
import type { RunControl } from "../../experiments/runs/control.js";
import { evaluate, type EvaluateInput } from "../../experiments/runs/evaluation.js";
import { filmMaker } from "../../experiments/runs/films.js";
import { runFineTuning } from "../../experiments/runs/finetuning.js";
import { handedOnIn } from "../../experiments/runs/handed-on.js";
import { loadPolicy } from "../../experiments/load-policy.js";
import { PolicyDescription } from "../../experiments/policy-description.js";
import { findPolicy } from "../../policies/registry.js";
import { runPretraining } from "../../experiments/runs/pretraining.js";
import { claimFolder } from "../../experiments/runs/run-folder.js";
import { writeFileAtomic } from "../../files.js";
import { isAddress } from "../../hub/address.js";
import { resolvePath } from "../../hub/fetch-file.js";
import { pathInUse } from "../../paths.js";
import type { Keys } from "../../options.js";
import { networkFamily } from "../../policies/policy-model.js";
import type { TrainedPolicy } from "../../policies/trained-policy.js";
import { scratchPolicy } from "../../experiments/scratch-policy.js";
import { readNormalization } from "../../data/npz-trajectories.js";
import { findEnvironment } from "../../envs/registry.js";
import type { MetricsRecord, MetricsSink } from "../../tracking/metrics-sink.js";
import { wandbSink } from "../../tracking/wandb-sink.js";
import type { Experiment } from "./experiment.js";
import { checkpointSource, fetchOptions } from "./checkpoint-source.js";
import { Journal } from "./journal.js";
import { toSnakeCase } from "../language/naming.js";
import type { StageOptions } from "../schema/options.js";
import { showExperiment } from "./show.js";

export interface ExperimentContext {
  /** Stops the run cleanly: it saves a checkpoint first. */
  readonly signal?: AbortSignal;
  /** One line about where the run stands. Metrics are printed besides. */
  readonly onProgress?: (line: string) => void;
  /** Called with the metrics of every epoch or iteration. */
  readonly onRecord?: (record: MetricsRecord) => void;
  /** Compute threads, and threads for environments besides the main one. Default: all cores. */
  readonly threads?: number;
  readonly workers?: number;
  /** Whether `logdir` is this run's own, which `resume_path` continues. Default: another run's files make it `logdir-2`. */
  readonly continues?: boolean;
}

type Report = (line: string) => void;
/** The data that a configuration asks for. */
type Wanted = StageOptions["pretrain"]["data"];

/**
 * Runs pre-training, fine-tuning or evaluation in a new folder, `logdir` or `logdir-2`, ..., which also gets the resolved
 * configuration as `config.yaml`.
 * @throws InputError when data, checkpoint and configuration do not fit, before anything is computed.
 */
export async function runExperiment(experiment: Experiment, context: ExperimentContext = {}): Promise<void> {
  const { signal, onProgress = () => {}, threads, workers } = context;
  const journal = new Journal(onProgress);
  const { report } = journal;
  switch (experiment.stage) {
    case "pretrain": {
      const settings = await pretrainingSettings(experiment, report, signal);
      await runPretraining(settings, await control(experiment, "epoch", context, journal));
      return;
    }
    case "finetune": {
      const { environments, objective, data: wanted } = experiment.options;
      const data = wanted ? await openData(unlessNamed(ofDataFolder(wanted), experiment), report, signal) : undefined;
      const base = objective
        ? await fromScratch({ ...experiment.options, objective }, data, report, signal)
        : await loadBase(experiment.options, environments.env, report, signal, {
            mayBeReleased: true,
            mayChange: true,
          });
      const handedOn = objective ? undefined : await ofEarlierRun(experiment.options, base, report, signal);
      const resumePath = await resumeFile(experiment.options.run.resumePath, report, signal);
      const settings = { ...finetuningSettings(experiment.options, base), data, handedOn, resumePath };
      await runFineTuning(settings, await control(experiment, "itr", context, journal));
      return;
    }
    case "eval": {
      const { play, run } = experiment.options;
      const base = await loadBase(experiment.options, play.env, report, signal, {
        mayBeReleased: false,
        mayChange: false,
      });
      const steps = experiment.options.denoisingSteps ?? [base.model.defaultSteps];
      const evaluation = await evaluate(base, {
        ...evaluationInput(experiment.options, steps, signal, journal.keep),
        ...{ threads, workers, console: true },
      });
      report(evaluation.toString());
      const folder = await evaluation.save(run.folder);
      await saveConfig(experiment, folder);
      journal.keepIn(folder);
      report(`written to ${folder}`);
      await filmEvaluation(base, experiment.options, steps[0], folder, signal);
      return;
    }
  }
}

/** Makes the run's folder and says how it is watched and stopped. `counter` is what the metrics count progress by. */
async function control(
  experiment: Experiment,
  counter: string,
  { signal, onRecord, threads, workers, continues = false }: ExperimentContext,
  journal: Journal,
): Promise<RunControl> {
  const { run } = experiment.options;
  const folder = continues ? run.folder : await claimFolder(run.folder);
  // The file of a run that is continued says how it began.
  if (!continues) await saveConfig(experiment, folder);
  journal.keepIn(folder);
  journal.report(`${run.name}: writing to ${folder}`);
  const sinks = run.wandb ? wandbSinks(run.wandb, experiment, counter, journal.report) : [];
  return { signal, folder, device: run.device, console: true, sinks, onProgress: onRecord, threads, workers };
}

function wandbSinks(
  { entity, project, run: title, offlineMode }: NonNullable<StageOptions["pretrain"]["run"]["wandb"]>,
  { config, options }: Experiment,
  counter: string,
  notify: Report,
): MetricsSink[] {
  const name = title ?? options.run.name;
  const owner = entity ?? (pathInUse("wandbEntity").value || null);
  try {
    return [wandbSink({ project, entity: owner, name, config, counter, offline: offlineMode, notify })];
  } catch (error) {
    notify(`Weights & Biases: nothing is recorded, ${String(error)}`);
    return [];
  }
}

function saveConfig(experiment: Experiment, folder: string): Promise<void> {
  return writeFileAtomic(join(folder, "config.yaml"), `${showExperiment(experiment)}\n`);
}

async function pretrainingSettings(
  experiment: Experiment & { readonly stage: "pretrain" },
  report: Report,
  signal: AbortSignal | undefined,
) {
  const { options } = experiment;
  const { run, shapes, policy, objective, network, training, test } = options;
  const data = await openData(unlessNamed(options.data, experiment), report, signal);
  const { observationDimension, actionDimension } = data;
  checkStated(shapes, { observationDimension, actionDimension }, data.name);
  const { horizonSteps, condSteps, imgCondSteps } = shapes;
  const sized = { ...network, horizonSteps, condSteps, imgCondSteps };
  const model = new PolicyDescription(findPolicy(policy), objective, sized).for(data);
  const teacher = options.teacher ? await loadTeacher(options.teacher, data, report, signal) : undefined;
  const resumePath = await resumeFile(run.resumePath ?? run.basePolicyPath, report, signal);
  return {
    model,
    data,
    teacher,
    training,
    test: { ...test, denoisingSteps: test.denoisingSteps ?? model.defaultSteps },
    resumePath,
  };
}

/** The policy that another learns from, if it is what the configuration says. */
async function loadTeacher(
  { teacherPath, teacher: { type, network } }: NonNullable<StageOptions["pretrain"]["teacher"]>,
  data: Dataset,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<TrainedPolicy> {
  if (teacherPath === null) {
    const remedy = "pre-train a flow first and give teacher_path=<its folder>/checkpoint/last.safetensors";
    fail("DMPO_CONFIG_TEACHER", "teacher_path", "missing", "the checkpoint of a flow to learn from", remedy);
  }
  const { normalization, name: environment } = data;
  const path = await resolvePath(teacherPath, fetchOptions(report, signal));
  const stated = { policy: type, network: notInWeights(type, network) };
  const policy = await loadPolicy(path, { normalization, environment, ...stated });
  const { spec } = policy.model;
  checkStated(
    { "teacher.type": type, ...prefixed(lasting(policy, network), "teacher.network") },
    { "teacher.type": spec.policy, ...prefixed(spec.network, "teacher.network") },
    path,
  );
  return policy;
}

/** Which network of a policy weights belong to, as far as they do not tell; of an unknown policy, its type alone. */
function notInWeights(policy: string | undefined, network: Readonly<Record<string, unknown>> | null) {
  const type = network?.type as string | undefined;
  if (policy === undefined) return { type };
  const { untold } = networkFamily(findPolicy(policy), type).family;
  return { type, ...Object.fromEntries(Object.entries(network ?? {}).filter(([option]) => untold.includes(option))) };
}

/** The local file, fetched where it is an address; looked for before a run's folder is made. */
async function resumeFile(
  path: string | null,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  if (path === null) return null;
  const file = await resolvePath(path, fetchOptions(report, signal));
  if (!existsSync(file))
    fail("DMPO_CONFIG_CHECKPOINT", path, "does not exist", "a checkpoint of a run", "check the path");
  return file;
}

/** Nothing is made in place of a file that the command line names. */
function unlessNamed(wanted: Wanted, { origins }: Experiment): Wanted {
  const isNamed = ["train_dataset_path", "offline_dataset_path"].some((key) => origins(key).startsWith("command line"));
  return isNamed ? { ...wanted, make: false } : wanted;
}

/** The usual place of a named data set stands for the set itself, which is looked for, downloaded or replaced by a bundled one. */
function ofDataFolder(wanted: Wanted): Wanted {
  const usual = join(dataFolder(), "gym", wanted.name, "train.npz");
  const isUsual = wanted.path !== null && !isAddress(wanted.path) && resolve(wanted.path) === resolve(usual);
  return isUsual && !existsSync(usual) ? { ...wanted, path: null } : wanted;
}

async function openData(
  { name, path, useD4rl, normalizationPath, maxEpisodes, make }: Wanted,
  report: Report,
  signal: AbortSignal | undefined,
) {
  if (path === null && !useD4rl) {
    fail("DMPO_CONFIG_DATA", "train_dataset_path", "null while use_d4rl_dataset is false", "a train.npz or .hdf5 file");
  }
  const data = await readData();
  return maxEpisodes === null ? data : data.limitEpisodes(maxEpisodes);

  async function readData(): Promise<Dataset> {
    const fetching = { ...fetchOptions(report, signal), make };
    if (path === null) return Dataset.d4rl(name, { ...fetching, original: true });
    const locate = (given: string) => (isAddress(given) ? resolvePath(given, fetching) : fetchMissing(given, fetching));
    const file = await locate(path);
    if (/\.(hdf5|h5)$/.test(file)) return Dataset.hdf5(file, { name });
    const statistics = normalizationPath === null ? undefined : await locate(normalizationPath);
    return Dataset.npz(file, { name, normalizationPath: statistics });
  }
}

/** What the run that the base policy comes from hands on, for algorithms that go on where it ended. */
async function ofEarlierRun(
  { run: { basePolicyPath: path }, algorithm }: StageOptions["finetune"],
  { model }: TrainedPolicy,
  report: Report,
  signal: AbortSignal | undefined,
) {
  if (!algorithm.handsOn || path === null) return undefined;
  const found = await handedOnIn(await resolvePath(path, fetchOptions(report, signal)), algorithm, model);
  if (!found) report(`${path} is of no ${algorithm.title} run: it begins with the policy alone`);
  return found;
}

function finetuningSettings(
  { run, environments, algorithm, learning, saveEvery, films }: StageOptions["finetune"],
  base: TrainedPolicy,
) {
  return { ...environments, algorithm, base, learning, seed: run.seed, saveEvery, films };
}

function evaluationInput(
  { run, play, clipIntermediate }: StageOptions["eval"],
  denoisingSteps: readonly number[],
  signal: AbortSignal | undefined,
  report: Report,
): EvaluateInput {
  const onProgress: EvaluateInput["onProgress"] = ({ denoisingSteps: steps, meanReturn, stdReturn }) =>
    report(`denoising steps ${steps}: return ${Number(meanReturn).toFixed(1)} ± ${Number(stdReturn).toFixed(1)}`);
  return { ...play, denoisingSteps, clipIntermediate, device: run.device, signal, onProgress };
}

/** Episodes with the first of the numbers of denoising steps. */
async function filmEvaluation(
  base: TrainedPolicy,
  { run, play, clipIntermediate, films }: StageOptions["eval"],
  denoisingSteps: number | undefined,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const settings = { ...play, denoisingSteps, clipIntermediate, episodes: films };
  await filmMaker(folder, settings, { device: run.device, signal })(base, "eval");
}

/** A policy with fresh weights for the environment. Without statistics it sees and answers with raw numbers. */
async function fromScratch(
  {
    run,
    shapes,
    policy,
    network,
    objective,
    environments: { env },
  }: StageOptions["finetune"] & { readonly objective: object },
  data: Dataset | undefined,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<TrainedPolicy> {
  const { observationDimension, actionDimension } = await findEnvironment(env);
  checkStated(shapes, { observationDimension, actionDimension }, env);
  const { horizonSteps, condSteps, imgCondSteps } = shapes;
  const sized = { ...network, horizonSteps, condSteps, imgCondSteps };
  const described = new PolicyDescription(findPolicy(policy), objective, sized);
  const path = run.normalizationPath;
  const file = path === null || isAddress(path) ? path : existsSync(path) ? path : null;
  if (file === null && path !== null && !data)
    report(`${path} does not exist: observations and actions are not normalised`);
  const normalization = file
    ? await readNormalization(await resolvePath(file, fetchOptions(report, signal)))
    : data?.normalization;
  return scratchPolicy(described, env, run.seed, normalization);
}

type WithBase = Pick<StageOptions["finetune"], "run" | "shapes" | "network" | "policy" | "acting" | "trained"> & {
  readonly averagedWeights?: boolean;
};

/** The checkpoint, if it is what the configuration describes; `mayChange`: or can become it with the weights that it has. */
async function loadBase(
  { run, shapes, network, policy: name, acting, trained, averagedWeights }: WithBase,
  environment: string,
  report: Report,
  signal: AbortSignal | undefined,
  { mayBeReleased, mayChange }: { readonly mayBeReleased: boolean; readonly mayChange: boolean },
): Promise<TrainedPolicy> {
  const wanted = { ...run, policy: mayBeReleased ? name : null, environment };
  const { path, normalization } = await checkpointSource(wanted, report, signal);
  const stored = await loadPolicy(path, {
    averagedWeights,
    normalization,
    environment,
    policy: name,
    objective: { ...trained, ...acting },
    network: notInWeights(name, network),
  });
  const policy = mayChange ? withStatedNetwork(stored, network ?? {}, path, report) : stored;
  const { spec } = policy.model;
  if (spec.policy !== name) {
    const found = `"${name}" in the configuration`;
    const remedy = `choose the configuration of ${spec.policy}, or a checkpoint of ${name}`;
    fail("DMPO_CONFIG_MISMATCH", "policy.type", found, `"${spec.policy}" as in ${path}`, remedy);
  }
  const { horizonSteps, actionDim, state, rgb } = policy.space;
  const [condSteps, observationDimension] = state;
  const imgCondSteps = rgb?.[0];
  const sizes = { horizonSteps, condSteps, imgCondSteps, observationDimension, actionDimension: actionDim };
  const { training } = policy.model.definition;
  checkStated(
    { ...shapes, ...prefixed(lasting(policy, network)), ...keyed(training.keys, trained) },
    { ...sizes, ...prefixed(spec.network), ...keyed(training.keys, spec.options) },
    path,
  );
  return Object.keys(acting).length === 0 ? policy : policy.withOptions(acting);
}

/** Options under their paths in a configuration. */
function keyed(keys: Keys = {}, options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(keys).map(([path, option]) => [toSnakeCase(path), options[option]]));
}

const keys: Readonly<Record<string, string>> = { observationDimension: "obs_dim", actionDimension: "action_dim" };

/** With what the configuration says of the network, as far as the weights stay what they are; says what that changed. */
function withStatedNetwork(
  stored: TrainedPolicy,
  stated: Readonly<Record<string, unknown>>,
  path: string,
  report: Report,
) {
  const { definition, spec } = stored.model;
  const { family } = networkFamily(definition, spec.network.type);
  const changeable = family.changeable?.(spec.network, stated) ?? [];
  const changed = Object.entries(stated).filter(
    ([name, value]) => changeable.includes(name) && value !== undefined && value !== spec.network[name],
  );
  if (changed.length === 0) return stored;
  const old = prefixed(spec.network);
  const shown = Object.entries(prefixed(Object.fromEntries(changed))).map(
    ([key, value]) => `${key}=${JSON.stringify(value)} (was ${JSON.stringify(old[key])})`,
  );
  report(`${path}: the weights are kept with ${shown.join(", ")}`);
  return stored.withNetwork(Object.fromEntries(changed));
}

/** Options of a network but for those that only its own training looks at. */
function lasting({ model }: TrainedPolicy, network: object | null): object {
  const { training = [] } = networkFamily(model.definition, model.spec.network.type).family;
  return Object.fromEntries(Object.entries(network ?? {}).filter(([option]) => !training.includes(option)));
}

/** Options of a network under their paths in a configuration. */
function prefixed(network: object | null, section = "model.network"): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(network ?? {}).map(([key, value]) => [`${section}.${toSnakeCase(key)}`, value]),
  );
}

/** @throws InputError with everything that a configuration states differently from what `source` has. */
function checkStated(stated: object, found: Readonly<Record<string, unknown>>, source: string): void {
  const problems = Object.entries(stated).flatMap(([key, value]): Problem[] => {
    const [wanted, actual] = [JSON.stringify(value), JSON.stringify(found[key])];
    if (wanted === undefined || actual === undefined || wanted === actual) return [];
    const path = keys[key] ?? toSnakeCase(key);
    // A task's dimensions are stated in several places and are no choice.
    const remedy = Object.hasOwn(keys, key)
      ? "choose the configuration of its task, or data and checkpoints of this one"
      : `override it with ${path}=${actual}`;
    return [{ path, wrong: `${wanted} in the configuration`, expected: `${actual} as in ${source}`, remedy }];
  });
  if (problems.length > 0) throw new InputError("DMPO_CONFIG_MISMATCH", problems);
}
