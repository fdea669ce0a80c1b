// A watched environment is a vector environment of one, looked at after every step.
import { expect, test } from "vitest";
import { VectorEnv } from "../../sdk/src/envs/vector-env.js";
import { watchedEnvironment, type Visible, type Watch } from "../../sdk/src/envs/watched-environment.js";
import { looking, SIZE } from "./fixtures/looking.js";
import { effects, scripted } from "./fixtures/scripted.js";

const options = { seed: 3, actionSteps: 3, condSteps: 2 };
const watch = (watch: Watch, more = {}) => watchedEnvironment({ env: scripted, ...options, ...more }, watch);

test("gives the numbers of a vector of one, whether it is looked at or not", async () => {
  const sizes = { ...options, env: "hopper-v2", maxEpisodeSteps: 20 };
  const vector = await VectorEnv.create({ ...sizes, count: 1, workers: 0 });
  let looked = 0;
  const watched = await watchedEnvironment(sizes, (environment) => {
    looked += environment.pose().length;
  });
  const outputs = [vector, watched].map((environments) => async (actions?: Float32Array) => {
    await (actions ? environments.step(actions) : environments.reset());
    const { count, space, actionSteps, observations, finalObservations } = environments;
    const { rewards, terminated, truncated, executedSteps } = environments;
    const sizes = { count, space, actionSteps };
    return structuredClone({
      ...sizes,
      observations,
      finalObservations,
      rewards,
      terminated,
      truncated,
      executedSteps,
    });
  });
  const ends = new Set<string>();
  for (let chunk = -1; chunk < 30; chunk++) {
    const actions = chunk < 0 ? undefined : Float32Array.from({ length: 9 }, (_, i) => Math.sin(i + chunk));
    const [expected, found] = [await outputs[0]!(actions), await outputs[1]!(actions)];
    expect(found).toEqual(expected);
    ends.add(`${found.terminated[0]} ${found.truncated[0]}`);
  }
  expect(ends).toContain("0 1");
  expect(looked).toBeGreaterThan(30 * 3);
  await Promise.all([vector.close(), watched.close()]);
});

test("is seen after each step, before the next episode begins", async () => {
  const seen: (readonly [Visible, ...number[]])[] = [];
  const watched = await watch((environment, { steps, observation, reward }) => {
    seen.push([environment, steps, environment.state().qpos[0]!, ...observation.slice(0, 2), reward]);
  });
  await watched.reset();
  await watched.step(Float32Array.of(1, effects.end, 3));
  await watched.step(Float32Array.of(4, 5, 6));
  expect(seen.map(([, ...numbers]) => numbers)).toEqual([
    [1, 1, 1, 1, 1],
    [2, 2, 2, 1, effects.end],
    [1, 1, 1, 2, 4],
    [2, 2, 2, 2, 5],
    [3, 3, 3, 2, 6],
  ]);
  expect(new Set(seen.map(([environment]) => environment)).size).toBe(1);
  expect(seen[0]![0]).toMatchObject({ secondsPerStep: 0.01, definition: { name: "scripted" } });
});

test("an episode that was looked at for long enough is cut off, one that ended is not", async () => {
  const watched = await watch((_, { steps }) => steps === 2);
  await watched.reset();
  await watched.step(Float32Array.of(1, 1, 1));
  expect(watched).toMatchObject({ truncated: { 0: 1 }, terminated: { 0: 0 }, executedSteps: { 0: 2 } });
  await watched.step(Float32Array.of(1, effects.end, 1));
  expect(watched).toMatchObject({ truncated: { 0: 0 }, terminated: { 0: 1 }, executedSteps: { 0: 2 } });
});

test("pictures are those of a vector of one", async () => {
  const sizes = { ...options, env: looking, imageSteps: 2 };
  const vector = await VectorEnv.create({ ...sizes, count: 1, workers: 0 });
  const watched = await watchedEnvironment(sizes, () => {});
  for (const environments of [vector, watched]) {
    await environments.reset();
    await environments.step(Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6));
  }
  expect(watched.space).toEqual(vector.space);
  expect(watched.observations).toEqual(vector.observations);
  expect(watched.observations.rgb).toHaveLength(2 * 3 * SIZE ** 2);
  await Promise.all([vector.close(), watched.close()]);
});

test("refuses what a vector environment refuses", async () => {
  await expect(watch(() => {}, { actionSteps: 0 })).rejects.toThrow("actionSteps: 0");
  const watched = await watch(() => {});
  await watched.reset();
  await expect(watched.step(Float32Array.of(1, NaN, 1))).rejects.toThrow("actions[1]: NaN for environment 0");
  await expect(watched.step(Float32Array.of(1))).rejects.toThrow("3 of shape (1, 3, 1)");
});
