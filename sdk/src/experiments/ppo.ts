// The fluent way to fine-tune: `PPO.finetune(base, { env: "hopper-v2", iterations: 50 })`.
import type { z } from "zod";
import { ppoOptions } from "../rl/ppo.js";
import { ppoPresets } from "../rl/ppo-presets.js";
import { splitOptions, take, type RunControl } from "./control.js";
import { runFineTuning, type FineTuningRun, type FineTuningSettings } from "./finetuning.js";
import { policyOf, type PolicySource } from "./policy-source.js";

export type FinetuneInput = z.input<typeof ppoOptions> &
  RunControl &
  Partial<Omit<FineTuningSettings, "base" | "learning">> & {
    /** Settings to start from: the short recipe (`quick`, default), the long one, or those of the reference. */
    readonly preset?: keyof typeof ppoPresets;
  };

const settingKeys = [
  "environments",
  "actionSteps",
  "maxEpisodeSteps",
  "successThreshold",
  "noiseNet",
  "critic",
  "seed",
  "saveEvery",
  "films",
  "resumePath",
] as const satisfies readonly (keyof FineTuningSettings)[];

export const PPO = {
  /** Fine-tunes a policy in the simulator. Interrupting it (`signal`) saves a checkpoint and returns the partial run. */
  async finetune(source: PolicySource, input: FinetuneInput = {}): Promise<FineTuningRun> {
    const base = await policyOf(source);
    const { preset = "quick", env = base.environment, ...others } = input;
    const [settings, rest] = take<typeof others, (typeof settingKeys)[number]>(others, settingKeys);
    const { options, control } = splitOptions(ppoOptions, { ...ppoPresets[preset], ...rest });
    return runFineTuning({ base, env, ...settings, learning: options }, control);
  },
};
