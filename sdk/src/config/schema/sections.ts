// Sections that configurations of different stages share. Keys are the guide's in camelCase (naming.ts converts), so that
// the rooms' own option schemas fit in unchanged and stay the one place of types, ranges and defaults.
import { z } from "zod";
import { parseDevice } from "../../engine/device.js";
import { InputError } from "../../errors.js";
import { count, optional, optionalText, text } from "./fields.js";

const device = z
  .string()
  .nullable()
  .default("cpu")
  .superRefine((name, context) => {
    try {
      parseDevice(name);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      context.addIssue({ code: "custom", message: error.problems[0]!.expected });
    }
  })
  .describe("where networks run; an unavailable device falls back to the CPU with a warning");

/** Keys that every configuration has. */
export const common = {
  name: text.describe("name of the run"),
  logdir: text.describe("folder for everything the run writes"),
  seed: z.int().nonnegative().default(42),
  device,
  simDevice: z.union([text, z.int()]).nullable().default(null).describe("where cameras render; unused without images"),
  envName: text.describe("environment, or the data set recorded in it"),
  obsDim: count.optional().describe("numbers per observation; only checked"),
  actionDim: count.optional().describe("numbers per action; only checked"),
  horizonSteps: count.default(4).describe("actions Ta per chunk"),
  actSteps: count.optional().describe("actions Te of a chunk that are executed, by default all"),
  condSteps: count.default(1).describe("observations To that the policy sees"),
  imgCondSteps: optional.count.describe("pictures that the policy sees, at most cond_steps"),
  normalizationPath: optionalText.describe("normalization.npz; by default beside the data or inside the checkpoint"),
  basePolicyPath: optionalText.describe("checkpoint to start from"),
  resumePath: optionalText.describe("checkpoint of the same run, to continue it"),
  fastDevRun: z
    .boolean()
    .default(false)
    .describe("try everything in seconds: two epochs or iterations, few and short episodes, a temporary folder"),
  wandb: z
    .strictObject({
      entity: z.string().nullable().default(null),
      project: text.default("dmpo"),
      run: optionalText.describe("by default the name of the run"),
      offlineMode: z.boolean().default(false),
    })
    .nullable()
    .default(null)
    .describe("Weights & Biases; null turns it off"),
};

/** `env:`, how environments are run. */
export const environments = z.strictObject({
  nEnvs: count.default(40).describe("environments side by side"),
  maxEpisodeSteps: count.default(1000).describe("time limit in environment steps"),
  legacyTimeouts: z
    .boolean()
    .default(false)
    .describe("the environment's own time limit ends an episode as a failure does, as in the reference"),
  bestRewardThresholdForSuccess: z
    .number()
    .optional()
    .describe("from where an episode succeeds, by the task's measure; without meaning where a task has no success"),
  saveVideo: optional.flag.describe("film some episodes, see train.render and render_num"),
  render: optional.flag.describe("the same; there are no windows"),
  resetWithinStep: optional.flag.describe("a new episode may start within a chunk"),
});

/** `train.render:`, which iterations are recorded with env.save_video. */
export const rendered = z
  .strictObject({
    freq: count.default(1).describe("iterations between films"),
    num: z.int().nonnegative().default(1).describe("episodes per film"),
  })
  .optional();
