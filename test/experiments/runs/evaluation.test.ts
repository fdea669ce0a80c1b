// evaluate(): what it hands to the policy and to its environments, and how episodes are judged.
import { expect, onTestFinished, test, vi } from "vitest";
import { evaluate, type EvaluateInput } from "../../../sdk/src/experiments/runs/evaluation.js";
import { scriptedPolicy } from "../scripted-policy.js";

const input: EvaluateInput = { environments: 2, maxEpisodeSteps: 4, threads: 1, workers: 0, progress: false };

test("every number of denoising steps, with or without clipping between them", async () => {
  const seen: unknown[] = [];
  const policy = scriptedPolicy({
    sample(_, noise, sampling) {
      seen.push(sampling);
      return noise;
    },
  });
  const { results } = await evaluate(policy, { ...input, denoisingSteps: [3, 1], episodes: 2 });
  expect(results.map(({ denoisingSteps }) => denoisingSteps)).toEqual([3, 1]);
  await evaluate(policy, { ...input, denoisingSteps: [2], episodes: 2, clipIntermediate: false });
  expect(seen).toEqual([
    { steps: 3, clipIntermediate: true },
    { steps: 1, clipIntermediate: true },
    { steps: 2, clipIntermediate: false },
  ]);
});

test("the console says for how many denoising steps a result is", async () => {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  onTestFinished(() => write.mockRestore());
  const policy = scriptedPolicy({ sample: (_, noise) => noise });
  await evaluate(policy, { ...input, denoisingSteps: [3], episodes: 2, initialNoise: "zero", console: true });
  const said = write.mock.calls.map(([text]) => String(text)).join("");
  expect(said).toMatch(/denoising steps 3 +mean return 0 +deviation 0/);
});

test("episodes are as long as asked, and succeed from the threshold on: by the mean reward of a chunk's steps", async () => {
  // Decides after 0 and 2 steps, which it sees as -1 and 1: chunks of -2 and 2.
  const policy = scriptedPolicy({
    horizonSteps: 2,
    sample: ({ state }) => state.slice([0, 0, 0], [-1, 1, 1]).tile([1, 2, 1]),
    normalization: {
      observationMin: Float32Array.of(0, 0, 0),
      observationMax: Float32Array.of(2, 1, 1),
      actionMin: Float32Array.of(-1),
      actionMax: Float32Array.of(1),
    },
  });
  const successOf = async (more: EvaluateInput) => {
    const report = await evaluate(policy, { ...input, denoisingSteps: [1], episodes: 3, ...more });
    const [{ statistics, episodes }] = report.results as [(typeof report.results)[number]];
    expect(episodes.map(({ length }) => length)).toEqual([4, 4, 4]);
    expect(statistics.return.mean).toBeCloseTo(0, 4);
    return statistics.successRate?.mean;
  };
  expect(await successOf({ successThreshold: 0.9 })).toBe(1);
  expect(await successOf({ successThreshold: 1.1 })).toBe(0);
  expect(await successOf({})).toBeUndefined();
});

test("sampled noise follows from the seed; zero noise is none", async () => {
  const policy = scriptedPolicy({ sample: (_, noise) => noise });
  const returnsOf = async (more: EvaluateInput) => {
    const { results } = await evaluate(policy, { ...input, denoisingSteps: [1], episodes: 2, ...more });
    return results[0]!.episodes.map((episode) => episode.return);
  };
  const first = await returnsOf({ seed: 1 });
  expect(await returnsOf({ seed: 1 })).toEqual(first);
  expect(await returnsOf({ seed: 2 })).not.toEqual(first);
  expect(await returnsOf({ seed: 1, initialNoise: "zero" })).toEqual([0, 0]);
});
