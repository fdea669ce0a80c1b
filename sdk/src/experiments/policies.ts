// The policies of the fluent API: `MeanFlow.improved().pretrain(data)`.
import type { z } from "zod";
import type { consistencyMlpOptions } from "../nn/consistency-mlp.js";
import type { flowMlpOptions } from "../nn/flow-mlp.js";
import type { gaussianMlpOptions } from "../nn/gaussian-mlp.js";
import type { gaussianTransformerOptions } from "../nn/gaussian-transformer.js";
import type { gmmMlpOptions } from "../nn/gmm-mlp.js";
import type { gmmTransformerOptions } from "../nn/gmm-transformer.js";
import type { meanFlowMlpOptions } from "../nn/mean-flow-mlp.js";
import type { shortcutMlpOptions } from "../nn/shortcut-mlp.js";
import type { unetOptions } from "../nn/unet.js";
import { consistencyModel, type consistencyOptions } from "../policies/consistency.js";
import { diffusion } from "../policies/diffusion.js";
import type { diffusionOptions } from "../policies/diffusion-step.js";
import { gaussian, type gaussianOptions } from "../policies/gaussian.js";
import { gmm, type gmmOptions } from "../policies/gmm.js";
import { meanFlow, type meanFlowOptions } from "../policies/mean-flow.js";
import { reFlow, type reFlowOptions } from "../policies/reflow.js";
import { shortcut, type shortcutOptions } from "../policies/shortcut.js";
import { describePolicy, PolicyDescription } from "./policy-description.js";
import type { PolicySource } from "./policy-source.js";

type Sizes = "horizonSteps" | "actionDim" | "condDim";

/** Objective of MeanFlow, all optional: tangent, times, weighting of the loss, clipping of actions, dispersive regularisation. */
export type MeanFlowInput = z.input<typeof meanFlowOptions>;

/**
 * Average velocities, one step per chunk by default. Geng et al. 2025 (arXiv 2505.13447). `standard()`: as first published, the
 * tangent is the conditional velocity; `improved()`: the network's own (arXiv 2512.02012).
 * Both take options of the objective, and throw InputError `DMPO_OPTIONS` for wrong ones.
 */
export const MeanFlow = describePolicy<
  typeof meanFlowOptions,
  keyof typeof meanFlow.presets,
  Omit<z.input<typeof meanFlowMlpOptions>, Sizes>
>(meanFlow);

/** Velocities of straight paths; several steps per chunk, 4 by default. Liu et al. 2023 (arXiv 2209.03003). Only `standard()`. */
export const ReFlow = describePolicy<typeof reFlowOptions, never, Omit<z.input<typeof flowMlpOptions>, Sizes>>(reFlow);

/**
 * Noise taken away step by step. `standard()`: DDPM with noise in every step, 20 steps per chunk by default (Ho et al. 2020, arXiv
 * 2006.11239); `ddim()`: without, 5 of the 20 (Song et al. 2021, arXiv 2010.02502). Training is the same: `withOptions()` of a
 * trained policy changes between them. Networks "mlp" and "unet".
 */
export const Diffusion = describePolicy<
  typeof diffusionOptions,
  keyof typeof diffusion.presets,
  Omit<z.input<typeof flowMlpOptions> & z.input<typeof unetOptions>, Sizes>
>(diffusion);

/**
 * Velocities for steps of a given size; 4 per chunk by default, and few or one by design. Frans et al. 2025 (arXiv 2410.12557).
 * Only `standard()`.
 */
export const ShortcutFlow = describePolicy<
  typeof shortcutOptions,
  never,
  Omit<z.input<typeof shortcutMlpOptions>, Sizes>
>(shortcut);

type ConsistencyNetwork = Omit<z.input<typeof consistencyMlpOptions>, Sizes>;

/** One step per chunk, learned from a flow. Song et al. 2023 (arXiv 2303.01469). */
export const ConsistencyModel = {
  /**
   * Learns what the paths of `teacher` end in: of a trained MeanFlow, ReFlow or ShortcutFlow, a run that ended with one, or the
   * path of its checkpoint. Takes options of the objective. @throws InputError `DMPO_OPTIONS` for wrong ones.
   */
  distil(teacher: PolicySource, objective: z.input<typeof consistencyOptions> = {}) {
    consistencyModel.configure(objective);
    return new PolicyDescription<typeof objective, ConsistencyNetwork>(consistencyModel, objective, {}, teacher);
  },
} as const;

/**
 * One normal distribution per action entry: behaviour cloning, PPO, and the policy of SAC. Networks "mlp" and "transformer". Only
 * `standard()`.
 */
export const Gaussian = describePolicy<
  typeof gaussianOptions,
  never,
  Omit<z.input<typeof gaussianMlpOptions> & z.input<typeof gaussianTransformerOptions>, Sizes>
>(gaussian);

/** A mixture of normal distributions over the chunk, 5 components by default. Networks "mlp" and "transformer". Only `standard()`. */
export const GMM = describePolicy<
  typeof gmmOptions,
  never,
  Omit<z.input<typeof gmmMlpOptions> & z.input<typeof gmmTransformerOptions>, Sizes>
>(gmm);
