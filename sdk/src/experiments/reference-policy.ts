// A policy from a checkpoint of the PyTorch reference. Such files hold weights only: the network's sizes are read off them,
// the statistics of the data and the length of a chunk come from the caller.
import { readNormalization } from "../data/npz-trajectories.js";
import { fail, InputError, type Problem } from "../errors.js";
import { inferMeanFlowMlp, type InferredNetwork } from "../nn/mean-flow-mlp-shapes.js";
import type { Normalization } from "../normalization.js";
import { fitWeights } from "../policies/fit-weights.js";
import { FlowModel } from "../policies/flow-model.js";
import { TrainedPolicy } from "../policies/trained-policy.js";
import type { MeanFlowInput, NetworkInput } from "./mean-flow.js";
import { referenceWeights } from "./reference-weights.js";

/** What the reference's files do not say. */
export interface ReferenceOptions {
  /**
   * Statistics of the data that the policy was trained on: those of a `Dataset`, the path of a normalization.npz, or "none"
   * for a policy that sees and gives values in [-1, 1] already.
   */
  readonly normalization?: Normalization | "none" | (string & {});
  /** The environment that the policy belongs to. Default "unknown". */
  readonly environment?: string;
  /** Numbers Da per action; needed only with `normalization: "none"` and without `network.horizonSteps`. */
  readonly actionDim?: number;
  /** What weights do not tell (`activationType`, `outActivationType`), and what to check (all else). */
  readonly network?: NetworkInput;
  /** Range of actions and, for further training, the objective. Default: as `MeanFlow.standard()`. */
  readonly objective?: MeanFlowInput;
}

/**
 * The policy in the contents of a reference file.
 *
 * @param object as PyTorch sees it.
 * @param averaged of a pre-training checkpoint, take the averaged weights (`ema`).
 * @throws InputError when weights are missing, unexpected, wrongly shaped, or contradict the options.
 */
export async function referencePolicy(
  object: unknown,
  averaged: boolean,
  options: ReferenceOptions,
  path: string,
): Promise<TrainedPolicy> {
  const { set, tensors } = referenceWeights(object, averaged, path);
  const shapes = new Map(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
  const { chunkSize, ...sizes } = inferMeanFlowMlp(shapes, "network.", `${path}: ${set}`);
  const normalization = await statistics(options, chunkSize, sizes, path);
  const actionDim = normalization.actionMin.length;
  const network = { ...sizes, actionDim, horizonSteps: chunkSize / actionDim };
  checkDimensions(network, normalization, options.network, path);
  const { activationType, outActivationType } = options.network ?? {};
  const model = new FlowModel({
    policy: "meanflow",
    options: options.objective,
    network: { ...network, activationType, outActivationType },
  });
  const weights = fitWeights(model.layout, tensors, `${path}: ${set}`);
  return new TrainedPolicy({ model, weights, normalization, environment: options.environment ?? "unknown" });
}

async function statistics(
  { normalization, actionDim, network }: ReferenceOptions,
  chunkSize: number,
  { condDim }: Pick<InferredNetwork, "condDim">,
  path: string,
): Promise<Normalization> {
  if (normalization === undefined) {
    fail(
      "DMPO_NORMALIZATION",
      path,
      "holds weights only, not the statistics of its training data",
      "the option normalization",
      'give normalization: dataset.normalization, the path of a normalization.npz, or "none": loadPolicy(path, { normalization })',
    );
  }
  if (typeof normalization !== "string") return normalization;
  if (normalization !== "none") return readNormalization(normalization);
  const actions = actionDim ?? (network?.horizonSteps && chunkSize / network.horizonSteps);
  if (!actions) {
    const wrong = `gives chunks of ${chunkSize} numbers, which may be any number of actions`;
    fail("DMPO_NORMALIZATION", path, wrong, "the option actionDim", "give actionDim, or network.horizonSteps");
  }
  const bound = (length: number, value: number) => new Float32Array(Math.max(0, Math.floor(length))).fill(value);
  const observations = condDim / (network?.condSteps ?? 1);
  return {
    observationMin: bound(observations, -1),
    observationMax: bound(observations, 1),
    actionMin: bound(actions, -1),
    actionMax: bound(actions, 1),
  };
}

/** @throws InputError with everything that statistics and stated options contradict. */
function checkDimensions(
  network: Readonly<Record<string, unknown>> & {
    readonly horizonSteps: number;
    readonly condDim: number;
    readonly actionDim: number;
  },
  { observationMin }: Normalization,
  stated: NetworkInput | undefined,
  path: string,
): void {
  const problems: Problem[] = [];
  const chunkSize = network.horizonSteps * network.actionDim;
  const condSteps = network.condDim / observationMin.length;
  if (!Number.isInteger(network.horizonSteps)) {
    const wrong = `gives chunks of ${chunkSize} numbers`;
    problems.push({ path, wrong, expected: `a multiple of the ${network.actionDim} numbers of an action` });
  }
  if (!Number.isInteger(condSteps)) {
    const wrong = `takes ${network.condDim} numbers of observations`;
    problems.push({ path, wrong, expected: `a multiple of the ${observationMin.length} of an observation` });
  }
  const found: Readonly<Record<string, unknown>> = { ...network, condSteps };
  for (const [key, value] of Object.entries(stated ?? {})) {
    if (value === undefined || !(key in found) || JSON.stringify(value) === JSON.stringify(found[key])) continue;
    const expected = `${JSON.stringify(value)} as stated`;
    problems.push({ path: `${path}: ${key}`, wrong: `is ${JSON.stringify(found[key])} by the weights`, expected });
  }
  if (problems.length > 0) throw new InputError("DMPO_WEIGHTS", problems);
}
