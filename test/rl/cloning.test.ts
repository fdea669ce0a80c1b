import { beforeAll, expect, test } from "vitest";
import { ParameterLayout } from "../../sdk/src/engine/parameters.js";
import { Random } from "../../sdk/src/engine/random.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { emptyDraws, fillDraws, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { RolloutBuffer } from "../../sdk/src/rl/rollout-buffer.js";
import { centralChunk, cloningKinds, squaredDistance } from "../../sdk/src/rl/cloning.js";
import { expectClose, wave } from "../nn/close.js";
import { expectFiniteDifferences, filledWeights, referenceFormula } from "../nn/weights.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

/** The network of dmpo-reference.md 9.3 as a policy. */
const model = new PolicyModel({
  network: {
    horizonSteps: 2,
    actionDim: 2,
    condDim: 3,
    timeDim: 4,
    rEmbeddingDim: 4,
    mlpDims: [8, 8, 8],
    condMlpDims: [6, 5],
  },
});
const { encoder } = model.network;
/** Filled as in the reference, whose names have no prefix. */
const weights = (scale = 1): Weights => {
  const bare = model.network.parameters.map((spec) => ({ ...spec, name: spec.name.replace("network.", "") }));
  const filled = Object.entries(filledWeights(bare, referenceFormula));
  return Object.fromEntries(filled.map(([name, w]) => [`network.${name}`, w.mul(scale)]));
};
const flat = (named: Weights) => {
  const layout = new ParameterLayout(model.network.parameters);
  const vector = new Float32Array(layout.size);
  for (const { name, offset } of layout.entries) vector.set(named[name]!.dataSync(), offset);
  return vector;
};
const observation = () => ({ state: wave<tf.Tensor3D>([3, 1, 3], Math.sin, 0.4, 0.7) });
const sampling = { steps: 2 };
const chunk = (w: Weights) => centralChunk(model, w, encoder.apply(w, observation()), sampling);

// dmpo-reference.md 9.5, computed in float64.
test("the W2 loss between a policy and its weights times 1.1 equals the reference", () => {
  expectClose(squaredDistance(chunk(weights()), chunk(weights())), 0);
  expectClose(squaredDistance(chunk(weights(1.1)), chunk(weights())), 0.0085514884);
});

test("the central chunk is sampled from zeros", () => {
  const zeros = { noise: tf.zeros([3, 2, 2]) };
  expectClose(chunk(weights()), model.sample(weights(), observation(), zeros, sampling).arraySync());
});

test("both penalties are differentiable in the student, and vanish where it equals the teacher", () => {
  const teacher: tf.Tensor3D = chunk(weights()).add(0.3);
  expectFiniteDifferences((w) => squaredDistance(chunk(w), teacher), weights());

  const cloning = cloningKinds.velocity({ model, weights: flat(weights()), sampling }, new Random(1).stream("cloning"));
  const drawn = cloning.inputs(Int32Array.of(0, 1, 2));
  const inputs = Object.fromEntries(
    Object.entries(drawn).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]),
  );
  const penalty = (w: Weights) => cloning.loss(w, encoder.apply(w, observation()), inputs, observation());
  expect(penalty(weights()).dataSync()[0]).toBeLessThan(1e-10);
  expect(penalty(weights(1.1)).dataSync()[0]).toBeGreaterThan(1e-4);
  expectFiniteDifferences(penalty, weights(1.1));
});

test("W2: the teacher's actions are computed once, from a rollout", async () => {
  const space = { state: [1, 3] } as const;
  const rollout = new RolloutBuffer({ steps: 3, environments: 1, units: 1, space, stored: { chain: [3, 2, 2] } });
  rollout.observations.state.set(observation().state.dataSync());
  const cloning = cloningKinds.W2({ model, weights: flat(weights()), sampling, compile: { threads: 1 } });
  await cloning.prepare(rollout);
  const { action } = cloning.inputs(Int32Array.of(0, 1, 2));
  const inputs = { action: tf.tensor(action!.data, [...action!.shape]) };
  const loss = (w: Weights) => cloning.loss(w, encoder.apply(w, observation()), inputs, observation());
  expect(loss(weights()).dataSync()[0]).toBeLessThan(1e-12);
  expectClose(loss(weights(1.1)), 0.0085514884);
  await cloning.dispose();
});

test("points to compare velocities at: normal x, r uniform below t", () => {
  const draws = model.definition.training.probe!.draws(model.network);
  const out = emptyDraws(draws, 2000);
  fillDraws(draws, out, new Random(3).stream("probe"));
  const [x, t, r] = ["x", "t", "r"].map((name) => [...out[name]!.data]) as [number[], number[], number[]];
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(x)).toBeCloseTo(0, 1);
  expect(mean(x.map((v) => v * v))).toBeCloseTo(1, 1);
  expect(mean(t)).toBeCloseTo(0.5, 1);
  expect(mean(r.map((value, i) => value / t[i]!))).toBeCloseTo(0.5, 1);
  expect(r.every((value, i) => value >= 0 && value <= t[i]!)).toBe(true);
});
