// A policy from a checkpoint of the PyTorch reference. Such files hold weights only: the network's sizes are read off them,
// the statistics of the data and the length of a chunk come from the caller.
import { readNormalization } from "../../data/npz-trajectories.js";
import { fail, InputError, type Problem } from "../../errors.js";
import type { InferredNetwork, Shapes } from "../../nn/network.js";
import { rawNumbers, type Normalization } from "../../normalization.js";
import { fitWeights } from "../../policies/fit-weights.js";
import { networkFamily, PolicyModel } from "../../policies/policy-model.js";
import { findPolicy, policies } from "../../policies/registry.js";
import { TrainedPolicy } from "../../policies/trained-policy.js";
import { referenceWeights } from "./weights.js";

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
  /** Name of the policy, e.g. "meanflow". Default: the first that has a network with such weights. */
  readonly policy?: string;
  /** What weights do not tell (activations, a fixed deviation, heads of attention, how time and step size meet), and what to check (all else). */
  readonly network?: Readonly<Record<string, unknown>> & {
    readonly horizonSteps?: number;
    readonly condSteps?: number;
  };
  /** Range of actions and, for further training, the objective. Default: the policy's own. */
  readonly objective?: Readonly<Record<string, unknown>>;
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
  const { set, tensors, scalars, pretrained } = referenceWeights(object, averaged, path);
  const shapes = new Map(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
  const { policy, type, inferred } = recognise(shapes, scalars, options, `${path}: ${set}`);
  const { chunk, stateSize } = inferred;
  const chunkSize = "size" in chunk ? chunk.size : chunk.actionDim * statedHorizon(options, path);
  const normalization = await statistics(options, chunkSize, stateSize, path);
  const actionDim = normalization.actionMin.length;
  const width = normalization.observationMin.length;
  const space = {
    horizonSteps: chunkSize / actionDim,
    actionDim,
    state: [stateSize / width, width] as [number, number],
    ...(inferred.rgb && { rgb: inferred.rgb }),
  };
  const { family } = networkFamily(findPolicy(policy), type);
  const isUntold = ([name, value]: [string, unknown]) => family.untold.includes(name) && value !== undefined;
  const untold = Object.fromEntries(Object.entries(options.network ?? {}).filter(isUntold));
  const network = { ...inferred.options, ...family.sizes(space), ...untold };
  checkDimensions(
    { ...network, ...space, condSteps: space.state[0] },
    chunkSize,
    stateSize,
    width,
    options.network,
    path,
  );
  const model = new PolicyModel({
    policy,
    options: options.objective,
    network: { type, ...network },
  });
  const { assemble } = model.definition;
  if (pretrained && assemble && options.objective?.[assemble.option] === undefined) {
    const wrong = "holds the network before and after fine-tuning";
    const expected = `the option ${assemble.option}, which says where each is used`;
    fail("DMPO_POLICY_FILE", path, wrong, expected, `give objective: { ${assemble.option}: ... }`);
  }
  const copies = model.layout.specs.flatMap(({ name, copyOf }) => {
    const tensor = copyOf && (pretrained ?? tensors)[copyOf];
    return tensor ? [[name, tensor] as const] : [];
  });
  const weights = fitWeights(model.layout, { ...tensors, ...Object.fromEntries(copies) }, `${path}: ${set}`);
  return new TrainedPolicy({ model, weights, normalization, environment: options.environment ?? "unknown" });
}

/** The length of a chunk, where weights fit any. @throws InputError if the options do not have it. */
function statedHorizon({ network }: ReferenceOptions, path: string): number {
  const remedy = "give network: { horizonSteps: ... }, in a configuration horizon_steps";
  return (
    network?.horizonSteps ??
    fail("DMPO_WEIGHTS", path, "holds convolutions, which fit chunks of any length", "the length of a chunk", remedy)
  );
}

/** The policy that is asked for, or the first whose networks have such weights. @throws InputError if none has. */
function recognise(
  shapes: Shapes,
  scalars: ReadonlyMap<string, number>,
  { policy: wanted, network }: ReferenceOptions,
  source: string,
) {
  let failure: unknown;
  for (const policy of wanted === undefined ? Object.keys(policies) : [wanted]) {
    const definition = findPolicy(policy);
    const types = network?.type === undefined ? Object.keys(definition.networks) : [network.type];
    for (const type of types) {
      try {
        const inferred: InferredNetwork = networkFamily(definition, type).family.infer(
          shapes,
          "network.",
          source,
          scalars,
        );
        return { policy, type, inferred };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        failure ??= error;
      }
    }
  }
  throw failure;
}

async function statistics(
  { normalization, actionDim, network }: ReferenceOptions,
  chunkSize: number,
  stateSize: number,
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
  // Sizes that weights contradict, even negative ones, are named by checkDimensions.
  const whole = (size: number) => Math.max(0, Math.floor(size));
  return rawNumbers(whole(stateSize / (network?.condSteps ?? 1)), whole(actions));
}

/** @throws InputError with everything that statistics and stated options contradict. */
function checkDimensions(
  found: Readonly<Record<string, unknown>> & {
    readonly horizonSteps: number;
    readonly condSteps: number;
    readonly actionDim: number;
  },
  chunkSize: number,
  stateSize: number,
  width: number,
  stated: ReferenceOptions["network"],
  path: string,
): void {
  const problems: Problem[] = [];
  if (!Number.isInteger(found.horizonSteps)) {
    const wrong = `gives chunks of ${chunkSize} numbers`;
    problems.push({ path, wrong, expected: `a multiple of the ${found.actionDim} numbers of an action` });
  }
  if (!Number.isInteger(found.condSteps)) {
    const wrong = `takes ${stateSize} numbers of observations`;
    problems.push({ path, wrong, expected: `a multiple of the ${width} of an observation` });
  }
  for (const [key, value] of Object.entries(stated ?? {})) {
    if (value === undefined || !Object.hasOwn(found, key) || JSON.stringify(value) === JSON.stringify(found[key]))
      continue;
    const expected = `${JSON.stringify(value)} as stated`;
    problems.push({ path: `${path}: ${key}`, wrong: `is ${JSON.stringify(found[key])} by the weights`, expected });
  }
  if (problems.length > 0) throw new InputError("DMPO_WEIGHTS", problems);
}
