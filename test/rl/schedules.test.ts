import { expect, test } from "vitest";
import { adaptedRates, cloningWeight, explorationNoise, learningRates, upperStd } from "../../sdk/src/rl/schedules.js";
import { ppoOptions } from "../../sdk/src/rl/ppo.js";
import { golden } from "../shared.js";

test("cloning weight and decaying noise equal the reference", () => {
  const { init, final, start, end, value_after_iteration: values } = golden("finetune").bc_coeff;
  const weight = cloningWeight({
    bcLossCoeff: init,
    bcLossCoeffFinal: final,
    bcLossDecayStart: start,
    bcLossDecayEnd: end,
    iterations: 300,
  });
  for (const [iteration, value] of Object.entries(values))
    expect(weight(Number(iteration))).toBeCloseTo(value as number, 8);

  const g = golden("finetune").learn_decay_upper_std;
  const noise = {
    minStd: g.min_std,
    maxStd: g.max_std,
    schedule: "learn_decay",
    holdRatio: g.hold_ratio,
    decayRatio: g.decay_ratio,
  };
  const upper = upperStd(explorationNoise.parse(noise), g.n_train_itr);
  for (const [iteration, value] of Object.entries(g.values))
    expect(upper(Number(iteration))).toBeCloseTo(value as number, 7);
});

test("the cloning weight is constant without an end after the start", () => {
  const weight = cloningWeight({
    bcLossCoeff: 0.2,
    bcLossCoeffFinal: 0,
    bcLossDecayStart: 9,
    bcLossDecayEnd: 9,
    iterations: 50,
  });
  expect([weight(0), weight(20)]).toEqual([0.2, 0.2]);
});

test("noise narrows linearly over the run", () => {
  const upper = upperStd(explorationNoise.parse({ schedule: "linear" }), 10);
  expect([0, 5, 10].map(upper)).toEqual([0.5, 0.35, 0.2]);
});

test("learning rates: restarts as in the reference, the actor's after the critic's warm-up", () => {
  const g = golden("finetune").cosine_restarts;
  const schedule = { type: "cosine", firstCycleSteps: 10, warmupSteps: 3, minLr: 1e-4 };
  const options = ppoOptions.parse({
    actorLr: 1e-3,
    criticLr: 1e-3,
    actorLrScheduler: schedule,
    criticLrScheduler: schedule,
    nCriticWarmupItr: 4,
  });
  const rates = learningRates(options);
  g.lr_after_n_steps.forEach((value: number, n: number) => {
    expect(rates(n).critic).toBeCloseTo(value, 9);
    expect(rates(n + 4).actor).toBeCloseTo(value, 9);
  });
  expect(rates(2).actor).toBeCloseTo(1e-4, 9);
});

test("other learning rates", () => {
  const at = (actorLrScheduler: object) =>
    learningRates(ppoOptions.parse({ iterations: 20, nCriticWarmupItr: 0, actorLr: 1, actorLrScheduler }));
  expect(at({ type: "constant" })(7).actor).toBe(1);
  const cosine = at({ type: "cosine_custom" });
  expect([0, 10, 20].map((i) => cosine(i).actor)).toEqual([1, expect.closeTo(0.55), expect.closeTo(0.1)]);
  const warm = at({ type: "constant_warmup", warmupSteps: 4, minLr: 0 });
  expect([0, 2, 4, 9].map((i) => warm(i).actor)).toEqual([0, 0.5, 1, 1]);
});

test("adapted rates stay within their bounds", () => {
  expect(adaptedRates({ actor: 3e-5, critic: 3e-4 }, 2.1)).toEqual({ actor: 2e-5, critic: expect.closeTo(2e-4, 9) });
  expect(adaptedRates({ actor: 1.2e-5, critic: 1.2e-5 }, 3)).toEqual({ actor: 1e-5, critic: 1e-5 });
  expect(adaptedRates({ actor: 4e-4, critic: 9e-4 }, 0.1)).toEqual({ actor: 5e-4, critic: 1e-3 });
  expect(adaptedRates({ actor: 1, critic: 1 }, 1)).toEqual({ actor: 1, critic: 1 });
  expect(adaptedRates({ actor: 1, critic: 1 }, 0)).toEqual({ actor: 1, critic: 1 });
});
