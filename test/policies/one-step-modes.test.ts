// Ground truth for policies that make a chunk in one call: both modes of the demonstrations, as often as they occur.
import { beforeAll, expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import type { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { energyDistance, firstModeShare, fitTwoModes, sampleTwoModes, toyModel, twoModes } from "./two-modes.js";

const network = { activationType: "ReLU", timeDim: 16 };
const { timeDim: _, ...shortcutNetwork } = network;
let flow: TrainedPolicy;

beforeAll(async () => {
  flow = await fitTwoModes(toyModel("shortcut", {}, shortcutNetwork), 700);
}, 30_000);

/** What a policy without modes can reach is 0.18: one normal distribution with the right mean and covariance. */
const BOUND = 0.12;

test("the bound lies between the distribution itself and a single mode with its moments", () => {
  expect(energyDistance(twoModes(1000, new Random(99)))).toBeLessThan(0.05);
  const z = new Random(5).stream("normal").normal(new Float32Array(2000));
  // Cholesky factor of the covariance [[0.29, -0.2], [-0.2, 0.2]].
  const [a, b] = [Math.sqrt(0.29), -0.2 / Math.sqrt(0.29)];
  const c = Math.sqrt(0.2 - b * b);
  expect(energyDistance(z.map((value, k) => (k % 2 === 0 ? a * value : b * z[k - 1]! + c * value)))).toBeGreaterThan(
    0.15,
  );
});

test.each([1, 4])("Shortcut with %i network calls", async (steps) => {
  const points = await sampleTwoModes(flow, 1000, steps);
  expect(energyDistance(points)).toBeLessThan(BOUND);
  expect(Math.abs(firstModeShare(points) - 0.5)).toBeLessThan(0.1);
});

test("a consistency model distilled from it, with one network call", async () => {
  const model = toyModel("consistency", { numTrainingSteps: 10 }, network);
  const points = await sampleTwoModes(await fitTwoModes(model, 600, flow), 1000, 1);
  expect(energyDistance(points)).toBeLessThan(BOUND);
  expect(Math.abs(firstModeShare(points) - 0.5)).toBeLessThan(0.1);
}, 30_000);
