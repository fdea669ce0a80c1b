// The public API, nothing else.
import "./display/index.js";

export type { CollectOptions, Controller } from "./data/collect.js";
export type { Dimension, EpisodeView } from "./data/columns.js";
export { Dataset } from "./data/dataset.js";
export { QLearningSampler, type QLearningBatch, type QLearningOptions } from "./data/q-learning.js";
export type { DatasetSummary } from "./data/summary.js";
export { WindowSampler, type WindowOptions } from "./data/windows.js";
export { makeEnvironment, type Environment, type RenderOptions } from "./envs/make-environment.js";
export { Animation, Picture } from "./envs/render/picture.js";
export type { Viewpoint } from "./envs/render/view.js";
export { Random, type RandomStream } from "./engine/random.js";
export {
  defineEnvironment,
  type EnvironmentDefinition,
  type EnvironmentInput,
  type EnvironmentSource,
  type Simulation,
  type SimulationInput,
} from "./envs/environment.js";
export { normalizedScore } from "./envs/normalized-score.js";
export { defineRobot, type Robot } from "./envs/robot.js";
export { withCameras, withContacts } from "./envs/registry.js";
export { VectorEnv, type VectorEnvOptions } from "./envs/vector-env.js";
export { InputError, type Problem } from "./errors.js";
export { createRunFolder } from "./experiments/runs/run-folder.js";
export { runJourney, type Journey, type JourneyInput } from "./experiments/journey.js";
export { exportOnnx, type ExportedPolicy, type ExportOptions } from "./experiments/export-onnx.js";
export { loadPolicy, type LoadOptions } from "./experiments/load-policy.js";
export {
  ConsistencyModel,
  Diffusion,
  Gaussian,
  GMM,
  MeanFlow,
  OneStep,
  ReFlow,
  ShortcutFlow,
} from "./experiments/policies.js";
export type * from "./experiments/option-types.js";
export { PolicyDescription, type NetworkInput, type PretrainInput } from "./experiments/policy-description.js";
export { evaluate, EvaluationReport, type EvaluateInput } from "./experiments/runs/evaluation.js";
export { avoidingRollouts, type AvoidingRollouts, type AvoidingOptions } from "./experiments/avoiding-rollouts.js";
export { attentionFilm, type AttentionFilmOptions } from "./experiments/attention-film.js";
export { record, type RecordOptions } from "./experiments/record.js";
export type { PolicySource } from "./experiments/policy-source.js";
export {
  AWR,
  CalQL,
  DIPO,
  DQL,
  FQL,
  GRPO,
  IBRL,
  IDQL,
  PPO,
  QSM,
  RLPD,
  RWR,
  SAC,
  type FinetuneInput,
  type OfflineInput,
  type OfflineRun,
  type TrainInput,
} from "./experiments/algorithms.js";
export type { RunControl } from "./experiments/runs/control.js";
export { FineTuningRun } from "./experiments/runs/finetuning.js";
export { PretrainingRun } from "./experiments/runs/pretraining.js";
export {
  sensitivity,
  type CellContext,
  type SensitivityInput,
  type SensitivityRun,
} from "./experiments/sensitivity/sensitivity.js";
export type { Curve, Measures } from "./experiments/sensitivity/measures.js";
export { SensitivityReport, type SensitivitySummary } from "./experiments/sensitivity/report.js";
export type { BackEnd, BackEndOptions, JobStatus, ListedJob } from "./experiments/sweeps/back-end.js";
export { localProcesses, type LocalOptions } from "./experiments/sweeps/local.js";
export { rayCluster } from "./experiments/sweeps/ray.js";
export type { Job, SubmittedJob, SweepDefinition, SweepRecord } from "./experiments/sweeps/record.js";
export { SweepReport, type SweepRow } from "./experiments/sweeps/report.js";
export { slurmCluster } from "./experiments/sweeps/slurm.js";
export { confidenceInterval, type ConfidenceInterval } from "./evaluation/confidence.js";
export { timeDensity, type DrawnTime } from "./policies/time-density.js";
export type { TimeDistributionInput, TimeFunction } from "./policies/time-sampling.js";
export type { Normalization } from "./normalization.js";
export { TrainedPolicy, type SampleOptions } from "./policies/trained-policy.js";
export type { AttentionOptions, CameraAttention, PolicyAttention } from "./policies/attention.js";
export type { ActOptions, RawActor, RawActorOptions, RawChunk, RawObservation } from "./policies/raw-acting.js";
export { play, type PlaySettings } from "./experiments/play.js";
export { Player, player, show, type Playable, type PlayerInput } from "./experiments/rollouts/player.js";
export { rollout, Rollout, type RolloutInput } from "./experiments/rollouts/rollout.js";
export { rolloutPoses, type RolloutOptions } from "./experiments/rollout-poses.js";
export { dataTable, type ColumnTable, type DanfoFrame } from "./figures/data-table.js";
export type { MimeBundle } from "./figures/mime.js";
/** Charts as data, and how they become files. */
export * as figures from "./figures/index.js";
export { fetchFile, resolvePath, type DownloadProgress, type FetchOptions } from "./hub/fetch-file.js";
export { consoleSink } from "./tracking/console-sink.js";
export { jsonlSink } from "./tracking/jsonl-sink.js";
export type { MetricsRecord, MetricsSink } from "./tracking/metrics-sink.js";
export { notebook, type Notebook } from "./tracking/notebook.js";
export { readMetrics } from "./tracking/read-metrics.js";
export { tensorBoardSink } from "./tracking/tensorboard-sink.js";
export { wandbSink } from "./tracking/wandb-sink.js";
