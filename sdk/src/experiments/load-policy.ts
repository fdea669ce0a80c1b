// Policies from checkpoint files, by one rule for all of them.
import { loadCheckpoint } from "../checkpoints/checkpoint.js";
import { policyFromRecord, type PolicyRecord, type TrainedPolicy } from "../policies/trained-policy.js";

export interface LoadOptions {
  /** Of a pre-training checkpoint, take the averaged weights. A fine-tuned one has only one set. Default true. */
  readonly averagedWeights?: boolean;
}

/** Reads a checkpoint of pre-training or fine-tuning. @throws InputError if it is missing, damaged or holds no policy. */
export async function loadPolicy(path: string, { averagedWeights = true }: LoadOptions = {}): Promise<TrainedPolicy> {
  const record: PolicyRecord = await loadCheckpoint(path);
  return policyFromRecord(record, ["policy", averagedWeights ? "ema" : "model"], path);
}
