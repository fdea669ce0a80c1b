// Where a pre-training run stands, as checkpoints store it.
import { z } from "zod";
import { loadCheckpoint } from "../checkpoints/checkpoint.js";
import type { Trainable } from "../engine/optimizer.js";
import type { Random, RandomState } from "../engine/random.js";
import { fail } from "../errors.js";
import type { FlowModel } from "../policies/flow-model.js";
import type { PretrainRecord } from "./pretrain.js";

const progressSchema = z.object({
  /** Epoch in progress, counted from 1, and the batches of it that are done. */
  epoch: z.int(),
  batch: z.int(),
  step: z.int(),
  lossSum: z.number(),
  seconds: z.number(),
  bestReturn: z.number().nullable(),
  curve: z.array(z.custom<PretrainRecord>()),
});
export type Progress = z.output<typeof progressSchema>;

export const startProgress = (): Progress => ({
  epoch: 1,
  batch: 0,
  step: 0,
  lossSum: 0,
  seconds: 0,
  bestReturn: null,
  curve: [],
});

const metadataSchema = z.object({
  kind: z.literal("pretraining"),
  model: z.unknown(),
  progress: progressSchema,
  updateCount: z.int(),
  random: z.custom<RandomState>((value) => typeof value === "object" && value !== null && "streams" in value),
});

/** Puts weights, optimiser and random streams back to where the checkpoint was written. @throws InputError if it does not fit. */
export async function restoreProgress(
  path: string,
  model: FlowModel,
  trainable: Trainable,
  random: Random,
): Promise<Progress> {
  const { tensors, metadata } = await loadCheckpoint(path);
  const parsed = metadataSchema.safeParse(metadata);
  if (!parsed.success)
    fail("DMPO_RESUME", path, "is not a checkpoint of a pre-training run", "checkpoint/last.safetensors of one");
  if (JSON.stringify(parsed.data.model) !== JSON.stringify(model.spec)) {
    fail(
      "DMPO_RESUME",
      path,
      "belongs to another policy or network",
      "the settings the run was started with",
      "resume with the run's own configuration",
    );
  }
  const prefix = "optimizer.";
  const vectors = Object.entries(tensors)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, { data }]) => [name.slice(prefix.length), data as Float32Array]);
  trainable.restore({
    updateCount: parsed.data.updateCount,
    vectors: Object.fromEntries(vectors) as Record<string, Float32Array>,
  });
  random.restore(parsed.data.random);
  return parsed.data.progress;
}
