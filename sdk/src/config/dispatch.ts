// Runs an experiment: hands its options to the room that does the work.
import { join } from "node:path";
import { Dataset } from "../data/dataset.js";
import { fail, InputError, type Problem } from "../errors.js";
import type { RunControl } from "../experiments/control.js";
import { evaluate, type EvaluateInput } from "../experiments/evaluation.js";
import { runFineTuning } from "../experiments/finetuning.js";
import { loadPolicy } from "../experiments/load-policy.js";
import { MeanFlowDescription } from "../experiments/mean-flow.js";
import { runPretraining } from "../experiments/pretraining.js";
import { claimFolder } from "../experiments/run-folder.js";
import { writeFileAtomic } from "../files.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import type { Experiment } from "./experiment.js";
import { toSnakeCase } from "./naming.js";
import type { Stage, StageOptions } from "./options.js";
import { showExperiment } from "./show.js";

export interface RunContext {
  /** Stops the run cleanly: it saves a checkpoint first. */
  readonly signal?: AbortSignal;
  /** One line about where the run stands. Metrics are printed besides. */
  readonly onProgress?: (line: string) => void;
}

type Report = (line: string) => void;

/**
 * Runs pre-training, fine-tuning or evaluation in a new folder, `logdir` or `logdir-2`, ..., which also gets the resolved
 * configuration as `config.yaml`.
 * @throws InputError when data, checkpoint and configuration do not fit, before anything is computed.
 */
export async function runExperiment(
  experiment: Experiment,
  { signal, onProgress = () => {} }: RunContext = {},
): Promise<void> {
  const { run } = experiment.options;
  if (run.wandb) onProgress("Weights & Biases is not available yet; metrics are in metrics.jsonl of the run's folder");
  switch (experiment.stage) {
    case "pretrain": {
      const settings = await pretrainingSettings(experiment.options, onProgress);
      await runPretraining(settings, await control(experiment, signal, onProgress));
      return;
    }
    case "finetune": {
      const settings = await finetuningSettings(experiment.options);
      await runFineTuning(settings, await control(experiment, signal, onProgress));
      return;
    }
    case "eval": {
      const policy = await evaluatedPolicy(experiment.options);
      const report = await evaluate(policy, evaluationInput(experiment.options, signal, onProgress));
      const folder = await report.save(run.folder);
      await saveConfig(experiment, folder);
      onProgress(`${report.toString()}\nwritten to ${folder}`);
      return;
    }
  }
}

/** Makes the run's folder and says how it is watched and stopped. */
async function control(experiment: Experiment, signal: AbortSignal | undefined, report: Report): Promise<RunControl> {
  const { run } = experiment.options;
  const folder = await claimFolder(run.folder);
  await saveConfig(experiment, folder);
  report(`${run.name}: writing to ${folder}`);
  return { signal, folder, device: run.device, console: true };
}

function saveConfig(experiment: Experiment, folder: string): Promise<void> {
  return writeFileAtomic(join(folder, "config.yaml"), `${showExperiment(experiment)}\n`);
}

async function pretrainingSettings(options: StageOptions["pretrain"], report: Report) {
  const { run, shapes, objective, network, training, test } = options;
  const data = await openData(options.data, report);
  const { observationDimension, actionDimension } = data;
  checkStated(shapes, { observationDimension, actionDimension }, data.name);
  const { horizonSteps, condSteps } = shapes;
  const model = new MeanFlowDescription(objective, { ...network, horizonSteps, condSteps }).for(data);
  return { model, data, training, test, resumePath: run.resumePath ?? run.basePolicyPath };
}

