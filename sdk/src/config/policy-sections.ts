// What `policy.type` can name, and the `model:` and `dispersive:` sections of pre-training that come with it.
// A new policy is one entry.
import { type z } from "zod";
import { dispersiveOptions } from "../policies/dispersive.js";
import { meanFlowOptions, type MeanFlowOptions } from "../policies/mean-flow.js";

const model = meanFlowOptions.omit({ dispersive: true });

/** The guide says loss_type where the policy says type. */
const dispersive = dispersiveOptions
  .omit({ type: true })
  .extend({ lossType: dispersiveOptions.shape.type })
  .nullable()
  .default(null);

export const policySections = {
  meanflow: {
    model,
    dispersive,
    toOptions(objective: z.output<typeof model>, regulariser: z.output<typeof dispersive>): MeanFlowOptions {
      if (regulariser === null) return { ...objective, dispersive: null };
      const { lossType: type, ...rest } = regulariser;
      return { ...objective, dispersive: { type, ...rest } };
    },
  },
} as const;

export type PolicyType = keyof typeof policySections;
