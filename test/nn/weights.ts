// Weights given by a formula, and the check of gradients by finite differences.
import { expect } from "vitest";
import type { ParameterSpec } from "../../sdk/src/engine/parameters.js";
import { valueAndGradients } from "../../sdk/src/engine/gradients.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";

type Formula = (parameter: number, index: number) => number;

/** The network of `pretrain-golden.json`. */
export const pretrainOptions = {
  ...{ horizonSteps: 2, actionDim: 3, condDim: 5, timeDim: 4, rEmbeddingDim: 4 },
  ...{ mlpDims: [8, 8, 8], condMlpDims: [6, 4] },
};

/** The network of `dmpo-reference.md` section 9.3. */
export const referenceOptions = {
  ...{ horizonSteps: 2, actionDim: 2, condDim: 3, timeDim: 4, rEmbeddingDim: 4 },
  ...{ mlpDims: [8, 8, 8], condMlpDims: [6, 5] },
};

/** How `pretrain-golden.json` fills parameter n at flat index k. */
export const pretrainFormula: Formula = (n, k) => 0.15 * Math.sin(1.3 * n + 0.7 * k + 0.1);

/** How `dmpo-reference.md` section 9.2 fills them. */
export const referenceFormula: Formula = (i, j) => 0.3 * Math.sin(0.7 * j + 1.3 * i + 0.5);

export function filledWeights(parameters: readonly ParameterSpec[], formula: Formula): Weights {
  const entries = parameters.map(({ name, shape }, n) => {
    const size = tf.util.sizeFromShape([...shape]);
    return [
      name,
      tf.tensor(
        Float32Array.from({ length: size }, (_, k) => formula(n, k)),
        [...shape],
      ),
    ] as const;
  });
  return Object.fromEntries(entries);
}

export function parameterCount(parameters: readonly ParameterSpec[]): number {
  return parameters.reduce((sum, { shape }) => sum + tf.util.sizeFromShape([...shape]), 0);
}

/** The gradient along a fixed direction equals the central difference of `loss`, for each weight alone. */
export function expectFiniteDifferences(
  loss: (weights: Weights) => tf.Tensor,
  weights: Weights,
  relative = 1e-2,
): void {
  const { gradients } = valueAndGradients((w) => ({ loss: loss(w) }), weights);
  const step = 1e-2;
  const checks = Object.keys(weights).map((name, n) => {
    const x = weights[name]!;
    const direction = tf.tensor(
      Float32Array.from({ length: x.size }, (_, k) => Math.cos(1.7 * k + n)),
      x.shape,
    );
    const at = (s: number) => loss({ ...weights, [name]: x.add(direction.mul(s)) }).dataSync()[0]!;
    const slope = gradients[name]!.mul(direction).sum().dataSync()[0]!;
    return { name, slope, difference: (at(step) - at(-step)) / (2 * step) };
  });
  const largest = Math.max(...checks.map(({ difference }) => Math.abs(difference)));
  expect(largest).toBeGreaterThan(0);
  for (const { name, slope, difference } of checks) {
    expect(Math.abs(slope - difference), `${name}: gradient ${slope}, difference ${difference}`).toBeLessThan(
      relative * largest,
    );
  }
}
