// DiffusionMLP: noise of an action chunk from low-dimensional observations. Layers, names and initial values are those of FlowMLP,
// whose time is here the step of the noise schedule.
import type { z } from "zod";
import type { DiffusionNetwork } from "./denoising-network.js";
import { flowMlp, flowMlpFamily, type FlowNetwork, type flowMlpOptions } from "./flow-mlp.js";
import type { NetworkFamily } from "./network.js";

/** Builds the network; `prefix` starts every parameter name, e.g. "network.". */
export function diffusionMlp(input: z.input<typeof flowMlpOptions>, prefix = ""): DiffusionNetwork {
  return noiseOf(flowMlp(input, prefix));
}

/** A flow's network as one of diffusion. */
export function noiseOf(flow: FlowNetwork): DiffusionNetwork {
  const { parameters, horizonSteps, actionDim, encoder } = flow;
  return {
    ...{ parameters, horizonSteps, actionDim, encoder },
    noise: (weights, x, t, condition) => flow.velocity(weights, x, t, condition).velocity,
  };
}

/** {@link diffusionMlp} as a policy lists it. */
export const diffusionMlpFamily: NetworkFamily<DiffusionNetwork> = {
  ...flowMlpFamily,
  build: (options, prefix) => diffusionMlp(options as z.output<typeof flowMlpOptions>, prefix),
};
