// The numbers of an update: which minibatch each comes from, and what it is called in logs.
import { expect, test } from "vitest";
import { UpdateLog, updateNames } from "../../sdk/src/rl/update-log.js";

const others = { explainedVariance: 0.5, minStd: 0.1, maxStd: 0.2, actorLr: 1e-3, criticLr: 1e-2 };
const actor = (loss: number, ratio: number, clipFraction: number, noiseStd: number) => ({
  ...{ loss, ratio, clipFraction, noiseStd, policyLoss: loss + 1 },
  ...{ oldLogProbMean: 3, oldLogProbSquare: 13, newLogProbMean: 3, newLogProbSquare: 8.99 },
});

test("of the last minibatch, but means of clip fraction and noise, and the first ratio", () => {
  const log = new UpdateLog();
  log.minibatch(4, { loss: 5, valueLoss: 1 }, actor(0.5, 1, 0.25, 0.3));
  log.step("actor", { gradientNorm: 7 });
  log.step("critic", { gradientNorm: 8 });
  log.minibatch(4, { loss: 6, valueLoss: 2 }, actor(0.25, 1.5, 0.75, 0.1));
  log.step("actor", { gradientNorm: 9 });
  expect(log.record(others)).toEqual({
    ...others,
    // Critic and actor together.
    ...{ loss: 6.25, policyLoss: 1.25, valueLoss: 2, ratio: 1.5, firstRatio: 1, clipFraction: 0.5, noiseStd: 0.2 },
    // Of four rows: sqrt(4 / 3 (13 - 9)); rounding below zero is zero.
    ...{ oldLogProbStd: expect.closeTo(4 / Math.sqrt(3), 12) as number, newLogProbStd: 0 },
    ...{ actorNorm: 9, criticNorm: 8, actorSteps: 2, criticSteps: 1 },
  });
});

test("while the critic learns alone, the actor's numbers are absent; when it has stopped, its last ones stay", () => {
  const alone = new UpdateLog();
  alone.minibatch(4, { loss: 5, valueLoss: 1 }, undefined);
  expect(alone.record(others)).toEqual({ ...others, loss: 5, valueLoss: 1, actorSteps: 0, criticSteps: 0 });

  const log = new UpdateLog();
  log.minibatch(4, { loss: 5 }, actor(0.5, 1, 0.25, 0.3));
  log.minibatch(4, { loss: 7 }, undefined);
  expect(log.record(others)).toMatchObject({ loss: 7.5, policyLoss: 1.5, ratio: 1, clipFraction: 0.25, noiseStd: 0.3 });
});

test("names in logs are the reference's, or of its kind", () => {
  const names = Object.values(updateNames);
  expect(new Set(names).size).toBe(26);
  expect(names.every((name) => name.startsWith("loss/"))).toBe(true);
  expect(updateNames).toMatchObject({
    ...{ loss: "loss/loss", policyLoss: "loss/pg loss", valueLoss: "loss/value loss", bcLoss: "loss/bc_loss" },
    ...{ entropyLoss: "loss/entropy_loss", approxKl: "loss/approx kl", ratio: "loss/ratio" },
    ...{ clipFraction: "loss/clipfrac", explainedVariance: "loss/explained variance" },
    ...{ oldLogProbMin: "loss/old_logprob_min", oldLogProbMax: "loss/old_logprob_max" },
    ...{ oldLogProbStd: "loss/old_logprob_std", newLogProbMin: "loss/new_logprob_min" },
    ...{ newLogProbMax: "loss/new_logprob_max", newLogProbStd: "loss/new_logprob_std" },
    ...{ actorNorm: "loss/actor_norm", criticNorm: "loss/critic_norm", noiseStd: "loss/noise_std" },
    ...{ actorLr: "loss/actor lr", criticLr: "loss/critic lr", meanValue: "loss/Q_values" },
    ...{ minStd: "loss/min_logprob_noise_std", maxStd: "loss/max_logprob_noise_std" },
  });
});
