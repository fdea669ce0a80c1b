// Playing a policy: what it sees, what is executed of its chunks, where its noise and its episodes come from, watched or not.
import { describe, expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { tf } from "../../sdk/src/engine/tensor.js";
import { VectorEnv } from "../../sdk/src/envs/vector-env.js";
import { openEnvironments, play, watchEpisode, type EpisodeOptions } from "../../sdk/src/experiments/play.js";
import type { Normalization } from "../../sdk/src/normalization.js";
import definition, { scripted as env } from "../envs/fixtures/scripted.js";
import { scriptedPolicy } from "./scripted-policy.js";

const control = { threads: 1, workers: 0 };

/** (steps, resets, drawn) and the action, raw. */
const ranges: Normalization = {
  observationMin: Float32Array.of(0, 0, 0),
  observationMax: Float32Array.of(8, 1, 1),
  actionMin: Float32Array.of(-2),
  actionMax: Float32Array.of(6),
};

/** What the environment was told, which is its reward. */
async function actionsOf(policy: ReturnType<typeof scriptedPolicy>, options: Partial<EpisodeOptions>) {
  const actions: number[] = [];
  await watchEpisode(policy, { env, ...options }, (_, { reward }) => void actions.push(reward));
  return actions;
}

test.each([true, false])("the environment's own limit ends episodes as failures: %s", async (legacyTimeouts) => {
  const short = { ...definition, maxEpisodeSteps: 2 };
  const policy = scriptedPolicy({ sample: (_, noise) => noise });
  const environments = await openEnvironments(policy, { env: short, environments: 1, legacyTimeouts }, 1, control);
  await environments.reset();
  for (const ends of [0, 1]) {
    await environments.step(new Float32Array(1));
    expect([environments.terminated[0], environments.truncated[0]]).toEqual([legacyTimeouts ? ends : 0, ends]);
  }
  await environments.close();
});

describe("a policy that answers with the older and the newer of its observations", () => {
  // Steps of 0 to 8 are seen as -1 to 1, and -1 to 1 are executed as -2 to 6: as steps - 2.
  const policy = scriptedPolicy({
    ...{ horizonSteps: 3, condSteps: 2, normalization: ranges },
    sample: ({ state }) => {
      const steps = state.slice([0, 0, 0], [-1, 2, 1]);
      return tf.concat([steps, steps.slice([0, 0, 0], [-1, 1, 1])], 1);
    },
  });
  const expected = [-2, -2, -1, 0, 1, 2];

  test("is watched step by step: the history moves on, and of each chunk two actions are executed", async () => {
    const actions = await actionsOf(policy, { actionSteps: 2, maxSteps: 6 });
    expect(actions).toHaveLength(6);
    actions.forEach((action, i) => expect(action, `action ${i}`).toBeCloseTo(expected[i]!, 5));
    const whole = await actionsOf(policy, { maxSteps: 6 });
    [-2, -2, -2, 0, 1, 0].forEach((action, i) => expect(whole[i], `whole chunks, ${i}`).toBeCloseTo(action, 5));
  });

  test("is played alike in many environments", async () => {
    const settings = { env, environments: 3, actionSteps: 2, maxEpisodeSteps: 6, successThreshold: 0.75 };
    const acting = { episodes: 4, denoisingSteps: 1, initialNoise: "zero", seed: 1 } as const;
    const { episodes, statistics } = await play(policy, { ...settings, ...acting }, control);
    expect(episodes.map(({ length }) => length)).toEqual([6, 6, 6, 6]);
    for (const episode of episodes) {
      expect(episode.return).toBeCloseTo(-2, 4);
      // The best chunk: 1 + 2 in two steps.
      expect(episode.bestReward).toBeCloseTo(1.5, 4);
    }
    expect(statistics.successRate!.mean).toBe(1);
    const never = await play(policy, { ...settings, ...acting, successThreshold: 1.75 }, control);
    expect(never.statistics.successRate!.mean).toBe(0);
  });
});

describe("a policy that answers with its noise", () => {
  const policy = scriptedPolicy({ horizonSteps: 3, sample: (_, noise) => noise });
  const options = { seed: 5, actionSteps: 2, maxSteps: 4 };
  const stream = new Random(5).stream("initial noise");
  const expected = [1, 2].flatMap(() => [...stream.normal(new Float32Array(3))].slice(0, 2));

  test("draws it from the seed, all of it for every chunk", async () => {
    expect(await actionsOf(policy, options)).toEqual(expected);
    expect(await actionsOf(policy, { ...options, seed: 6 })).not.toEqual(expected);
    expect(await actionsOf(policy, { ...options, initialNoise: "zero" })).toEqual([0, 0, 0, 0]);
  });

  test("is watched in the episode that is played with the same seed in the first environment", async () => {
    const played = { env, environments: 1, actionSteps: 2, maxEpisodeSteps: 4, episodes: 1 };
    const acting = { denoisingSteps: 1, initialNoise: "sampled", seed: 5 } as const;
    const { episodes } = await play(policy, { ...played, ...acting }, control);
    expect(episodes[0]!.return).toBeCloseTo(
      expected.reduce((sum, action) => sum + action, 0),
      5,
    );
  });
});

test("the settings of sampling reach the policy", async () => {
  const seen: unknown[] = [];
  const policy = scriptedPolicy({
    sample: (_, noise, sampling) => {
      seen.push(sampling);
      return noise;
    },
  });
  await actionsOf(policy, { maxSteps: 1 });
  await actionsOf(policy, { maxSteps: 1, denoisingSteps: 3, clipIntermediate: false });
  const episode = { env, environments: 1, maxEpisodeSteps: 1, episodes: 1, initialNoise: "zero", seed: 0 } as const;
  await play(policy, episode, control);
  await play(policy, { ...episode, denoisingSteps: 2 }, control);
  expect(seen).toEqual([
    { steps: undefined, clipIntermediate: undefined },
    { steps: 3, clipIntermediate: false },
    { steps: undefined },
    { steps: 2 },
  ]);
});

test("episodes begin as their seeds say, and end at the limit, at their end, or where the watcher has seen enough", async () => {
  const policy = scriptedPolicy({ sample: (_, noise) => noise });
  const vector = await VectorEnv.create({ env, count: 1, seed: 7, workers: 0, actionSteps: 1, condSteps: 1 });
  await vector.reset();
  const [, , drawn] = vector.observations.state;
  await vector.close();
  const watched = async (options: Partial<EpisodeOptions>, enough = Infinity) => {
    const observations: number[][] = [];
    await watchEpisode(policy, { env, seed: 7, ...options }, (environment, { steps, observation }) => {
      expect(environment.state().qpos).toEqual([steps]);
      observations.push([...observation]);
      return steps >= enough;
    });
    expect(observations.map(([steps]) => steps)).toEqual(observations.map((_, i) => i + 1));
    for (const [, resets, random] of observations) expect([resets, Math.fround(random!)]).toEqual([1, drawn]);
    return observations.length;
  };
  expect(await watched({})).toBe(150);
  expect(await watched({ maxSteps: 5 })).toBe(5);
  expect(await watched({ maxSteps: 5 }, 3)).toBe(3);
  expect(await watched({ maxSteps: Infinity })).toBe(1000);
});
