// Whether a checkpoint can hold the network that it describes: asked before anything of that size is built.
import { z } from "zod";
import type { Checkpoint } from "../checkpoints/checkpoint.js";
import { fail } from "../errors.js";
import { PolicyModel, policySpec } from "../policies/policy-model.js";

const described = z.object({ model: policySpec });

/**
 * @throws InputError `DMPO_POLICY_FILE` where the description has more layers or weights than the file. A file without a
 * description is left to its reader.
 */
export function checkDescription({ tensors, metadata }: Checkpoint, path: string): void {
  const parsed = described.safeParse(metadata);
  if (!parsed.success) return;
  const { model } = parsed.data;
  const stored = Object.values(tensors);
  const refuse = (wrong: string, expected: string): never =>
    fail("DMPO_POLICY_FILE", path, wrong, expected, "the file is damaged: take another checkpoint of the run");
  // Every layer has a tensor at least.
  for (const [name, value] of Object.entries(model.network)) {
    if (Array.isArray(value) && value.length > stored.length) {
      refuse(`describes ${value.length} layers (${name})`, `at most as many as its ${stored.length} tensors`);
    }
  }
  const numbers = stored.reduce((sum, { data }) => sum + data.length, 0);
  const { size } = new PolicyModel(model).layout;
  if (size > numbers) refuse(`describes ${size} weights`, `at most the ${numbers} numbers of its tensors`);
}
