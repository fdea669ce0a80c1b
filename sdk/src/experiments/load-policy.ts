// Policies from checkpoint files, by one rule for all of them: this program's own, and those of the PyTorch reference.
import { z } from "zod";
import { isCheckpoint, openCheckpoint } from "../checkpoints/checkpoint.js";
import { readCheckpointFile } from "../checkpoints/checkpoint-file.js";
import { observationBoundIn } from "../envs/registry.js";
import { fail } from "../errors.js";
import { fetchShape, resolvePath, type FetchOptions } from "../hub/fetch-file.js";
import { checkOptions, count, optionsSchema, pathText } from "../options.js";
import { shownValue } from "../schema-issues.js";
import { policyFromRecord, TrainedPolicy } from "../policies/trained-policy.js";
import { referencePolicy, type ReferenceOptions } from "./reference/policy.js";
import { checkDescription } from "./stored-description.js";

/** How a checkpoint is read; what {@link ReferenceOptions} has is for files of the reference only. */
export interface LoadOptions extends ReferenceOptions {
  /** Of a pre-training checkpoint, take the averaged weights (`load_ema`). A fine-tuned one has only one set. Default true. */
  readonly averagedWeights?: boolean;
  /** How addresses are fetched: stopping, progress, checksum. */
  readonly fetch?: FetchOptions;
}

const schema = optionsSchema<LoadOptions>({
  averagedWeights: z.boolean(),
  fetch: optionsSchema<FetchOptions>(fetchShape),
  normalization: z.union([z.string(), z.looseObject({})]),
  environment: z.string(),
  actionDim: count,
  policy: z.string(),
  network: z.looseObject({ horizonSteps: count.optional(), condSteps: count.optional() }),
  objective: z.looseObject({}),
});

/**
 * Reads a checkpoint of pre-training or fine-tuning: `.safetensors` of this program, or `.pt` of the reference, for which
 * `normalization` must be given. Both may be paths, or `hf://` and `https://` addresses, which are fetched into a cache.
 *
 * @throws InputError if it is missing, damaged, holds no policy, or its weights do not fit: with every key that does not.
 */
export async function loadPolicy(path: string, options: LoadOptions = {}): Promise<TrainedPolicy> {
  if (!pathText.safeParse(path).success) {
    fail("DMPO_OPTIONS", "path", `is ${shownValue(path)}`, "the path or address of a checkpoint");
  }
  checkOptions(schema, options);
  const { averagedWeights = true, fetch, ...reference } = options;
  const { contents, object } = await readCheckpointFile(await resolvePath(path, fetch));
  if (!isCheckpoint(contents)) {
    const { normalization: given } = reference;
    const normalization = typeof given === "string" ? await resolvePath(given) : given;
    return bounded(await referencePolicy(object, averagedWeights, { ...reference, normalization }, path));
  }
  const checkpoint = openCheckpoint(contents, path);
  checkDescription(checkpoint, path);
  return bounded(policyFromRecord(checkpoint, ["policy", averagedWeights ? "ema" : "model"], path));
}

/** It sees what its environment would show it, whoever asks. */
const bounded = (policy: TrainedPolicy): TrainedPolicy =>
  new TrainedPolicy({ ...policy, observationBound: observationBoundIn(policy.environment) });
