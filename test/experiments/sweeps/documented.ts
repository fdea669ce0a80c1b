// The sweeps of docs/sweeps.md for one cluster, as they stand there but for what makes them small.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { finished, started } from "./trained-sweep.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** `dmpo` in a process of its own: its exit code and everything it wrote. */
export const dmpo = (parameters: readonly string[], env: NodeJS.ProcessEnv = {}) => finished(started(parameters, env));

/** A checkpoint for sweeps that fine-tune, pre-trained for two epochs. */
export async function pretrainedBriefly(folder: string): Promise<string> {
  const { code, out } = await dmpo([
    "run",
    "--config-dir=cfg/gym/pretrain/hopper-medium-v2",
    "--config-name=pre_meanflow_mlp",
    "fast_dev_run=True",
    `logdir=${folder}`,
  ]);
  if (code !== 0) throw new Error(out);
  return join(folder, "checkpoint/last.safetensors");
}

/** The words after `npx dmpo` of the sweep that docs/sweeps.md begins on this cluster: two seeds, one core, two iterations. */
export function documentedSweep(cluster: "ray" | "slurm", folder: string, base: string): string[] {
  const text = readFileSync(join(root, "docs/sweeps.md"), "utf8");
  const line = text
    .split("\n")
    .find((one) => one.startsWith("npx dmpo sweep --config") && one.includes(`--on ${cluster}`))!;
  const words = line.split(" ").slice(2);
  const address = words.indexOf("--ray-address");
  if (address >= 0) words.splice(address, 2);
  words[words.indexOf("--cpus") + 1] = "1";
  return [
    ...words.map((word) => (word === "seed=0..9" ? "seed=0..1" : word)),
    ...["fast_dev_run=True", `base_policy_path=${base}`, "--threads", "1", "--folder", folder],
  ];
}
