// The policies of the benchmarks; first of all improved MeanFlow with the dispersive loss on hopper, 566,652 parameters.
import { constants } from "../../../sdk/src/engine/compile.js";
import { Random } from "../../../sdk/src/engine/random.js";
import { hostTensor, type HostTensor, type Weights } from "../../../sdk/src/engine/tensor.js";
import type { Teacher } from "../../../sdk/src/policies/definition.js";
import { PolicyModel } from "../../../sdk/src/policies/policy-model.js";

export const random = new Random(1);

export function hopperModel(options: { flowRatio?: number } = {}): PolicyModel {
  const dispersive = { type: "infonce_l2", weight: 0.5, temperature: 0.5 } as const;
  return new PolicyModel({
    options: { tangent: "predicted", dispersive, ...options },
    network: { horizonSteps: 4, actionDim: 3, condDim: 11 },
  });
}

const sizes = { horizonSteps: 4, actionDim: 3, condDim: 11 };
const head = { ...sizes, mlpDims: [512, 512, 512], activationType: "ReLU" };
const gaussianHead = { ...sizes, horizonSteps: 1, mlpDims: [256, 256, 256], fixedStd: 0.1 };
const furniture = { ...{ horizonSteps: 16, actionDim: 10, condDim: 58 }, ...{ dim: 64, dimMults: [1, 2, 4] } };

/** Every other policy as the hopper configurations have it, and diffusion with the U-Net of furniture's one_leg_low. */
const others = {
  reflow: { policy: "reflow", network: head },
  shortcut: { policy: "shortcut", network: { ...head, condMlpDims: [64, 16] } },
  consistency: { policy: "consistency", network: { ...sizes, mlpDims: [512, 512, 512], timeDim: 128 } },
  diffusion: { policy: "diffusion", network: head },
  "diffusion-10": { policy: "diffusion", options: { denoisingSteps: 10 }, network: head },
  gaussian: { policy: "gaussian", network: gaussianHead },
  gmm: { policy: "gmm", network: gaussianHead },
  unet: {
    policy: "diffusion",
    options: { denoisingSteps: 100, useDdim: true, ddimSteps: 5 },
    network: { type: "unet", ...furniture, diffusionStepEmbedDim: 16, nGroups: 8, condPredictScale: true },
  },
};

/** Of the benchmarks, by name: "meanflow" is {@link hopperModel}. */
export function policyNamed(name: string): PolicyModel {
  if (name === "meanflow") return hopperModel();
  const found = others[name as keyof typeof others];
  if (!found) throw new Error(`no policy "${name}"; one of meanflow, ${Object.keys(others).join(", ")}`);
  return new PolicyModel(found);
}

/** What a consistency model learns from: the flow of the benchmarks with fresh weights. */
export function freshTeacher(): Teacher {
  const { definition, network, layout } = policyNamed("reflow");
  const weights = layout.views(layout.initialise(random.stream("teacher")));
  return (x, from, to, observation) => {
    const frozen = constants<Weights>(weights);
    return definition.advance!(network, frozen, x, from, to, network.encoder.apply(frozen, observation));
  };
}

/** Numbers in [-1, 1). */
export function uniform(...shape: number[]): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return hostTensor(random.stream("data").uniform(new Float32Array(size), -1, 1), shape);
}
