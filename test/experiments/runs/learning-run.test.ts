// What a run hands its algorithm: environments to train in and others to evaluate in, seeds, tests, what counts as success.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { VectorEnv } from "../../../sdk/src/envs/vector-env.js";
import type { FinishedEpisode } from "../../../sdk/src/evaluation/episode-statistics.js";
import { runLearning, type LearningSettings } from "../../../sdk/src/experiments/runs/learning-run.js";
import { defineAlgorithm, type AnyAlgorithm } from "../../../sdk/src/learning/algorithm.js";
import { temporaryFolder } from "../../data/temporary-folder.js";
import { scripted } from "../../envs/fixtures/scripted.js";
import { scriptedPolicy } from "../scripted-policy.js";

interface Row {
  /** Whether training began new episodes, and the random numbers that its environments show. */
  readonly isNew: boolean;
  readonly drawn: readonly number[];
  readonly episodes: readonly FinishedEpisode[];
  readonly testReturn: number;
}

/** Acts once, evaluates two episodes in each environment, tests. */
const probe = (rows: Row[]) =>
  defineAlgorithm({
    name: "probe",
    title: "Probe",
    kind: "finetuning",
    options: z.strictObject({ iterations: z.int().default(2) }),
    presets: {},
    keys: {},
    iterations: ({ iterations }) => iterations,
    parts: () => ({}),
    async *run(stage, _, { iterations }) {
      const evaluate = stage.evaluator(stage.base, { sampling: {}, initialNoise: "zero" });
      const { arena } = stage;
      while (stage.iteration < iterations) {
        const isNew = await arena.begin();
        const { state } = arena.environments.observations;
        const drawn = [2, 5].map((i) => state[i]!);
        await arena.step(new Float32Array(2));
        const episodes = await evaluate(4);
        const { meanReturn: testReturn } = await stage.test!(stage.base, stage.iteration);
        rows.push({ isNew, drawn, episodes, testReturn });
        yield { mode: "evaluation", episodes };
      }
    },
    learned: (_, { base }) => ({ policy: base, sets: { policy: base.weights.slice() } }),
    row: (_, { iteration }) => ({ iteration }),
    score: () => undefined,
  }) as AnyAlgorithm;

/** Is rewarded with the random number that its environment drew at the reset. */
const policy = scriptedPolicy({ sample: ({ state }) => state.slice([0, 0, 2], [-1, 1, 1]) });

/** The numbers that two environments draw at their first resets. */
async function drawnWith(seed: number, streams: string, resets = 1): Promise<number[]> {
  const options = { env: scripted, count: 2, workers: 0, actionSteps: 1, condSteps: 1 };
  const vector = await VectorEnv.create({ ...options, seed, streams });
  const drawn: number[] = [];
  for (let reset = 0; reset < resets; reset++) {
    await vector.reset();
    drawn.push(...[2, 5].map((i) => vector.observations.state[i]!));
  }
  await vector.close();
  return drawn;
}

async function run(more: Partial<LearningSettings<unknown>> = {}, folder: string | null = null) {
  const rows: Row[] = [];
  const played = { env: scripted, environments: 2, maxEpisodeSteps: 1 };
  const environments = { env: scripted, environments: 2, maxEpisodeSteps: 2, successThreshold: 0.5 };
  const test = { ...played, episodes: 2, denoisingSteps: 1, initialNoise: "zero", seed: 11 } as const;
  const { result } = await runLearning<unknown>(
    {
      ...{
        algorithm: probe(rows),
        base: policy,
        options: {},
        seed: 7,
        task: "probe",
        environments,
        test,
        countsFrom: 0,
      },
      ...{
        metrics: () => ({ iteration: 0 }),
        shown: { counter: "iteration", shown: {} },
        summary: () => ({}),
        ...more,
      },
    },
    { folder, threads: 1, workers: 0, progress: false },
  );
  return { result, rows };
}

test("training and evaluation have environments of their own, whose random numbers follow from the run's seed", async () => {
  const { rows, result } = await run();
  const training = await drawnWith(7, "training");
  expect(rows.map(({ isNew }) => isNew)).toEqual([true, false]);
  // Episodes last two steps: the second iteration goes on with them, whatever was evaluated between.
  for (const { drawn } of rows) drawn.forEach((number, i) => expect(number).toBeCloseTo(training[i]!, 5));
  expect(result.environmentSteps).toBe(4);

  const [first, second] = [await drawnWith(7, "evaluation", 3), rows[0]!.episodes];
  // Each environment plays two episodes of two steps; sorted by environment.
  const expected = [first[0]!, first[2]!, first[1]!, first[3]!];
  second.forEach((episode, i) => {
    expect(episode.return, `episode ${i}`).toBeCloseTo(2 * expected[i]!, 5);
    expect(episode.success, `episode ${i}`).toBe(expected[i]! >= 0.5);
  });
  expect(new Set(expected.map((drawn) => drawn >= 0.5)).size, "both kinds of episodes").toBe(2);
});

test("tests have random numbers for every iteration", async () => {
  const { rows } = await run();
  const means = await Promise.all([0, 1].map(async (iteration) => mean(await drawnWith(11, `test ${iteration}`))));
  rows.forEach(({ testReturn }, iteration) => expect(testReturn).toBeCloseTo(means[iteration]!, 5));
});

test("checkpoints are numbered from where the stage counts, at the iterations asked for", async () => {
  const folder = temporaryFolder();
  const checkpoints = async (countsFrom: 0 | 1) => {
    const target = join(folder, String(countsFrom));
    await run({ saveEvery: 2, countsFrom, options: { iterations: 4 } }, target);
    return readdirSync(join(target, "checkpoint")).sort();
  };
  expect(await checkpoints(0)).toEqual(["last.safetensors", "state_0.safetensors", "state_2.safetensors"]);
  expect(await checkpoints(1)).toEqual(["last.safetensors", "state_2.safetensors", "state_4.safetensors"]);
});

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
