// The hopper policy of the benchmarks: improved MeanFlow with the dispersive loss, 566,652 parameters.
import { Random } from "../../../sdk/src/engine/random.js";
import { hostTensor, type HostTensor } from "../../../sdk/src/engine/tensor.js";
import { PolicyModel } from "../../../sdk/src/policies/policy-model.js";

export const random = new Random(1);

export function hopperModel(options: { flowRatio?: number } = {}): PolicyModel {
  const dispersive = { type: "infonce_l2", weight: 0.5, temperature: 0.5 } as const;
  return new PolicyModel({
    options: { tangent: "predicted", dispersive, ...options },
    network: { horizonSteps: 4, actionDim: 3, condDim: 11 },
  });
}

/** The diffusion policy of the benchmarks: DDPM with 20 levels of noise, as the hopper configurations have it. */
export function hopperDiffusion(): PolicyModel {
  return new PolicyModel({
    policy: "diffusion",
    network: { horizonSteps: 4, actionDim: 3, condDim: 11, mlpDims: [512, 512, 512], activationType: "ReLU" },
  });
}

/** Numbers in [-1, 1). */
export function uniform(...shape: number[]): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return hostTensor(random.stream("data").uniform(new Float32Array(size), -1, 1), shape);
}
