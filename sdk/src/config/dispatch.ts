// Runs an experiment: hands its options to the room that does the work.
import { join } from "node:path";
import { Dataset } from "../data/dataset.js";
import { fail } from "../errors.js";
import type { RunControl } from "../experiments/control.js";
import { runFineTuning } from "../experiments/finetuning.js";
import { loadPolicy } from "../experiments/load-policy.js";
import { MeanFlowDescription } from "../experiments/mean-flow.js";
import { runPretraining } from "../experiments/pretraining.js";
import { claimFolder } from "../experiments/run-folder.js";
import { writeFileAtomic } from "../files.js";
import type { TrainedPolicy } from "../policies/trained-policy.js";
import type { Experiment } from "./experiment.js";
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
    case "eval":
      fail("DMPO_STAGE", "stage", "evaluation is not available yet", "a pretrain or finetune configuration");
  }
}

/** Makes the run's folder and says how it is watched and stopped. */
async function control(experiment: Experiment, signal: AbortSignal | undefined, report: Report): Promise<RunControl> {
  const { run } = experiment.options;
  const folder = await claimFolder(run.folder);
  await writeFileAtomic(join(folder, "config.yaml"), `${showExperiment(experiment)}\n`);
  report(`${run.name}: writing to ${folder}`);
  return { signal, folder, device: run.device, console: true };
}

async function pretrainingSettings(options: StageOptions["pretrain"], report: Report) {
  const { run, shapes, objective, network, training, test } = options;
  const data = await openData(options.data, report);
  checkDimensions(shapes, data.observationDimension, data.actionDimension, data.name);
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

/** The checkpoint, if it is what the configuration describes. */
async function loadBase(
  path: string | null,
  shapes: StageOptions[Stage]["shapes"],
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
  const { horizonSteps, condDim } = spec.network;
  const observationDimension = policy.normalization.observationMin.length;
  checkDimensions(shapes, observationDimension, spec.network.actionDim, path);
  checkEqual("horizon_steps", shapes.horizonSteps, horizonSteps, path);
  checkEqual("cond_steps", shapes.condSteps, condDim / observationDimension, path);
  for (const [key, value] of Object.entries(network ?? {})) {
    checkEqual(`model.network.${key}`, value, spec.network[key as keyof typeof network], path);
  }
  return policy;
}

function checkDimensions(
  shapes: StageOptions[Stage]["shapes"],
  observationDimension: number,
  actionDimension: number,
  source: string,
): void {
  checkEqual("obs_dim", shapes.observationDimension ?? observationDimension, observationDimension, source);
  checkEqual("action_dim", shapes.actionDimension ?? actionDimension, actionDimension, source);
}

function checkEqual(path: string, configured: unknown, found: unknown, source: string): void {
  const [wanted, actual] = [JSON.stringify(configured), JSON.stringify(found)];
  if (wanted === actual) return;
  fail(
    "DMPO_CONFIG_MISMATCH",
    path,
    `${wanted} in the configuration`,
    `${actual} as in ${source}`,
    `override it with ${path}=${actual}`,
  );
}