async function openData(
  { name, path, useD4rl, normalizationPath, maxEpisodes }: StageOptions["pretrain"]["data"],
  report: Report,
) {
  if (path === null && !useD4rl) {
    fail("DMPO_CONFIG_DATA", "train_dataset_path", "null while use_d4rl_dataset is false", "a train.npz or .hdf5 file");
  }
  const data = await readData();
  return maxEpisodes === null ? data : data.limitEpisodes(maxEpisodes);

  function readData(): Promise<Dataset> {
    if (path === null) return Dataset.d4rl(name, { notify: report });
    if (/\.(hdf5|h5)$/.test(path)) return Dataset.hdf5(path, { name });
    return Dataset.npz(path, { name, normalizationPath: normalizationPath ?? undefined });
  }
}

async function finetuningSettings({
  run,
  shapes,
  environments,
  network,
  learning,
  noiseNet,
  critic,
  saveEvery,
}: StageOptions["finetune"]) {
  const base = await loadBase(run.basePolicyPath, shapes, network);
  return { ...environments, base, learning, noiseNet, critic, seed: run.seed, saveEvery, resumePath: run.resumePath };
}

const evaluatedPolicy = ({ run, shapes, network, averagedWeights }: StageOptions["eval"]) =>
  loadBase(run.basePolicyPath, shapes, network, averagedWeights);

function evaluationInput(
  { run, play, denoisingSteps, clipIntermediate }: StageOptions["eval"],
  signal: AbortSignal | undefined,
  report: Report,
): EvaluateInput {
  const onProgress: EvaluateInput["onProgress"] = ({ denoisingSteps: steps, meanReturn, stdReturn }) =>
    report(`denoising steps ${steps}: return ${Number(meanReturn).toFixed(1)} ± ${Number(stdReturn).toFixed(1)}`);
  return { ...play, denoisingSteps, clipIntermediate, device: run.device, signal, onProgress };
}

/** The checkpoint, if it is what the configuration describes. */
async function loadBase(
  path: string | null,
  shapes: Shapes,
  network: StageOptions["finetune"]["network"],
  averagedWeights = true,
): Promise<TrainedPolicy> {
  const remedy = "pre-train one first and give base_policy_path=<its folder>/checkpoint/best.safetensors";
  if (path === null)
    fail("DMPO_CONFIG_CHECKPOINT", "base_policy_path", "missing", "the checkpoint of a policy", remedy);
  if (path.startsWith("hf://")) {
    fail(
      "DMPO_CONFIG_CHECKPOINT",
      "base_policy_path",
      `"${path}" is on a hub`,
      "a checkpoint file on this machine",
      remedy,
    );
  }
  const policy = await loadPolicy(path, { averagedWeights });
  const { spec } = policy.model;
  const { horizonSteps, condDim, actionDim } = spec.network;
  const observationDimension = policy.normalization.observationMin.length;
  const condSteps = condDim / observationDimension;
  checkStated(
    { ...shapes, ...prefixed(network) },
    { horizonSteps, condSteps, observationDimension, actionDimension: actionDim, ...prefixed(spec.network) },
    path,
  );
  return policy;
}

type Shapes = StageOptions[Stage]["shapes"];

const keys: Readonly<Record<string, string>> = { observationDimension: "obs_dim", actionDimension: "action_dim" };

/** Options of a network under their paths in a configuration. */
function prefixed(network: object | null): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(network ?? {}).map(([key, value]) => [`model.network.${toSnakeCase(key)}`, value]),
  );
}

/** @throws InputError with everything that a configuration states differently from what `source` has. */
function checkStated(stated: object, found: Readonly<Record<string, unknown>>, source: string): void {
  const problems = Object.entries(stated).flatMap(([key, value]): Problem[] => {
    const [wanted, actual] = [JSON.stringify(value), JSON.stringify(found[key])];
    if (wanted === undefined || actual === undefined || wanted === actual) return [];
    const path = keys[key] ?? toSnakeCase(key);
    const remedy = `override it with ${path}=${actual}`;
    return [{ path, wrong: `${wanted} in the configuration`, expected: `${actual} as in ${source}`, remedy }];
  });
  if (problems.length > 0) throw new InputError("DMPO_CONFIG_MISMATCH", problems);
}
