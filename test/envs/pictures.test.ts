// Environments with pictures: histories of them, episodes that end, workers, and what is refused.
import { expect, onTestFinished, test } from "vitest";
import { defineEnvironment } from "../../sdk/src/envs/environment.js";
import { makeEnvironment } from "../../sdk/src/envs/make-environment.js";
import { VectorEnv, type VectorEnvOptions } from "../../sdk/src/envs/vector-env.js";
import { looking, SIZE } from "./fixtures/looking.js";

/** Its picture counts: steps since the reset, resets; ends after three steps. */
const counting = defineEnvironment({
  name: "counting",
  observationDimension: 1,
  actionDimension: 1,
  maxEpisodeSteps: 3,
  pictures: [1, 1, 2],
  create() {
    let [steps, resets] = [0, 0];
    return {
      secondsPerStep: 1,
      reset: () => void ([steps, resets] = [0, resets + 1]),
      step: () => ++steps,
      observe: (out) => void (out[0] = steps),
      look: (out) => out.set([steps, resets]),
      terminated: () => false,
    };
  },
});

async function open(options: Partial<VectorEnvOptions>): Promise<VectorEnv> {
  const usual = { env: counting, count: 1, seed: 0, actionSteps: 2, condSteps: 3, imageSteps: 3, workers: 0 };
  const vector = await VectorEnv.create({ ...usual, ...options });
  onTestFinished(() => vector.close());
  await vector.reset();
  return vector;
}

test("pictures form a history as states do: the first is repeated, an episode's last ones are kept", async () => {
  const vector = await open({});
  expect(vector.space).toEqual({ actionDim: 1, state: [3, 1], rgb: [3, 1, 1, 2] });
  expect([...vector.observations.rgb!]).toEqual([0, 1, 0, 1, 0, 1]);
  await vector.step(new Float32Array(2));
  expect([...vector.observations.rgb!]).toEqual([0, 1, 1, 1, 2, 1]);
  expect([...vector.observations.state]).toEqual([0, 1, 2]);
  await vector.step(new Float32Array(2));
  expect([...vector.finalObservations.rgb!]).toEqual([1, 1, 2, 1, 3, 1]);
  expect([...vector.finalObservations.state]).toEqual([1, 2, 3]);
  expect([...vector.observations.rgb!]).toEqual([0, 2, 0, 2, 0, 2]);
});

test("one picture is taken at the end of a chunk, and none where none is asked for", async () => {
  const vector = await open({ imageSteps: 1 });
  await vector.step(new Float32Array(2));
  expect([...vector.observations.rgb!]).toEqual([2, 1]);
  await vector.step(new Float32Array(2));
  expect([[...vector.finalObservations.rgb!], [...vector.observations.rgb!]]).toEqual([[3, 1], [0, 2]]); // prettier-ignore
  const blind = await open({ imageSteps: undefined });
  expect([blind.space.rgb, blind.observations.rgb]).toEqual([undefined, undefined]);
});

test("workers write pictures into shared memory: the same as in one thread", async () => {
  const options = { env: looking, count: 3, actionSteps: 3, imageSteps: 2, patienceSeconds: 30 };
  const [alone, shared] = [await open(options), await open({ ...options, workers: 1 })];
  for (let step = 0; step < 3; step++) {
    expect(shared.observations.rgb).toEqual(alone.observations.rgb);
    expect(shared.finalObservations.rgb).toEqual(alone.finalObservations.rgb);
    for (const vector of [alone, shared]) await vector.step(new Float32Array(3 * 3 * 2));
  }
  expect(alone.observations.rgb!.buffer).toBeInstanceOf(ArrayBuffer);
  expect(shared.observations.rgb!.buffer).toBeInstanceOf(ArrayBuffer);
  expect(alone.observations.rgb!.length).toBe(3 * 2 * 3 * SIZE * SIZE);
});

test("one environment shows what policies see", async () => {
  const environment = await makeEnvironment(looking);
  onTestFinished(() => environment.close());
  environment.reset();
  const picture = environment.look();
  const red = picture.subarray(0, SIZE * SIZE).filter((value) => value === 255);
  expect([picture.length, red.length]).toEqual([3 * SIZE * SIZE, 36]);
  const blind = await makeEnvironment("hopper-v2");
  onTestFinished(() => blind.close());
  expect(() => blind.look()).toThrow(/hopper-v2: has no pictures/);
});

test("what does not fit is refused", async () => {
  await expect(open({ env: "hopper-v2", imageSteps: 1 })).rejects.toThrow(/imageSteps: hopper-v2 has no pictures/);
  await expect(open({ imageSteps: 0 })).rejects.toThrow(/imageSteps: 0[^]*integer >= 1/);
  expect(() => defineEnvironment({ ...counting, pictures: [3, 0, 2] })).toThrow(/pictures: \[3,0,2\]/);
  const blind = defineEnvironment({ ...counting, create: () => ({}) as never });
  await expect(open({ env: blind })).rejects.toThrow(/pictures: cannot be taken[^]*look\(out\)/);
});
