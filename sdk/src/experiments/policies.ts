// The policies of the fluent API: `MeanFlow.improved().pretrain(data)`.
import type { z } from "zod";
import type { flowMlpOptions } from "../nn/flow-mlp.js";
import type { gaussianMlpOptions } from "../nn/gaussian-mlp.js";
import type { meanFlowMlpOptions } from "../nn/mean-flow-mlp.js";
import { gaussian, type gaussianOptions } from "../policies/gaussian.js";
import { meanFlow, type meanFlowOptions } from "../policies/mean-flow.js";
import { reFlow, type reFlowOptions } from "../policies/reflow.js";
import { describePolicy } from "./policy-description.js";

type Sizes = "horizonSteps" | "actionDim" | "condDim";

export type MeanFlowInput = z.input<typeof meanFlowOptions>;

/** `standard()`: as first published, the tangent is the conditional velocity; `improved()`: the network's own. */
export const MeanFlow = describePolicy<
  typeof meanFlowOptions,
  keyof typeof meanFlow.presets,
  Omit<z.input<typeof meanFlowMlpOptions>, Sizes>
>(meanFlow);

/** Velocities of straight paths; several steps per chunk, 4 by default. */
export const ReFlow = describePolicy<typeof reFlowOptions, never, Omit<z.input<typeof flowMlpOptions>, Sizes>>(reFlow);

/** One normal distribution per action entry: behaviour cloning, and the policy of SAC. */
export const Gaussian = describePolicy<typeof gaussianOptions, never, Omit<z.input<typeof gaussianMlpOptions>, Sizes>>(
  gaussian,
);
