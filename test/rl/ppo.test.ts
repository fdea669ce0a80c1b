import { describe, expect, expectTypeOf, test } from "vitest";
import { compile } from "../../sdk/src/engine/compile.js";
import { hostTensor, tf, type Host } from "../../sdk/src/engine/tensor.js";
import { InputError } from "../../sdk/src/errors.js";
import type { PolicyColumns } from "../../sdk/src/rl/gradients.js";
import { standardized } from "../../sdk/src/rl/minibatches.js";
import { ppo, ppoLoss, ppoOptions, valueLoss } from "../../sdk/src/rl/ppo.js";
import type { RunState } from "../../sdk/src/learning/drive.js";
import { golden } from "../shared.js";
import { runOptions } from "../../sdk/src/learning/run-options.js";
import { smallNetworks, smallPolicy, smallSetup } from "./setup.js";

const column = (values: ArrayLike<number>) => hostTensor(Float32Array.from(values), [values.length]);
const all = (count: number) => Int32Array.from({ length: count }, (_, i) => i);
const scalarsOf = (terms: Record<string, { data: ArrayLike<number> }>) =>
  Object.fromEntries(Object.entries(terms).map(([name, { data }]) => [name, data[0]!]));

describe("the loss", () => {
  test.each(["cpu", "tfjs"] as const)("equals the reference (%s)", async (executor) => {
    const { logprob, entropy_rate, state, ppo: expected } = golden("finetune").chain_meanflow;
    const options = { clipPlossCoef: expected.clip, logProbRange: expected.logprob_range, entCoef: 0.5 };
    const loss = compile((columns: PolicyColumns) => ppoLoss(columns, options), { executor });
    const got = scalarsOf(
      await loss({
        logProb: column(logprob),
        oldLogProb: column(expected.old_logprob),
        advantage: column(standardized(Float32Array.from(expected.adv), all(3))),
        entropy: column(entropy_rate),
      }),
    );
    expect(got.policyLoss).toBeCloseTo(expected.pg_loss, 6);
    expect(got.entropyLoss).toBeCloseTo(expected.entropy_loss, 6);
    expect(got.loss).toBeCloseTo(expected.pg_loss + 0.5 * expected.entropy_loss, 6);
    expect(got.approxKl).toBeCloseTo(expected.approx_kl, 6);
    expect(got.clipFraction).toBeCloseTo(expected.clipfrac, 6);
    expect(got.ratio).toBeCloseTo(expected.ratio_mean, 6);

    const value = column(state.map(([row]: number[][]) => 0.5 * row!.reduce((a, b) => a + b)));
    const columns = { value, oldValue: column(expected.old_values), target: column(expected.ret) };
    for (const [clipVlossCoef, loss] of [
      [null, expected.v_loss],
      [0.2, expected.v_loss_with_clip_0_2],
    ] as const) {
      const compiled = compile((c: Parameters<typeof valueLoss>[0]) => valueLoss(c, { clipVlossCoef, vfCoef: 2 }), {
        executor,
      });
      const terms = scalarsOf(await compiled(columns));
      expect(terms.valueLoss).toBeCloseTo(loss, 6);
      expect(terms.loss).toBeCloseTo(2 * loss, 5);
    }
  });

  test("clamps log-probabilities only where asked", () => {
    const tensor = (values: number[]) => tf.tensor1d(values);
    const rows = {
      logProb: tensor([9, 8]),
      oldLogProb: tensor([8, 7]),
      advantage: tensor([1, -1]),
      entropy: tensor([0, 0]),
    };
    const options = { clipPlossCoef: 0.2, entCoef: 0 };
    expect(ppoLoss(rows, { ...options, logProbRange: null }).ratio.dataSync()[0]).toBeCloseTo(Math.E, 5);
    expect(ppoLoss(rows, { ...options, logProbRange: [-1, 1] }).ratio.dataSync()[0]).toBe(1);
  });
});

/** Short runs without evaluations. */
const short = { ...smallNetworks, forceTrain: true, nCriticWarmupItr: 0, steps: 8, batchSize: 16, updateEpochs: 2 };

