// Settings of pre-training; the defaults are the measured hopper recipe (docs/results.md).
import { z } from "zod";
import { count, type Keys } from "../options.js";

export const pretrainOptions = z.strictObject({
  epochs: count.default(34).describe("passes over the data"),
  batchSize: count.default(128).describe("windows per update"),
  learningRate: z.number().positive().default(1e-3).describe("of AdamW, after the warm-up"),
  minLearningRate: z.number().nonnegative().default(1e-4).describe("where warm-up begins and the cosine ends"),
  weightDecay: z.number().nonnegative().default(1e-6).describe("of AdamW, decoupled"),
  schedule: z
    .strictObject({
      per: z.enum(["epoch", "step"]).default("step").describe("what the two counts below count"),
      warmup: z.int().nonnegative().default(250).describe("of the linear rise"),
      cycle: count.nullable().default(null).describe("steps until a restart; null: the whole run"),
    })
    .prefault({})
    .describe("linear warm-up, then a half cosine down, from minLearningRate and back to it"),
  ema: z
    .strictObject({
      decay: z.number().min(0).max(1).default(0.995).describe("share of the average that stays at an update"),
      startEpoch: count.default(1).describe("until this epoch (counted from 1) the average is a copy"),
      every: count.default(1).describe("batches between updates"),
    })
    .prefault({})
    .describe("moving average of the weights, which acts"),
  trainSplit: z.number().positive().max(1).default(1).describe("share of the windows used for training"),
  validateEvery: count.default(1).describe("epochs between validation losses, if there is a split"),
  testEvery: count.nullable().default(null).describe("epochs between tests in the simulator; null: at the end only"),
  testInMujoco: z.boolean().default(false).describe("test the averaged weights in the simulator"),
  saveEvery: count.nullable().default(null).describe("epochs between numbered checkpoints; null: none"),
  seed: z.int().default(42).describe("of weights, noise, times and the order of windows"),
});
export type PretrainOptions = z.output<typeof pretrainOptions>;

export const pretrainKeys: Keys = {
  testInMujoco: "testInMujoco",
  "ema.decay": "ema.decay",
  "train.nEpochs": "epochs",
  "train.batchSize": "batchSize",
  "train.learningRate": "learningRate",
  "train.lrScheduler.per": "schedule.per",
  "train.lrScheduler.firstCycleSteps": "schedule.cycle",
  "train.lrScheduler.warmupSteps": "schedule.warmup",
  "train.lrScheduler.minLr": "minLearningRate",
  "train.weightDecay": "weightDecay",
  "train.epochStartEma": "ema.startEpoch",
  "train.updateEmaFreq": "ema.every",
  "train.trainSplit": "trainSplit",
  "train.valFreq": "validateEvery",
  "train.testFreq": "testEvery",
  "train.saveModelFreq": "saveEvery",
};
