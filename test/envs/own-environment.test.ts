import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { defineEnvironment, type EnvironmentInput, type EnvironmentSource } from "../../sdk/src/envs/environment.js";
import { makeEnvironment } from "../../sdk/src/envs/make-environment.js";
import { environmentTitle, findEnvironment } from "../../sdk/src/envs/registry.js";
import { VectorEnv } from "../../sdk/src/envs/vector-env.js";
import { pendulum } from "./fixtures/pendulum.js";
import { rod } from "./fixtures/rod.js";

const warnings: string[] = [];
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dmpo-own-"));
  vi.spyOn(console, "warn").mockImplementation((line: string) => void warnings.push(line));
});
afterEach(async () => {
  vi.restoreAllMocks();
  warnings.length = 0;
  await rm(folder, { recursive: true });
});

/** The first observations and the rewards of four environments, pushed with the same torque. */
async function trial(env: EnvironmentSource, workers?: number) {
  const vector = await VectorEnv.create({ env, count: 4, seed: 3, workers, actionSteps: 2, condSteps: 1 });
  await vector.reset();
  const first = [...vector.observations.state];
  await vector.step(new Float32Array(8).fill(0.5));
  const result = { first, rewards: [...vector.rewards], workers: vector.workers };
  await vector.close();
  return result;
}

/** One level of Euler steps in the same order, written again. */
function expectedReward(angle: number): number {
  let [speed, total] = [0, 0];
  for (let i = 0; i < 2; i++) {
    speed += 0.05 * (0.5 - 9.81 * Math.sin(angle));
    angle += 0.05 * speed;
    total -= angle ** 2;
  }
  return total;
}

test("a definition that closes over nothing is stepped by threads, with the same numbers", async () => {
  const { first, rewards, workers } = await trial(pendulum, 3);
  expect(workers).toBe(3);
  expect(warnings).toEqual([]);
  expect(await trial(pendulum, 0)).toEqual({ first, rewards, workers: 0 });
  [0, 1, 2, 3].forEach((i) => expect(rewards[i]).toBeCloseTo(expectedReward(first[2 * i]!), 6));
});

test("one that closes over something is stepped in this thread, which is said once with the name", async () => {
  const gravity = 9.81;
  const closing = defineEnvironment({
    ...pendulum,
    create: (options) => (gravity > 0 ? pendulum.create(options) : Promise.reject(new Error())),
  });
  const { rewards, workers } = await trial(closing, 3);
  await trial(closing, 3);
  expect(workers).toBe(0);
  expect(warnings).toEqual([
    expect.stringMatching(
      /^pendulum is defined in this program and its create\(\) uses gravity, pendulum from outside, so/,
    ),
  ]);
  expect(rewards).toEqual((await trial(pendulum, 0)).rewards);
});

test("a robot that closes over nothing is stepped by threads, with the same numbers", async () => {
  const { workers, ...threaded } = await trial(rod, 2);
  expect(workers).toBe(2);
  expect({ ...threaded, workers: 0 }).toEqual(await trial(rod, 0));
});

test("nothing is said where one thread was asked for", async () => {
  await trial(defineEnvironment({ ...pendulum, name: "other" }), 0);
  expect(warnings).toEqual([]);
});

/** What may be left out is. */
const module = `let angle = 0;
export default {
  name: "slider", observationDimension: 1, actionDimension: 1, maxEpisodeSteps: 5,
  create: () => ({
    secondsPerStep: 1,
    reset() { angle = 0; },
    step: ([push]) => (angle += push),
    observe: (out) => void (out[0] = angle),
    terminated: () => false,
  }),
};`;

test("a module is given by a relative path, and works in threads", async () => {
  await mkdir(join(folder, "deep"));
  await writeFile(join(folder, "deep/slider.mjs"), module);
  vi.spyOn(process, "cwd").mockReturnValue(folder);
  expect(await environmentTitle("./deep/slider.mjs")).toBe("slider");
  const { rewards, workers } = await trial("./deep/slider.mjs", 2);
  // Two of the environments share this thread, and so their module's variable.
  expect([workers, rewards[0], rewards[1]]).toEqual([2, 1.5, 1.5]);
});

test("names stay as they were given", async () => {
  expect(await environmentTitle("hopper-medium-v2")).toBe("hopper-medium-v2");
  expect(await environmentTitle(pendulum)).toBe("pendulum");
});

test("what a module lacks is said", async () => {
  await writeFile(join(folder, "empty.mjs"), "export const slider = 1;");
  await writeFile(join(folder, "wrong.mjs"), 'import "nowhere-to-be-found";');
  await expect(findEnvironment(join(folder, "empty.mjs"))).rejects.toMatchObject({
    code: "DMPO_ENV_MODULE",
    message: expect.stringContaining("has no default export") as string,
  });
  await expect(findEnvironment(join(folder, "wrong.mjs"))).rejects.toThrow(/cannot be loaded: .*nowhere-to-be-found/);
  await expect(findEnvironment("./absent.mjs")).rejects.toMatchObject({ code: "DMPO_ENV_MODULE" });
});

test("all that is wrong with a definition is said at once", () => {
  const wrong = { ...pendulum, actionDimension: 0, observationNames: ["angle"], create: undefined };
  expect(() => defineEnvironment(wrong as unknown as EnvironmentInput)).toThrow(
    /actionDimension: 0\n.*\n.*observationNames: \["angle"\]\n +expected 2 different names\n.*create: undefined/s,
  );
  expect(() => defineEnvironment({ ...pendulum, name: "a/b" })).toThrow("without slashes");
});

test.each([
  [null, "environment: null\n  expected a definition"],
  [{ ...pendulum, name: 7 }, 'environment: name: 7\n  expected a text without slashes, e.g. "pendulum"'],
  [
    { ...pendulum, actionNames: ["torque", "push"] },
    'environment pendulum: actionNames: ["torque","push"]\n  expected 1 different names',
  ],
])("%j is no definition", (input, message) => {
  expect(() => defineEnvironment(input as never)).toThrow(message);
});

test("a definition is one thing however often it is given, with what it left out filled in", async () => {
  const input = { ...pendulum, aliases: undefined };
  expect(await findEnvironment(input)).toBe(await findEnvironment(input));
  expect(await findEnvironment(pendulum)).toBe(pendulum);
  expect(defineEnvironment(input).aliases).toEqual([]);
  const environment = await makeEnvironment(pendulum, { seed: 3 });
  environment.reset();
  expect(() => environment.setState({ qpos: [0], qvel: [0] })).toThrow("its state cannot be set");
  environment.close();
});

test("a picture is drawn of the stick figure, the root in the middle", async () => {
  const environment = await makeEnvironment(pendulum);
  environment.reset();
  const { rgb } = environment.render({ width: 60, height: 60 });
  const isRod = (x: number, y: number) => rgb[3 * (60 * y + x)]! > rgb[3 * (60 * y + x) + 2]!;
  expect([isRod(30, 31), isRod(30, 20), isRod(5, 5)]).toEqual([true, false, false]);
  environment.close();
});
