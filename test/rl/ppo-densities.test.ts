// PPO on policies that are densities themselves: a task whose optimum is known, and its exact continuation.
import { beforeAll, expect, test } from "vitest";
import { tf } from "../../sdk/src/engine/tensor.js";
import { ppo } from "../../sdk/src/rl/ppo.js";
import { sac } from "../../sdk/src/rl/sac.js";
import { expectSteering, quick, setup, type Kind } from "./densities.js";
import { stateAfter } from "./stopped-run.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

test.each<Kind>(["Gaussian", "GMM"])("%s: the point mass is steered as the Riccati equation steers it", (kind) =>
  expectSteering(kind, {}),
);

test.each<[Kind, object]>([
  ["GMM", { logprobReduce: "mean" }],
  ["Gaussian transformer", { likelihood: "reference", logProbRange: [-5, 2] }],
])("%s: resumed equals uninterrupted", async (kind, path) => {
  const options = { ...quick, ...path, iterations: 6, steps: 8, batchSize: 32, valFreq: 3 };
  const state = await stateAfter(4, (context) => ppo.train(setup(kind, 4), options, context));
  const [whole, resumed] = [
    await ppo.train(setup(kind, 4), options),
    await ppo.train(setup(kind, 4), options, { resume: state }),
  ];
  expect(resumed.last.weights).toEqual(whole.last.weights);
  expect(resumed.curve.map(({ episodes }) => episodes)).toEqual(whole.curve.map(({ episodes }) => episodes));
});

test("SAC refuses a policy through whose choices no gradient flows", () => {
  expect(sac.refuses!(setup("GMM").base.model)).toBe("makes choices, through which no gradient flows");
  expect(sac.refuses!(setup("Gaussian transformer").base.model)).toBeUndefined();
});
