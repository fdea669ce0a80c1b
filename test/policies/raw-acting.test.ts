import { expect, test } from "vitest";
import { makeEnvironment } from "../../sdk/src/envs/make-environment.js";
import { Gaussian, MeanFlow } from "../../sdk/src/experiments/policies.js";
import { play } from "../../sdk/src/experiments/play.js";
import type { Normalization } from "../../sdk/src/normalization.js";
import { TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { freshPolicy } from "../../sdk/src/pretrain/pretrain.js";
import { pendulum } from "../envs/fixtures/pendulum.js";

const normalization: Normalization = {
  observationMin: Float32Array.of(-1, -4),
  observationMax: Float32Array.of(1, 4),
  actionMin: Float32Array.of(-20),
  actionMax: Float32Array.of(20),
};
const sizes = { observationDimension: 2, actionDimension: 1 };
const policy = freshPolicy(
  MeanFlow.standard()
    .withNetwork({ horizonSteps: 3, condSteps: 2, mlpDims: [16, 16, 16] })
    .for(sizes),
  { normalization, name: "pendulum" },
  7,
);

test("a loop of one's own is the episode that play() plays", async () => {
  const settings = { environments: 1, episodes: 2, denoisingSteps: 2, initialNoise: "sampled", seed: 5 } as const;
  const options = { denoisingSteps: 2, seed: 5, actionSteps: 2 };
  const { episodes } = await play(policy, { env: pendulum, actionSteps: 2, ...settings }, { threads: 1, workers: 0 });
  const environment = await makeEnvironment(pendulum, { seed: 5 });
  const actor = policy.actor(options);
  for (const episode of episodes) {
    actor.reset();
    let [observation, total, length] = [environment.reset(), 0, 0];
    for (let ended = false; !ended; length++) {
      const step = environment.step(await actor.act(observation));
      [observation, ended, total] = [step.observation, step.terminated || step.truncated, total + step.reward];
    }
    expect(length).toBe(episode.length);
    expect(total).toBeCloseTo(episode.return, 4);
  }
  environment.close();
});

test("one observation or many, a history or its only observation, give the same chunks", async () => {
  const [a, b] = [[0.1, -0.5], new Float64Array([0.3, 2])];
  const options = { initialNoise: "zero" } as const;
  const many = await policy.act([a, b], options);
  expect(many.map((chunk) => chunk.map(({ length }) => length))).toEqual([
    [1, 1, 1],
    [1, 1, 1],
  ]);
  for (const [i, one] of [a, b].entries()) {
    for (const given of [one, [...one, ...one]]) {
      const chunk = await policy.act(given, options);
      chunk.forEach(([action], step) => expect(action).toBeCloseTo(many[i]![step]![0]!, 4));
    }
  }
  expect(await policy.act([0, 0, ...a], options)).not.toEqual(many[0]);
});

test("observations are cut off where the environment cuts them off", async () => {
  const bounded = new TrainedPolicy({ ...policy, observationBound: 5 });
  const options = { initialNoise: "zero" } as const;
  // Of 4 and -4, which are 1 and -1; 20 and 400 are 5 and 100.
  const [wide, cut] = await bounded.act([[0, 400], [0, 20]], options); // prettier-ignore
  wide!.forEach((action, step) => expect(action[0]).toBeCloseTo(cut![step]![0]!, 4));
  const [low, lowest] = await bounded.act([[-5, 0], [-50, 0]], options); // prettier-ignore
  low!.forEach((action, step) => expect(action[0]).toBeCloseTo(lowest![step]![0]!, 4));
  expect(await policy.act([0, 400], options)).not.toEqual(await policy.act([0, 20], options));
});

test("a policy for furniture is cut off at 5, as its environment does, for others nothing is", async () => {
  const describe = (name: string) => freshPolicy(policy.model, { normalization, name }, 0).observationBound;
  expect(describe("one_leg_low_dim")).toBe(5);
  expect(describe("round_table_med@sdf")).toBe(5);
  expect(describe("hopper-v2")).toBeUndefined();
  expect(describe("my recordings")).toBeUndefined();
});

test("equal seeds give equal answers, and samples differ by their noise", async () => {
  const observation = [0.1, -0.5];
  expect(await policy.act(observation)).toEqual(await policy.act(observation, { seed: 0 }));
  expect(await policy.act(observation)).not.toEqual(await policy.act(observation, { seed: 1 }));
  const samples = await policy.sample(observation, { count: 5 });
  expect(new Set(samples.map((chunk) => chunk.join())).size).toBe(5);
});

test("a Gaussian's samples have its mean and deviation", async () => {
  const model = Gaussian.standard()
    .withNetwork({ horizonSteps: 1, mlpDims: [8] })
    .for(sizes);
  const gaussian = freshPolicy(model, { normalization, name: "pendulum" }, 3);
  const [central] = await gaussian.act([0.2, 0], { initialNoise: "zero" });
  const values = (await gaussian.sample([0.2, 0], { count: 2000 })).map(([action]) => action![0]!);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  expect(Math.abs(mean - central![0]!)).toBeLessThan((5 * std) / Math.sqrt(2000));
});

test("weights that change are followed", async () => {
  const changing = new TrainedPolicy({ ...policy, weights: policy.weights.slice() });
  const before = await changing.act([0, 0]);
  changing.weights.fill(0);
  expect(await changing.act([0, 0])).not.toEqual(before);
});

test("what does not fit is said", async () => {
  await expect(policy.act([1, 2, 3])).rejects.toThrow("2 numbers, or a history of 2 x 2");
  await expect(
    policy.act([
      [1, 2],
      [NaN, 0],
    ]),
  ).rejects.toThrow("observation 1[0]: NaN");
  await expect(policy.act([0, 0], { denoisingSteps: 0 })).rejects.toThrow("denoisingSteps: is 0");
  await expect(policy.sample([0, 0], { count: 0 })).rejects.toThrow("count: is 0");
  await expect(policy.actor().act([1])).rejects.toThrow("1 numbers");
  expect(() => policy.actor({ actionSteps: 4 })).toThrow("an integer from 1 to 3");
});