describe("a run", () => {
  test("moves the mean action to where the reward is", async () => {
    const setup = smallSetup({ count: 16, reward: ([action]) => -((action! - 0.5) ** 2) });
    const { curve, last } = await ppo.train(setup, {
      ...short,
      iterations: 40,
      actorLr: 3e-3,
      steps: 16,
      batchSize: 64,
      targetKl: null,
    });
    const returns = curve.map(({ episodes }) => episodes.return.mean);
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    expect(mean(returns.slice(0, 3))).toBeLessThan(-0.3);
    expect(mean(returns.slice(-3))).toBeGreaterThan(-0.08);
    expect(last.weights).not.toEqual(setup.base.weights);
  });

  test.each([1, 3])("begins every update with ratio 1 (%i denoising steps)", async (denoisingSteps) => {
    for (const likelihood of ["summed", "reference"] as const) {
      const { curve } = await ppo.train(smallSetup({ actionSteps: 2, actionDimension: 2 }), {
        ...short,
        iterations: 2,
        denoisingSteps,
        likelihood,
      });
      for (const { update } of curve) expect(Math.abs(update!.firstRatio! - 1)).toBeLessThan(1e-5);
    }
  });

  test("trains the noise net, except with the reference's clamp", async () => {
    for (const [stdMap, moves] of [
      ["tanh", true],
      ["clamp", false],
    ] as const) {
      const setup = smallSetup();
      const noise = { minStd: 0.05, maxStd: 0.12 };
      const states: Float32Array[] = [];
      await ppo.train(
        setup,
        { ...short, iterations: 2, noise, noiseNet: { ...smallNetworks.noiseNet, stdMap } },
        { onIteration: (_, run) => void states.push(run.state().parts.actor!.vectors!.weights as Float32Array) },
      );
      const size = setup.base.weights.length;
      expect(
        states[0]!.subarray(size).some((value, i) => value !== states[1]![size + i]),
        stdMap,
      ).toBe(moves);
    }
  });

  test("equal seeds give equal runs", async () => {
    const options = { ...short, iterations: 3, useBcLoss: true, bcLossType: "velocity" as const };
    const [first, second, other] = await Promise.all([7, 7, 8].map((seed) => ppo.train(smallSetup({}, seed), options)));
    expect(second!.last.weights).toEqual(first!.last.weights);
    expect(other!.last.weights).not.toEqual(first!.last.weights);
  });

  // Two updates before the interruption, so that moments, counts and scales are no longer new, and two after it.
  const resumable = { ...short, iterations: 8, resetAtIteration: true, forceTrain: false, valFreq: 3 };
  const evaluated = { evaluationEpisodes: 4, lrSchedule: "adaptive_kl", targetKl: 0.01, nCriticWarmupItr: 1 } as const;
  const options = { ...resumable, ...evaluated };
  const setup = () => smallSetup({ chunks: () => 3, reward: ([a], [o]) => a! + o! });
  const withoutTime = <Row extends object>(curve: readonly Row[]) => curve.map((row) => ({ ...row, seconds: 0 }));

  /** The state after iteration 4, as text, so that nothing is shared. */
  async function interrupted(): Promise<RunState> {
    const stop = new AbortController();
    let saved: RunState | undefined;
    const { curve } = await ppo.train(setup(), options, {
      signal: stop.signal,
      onIteration(_, run) {
        if (run.curve.length < 5) return;
        saved = structuredClone(run.state());
        stop.abort();
      },
    });
    expect(curve.map(({ mode }) => mode[0]).join("")).toBe("ettet");
    return saved!;
  }

  test("resumed equals uninterrupted, with every part of the state", async () => {
    const whole = await ppo.train(setup(), options);
    const state = await interrupted();
    const resumed = await ppo.train(setup(), options, { resume: state });
    expect(resumed.last.weights).toEqual(whole.last.weights);
    expect(resumed.policy.weights).toEqual(whole.policy.weights);
    expect(resumed.environmentSteps).toBe(whole.environmentSteps);
    expect(withoutTime(resumed.curve)).toEqual(withoutTime(whole.curve));
    expect(resumed.curve.slice(5).filter(({ mode }) => mode === "training")).toHaveLength(1);
    expect(Object.keys(state.parts)).toEqual(["actor", "critic", "rewardScaler", "schedule", "environments"]);
  });

  test.each([
    ["actor", "first_moment"],
    ["actor", "second_moment"],
    ["critic", "weights"],
    ["critic", "first_moment"],
    ["critic", "second_moment"],
  ] as const)("the %s's %s decide what a resumed run does", async (part, vector) => {
    const [state, damaged] = [await interrupted(), await interrupted()];
    (damaged.parts[part]!.vectors![vector] as Float32Array).fill(0);
    const [good, bad] = await Promise.all([state, damaged].map((resume) => ppo.train(setup(), options, { resume })));
    const updates = [good, bad].map((run) => withoutTime(run!.curve.filter(({ mode }) => mode === "training")).at(-1));
    expect(updates[1]).not.toEqual(updates[0]);
  });

  test.each([
    ["actor", { updateCount: 0 }],
    ["critic", { updateCount: 0 }],
    ["rewardScaler", { mean: 0, variance: 1, count: 1e-4, returns: [0, 0, 0, 0] }],
    ["schedule", { updates: 0, rates: null }],
  ] as const)("the values of %s decide what a resumed run does", async (part, values) => {
    const [state, damaged] = [await interrupted(), await interrupted()];
    const parts = { ...damaged.parts, [part]: { ...damaged.parts[part], values } };
    const [good, bad] = await Promise.all(
      [state, { ...damaged, parts }].map((resume) => ppo.train(setup(), options, { resume })),
    );
    const updates = [good, bad].map((run) => withoutTime(run!.curve.filter(({ mode }) => mode === "training")).at(-1));
    expect(updates[1]).not.toEqual(updates[0]);
  });

  test("the random streams decide what a resumed run does; a missing part is named", async () => {
    const [state, moved] = [await interrupted(), await interrupted()];
    const random = { ...moved.random, streams: {} };
    const [good, bad] = await Promise.all(
      [state, { ...moved, random }].map((resume) => ppo.train(setup(), options, { resume })),
    );
    expect(bad!.last.weights).not.toEqual(good!.last.weights);
    const { critic: _, ...parts } = state.parts;
    await expect(ppo.train(setup(), options, { resume: { ...state, parts } })).rejects.toThrow(/critic: is missing/);
    await expect(ppo.train(setup(), options, { resume: { ...state, algorithm: "sac" } })).rejects.toThrow(
      /is a run of "sac"[^]*one of "ppo"/,
    );
  });

  test("evaluates at multiples of valFreq and last, and returns the best evaluated policy", async () => {
    const options = { ...short, iterations: 6, forceTrain: false, valFreq: 3, evaluationEpisodes: 6 };
    const weights: Float32Array[] = [];
    const { curve, policy, best } = await ppo.train(smallSetup({ reward: ([a]) => a! }), options, {
      onIteration: (_, run) => void weights.push(run.policy().weights),
    });
    expect(curve.map(({ mode }) => mode[0]).join("")).toBe("ettete");
    expect(curve[0]!.episodes.episodes).toBe(6);
    const evaluations = curve.filter(({ mode }) => mode === "evaluation");
    expect(best!.episodes.return.mean).toBe(Math.max(...evaluations.map(({ episodes }) => episodes.return.mean)));
    expect(policy.weights).toEqual(weights[best!.iteration]);
  });

  test("the critic alone learns first; the actor stops at the divergence", async () => {
    const warm = await ppo.train(smallSetup(), { ...short, iterations: 2, nCriticWarmupItr: 1 });
    const steps = warm.curve.map(({ update }) => [update!.actorSteps, update!.criticSteps]);
    expect(steps).toEqual([
      [0, 4],
      [4, 4],
    ]);

    const bound = { ...short, iterations: 1, actorLr: 0.05, targetKl: 1e-6 };
    const [{ update: actor }] = (await ppo.train(smallSetup(), bound)).curve as [never];
    expect(actor).toMatchObject({ actorSteps: 1, criticSteps: 4 });
    const [{ update: both }] = (await ppo.train(smallSetup(), { ...bound, klStops: "both" })).curve as [never];
    expect(both).toMatchObject({ actorSteps: 1, criticSteps: 1 });
  });

  test("as the reference it still makes the step of the minibatch that diverged, and warms up by iterations", async () => {
    const bound = { ...short, iterations: 1, actorLr: 0.05, targetKl: 1e-6, stepBeforeKlStop: true };
    const [{ update: actor }] = (await ppo.train(smallSetup(), bound)).curve as [never];
    expect(actor).toMatchObject({ actorSteps: 2, criticSteps: 4 });
    const [{ update: both }] = (await ppo.train(smallSetup(), { ...bound, klStops: "both" })).curve as [never];
    expect(both).toMatchObject({ actorSteps: 2, criticSteps: 2 });

    const warm = { ...short, iterations: 3, forceTrain: false, valFreq: 9, evaluationEpisodes: 1, nCriticWarmupItr: 1 };
    const firstSteps = async (criticWarmupCounts: "updates" | "iterations") => {
      const { curve } = await ppo.train(smallSetup(), { ...warm, criticWarmupCounts });
      expect(curve.map(({ mode }) => mode)).toEqual(["evaluation", "training", "evaluation"]);
      return curve[1]!.update!.actorSteps;
    };
    expect(await firstSteps("updates")).toBe(0);
    expect(await firstSteps("iterations")).toBe(4);
  });

  test("adapts the learning rates to the divergence", async () => {
    const options = { ...short, iterations: 1, lrSchedule: "adaptive_kl" as const, actorLr: 1e-4, criticLr: 5e-4 };
    const [slow] = (await ppo.train(smallSetup(), { ...options, targetKl: 1e-9 })).curve;
    expect(slow!.update!.actorLr).toBeLessThan(1e-4);
    const [fast] = (await ppo.train(smallSetup(), { ...options, targetKl: 10 })).curve;
    expect(fast!.update!.actorLr).toBeGreaterThan(1e-4);
    expect(fast!.update!.criticLr).toBe(1e-3);
  });

  test("W2 cloning holds the policy back", async () => {
    const options = { ...short, iterations: 8, actorLr: 3e-3, targetKl: null };
    const setup = () => smallSetup({ reward: ([a]) => a! });
    const free = await ppo.train(setup(), options);
    const held = await ppo.train(setup(), { ...options, useBcLoss: true, bcLossCoeff: 100 });
    const distance = ({ last }: typeof free) => Math.hypot(...last.weights.map((w, i) => w - setup().base.weights[i]!));
    expect(distance(held)).toBeLessThan(distance(free));
    expect(held.curve.at(-1)!.update!.bcLoss).toBeGreaterThan(0);
  });

  test("stops before the first iteration when asked to", async () => {
    const { curve, last } = await ppo.train(smallSetup(), short, { signal: AbortSignal.abort() });
    expect(curve).toEqual([]);
    expect(last.weights).toEqual(smallSetup().base.weights);
  });
});

