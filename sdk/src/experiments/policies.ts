// The policies of the fluent API: `MeanFlow.improved().pretrain(data)`.
import type { z } from "zod";
import type { meanFlowMlpOptions } from "../nn/mean-flow-mlp.js";
import { meanFlow, type meanFlowOptions } from "../policies/mean-flow.js";
import { describePolicy } from "./policy-description.js";

type Sizes = "horizonSteps" | "actionDim" | "condDim";

export type MeanFlowInput = z.input<typeof meanFlowOptions>;

/** `standard()`: as first published, the tangent is the conditional velocity; `improved()`: the network's own. */
export const MeanFlow = describePolicy<
  typeof meanFlowOptions,
  keyof typeof meanFlow.presets,
  Omit<z.input<typeof meanFlowMlpOptions>, Sizes>
>(meanFlow);
