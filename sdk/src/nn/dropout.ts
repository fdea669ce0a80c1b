// Dropout (Srivastava et al. 2014): in training, entries vanish with a probability and the others grow to make up for it.
// Networks are pure functions, so the masks are drawn on the host and lie in the table of weights, under names of their own.
// Where they are absent, as when acting, nothing is dropped.
import { z } from "zod";
import type { RandomStream } from "../engine/random.js";
import type { tf, Weights } from "../engine/tensor.js";

/** Probability with which an entry vanishes. */
export const dropoutRate = z.number().min(0).lt(1).default(0).describe("share of entries that training drops");

/** One factor for each of so many entries per row. */
export interface Mask {
  /** In the table of weights. */
  readonly name: string;
  /** Without the batch axis. */
  readonly shape: readonly number[];
  /** 0 <= rate < 1. */
  readonly rate: number;
}

/** Random numbers for each row, which the table of weights has while a network learns from demonstrations. */
export interface TrainingDraw {
  /** In the table of weights. */
  readonly name: string;
  /** Without the batch axis. */
  readonly shape: readonly number[];
  readonly fill: (out: Float32Array, random: RandomStream) => void;
}

/** Masks as such numbers. */
export const maskDraw = (mask: Mask): TrainingDraw => ({
  ...mask,
  fill: (out, random) => fillMask(out, mask, random),
});

export interface Dropout {
  /** One, or none for a rate of 0. */
  readonly masks: readonly Mask[];
  /** `x`, whose entries are those of the mask in any shape, times the mask if the table has it. */
  apply<T extends tf.Tensor>(weights: Weights, x: T): T;
}

/** Dropout whose mask, of `shape` per row, is called `<name>.dropout`. */
export function dropout(name: string, shape: readonly number[], rate: number): Dropout {
  const mask = `${name}.dropout`;
  return {
    masks: rate > 0 ? [{ name: mask, shape, rate }] : [],
    apply<T extends tf.Tensor>(weights: Weights, x: T): T {
      const factors = weights[mask];
      return factors ? x.mul<T>(factors.reshape(x.shape)) : x;
    },
  };
}

/** Draws the factors of a mask for a batch of rows: 0, or 1 / (1 - rate). */
export function fillMask(out: Float32Array, { rate }: Pick<Mask, "rate">, random: RandomStream): void {
  random.uniform(out);
  for (let i = 0; i < out.length; i++) out[i] = out[i]! < rate ? 0 : 1 / (1 - rate);
}
