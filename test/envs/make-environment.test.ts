import { afterEach, expect, test } from "vitest";
import { makeEnvironment, type Environment } from "../../sdk/src/envs/make-environment.js";
import { VectorEnv } from "../../sdk/src/envs/vector-env.js";
import { effects, scripted } from "./fixtures/scripted.js";

const open: Environment[] = [];
afterEach(() => open.splice(0).forEach((environment) => environment.close()));

async function make(...parameters: Parameters<typeof makeEnvironment>): Promise<Environment> {
  const environment = await makeEnvironment(...parameters);
  open.push(environment);
  return environment;
}

test("the same seed gives the same episode, another seed another", async () => {
  const episodes: number[][] = [];
  for (const seed of [7, 7, 8]) {
    const environment = await make("hopper-v2", { seed });
    const first = environment.reset();
    const { observation, reward } = environment.step([0.1, -0.2, 0.3]);
    episodes.push([...first, ...observation, reward]);
  }
  expect(episodes[0]).toEqual(episodes[1]);
  expect(episodes[0]).not.toEqual(episodes[2]);
});

test("it is environment 0 of a vector with its seed", async () => {
  const single = await make("hopper-v2", { seed: 7 });
  const vector = await VectorEnv.create({
    env: "hopper-v2",
    count: 1,
    seed: 7,
    workers: 0,
    actionSteps: 1,
    condSteps: 1,
  });
  await vector.reset();
  expect([...vector.observations.state]).toEqual([...Float32Array.from(single.reset())]);
  await vector.step(Float32Array.of(0.5, 0.5, -0.5));
  const { observation, reward } = single.step([0.5, 0.5, -0.5]);
  expect([...vector.observations.state]).toEqual([...Float32Array.from(observation)]);
  expect(vector.rewards[0]).toBe(Math.fround(reward));
  await vector.close();
});

test("an episode ends by termination or after its limit, and then needs a reset", async () => {
  const environment = await make(scripted);
  environment.reset();
  for (let i = 1; i < 1000; i++) expect(environment.step([1])).toMatchObject({ terminated: false, truncated: false });
  expect(environment.step([1])).toMatchObject({ terminated: false, truncated: true });
  expect(() => environment.step([1])).toThrow(
    "environment: no episode is running\n  expected one that is\n  call reset()",
  );
  environment.reset();
  expect(environment.step([effects.end])).toMatchObject({ reward: effects.end, terminated: true, truncated: false });
});

test("the state can be read, written and drawn", async () => {
  const environment = await make("hopper-v2");
  const state = { qpos: [3, 1.2, 0.1, -0.1, -0.2, 0.3], qvel: [0, 0, 0, 0, 0, 0] };
  environment.setState(state);
  expect(environment.state()).toEqual({ qpos: Float64Array.from(state.qpos), qvel: Float64Array.from(state.qvel) });
  expect(environment.pose()).toEqual(environment.definition.pose!(state.qpos));
  const before = environment.state();
  expect(environment.step([0, 0, 0]).terminated).toBe(false);
  expect(before.qpos).toEqual(Float64Array.from(state.qpos));
  expect(environment.state().qpos).not.toEqual(before.qpos);
  expect(() => environment.setState({ ...state, qpos: [1] })).toThrow("qpos: 1 numbers\n  expected 6 numbers");
});

test("capsules are weighed as asked", async () => {
  const rewards = [];
  for (const inertia of [undefined, "legacy", "exact"] as const) {
    const environment = await make("hopper-v2", { inertia });
    environment.reset();
    rewards.push(environment.step([1, 1, 1]).reward);
  }
  expect(rewards[1]).toBe(rewards[0]);
  expect(rewards[2]).not.toBe(rewards[0]);
});

test.each([
  { action: [1, 2], shown: "[1, 2]" },
  { action: [0, NaN, 0], shown: "[0, NaN, 0]" },
])("action $shown is refused", async ({ action, shown }) => {
  const environment = await make("hopper-v2");
  environment.reset();
  expect(() => environment.step(action)).toThrow(`action: ${shown}\n  expected 3 finite numbers`);
});

test("a picture follows the state, and environments without one say so", async () => {
  const environment = await make("hopper-v2", { seed: 1 });
  environment.reset();
  const size = { width: 64, height: 48, samples: 1 };
  const first = environment.render(size);
  expect([...environment.render(size).rgb]).toEqual([...first.rgb]);
  for (let i = 0; i < 10; i++) environment.step([1, 1, 1]);
  expect([...environment.render(size).rgb]).not.toEqual([...first.rgb]);
  const plain = await make(scripted);
  plain.reset();
  expect(() => plain.render()).toThrow(/has no pictures/);
});
