// What a run hands on to a later one of its algorithm, from a checkpoint.
import { isCheckpoint, openCheckpoint } from "../../checkpoints/checkpoint.js";
import { readCheckpointFile } from "../../checkpoints/checkpoint-file.js";
import { z } from "zod";
import type { AnyAlgorithm } from "../../learning/algorithm.js";
import type { PartState } from "../../learning/parts.js";
import type { PolicyModel } from "../../policies/policy-model.js";
import { stateOf } from "./run-state.js";

/**
 * States of the parts that `algorithm` hands on; undefined where the file is of no run of it.
 *
 * @param model the policy in the file.
 * @throws InputError `DMPO_RESUME` for a damaged state.
 */
export async function handedOnIn(
  path: string,
  algorithm: Pick<AnyAlgorithm, "name" | "kind" | "title" | "handsOn">,
  model: PolicyModel,
): Promise<Readonly<Record<string, PartState>> | undefined> {
  const { contents } = await readCheckpointFile(path);
  if (!isCheckpoint(contents)) return undefined;
  const checkpoint = openCheckpoint(contents, path);
  const isOwn = z.object({ state: z.object({ algorithm: z.literal(algorithm.name) }) });
  if (!isOwn.safeParse(checkpoint.metadata).success) return undefined;
  const { parts } = stateOf(checkpoint, algorithm, model, path);
  const names = algorithm.handsOn ?? [];
  return Object.fromEntries(Object.entries(parts).filter(([name]) => names.includes(name)));
}
