import { expect, test, vi } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { InputError } from "../../sdk/src/errors.js";
import { evaluateSettings, type PolicySetting, type SettingResult } from "../../sdk/src/evaluation/evaluate.js";
import { policyActor } from "../../sdk/src/evaluation/policy-actor.js";
import { FakeEnvironments } from "../rl/fake-environments.js";
import { smallPolicy } from "../rl/setup.js";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("plays the asked episodes in every setting, and reports each", async () => {
  const environments = new FakeEnvironments({ count: 3, chunks: (i) => i + 1, reward: ([a]) => a! });
  const disposed: number[] = [];
  const settings: PolicySetting[] = [];
  const result = await evaluateSettings(
    environments,
    (setting) => {
      settings.push(setting);
      return {
        act: async () => new Float32Array(3).fill(setting.denoisingSteps),
        dispose: async () => void disposed.push(setting.denoisingSteps),
      };
    },
    { denoisingSteps: [1, 5], episodes: 5, initialNoise: "zero", successThreshold: 2 },
  );
  expect(settings).toEqual([1, 5].map((denoisingSteps) => ({ denoisingSteps, initialNoise: "zero" })));
  expect(disposed).toEqual([1, 5]);
  expect(result).toMatchObject({ initialNoise: "zero", environments: 3 });
  const [one, five] = result.settings;
  expect(one!.episodes.map(({ environment, return: r }) => [environment, r])).toEqual([
    [0, 1],
    [0, 1],
    [1, 2],
    [1, 2],
    [2, 3],
  ]);
  expect(one).toMatchObject({
    denoisingSteps: 1,
    bestReturn: 3,
    statistics: { episodes: 5, return: { mean: 1.8 }, successRate: { mean: 0 } },
  });
  expect(five).toMatchObject({
    denoisingSteps: 5,
    bestReturn: 15,
    statistics: { return: { mean: 9 }, length: { mean: 1.8 }, successRate: { mean: 1 } },
  });
});

test("measures the calls to the policy, without the first", async () => {
  const environments = new FakeEnvironments({ count: 2, chunks: () => 4 });
  let calls = 0;
  const act = async () => {
    await pause(calls++ === 0 ? 200 : 4);
    return new Float32Array(2);
  };
  const [{ inference }] = (await evaluateSettings(environments, () => ({ act }), { episodes: 2 })).settings as [never];
  expect(calls).toBe(5);
  expect(inference).toMatchObject({ calls: 4 });
  const { seconds, frequency } = inference as { seconds: { mean: number }; frequency: { mean: number } };
  expect(seconds.mean).toBeGreaterThan(0.003);
  expect(seconds.mean).toBeLessThan(0.1);
  expect(frequency.mean).toBeCloseTo(1 / seconds.mean, 6);
});

test("evaluates a trained policy; sampled initial noise varies, zero does not", async () => {
  const policy = smallPolicy({ actionSteps: 2, actionDimension: 2 });
  const environments = new FakeEnvironments({
    count: 3,
    actionSteps: 2,
    actionDimension: 2,
    reward: (a) => a[0]! + a[3]!,
  });
  const returnsOf = async (initialNoise: "sampled" | "zero") => {
    const random = new Random(5).stream("evaluation");
    const { settings } = await evaluateSettings(
      environments,
      ({ denoisingSteps, initialNoise }) =>
        policyActor(policy, environments, {
          sampling: { steps: denoisingSteps },
          initialNoise,
          random,
          compile: { threads: 1 },
        }),
      { denoisingSteps: [1, 2], episodes: 12, initialNoise },
    );
    return settings.map(({ episodes }) => episodes.map((episode) => episode.return));
  };
  const [zero, sampled] = [await returnsOf("zero"), await returnsOf("sampled")];
  expect(await returnsOf("sampled")).toEqual(sampled);
  // Environment 0 always begins with the same observation of its own clock; the first episodes differ by noise alone.
  expect(zero[0]![0]).not.toBe(sampled[0]![0]);
  expect(zero[0]).not.toEqual(zero[1]);
});

test("draws its initial noise and counts finished episodes over all settings, unless asked otherwise", async () => {
  const environments = new FakeEnvironments({ count: 2, chunks: () => 1 });
  const finished: number[] = [];
  const { initialNoise } = await evaluateSettings(
    environments,
    (setting) => {
      expect(setting.initialNoise).toBe("sampled");
      return { act: async () => new Float32Array(2) };
    },
    { denoisingSteps: [1, 2, 3], episodes: 4, onEpisodes: (count) => void finished.push(count) },
  );
  expect(initialNoise).toBe("sampled");
  expect(finished.at(-1)).toBe(12);
  expect(finished).toEqual([...finished].sort((a, b) => a - b));
  expect(finished.filter((count) => count <= 4).at(-1)).toBe(4);
});

test("times of calls have a mean and a standard deviation", async () => {
  const environments = new FakeEnvironments({ count: 1, chunks: () => 6 });
  const clock = [0, 1, 1, 3, 3, 6, 6, 10, 10, 15, 15, 21, 21].map((seconds) => 1000 * seconds);
  const now = vi.spyOn(performance, "now").mockImplementation(() => clock.shift() ?? 21_000);
  try {
    const act = async () => new Float32Array(1);
    const [{ inference }] = (await evaluateSettings(environments, () => ({ act }), { episodes: 1 })).settings as [
      SettingResult,
    ];
    // 1 to 6 seconds: mean 3.5, sum of squares 17.5.
    expect(inference.calls).toBe(6);
    expect(inference.seconds.mean).toBeCloseTo(3.5, 10);
    expect(inference.seconds.standardDeviation).toBeCloseTo(Math.sqrt(3.5), 10);
    expect(inference.frequency.mean).toBeCloseTo(1 / 3.5, 10);
    expect(inference.frequency.standardDeviation).toBeCloseTo(Math.sqrt(3.5) / 3.5 ** 2, 10);
  } finally {
    now.mockRestore();
  }
});

test("wrong counts are errors", async () => {
  const environments = new FakeEnvironments();
  const never = () => expect.unreachable();
  for (const options of [{ denoisingSteps: [] }, { denoisingSteps: [1, 0] }, { episodes: 2.5 }]) {
    await expect(evaluateSettings(environments, never, options)).rejects.toThrow(InputError);
  }
});

test("a policy that does not fit names every mismatch", () => {
  const policy = smallPolicy({ observationDimension: 5, actionDimension: 3 });
  const environments = new FakeEnvironments({ actionSteps: 2 });
  const options = { sampling: {}, initialNoise: "zero", random: new Random(0).stream("") } as const;
  expect(() => policyActor(policy, environments, options)).toThrow(
    /actionDimension: is 1[^]*is 1 x 2[^]*actionSteps: is 2/,
  );
});
