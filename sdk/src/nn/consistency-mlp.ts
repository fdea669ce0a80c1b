// ConsistencyMLP: a FlowMLP with a wider embedding of t, from low-dimensional observations.
import { flowMlp, flowMlpOptions, type FlowMlpOptions, type FlowNetwork } from "./flow-mlp.js";
import { stateSizes } from "./head.js";
import type { NetworkFamily } from "./network.js";
import { inferHead } from "./shapes.js";

export const consistencyMlpOptions = flowMlpOptions.extend({
  timeDim: flowMlpOptions.shape.timeDim.unwrap().default(128).describe(flowMlpOptions.shape.timeDim.description!),
});

/** How much wider the embedding of t is inside. */
export const EXPANSION = 4;

/** As a policy lists it. */
export const consistencyMlpFamily: NetworkFamily<FlowNetwork> = {
  options: consistencyMlpOptions,
  untold: ["activationType", "outActivationType"],
  sizes: stateSizes,
  build: (options, prefix) => flowMlp(options as FlowMlpOptions, prefix, EXPANSION),
  infer: (shapes, prefix, source) =>
    inferHead(shapes, prefix, source, { embeddings: { timeDim: "time_embedding" }, expansion: EXPANSION }),
};
