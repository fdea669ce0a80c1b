// Dispersive regularisation: pushes the representations of a batch apart (Wang and He 2025, arXiv 2506.09027).
// "paper" is that article's form; "reference" is what the DMPO release computes: plain distances, and a constant e^10 in
// place of each sample's similarity to itself, which leaves InfoNCE little gradient until distances approach 10 temperatures.
import { z } from "zod";
import { stopGradient } from "../engine/jvp.js";
import { tf } from "../engine/tensor.js";
import type { Keys } from "../options.js";

export const dispersiveOptions = z.strictObject({
  type: z
    .enum(["infonce_l2", "infonce_cosine", "hinge", "covariance"])
    .default("infonce_l2")
    .describe("which loss keeps representations of a batch apart"),
  weight: z.number().nonnegative().default(0.5).describe("factor of the loss"),
  temperature: z.number().positive().default(0.5).describe("of the InfoNCE losses"),
  margin: z
    .number()
    .positive()
    .default(1)
    .describe("hinge: the distance (paper: its square) beyond which pairs do not count"),
  formulation: z
    .enum(["reference", "paper"])
    .default("reference")
    .describe("as the reference computes it, or as published"),
  perDimension: z
    .boolean()
    .default(true)
    .describe("paper infonce_l2: divide squared distances by the number of features, as its authors' code does"),
  targetLayer: z
    .enum(["early", "mid", "late", "all"])
    .nullable()
    .default(null)
    .describe("of [condition, hidden layers]: the first, middle or last, or the mean over all; null is the condition"),
});

/** The guide says loss_type where the policy says type. */
export const dispersiveKeys: Keys = Object.fromEntries(
  Object.keys(dispersiveOptions.shape).map((name) => [
    `dispersive.${name === "type" ? "lossType" : name}`,
    `dispersive.${name}`,
  ]),
);
export type DispersiveOptions = z.output<typeof dispersiveOptions>;

/** The representations (B, D) to regularise, from the condition encoding and the head's hidden layers. */
export function dispersiveFeatures(
  condition: tf.Tensor2D,
  hidden: readonly tf.Tensor2D[],
  { targetLayer }: Pick<DispersiveOptions, "targetLayer">,
): tf.Tensor2D[] {
  const layers = [condition, ...hidden];
  switch (targetLayer) {
    case null:
    case "early":
      return [condition];
    case "mid":
      return [layers[Math.floor(layers.length / 2)]!];
    case "late":
      return [layers.at(-1)!];
    case "all":
      return layers;
  }
}

/** Weighted loss (scalar), the mean over the given representations (B, D); zero for a batch of one. */
export function dispersiveLoss(features: readonly tf.Tensor2D[], options: DispersiveOptions): tf.Scalar {
  if (options.weight === 0 || features[0]!.shape[0] < 2) return tf.scalar(0);
  const losses = features.map((h) => formulas[options.formulation][options.type](h, options));
  return tf.addN(losses).mul(options.weight / losses.length);
}

type Formula = (h: tf.Tensor2D, options: DispersiveOptions) => tf.Scalar;

const formulas: Record<DispersiveOptions["formulation"], Record<DispersiveOptions["type"], Formula>> = {
  reference: {
    infonce_l2: (h, { temperature }) => negativeInfoNce(distance(h).div(temperature)),
    infonce_cosine: (h, { temperature }) => negativeInfoNce(cosine(h).div(-temperature)),
    /** Mean over the ordered pairs i != j of max(0, margin - d_ij). */
    hinge(h, { margin }) {
      const pairs = h.shape[0] * (h.shape[0] - 1);
      return offDiagonal(h.shape[0]).mul(margin).sub(distance(h)).relu().sum().div(pairs);
    },
    /** Mean squared off-diagonal covariance plus mean of max(0, 1 - variance). */
    covariance(h) {
      const width = h.shape[1];
      const spread = centred(h)
        .square()
        .sum(0)
        .div(h.shape[0] - 1);
      const tooNarrow: tf.Scalar = tf.scalar(1).sub(spread).relu().mean();
      if (width === 1) return tooNarrow;
      return covariance(h)
        .mul(offDiagonal(width))
        .square()
        .sum()
        .div(width * (width - 1))
        .add(tooNarrow);
    },
  },
  paper: {
    /** ln mean exp(-D_ij / temperature) over all pairs, i = j included. */
    infonce_l2(h, { temperature, perDimension }) {
      const scale = -1 / (temperature * (perDimension ? h.shape[1] : 1));
      return pairs(h).squared.mul(scale).exp().mean<tf.Scalar>().log();
    },
    /** ln mean exp(cos_ij / temperature), shifted by the largest possible cosine. */
    infonce_cosine: (h, { temperature }) =>
      cosine(h)
        .sub(1)
        .div(temperature)
        .exp()
        .mean<tf.Scalar>()
        .log()
        .add(1 / temperature),
    /** Mean over all pairs of max(0, margin - D_ij)^2. */
    hinge: (h, { margin }) => tf.scalar(margin).sub(pairs(h).squared).relu().square().mean(),
    covariance: (h) => covariance(h).square().sum(),
  },
};

/** -mean_i ln(e^10 + sum_{j != i} e^(clamp(x_ij))), x (B, B) = minus the similarities, clamped to +-10. */
function negativeInfoNce(x: tf.Tensor2D): tf.Scalar {
  const others: tf.Tensor1D = tf.clipByValue(x, -10, 10).exp().mul(offDiagonal(x.shape[0])).sum(1);
  return others.add(Math.exp(10)).log().mean<tf.Scalar>().neg();
}

/** 1 everywhere but on the diagonal (n, n). */
const offDiagonal = (n: number): tf.Tensor2D => tf.scalar(1).sub(tf.eye(n));

const centred = (h: tf.Tensor2D): tf.Tensor2D => h.sub(h.mean(0));

/** (D, D), unbiased. */
function covariance(h: tf.Tensor2D): tf.Tensor2D {
  const c = centred(h);
  return tf.matMul(c, c, true).div(h.shape[0] - 1);
}

/** Cosines (B, B); a zero row is orthogonal to all. */
function cosine(h: tf.Tensor2D): tf.Tensor2D {
  const unit: tf.Tensor2D = h.mul(h.square().sum(1, true).maximum(1e-16).rsqrt());
  return tf.matMul(unit, unit, false, true);
}

/** Euclidean distances (B, B). Rows that coincide to float32 precision have distance and gradient zero, not NaN. */
function distance(h: tf.Tensor2D): tf.Tensor2D {
  const { squared, norms } = pairs(h);
  const apart = stopGradient(squared).greater(stopGradient(norms).mul(1e-6));
  return tf.where(apart, squared, 1).sqrt().mul(apart.cast("float32"));
}

/** For each pair of rows (B, B) the squared distance, from the Gram matrix of centred rows, and the sum of squared norms. */
function pairs(h: tf.Tensor2D): { squared: tf.Tensor2D; norms: tf.Tensor2D } {
  const c = centred(h);
  const square = c.square().sum<tf.Tensor2D>(1, true);
  const norms: tf.Tensor2D = square.add(square.transpose());
  return { squared: norms.sub(tf.matMul(c, c, false, true).mul(2)).relu(), norms };
}
