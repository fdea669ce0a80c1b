import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadCheckpoint, saveCheckpoint } from "../../sdk/src/checkpoints/checkpoint.js";
import { encodeSafetensors } from "../../sdk/src/checkpoints/safetensors.js";

const folder = await mkdtemp(join(tmpdir(), "dmpo-checkpoint-"));
afterAll(() => rm(folder, { recursive: true }));
const path = join(folder, "runs/state_1.safetensors");
const tensors = { "ema/layer.weight": { data: new Float32Array([0.1, -2]), shape: [1, 2] } };

test("round trip with nested metadata, and nothing else in the folder", async () => {
  const metadata = { epoch: 3, policy: { name: "meanflow", hidden: [512, 512] }, note: "ünï", none: null };
  await saveCheckpoint(path, { tensors, metadata });
  expect(await loadCheckpoint(path)).toEqual({ tensors, metadata });
  expect(await readdir(join(folder, "runs"))).toEqual(["state_1.safetensors"]);
});

test.each([
  [{ best: -Infinity }, "metadata best: is -Infinity"],
  [{ nested: [1, NaN] }, "metadata 1: is NaN"],
  [{ mean: new Float32Array(2) }, "metadata mean: is Float32Array"],
])("metadata that JSON would lose is refused", async (metadata, message) => {
  await expect(saveCheckpoint(join(folder, "lossy"), { tensors, metadata })).rejects.toThrow(message);
  expect(await readdir(folder)).not.toContain("lossy");
});

async function foreign(metadata: Record<string, string>): Promise<string> {
  const file = join(folder, "foreign.safetensors");
  await writeFile(file, encodeSafetensors({ tensors, metadata }));
  return file;
}

test("missing, foreign, newer and damaged files are told apart", async () => {
  await expect(loadCheckpoint(join(folder, "absent"))).rejects.toThrow("absent: does not exist");
  await expect(loadCheckpoint(await foreign({}))).rejects.toThrow("has no training metadata");
  await expect(loadCheckpoint(await foreign({ dmpo: "{" }))).rejects.toThrow("not JSON");
  await expect(loadCheckpoint(await foreign({ dmpo: '{"formatVersion":2}' }))).rejects.toThrow("has format version 2");
});
