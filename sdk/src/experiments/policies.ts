// The policies of the fluent API: `MeanFlow.improved().pretrain(data)`. All but the mixture have a network "vit", which sees pictures.
import { consistencyModel } from "../policies/consistency.js";
import { diffusion } from "../policies/diffusion.js";
import { gaussian } from "../policies/gaussian.js";
import { gmm } from "../policies/gmm.js";
import { meanFlow } from "../policies/mean-flow.js";
import { oneStep } from "../policies/one-step.js";
import { reFlow } from "../policies/reflow.js";
import { shortcut } from "../policies/shortcut.js";
import type {
  ConsistencyModelInput,
  ConsistencyNetworkInput,
  DiffusionInput,
  FlowNetworkInput,
  GaussianInput,
  GaussianNetworkInput,
  GaussianTransformerInput,
  GMMInput,
  GMMNetworkInput,
  GMMTransformerInput,
  MeanFlowInput,
  MeanFlowNetworkInput,
  OneStepInput,
  OneStepNetworkInput,
  ReFlowInput,
  ShortcutFlowInput,
  ShortcutNetworkInput,
  UnetInput,
  VisionInput,
} from "./option-types.js";
import { describePolicy, PolicyDescription } from "./policy-description.js";
import type { PolicySource } from "./policy-source.js";

/**
 * Average velocities, one step per chunk by default. Geng et al. 2025 (arXiv 2505.13447). `standard()`: as first published, the
 * tangent is the conditional velocity; `improved()`: the network's own (arXiv 2512.02012).
 * Both take options of the objective, and throw InputError `DMPO_OPTIONS` for wrong ones.
 */
export const MeanFlow = describePolicy<
  MeanFlowInput,
  keyof typeof meanFlow.presets,
  MeanFlowNetworkInput & VisionInput
>(meanFlow);

/** Velocities of straight paths; several steps per chunk, 4 by default. Liu et al. 2023 (arXiv 2209.03003). Only `standard()`. */
export const ReFlow = describePolicy<ReFlowInput, never, FlowNetworkInput & VisionInput>(reFlow);

/**
 * Noise taken away step by step. `standard()`: DDPM with noise in every step, 20 steps per chunk by default (Ho et al. 2020, arXiv
 * 2006.11239); `ddim()`: without, 5 of the 20 (Song et al. 2021, arXiv 2010.02502). Training is the same: `withOptions()` of a
 * trained policy changes between them. Networks "mlp", "unet", "vit" and "unet_vit".
 */
export const Diffusion = describePolicy<
  DiffusionInput,
  keyof typeof diffusion.presets,
  FlowNetworkInput & UnetInput & VisionInput
>(diffusion);

/**
 * Velocities for steps of a given size; 4 per chunk by default, and few or one by design. Frans et al. 2025 (arXiv 2410.12557).
 * Only `standard()`.
 */
export const ShortcutFlow = describePolicy<ShortcutFlowInput, never, ShortcutNetworkInput & VisionInput>(shortcut);

/** One step per chunk, learned from a flow. Song et al. 2023 (arXiv 2303.01469). */
export const ConsistencyModel = {
  /**
   * Learns what the paths of `teacher` end in: of a trained MeanFlow, ReFlow or ShortcutFlow, a run that ended with one, or the
   * path of its checkpoint. Takes options of the objective. @throws InputError `DMPO_OPTIONS` for wrong ones.
   */
  distil(teacher: PolicySource, objective: ConsistencyModelInput = {}) {
    consistencyModel.configure(objective);
    return new PolicyDescription<ConsistencyModelInput, ConsistencyNetworkInput & VisionInput>(
      consistencyModel,
      objective,
      {},
      teacher,
    );
  },
} as const;

/** One step per chunk, learned from the answers of a flow; what FQL trains. Park et al. 2025 (arXiv 2502.02538). */
export const OneStep = {
  /**
   * Learns where the steps of `teacher` end: of a trained MeanFlow, ReFlow or ShortcutFlow, a run that ended with one, or the path of
   * its checkpoint. Takes options of the objective. @throws InputError `DMPO_OPTIONS` for wrong ones.
   */
  distil(teacher: PolicySource, objective: OneStepInput = {}) {
    oneStep.configure(objective);
    return new PolicyDescription<OneStepInput, OneStepNetworkInput>(oneStep, objective, {}, teacher);
  },
} as const;

/**
 * One normal distribution per action entry: behaviour cloning, PPO, and the policy of SAC. Networks "mlp", "transformer" and "vit". Only
 * `standard()`.
 */
export const Gaussian = describePolicy<
  GaussianInput,
  never,
  GaussianNetworkInput & GaussianTransformerInput & VisionInput
>(gaussian);

/** A mixture of normal distributions over the chunk, 5 components by default. Networks "mlp" and "transformer". Only `standard()`. */
export const GMM = describePolicy<GMMInput, never, GMMNetworkInput & GMMTransformerInput>(gmm);
