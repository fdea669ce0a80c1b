// Density and entropy of normal distributions, entry by entry, and how policies made of them act.
import { z } from "zod";
import type { tf } from "../engine/tensor.js";

export const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI);

/** ln N(x; mean, exp(logStd)) of each entry; shapes broadcast. */
export function logNormal<T extends tf.Tensor>(x: T, mean: tf.Tensor, logStd: tf.Tensor): T {
  const z = x.sub(mean).mul(logStd.neg().exp());
  return z.square().mul(-0.5).sub(logStd).sub<T>(HALF_LOG_2PI);
}

/** Entropy of each entry, in nats. */
export function normalEntropy<T extends tf.Tensor>(logStd: T): T {
  return logStd.add<T>(HALF_LOG_2PI + 0.5);
}

/** How such a policy acts without exploring; the reference has 1e-4. */
export const actingStd = z
  .number()
  .nonnegative()
  .nullable()
  .default(null)
  .describe("deviation while it does not explore; null: the distribution's own");
