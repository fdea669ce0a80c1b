// What environments refuse, in full: code, place, what was found, what was expected, what to do.
import { expect, test } from "vitest";
import { humanoid } from "../../sdk/src/envs/locomotion/humanoid.js";
import { makeEnvironment } from "../../sdk/src/envs/make-environment.js";
import { normalizedScore } from "../../sdk/src/envs/normalized-score.js";
import { environmentNames, findEnvironment } from "../../sdk/src/envs/registry.js";
import { VectorEnv, type VectorEnvOptions } from "../../sdk/src/envs/vector-env.js";
import { scripted } from "./fixtures/scripted.js";

/** A vector of two, with two actions a chunk; what is done with it, and closed. */
async function withVector<T>(
  act: (vector: VectorEnv) => Promise<T>,
  options: Partial<VectorEnvOptions> = {},
): Promise<T> {
  const whole = { env: scripted, count: 2, seed: 0, workers: 0, actionSteps: 2, condSteps: 1, ...options };
  const vector = await VectorEnv.create(whole);
  try {
    return await act(vector);
  } finally {
    await vector.close();
  }
}
const inReady = (act: (vector: VectorEnv) => Promise<unknown>) => () =>
  withVector(async (vector) => {
    await vector.reset();
    await act(vector);
  });
const environment = async () => makeEnvironment(scripted, { seed: 0 });