describe("options", () => {
  test("errors name what is wrong, all at once", async () => {
    const wrong = { clipPLossCoef: 0.1, gamma: 2 } as never;
    await expect(ppo.train(smallSetup(), wrong)).rejects.toThrow(InputError);
    await expect(ppo.train(smallSetup(), wrong)).rejects.toThrow(/gamma: is 2[^]*did you mean "clipPlossCoef"/);
  });

  test("a policy that does not fit the environments is an error", async () => {
    const { base } = smallSetup({ actionDimension: 3, observationDimension: 5 });
    await expect(ppo.train({ ...smallSetup(), base }, short)).rejects.toThrow(/actionDimension[^]*is 1 x 2 numbers/);
  });

  test("presets are valid, defaults are typed", () => {
    const schema = runOptions(ppo, smallPolicy().model);
    for (const preset of Object.values(ppo.presets)) expect(schema.safeParse(preset).success).toBe(true);
    const { initialNoiseStd, ...own } = ppo.presets.quick;
    expect(initialNoiseStd).toBe(0.1);
    expect(ppoOptions.safeParse(own).success).toBe(true);
    expectTypeOf<Parameters<typeof ppo.train>[1]>().toExtend<{ readonly clipPlossCoef?: number | undefined }>();
    expectTypeOf<Host<PolicyColumns>["logProb"]>().toEqualTypeOf<ReturnType<typeof hostTensor>>();
  });
});
