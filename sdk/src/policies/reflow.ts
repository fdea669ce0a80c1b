// ReFlow: regress the velocity v(x, t) = action - noise of the straight path from noise (t = 0) to data (t = 1).
// Liu et al. 2023, "Flow Straight and Fast" (arXiv 2209.03003), eq. 1; as a policy with exploration noise: ReinFlow, Zhang et
// al. 2025 (arXiv 2505.22094).
import { z } from "zod";
import { tf, type Weights } from "../engine/tensor.js";
import { flowMlpFamily, type FlowNetwork } from "../nn/flow-mlp.js";
import { flowVitFamily } from "../nn/flow-vit.js";
import { stepNoiseNet, stepNoiseNetOptions } from "../nn/noise-net.js";
import { keysBelow } from "../options.js";
import { flowPath } from "./chain.js";
import { definePolicy, type TrainingBatch } from "./definition.js";
import { dispersiveFeatures, dispersiveKeys, dispersiveLoss, dispersiveOptions } from "./dispersive.js";
import { flowActing, initialNoiseStd, type Flow } from "./flow.js";
import { drawTimes, timeDistributionWith } from "./time-sampling.js";

export const reFlowOptions = z.strictObject({
  times: timeDistributionWith({ type: "uniform", logitNormalMean: 0 }).describe("distribution of 1 - t, 1 being noise"),
  grid: z
    .enum(["reference", "even"])
    .default("reference")
    .describe(
      "times of K steps: 0, 1/(K-1), ..., 1 as in the release, or 0, 1/K, ..., 1 - 1/K as Euler's method has them",
    ),
  actMin: z.number().default(-1).describe("sampled actions are clipped from below"),
  actMax: z.number().default(1).describe("actions are clipped from above"),
  initialNoiseStd: initialNoiseStd.default(1),
  dispersive: dispersiveOptions.nullable().default(null).describe("dispersive regularisation of representations"),
});
type ReFlowOptions = z.output<typeof reFlowOptions>;

/** Loss of each row (B), and the dispersive term (scalar) where there is one; noise (B, Ta, Da) standard normal, t (B) in [0, 1]. */
export function reFlowLoss(
  network: FlowNetwork,
  weights: Weights,
  batch: TrainingBatch,
  { dispersive }: Pick<ReFlowOptions, "dispersive">,
): { rows: tf.Tensor1D; batchwise?: { dispersive: tf.Scalar } } {
  const { action, t } = batch;
  const noise = batch.noise as tf.Tensor3D;
  const time = t!.reshape([-1, 1, 1]);
  const x: tf.Tensor3D = action.mul(time).add(noise.mul(tf.scalar(1).sub(time)));
  const condition = network.encoder.apply(weights, batch);
  const { velocity, hidden } = network.velocity(weights, x, t as tf.Tensor1D, condition);
  const rows: tf.Tensor1D = velocity.sub(action.sub(noise)).square().mean([1, 2]);
  if (!dispersive) return { rows };
  return {
    rows,
    batchwise: { dispersive: dispersiveLoss(dispersiveFeatures(condition, hidden, dispersive), dispersive) },
  };
}

/** K Euler steps from noise (t = 0) to the action chunk (t = 1). */
export const reFlowSteps: Flow<FlowNetwork, ReFlowOptions> = {
  times: (steps, { grid }) =>
    Array.from({ length: steps }, (_, i) => {
      const [from, to] = [i, i + 1].map((k) => (grid === "even" ? k / steps : Math.min(1, k / Math.max(1, steps - 1))));
      return [from!, to!];
    }),
  step: (network, weights, x, t, _, condition, steps) =>
    x.add(network.velocity(weights, x, t, condition).velocity.mul(1 / steps)),
};

export const reFlow = definePolicy({
  name: "reflow",
  title: "ReFlow",
  options: reFlowOptions,
  keys: { ...keysBelow("model", reFlowOptions.omit({ dispersive: true })), ...dispersiveKeys },
  presets: {},
  networks: { mlp: flowMlpFamily, vit: flowVitFamily },
  training: {
    draws: ({ times }, { horizonSteps, actionDim }) => ({
      shapes: { noise: [horizonSteps, actionDim], t: [] },
      fill({ noise, t }, random) {
        random.normal(noise!);
        drawTimes(t!, random, times);
        // The release keeps its beta distribution away from t = 1.
        const end = times.type === "beta" ? 0.999 : 1;
        t!.forEach((level, i) => (t![i] = end * (1 - level)));
      },
    }),
    loss: reFlowLoss,
    probe: {
      /** x ~ N(0, I), t ~ U(0, 1). */
      draws: ({ horizonSteps, actionDim }) => ({
        shapes: { x: [horizonSteps, actionDim], t: [] },
        fill({ x, t }, random) {
          random.normal(x!);
          random.uniform(t!);
        },
      }),
      value: (network, weights, condition, { x, t }) =>
        network.velocity(weights, x as tf.Tensor3D, t as tf.Tensor1D, condition).velocity,
    },
  },
  advance: (network, weights, x, from, to, condition) =>
    x.add(network.velocity(weights, x, from, condition).velocity.mul(to.sub(from).reshape([-1, 1, 1]))),
  acting: flowActing(reFlowSteps, 4),
  path: flowPath(reFlowSteps, {
    options: stepNoiseNetOptions,
    build: (options, network, steps) => stepNoiseNet(options, network, steps, "actor_ft."),
  }),
});
