// Schedules against golden sequences.
import { expect, test } from "vitest";
import * as schedule from "../../sdk/src/learning/schedule.js";
import { golden } from "../shared.js";

function expectValues(values: schedule.Schedule, expected: readonly number[], digits: number) {
  expected.forEach((value, step) => expect(values(step), `step ${step}`).toBeCloseTo(value, digits));
}

test.each([
  ["cycle10_warm3_max1e-3_min1e-4_first23", 10, 3],
  ["cycle40_warm5_max1e-3_min1e-4_first42", 40, 5],
  ["cycle3000_warm1_first5", 3000, 1],
])("cosine with restarts in pre-training: %s", (name, firstCycleSteps, warmupSteps) => {
  const rate = { firstCycleSteps, warmupSteps, maxLearningRate: 1e-3, minLearningRate: 1e-4 };
  expectValues(schedule.cosineWithWarmupAndRestarts(rate), golden("pretrain").lr_schedule[name], 9);
});

test("cosine with restarts in fine-tuning", () => {
  const { args, lr_after_n_steps: expected } = golden("finetune").cosine_restarts;
  const rate = {
    firstCycleSteps: args.first_cycle_steps,
    warmupSteps: args.warmup_steps,
    maxLearningRate: args.max_lr,
    minLearningRate: args.min_lr,
  };
  expectValues(schedule.cosineWithWarmupAndRestarts(rate), expected, 10);
});

test("without warm-up a cycle starts at the maximum", () => {
  const rate = { firstCycleSteps: 4, warmupSteps: 0, maxLearningRate: 1, minLearningRate: 0 };
  expectValues(schedule.cosineWithWarmupAndRestarts(rate), [1, 0.853553, 0.5, 0.146447, 1], 5);
});

test("a warm-up as long as the cycle is refused", () => {
  const rate = { firstCycleSteps: 10, warmupSteps: 10, maxLearningRate: 1, minLearningRate: 0 };
  expect(() => schedule.cosineWithWarmupAndRestarts(rate)).toThrow("warmup_steps: is 10 in a cycle of 10 steps");
});

test("simple schedules", () => {
  const { constant_warmup: warm, cosine_warmup: cosineWarm, ...flat } = golden("finetune").simple_schedules;
  const camel = ({ args }: { args: Record<string, number> }) => ({
    min: args["min"]!,
    max: args["max"]!,
    warmupSteps: args["warmup_steps"]!,
    holdSteps: args["hold_steps"]!,
    annealSteps: args["anneal_steps"]!,
  });
  expectValues(schedule.constant(flat.constant.args.level), flat.constant.values_at_0_to_19, 7);
  expectValues(schedule.constantWarmup(camel(warm)), warm.values_at_0_to_19, 7);
  expectValues(schedule.linear(camel(flat.linear)), flat.linear.values_at_0_to_19, 7);
  expectValues(schedule.cosine(camel(flat.cosine)), flat.cosine.values_at_0_to_19, 7);
  expectValues(schedule.cosineWarmup(camel(cosineWarm)), cosineWarm.values_at_0_to_19, 7);
});

test("without annealing steps the value drops at once", () => {
  expectValues(schedule.linear({ max: 2, min: 1, holdSteps: 1, annealSteps: 0 }), [2, 2, 1], 9);
});

test("upper bound of the learned noise", () => {
  const { n_train_itr, min_std, max_std, hold_ratio, decay_ratio, values } = golden("finetune").learn_decay_upper_std;
  const options = { iterations: n_train_itr, minStd: min_std, maxStd: max_std };
  const upper = schedule.upperNoiseStd({ ...options, holdRatio: hold_ratio, decayRatio: decay_ratio });
  for (const [iteration, value] of Object.entries<number>(values)) expect(upper(+iteration)).toBeCloseTo(value, 7);
  expect(schedule.upperNoiseStd(options)(100)).toBe(upper(100));
});

test("behaviour-cloning coefficient", () => {
  const { value_after_iteration: values, init: initial, ...rest } = golden("finetune").bc_coeff;
  const coefficient = schedule.behaviourCloningCoefficient({ initial, ...rest });
  for (const [iteration, value] of Object.entries<number>(values)) {
    expect(coefficient(+iteration)).toBeCloseTo(value, 9);
  }
});
