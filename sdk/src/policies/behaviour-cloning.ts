// Behaviour-cloning regularisers of fine-tuning: stay near the pre-trained policy (the teacher).
import { stopGradient } from "../engine/jvp.js";
import { tf, type Weights } from "../engine/tensor.js";
import type { VelocityNetwork } from "../nn/velocity-network.js";
import { sampleMeanFlow, type SamplingOptions } from "./sampling.js";

/** Actions (B, Ta, Da) for condition encodings (B, C), sampled from zero noise. */
export function zeroNoiseAction(
  network: VelocityNetwork,
  weights: Weights,
  condition: tf.Tensor2D,
  options: SamplingOptions,
): tf.Tensor3D {
  const noise = tf.zeros<tf.Rank.R3>([condition.shape[0], network.horizonSteps, network.actionDimension]);
  return sampleMeanFlow(network, weights, condition, noise, options);
}

/**
 * Mean squared distance (scalar) of the student's and the teacher's {@link zeroNoiseAction}. The teacher's depend on the
 * observations alone: compute them once per rollout.
 */
export function w2Loss(
  network: VelocityNetwork,
  weights: Weights,
  condition: tf.Tensor2D,
  teacherAction: tf.Tensor3D,
  options: SamplingOptions,
): tf.Scalar {
  return squaredDistance(zeroNoiseAction(network, weights, condition, options), teacherAction);
}

/** Mean squared distance (scalar) of both policies' average velocities (B, Ta, Da) at the same x ~ N(0, I) and r <= t. */
export function velocityLoss(velocity: tf.Tensor3D, teacherVelocity: tf.Tensor3D): tf.Scalar {
  return squaredDistance(velocity, teacherVelocity);
}

function squaredDistance(student: tf.Tensor3D, teacher: tf.Tensor3D): tf.Scalar {
  return student.sub(stopGradient(teacher)).square().mean();
}