test.each<[string, () => Promise<unknown>, string, string]>([
  [
    "a chunk of another size",
    inReady((vector) => vector.step(new Float32Array(3))),
    "DMPO_ENV_ACTION",
    "actions: 3 numbers\n  expected 4 of shape (2, 2, 1)",
  ],
  [
    "an action that is no number",
    inReady((vector) => vector.step(Float32Array.of(0, 0, 0, NaN))),
    "DMPO_ENV_ACTION",
    "actions[3]: NaN for environment 1\n  expected finite numbers",
  ],
  [
    "a step before the first reset",
    () => withVector((vector) => vector.step(new Float32Array(4))),
    "DMPO_ENV_STATE",
    "vector environment: it is never reset\n  expected one that is ready\n  await reset() first",
  ],
  [
    "a step during another",
    inReady(async (vector) => {
      const first = vector.step(new Float32Array(4));
      await vector.step(new Float32Array(4)).finally(() => first);
    }),
    "DMPO_ENV_STATE",
    "vector environment: it is still at the last call\n  expected one that is ready\n  await that call",
  ],
  [
    "a step after the end",
    async () => {
      const vector = await withVector(async (open) => open);
      await vector.step(new Float32Array(4));
    },
    "DMPO_ENV_STATE",
    "vector environment: it is closed\n  expected one that is ready\n  create a new one",
  ],
  [
    "a reset of what is not there",
    inReady((vector) => vector.reset({ environments: [0, 2] })),
    "DMPO_ENV_OPTIONS",
    "environments: 2\n  expected integers from 0 to 1",
  ],
  [
    "a reset below the first",
    inReady((vector) => vector.reset({ environments: [-1] })),
    "DMPO_ENV_OPTIONS",
    "environments: -1\n  expected integers from 0 to 1",
  ],
  [
    "a reset between two",
    inReady((vector) => vector.reset({ environments: [0.5] })),
    "DMPO_ENV_OPTIONS",
    "environments: 0.5\n  expected integers from 0 to 1",
  ],
  [
    "seeds for others",
    inReady((vector) => vector.reset({ environments: [1], seeds: [1, 2] })),
    "DMPO_ENV_OPTIONS",
    "seeds: [1, 2]\n  expected 1 integers, one per environment",
  ],
  [
    "seeds that are no integers",
    inReady((vector) => vector.reset({ seeds: [1, 2.5] })),
    "DMPO_ENV_OPTIONS",
    "seeds: [1, 2.5]\n  expected 2 integers, one per environment",
  ],
  [
    "every option",
    () =>
      withVector(async () => {}, {
        ...{ count: 0, seed: 0.5, workers: -1, actionSteps: 0, condSteps: 1.5, maxEpisodeSteps: 0 },
        ...{ patienceSeconds: 0, workerMemoryMiB: NaN },
      }),
    "DMPO_ENV_OPTIONS",
    [
      ...["count: 0", "  expected an integer >= 1", "seed: 0.5", "  expected an integer"],
      ...["workers: -1", "  expected an integer >= 0", "actionSteps: 0", "  expected an integer >= 1"],
      ...["condSteps: 1.5", "  expected an integer >= 1", "maxEpisodeSteps: 0", "  expected an integer >= 1"],
      ...["patienceSeconds: 0", "  expected a positive number", "workerMemoryMiB: NaN", "  expected a positive number"],
    ].join("\n"),
  ],
  [
    "a seed too few",
    () => withVector(async () => {}, { seed: [1] }),
    "DMPO_ENV_OPTIONS",
    "seed: [1]\n  expected an integer, or 2 of them",
  ],
  [
    "a seed that is no integer",
    () => withVector(async () => {}, { seed: [1, 0.5] }),
    "DMPO_ENV_OPTIONS",
    "seed: [1, 0.5]\n  expected an integer, or 2 of them",
  ],
  [
    "statistics of another environment",
    () =>
      withVector(async () => {}, {
        normalization: {
          observationMin: Float32Array.of(0, 0, 0),
          observationMax: Float32Array.of(1, 1),
          actionMin: Float32Array.of(NaN),
          actionMax: Float32Array.of(1),
        },
      }),
    "DMPO_ENV_OPTIONS",
    [
      "normalization.observationMax: [1, 1]",
      "  expected 3 finite numbers, as scripted has dimensions",
      "  use the statistics of a dataset recorded in this environment",
      "normalization.actionMin: [NaN]",
      "  expected 1 finite numbers, as scripted has dimensions",
      "  use the statistics of a dataset recorded in this environment",
    ].join("\n"),
  ],
  [
    "no environment",
    () => findEnvironment(undefined as never),
    "DMPO_ENV_UNKNOWN",
    "env: is missing\n  expected the name of an environment, the path of a module, or a definition",
  ],
  [
    "a step of no episode",
    async () => (await environment()).step([1]),
    "DMPO_ENV_STATE",
    "environment: no episode is running\n  expected one that is\n  call reset()",
  ],
  [
    "an action of another size",
    async () => {
      const single = await environment();
      single.reset();
      single.step([1, 2]);
    },
    "DMPO_ENV_ACTION",
    "action: [1, 2]\n  expected 1 finite numbers",
  ],
  [
    "another state",
    async () => (await environment()).setState({ qpos: [0], qvel: [1, 2] }),
    "DMPO_ENV_STATE",
    "qvel: 2 numbers\n  expected 0 numbers",
  ],
  [
    "a picture of nothing",
    async () => (await environment()).render(),
    "DMPO_RENDER_NOTHING",
    "scripted: has no pictures\n  expected an environment in MuJoCo, or one with pose()",
  ],
  [
    "a score without reference",
    async () => normalizedScore(humanoid, 1),
    "DMPO_ENV_SCORE",
    "env: humanoid-v3 has no reference returns\n  expected an environment of D4RL's\n  use the return itself",
  ],
])("%s", async (_, act, code, message) => {
  await expect(act()).rejects.toMatchObject({ code, message });
});

test("an unknown environment: those that exist, and the nearest", async () => {
  const expected = expect.stringMatching(
    /^env: there is no environment "hoper-v2"\n {2}expected one of hopper-v2, walker2d-v2, .*, or the name of a dataset recorded in one\n {2}did you mean "hopper-v2"\?$/,
  ) as string;
  await expect(findEnvironment("hoper-v2")).rejects.toMatchObject({ code: "DMPO_ENV_UNKNOWN", message: expected });
  await expect(findEnvironment("entirely different")).rejects.toMatchObject({
    problems: [{ remedy: "an environment of your own is given as its definition or module: env: ..." }],
  });
  expect(environmentNames).toContain("hopper-v2");
});

test("what fails in the thread that asks: environment and action, with the cause", async () => {
  await withVector(async (vector) => {
    await vector.reset();
    await expect(vector.step(Float32Array.of(0, 0, 0.5, 101))).rejects.toMatchObject({
      code: "DMPO_ENV_FAILED",
      message: expect.stringMatching(
        /^env scripted, number 1 of 2 \(from 0\): Error: the script says so; last action \[101\]\n {2}expected every environment to finish its chunk$/,
      ) as string,
      cause: { message: "the script says so" },
    });
  });
});
