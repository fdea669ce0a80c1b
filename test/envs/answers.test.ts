// What environments must not answer, and how it is said: which environment, which member, which step.
import { afterEach, describe, expect, test, vi } from "vitest";
import { defineEnvironment, type SimulationInput } from "../../sdk/src/envs/environment.js";
import { makeEnvironment } from "../../sdk/src/envs/make-environment.js";
import { VectorEnv } from "../../sdk/src/envs/vector-env.js";

const sound: SimulationInput = {
  secondsPerStep: 0.1,
  reset: () => {},
  step: () => 1,
  observe: (out) => void (out[0] = 0),
  terminated: () => false,
};
const toy = (wrong: object) =>
  defineEnvironment({
    ...{ name: "toy", observationDimension: 1, actionDimension: 1, maxEpisodeSteps: 10 },
    create: () => ({ ...sound, ...wrong }),
  });

/** The second of two environments goes wrong in its third step. */
function late(wrong: (simulation: { steps: number; member: number }) => object) {
  let members = 0;
  return defineEnvironment({
    ...{ name: "toy", observationDimension: 1, actionDimension: 1, maxEpisodeSteps: 10 },
    create: () => {
      const counts = { steps: 0, member: members++ };
      const given = wrong(counts) as Partial<SimulationInput>;
      const step: SimulationInput["step"] = (action) => {
        counts.steps++;
        return given.step ? given.step(action) : 1;
      };
      return { ...sound, ...given, step };
    },
  });
}
const isWrong = ({ steps, member }: { steps: number; member: number }) => member === 1 && steps === 3;

async function played(env: ReturnType<typeof toy>) {
  const environments = await VectorEnv.create({ env, count: 2, seed: 0, actionSteps: 1, condSteps: 1 });
  try {
    await environments.reset();
    for (let i = 0; i < 4; i++) await environments.step(Float32Array.of(0.25, 0.5));
  } finally {
    await environments.close();
  }
}

vi.spyOn(console, "warn").mockImplementation(() => {});
const stderr = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
afterEach(() => stderr.mockClear());

describe("in a vector: name, member and step", () => {
  const cases: [string, (at: { steps: number; member: number }) => object, RegExp][] = [
    ["reward NaN", (at) => ({ step: () => (isWrong(at) ? NaN : 1) }), /step 3: reward: is NaN/],
    ["reward Infinity", (at) => ({ step: () => (isWrong(at) ? Infinity : 1) }), /step 3: reward: is Infinity/],
    ["reward text", (at) => ({ step: () => (isWrong(at) ? "1" : 1) }), /step 3: reward: is "1"/],
    ["a Promise", (at) => ({ step: () => (isWrong(at) ? Promise.resolve(1) : 1) }), /step 3: reward: is a Promise/],
    ["no end", (at) => ({ terminated: () => (isWrong(at) ? "no" : false) }), /step 3: terminated\(\): is "no"/],
    [
      "observation NaN",
      (at) => ({ observe: (out: Float64Array) => void (out[0] = isWrong(at) ? NaN : 0) }),
      /step 3: observation\[0\]: is NaN/,
    ],
  ];
  test.each(cases)("%s", async (_, wrong, message) => {
    const error = (await played(late(wrong)).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toMatch(/^env toy, number 1 of 2 \(from 0\): /);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/; last action \[0\.5\]\n/);
  });
});

test("one at a time: the same, by the call that meets it", async () => {
  const environment = await makeEnvironment(toy({ step: () => NaN }));
  environment.reset();
  expect(() => environment.step([0])).toThrow(/^step 1: reward: is NaN\n {2}expected a finite number/);
  const blind = await makeEnvironment(toy({ observe: (out: Float64Array) => void (out[0] = Infinity) }));
  expect(() => blind.reset()).toThrow(
    expect.objectContaining({
      code: "DMPO_ENV_ANSWER",
      message: "step 0: observation[0]: is Infinity\n  expected a finite number",
    }),
  );
  const endless = await makeEnvironment(toy({ terminated: () => undefined }));
  endless.reset();
  expect(() => endless.step([0])).toThrow(/^step 1: terminated\(\): is undefined\n {2}expected true or false/);
});

test.each([
  ["nothing", undefined, "returned undefined"],
  ["a number", 3, "returned 3"],
  ["half a simulation", { reset: () => {}, step: () => 1 }, "returned a simulation without observe, terminated"],
])("create() that returns %s", async (_, value, wrong) => {
  const env = defineEnvironment({
    ...{ name: "toy", observationDimension: 1, actionDimension: 1, maxEpisodeSteps: 10 },
    create: () => value as never,
  });
  await expect(makeEnvironment(env)).rejects.toThrow(`environment toy: create(): ${wrong}`);
  await expect(played(env)).rejects.toThrow(`environment toy: create(): ${wrong}`);
});

test("a delete() that throws is said, and loses nothing", async () => {
  await played(
    toy({
      delete: () => {
        throw new Error("boom");
      },
    }),
  );
  expect(stderr.mock.calls.flat().join("") + String(vi.mocked(console.warn).mock.calls.flat().join(""))).toContain(
    "an environment failed while it was freed: Error: boom",
  );
});

test.each(["avoid_m1", "one_leg_low_dim"])("160 of %s fit into one thread", async (env) => {
  const many = await VectorEnv.create({ env, seed: 0, actionSteps: 1, condSteps: 1, count: 160, workers: 0 });
  expect(many.count).toBe(160);
  await many.close();
});

test("400 hoppers fit into two threads", async () => {
  const shared = { env: "hopper-v2", seed: 0, actionSteps: 1, condSteps: 1 } as const;
  const many = await VectorEnv.create({ ...shared, count: 400, workers: 1 });
  const few = await VectorEnv.create({ ...shared, count: 2, workers: 0 });
  await many.reset();
  await few.reset();
  await many.step(new Float32Array(1200));
  await few.step(new Float32Array(6));
  expect(many.rewards.slice(0, 2)).toEqual(few.rewards);
  await many.close();
  await few.close();
});
