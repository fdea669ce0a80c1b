import { expect, test } from "vitest";
import type { FinishedEpisode } from "../../sdk/src/evaluation/episode-statistics.js";
import { iterationRecord, logRow } from "../../sdk/src/rl/iteration-record.js";
import { ppo } from "../../sdk/src/rl/ppo.js";
import { smallNetworks, smallSetup } from "./setup.js";

test("rows carry the reference's names", async () => {
  const setup = { ...smallSetup({ chunks: () => 2, reward: ([a]) => 2 + a! }), successThreshold: 1 };
  const { curve } = await ppo.train(setup, {
    ...smallNetworks,
    iterations: 3,
    steps: 8,
    batchSize: 16,
    evaluationEpisodes: 5,
    nCriticWarmupItr: 0,
    useBcLoss: true,
  });
  const [evaluation, training] = curve.map((record) => logRow(record, ppo.logNames!));
  expect(evaluation).toEqual({
    itr: 0,
    step: 0,
    time: expect.any(Number),
    "eval/success rate": 1,
    "eval/avg episode reward": expect.any(Number),
    "eval/avg best reward": expect.any(Number),
    "eval/avg episode length": 2,
    "eval/num episode": 5,
    "eval/std success rate": 0,
    "eval/std episode reward": expect.any(Number),
    "eval/std best reward": expect.any(Number),
    "eval/std episode length": 0,
  });
  expect(training).toMatchObject({
    itr: 1,
    step: 32,
    "train/num episode": 16,
    "train/total env step": 32,
    "train/actor lr": 4e-5,
  });
  const names = [
    "loss",
    "pg loss",
    "value loss",
    "entropy_loss",
    "bc_loss",
    "approx kl",
    "ratio",
    "clipfrac",
    "explained variance",
  ];
  const statistics = [
    "old_logprob_min",
    "old_logprob_max",
    "old_logprob_std",
    "new_logprob_min",
    "new_logprob_max",
    "new_logprob_std",
  ];
  const others = [
    "actor_norm",
    "critic_norm",
    "actor lr",
    "critic lr",
    "min_logprob_noise_std",
    "noise_std",
    "Q_values",
  ];
  for (const name of [...names, ...statistics, ...others])
    expect(training![`loss/${name}`], name).toEqual(expect.any(Number));
  expect(training!["loss/noise_std"]).toBeGreaterThan(0.05);
  expect(training!["loss/old_logprob_std"]).toBeGreaterThan(0);
});

test("means of no episode and success that has no meaning are absent", () => {
  const facts = { iteration: 3, environmentSteps: 70, seconds: 1, totalSeconds: 4 };
  const row = (episodes: FinishedEpisode[]) => logRow(iterationRecord({ mode: "training", episodes }, facts), {});
  const counts = { itr: 3, step: 70, time: 1 };
  expect(row([])).toEqual({ ...counts, "train/num episode": 0 });
  const running = row([{ environment: 0, firstStep: 0, return: 5, bestReward: 1, length: 7 }]);
  expect(running).toMatchObject({ ...counts, "train/num episode": 1, "train/avg episode reward": 5 });
  expect(Object.keys(running).filter((name) => name.includes("success"))).toEqual([]);
});
