// The algorithms of the fluent API: `PPO.finetune(base, { env: "hopper-v2", iterations: 50 })`.
import type { z } from "zod";
import { fail, nearest } from "../errors.js";
import type { AlgorithmDefinition, AnyAlgorithm } from "../learning/algorithm.js";
import type { Parts } from "../learning/parts.js";
import { runOptions } from "../learning/run-options.js";

import type { chainSchema } from "../policies/chain.js";
import type { PolicyModel } from "../policies/policy-model.js";
import type { IterationRecord } from "../rl/iteration-record.js";
import { ppo } from "../rl/ppo.js";
import { take, takeControl, type RunControl } from "./runs/control.js";
import { runFineTuning, type FineTuningRun, type FineTuningSettings } from "./runs/finetuning.js";
import { policyOf, type PolicySource } from "./policy-source.js";

/** What the paths of policies add to the options of an algorithm; which of them there are depends on the policy. */
export type PathInput = z.input<typeof chainSchema> & {
  /** The part that explores, of flows a noise net. */
  readonly noiseNet?: Readonly<Record<string, unknown>>;
};

export type FinetuneInput<
  Schema extends z.ZodObject = typeof ppo.options,
  Preset extends string = keyof typeof ppo.presets,
> = z.input<Schema> &
  PathInput &
  RunControl &
  Partial<Omit<FineTuningSettings, "algorithm" | "base" | "learning">> & {
    /** Settings to start from. Default: the algorithm's first. */
    readonly preset?: Preset;
  };

const settingKeys = [
  "environments",
  "actionSteps",
  "maxEpisodeSteps",
  "successThreshold",
  "seed",
  "saveEvery",
  "films",
  "resumePath",
] as const satisfies readonly (keyof FineTuningSettings)[];

function fluent<Schema extends z.ZodObject, P extends Parts, Preset extends string>(
  definition: AlgorithmDefinition<string, Schema, P, Preset, IterationRecord>,
) {
  const algorithm = definition as AnyAlgorithm<IterationRecord>;
  return {
    /** Fine-tunes a policy in the simulator. Interrupting it (`signal`) saves a checkpoint and returns the partial run. */
    async finetune(source: PolicySource, input: FinetuneInput<Schema, Preset> = {} as never): Promise<FineTuningRun> {
      const base = await policyOf(source);
      const { preset = Object.keys(definition.presets)[0], env = base.environment, ...others } = input as FinetuneInput;
      const [settings, rest] = take<typeof others, (typeof settingKeys)[number]>(others, settingKeys);
      const [control, options] = takeControl(rest);
      const learning = { ...presetOf(algorithm, preset, base.model), ...options };
      return runFineTuning({ algorithm, base, env, ...settings, learning }, control);
    },
  };
}

/** The preset without options of a path that this policy does not have. @throws InputError for an unknown preset. */
function presetOf({ options, explores, presets }: AnyAlgorithm, name: string | undefined, model: PolicyModel) {
  if (name === undefined) return {};
  const known = Object.keys(presets);
  if (!known.includes(name)) {
    const close = nearest(name, known);
    fail("DMPO_OPTIONS", "preset", `"${name}"`, `one of ${known.join(", ")}`, close && `did you mean "${close}"?`);
  }
  const { shape } = runOptions({ options, explores }, model);
  return Object.fromEntries(Object.entries(presets[name]!).filter(([key]) => key in shape));
}

export const PPO = fluent(ppo);
