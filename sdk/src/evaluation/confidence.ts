// Confidence intervals of a mean from a few independent runs: Student's t, which is exact for normal values and, unlike
// the bootstrap, not too narrow for three or five of them.
import { studentQuantile } from "../policies/special-functions.js";
import { fail } from "../errors.js";
import { shownValue } from "../schema-issues.js";

/** The interval mean ± halfWidth, in the unit of the values. */
export interface ConfidenceInterval {
  /** Number of values. */
  readonly count: number;
  /** Of the values. */
  readonly mean: number;
  /** Half the width of the interval around the mean; absent for a single value, which says nothing about its spread. */
  readonly halfWidth?: number;
}

/**
 * Mean of `values` (at least one) and the interval mean ± t(n - 1) s / sqrt(n) that covers the true mean with probability
 * `confidence`, in (0, 1), default 0.95.
 * @throws InputError DMPO_CONFIDENCE.
 */
export function confidenceInterval(values: readonly number[], confidence = 0.95): ConfidenceInterval {
  if (!(confidence > 0 && confidence < 1)) {
    fail("DMPO_CONFIDENCE", "confidence", String(confidence), "a share between 0 and 1, such as 0.95");
  }
  const given: unknown = values;
  const isNumbers = Array.isArray(given) || ArrayBuffer.isView(given);
  if (!isNumbers || values.length === 0) {
    fail("DMPO_CONFIDENCE", "values", isNumbers ? "empty" : shownValue(values), "at least one number");
  }
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { count, mean };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const halfWidth = studentQuantile((1 + confidence) / 2, count - 1) * Math.sqrt(variance / count);
  return { count, mean, halfWidth };
}
