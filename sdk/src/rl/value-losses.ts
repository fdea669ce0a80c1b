// Targets and losses of action values that off-policy algorithms share. All rows (B).
import { stopGradient } from "../engine/jvp.js";
import { tf } from "../engine/tensor.js";

/**
 * What a chunk is worth: its reward, and gamma times the value of what follows, unless nothing does. No gradient flows into it.
 *
 * @param gamma discount per chunk; (B) where chunks differ.
 */
export function valueTarget(
  reward: tf.Tensor,
  terminated: tf.Tensor,
  nextValue: tf.Tensor,
  { gamma, rewardScale }: { readonly gamma: number | tf.Tensor; readonly rewardScale: number },
): tf.Tensor {
  const future = nextValue.mul(tf.scalar(1).sub(terminated));
  return stopGradient(reward.mul(rewardScale).add(future.mul(gamma)));
}

/** The smallest of several values of each row. */
export const least = (values: readonly tf.Tensor[]): tf.Tensor => values.reduce((low, value) => tf.minimum(low, value));

/** The mean of several values of each row. */
export const meanOf = (values: readonly tf.Tensor[]): tf.Tensor => tf.addN([...values]).div(values.length);

/** Squared errors of several critics, summed over them, and what there is to report of the first. */
export function criticLoss(values: readonly tf.Tensor[], target: tf.Tensor) {
  const [first] = values;
  return {
    loss: tf.addN(values.map((value) => value.sub(target).square().mean())),
    meanValue: first!.mean(),
    minValue: first!.min(),
    maxValue: first!.max(),
    tdError: first!.sub(target).abs().mean(),
  };
}

/** Asymmetric squared error |share - 1(d < 0)| d^2 of d = target - value: share 1/2 is half the mean, more the upper values. */
export function expectileLoss(value: tf.Tensor, target: tf.Tensor, share: number): tf.Tensor {
  const difference = target.sub(value);
  const weight = difference.less(0).cast("float32").sub(share).abs();
  return weight.mul(difference.square()).mean();
}
