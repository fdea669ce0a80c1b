// Weights and optimizer state in the contents of PyTorch's checkpoints, made by hand.
import { expect, test } from "vitest";
import type { RawTensor } from "../../../sdk/src/checkpoints/element-types.js";
import { constant, ParameterLayout } from "../../../sdk/src/engine/parameters.js";
import { countOf, dictOf, rateOf, trainableState } from "../../../sdk/src/experiments/reference/moments.js";
import { networkName, referenceWeights, stateDict } from "../../../sdk/src/experiments/reference/weights.js";
import { inputErrorOf } from "../../config/input-error.js";

const raw = (shape: readonly number[], ...values: number[]): RawTensor => ({
  ...{ dtype: "F32", shape },
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});
const dict = (entries: Readonly<Record<string, unknown>>) => new Map<unknown, unknown>(Object.entries(entries));

test("a state dict is a dict of tensors with names, and not empty", () => {
  const tensor = raw([1], 1);
  expect(stateDict(dict({ a: tensor }))).toEqual(dict({ a: tensor }));
  for (const other of [
    ...[new Map(), new Map([[1, tensor]]), dict({ a: tensor, b: 1 }), dict({ a: null }), dict({ a: { dtype: "F32" } })],
    ...[dict({ a: { bytes: new Uint8Array(4) } }), dict({ a: "text" }), undefined, null, { a: tensor }],
  ]) {
    expect(stateDict(other)).toBeUndefined();
  }
  expect(dictOf({}).size).toBe(0);
});

test.each([
  ["network.mlp.0.weight", "network.mlp.0.weight"],
  ["mlp.0.weight", "network.mlp.0.weight"],
  ["base_meanflow.network.mlp.0.weight", "network.mlp.0.weight"],
  ["module._orig_mod.network.mlp.0.weight", "network.mlp.0.weight"],
])("%s is %s here", (theirs, ours) => expect(networkName(theirs)).toBe(ours));

const [one, two, three] = [raw([1], 1), raw([1], 2), raw([1], 3)];
test.each<[string, Map<unknown, unknown>, boolean, { set: string; isFineTuned: boolean; value: number }]>([
  [
    "averaged",
    dict({ model: dict({ a: one }), ema: dict({ a: two }) }),
    true,
    { set: "ema", isFineTuned: false, value: 2 },
  ],
  [
    "trained",
    dict({ model: dict({ a: one }), ema: dict({ a: two }) }),
    false,
    { set: "model", isFineTuned: false, value: 1 },
  ],
  ["bare", dict({ a: one }), true, { set: "state dict", isFineTuned: false, value: 1 }],
  [
    "fine-tuned",
    dict({ model: dict({ "actor_ft.policy.a": three, "critic.b": one }), ema: dict({ a: two }) }),
    true,
    { set: "model.actor_ft", isFineTuned: true, value: 3 },
  ],
  [
    "the policy alone",
    dict({ policy: dict({ a: two }), model: dict({ "actor_ft.policy.a": three }) }),
    true,
    { set: "policy", isFineTuned: true, value: 2 },
  ],
])("weights: %s", (_, contents, averaged, { set, isFineTuned, value }) => {
  expect(referenceWeights(contents, averaged, "file")).toMatchObject({
    ...{ set, isFineTuned },
    tensors: { "network.a": { data: Float32Array.of(value), shape: [1] } },
  });
});

test("a teacher is no part of the policy; a tensor under two names must be one", () => {
  const twice = (second: RawTensor) => dict({ model: dict({ "base_meanflow.a": one, a: second, "teacher.b": two }) });
  expect(Object.keys(referenceWeights(twice(raw([1], 1)), false, "file").tensors)).toEqual(["network.a"]);
  expect(inputErrorOf(() => referenceWeights(twice(two), false, "file"))).toMatchObject({
    code: "DMPO_POLICY_FILE",
    message: "file: model.a: differs from the tensor of the same name without prefix\n  expected equal values",
  });
});

const remedy = "\n  it has trained weights: load them with averagedWeights: false (load_ema=False)";
test.each<[string, unknown, boolean, string]>([
  ["nothing", 3, true, 'file: has no weights "ema"; it holds nothing\n  expected a policy\'s weights'],
  [
    "no average",
    dict({ model: dict({ a: one }), epoch: 3 }),
    true,
    `file: has no weights "ema"; it holds model, epoch\n  expected a policy's weights${remedy}`,
  ],
  [
    "no model",
    dict({ ema: dict({ a: one }) }),
    false,
    'file: has no weights "model"; it holds ema\n  expected a policy\'s weights',
  ],
])("no weights: %s", (_, contents, averaged, message) => {
  expect(inputErrorOf(() => referenceWeights(contents, averaged, "file"))).toMatchObject({
    ...{ code: "DMPO_POLICY_FILE", message },
  });
});

const layout = new ParameterLayout([
  { name: "a", shape: [2], initialise: constant(0) },
  { name: "b", shape: [1], initialise: constant(0) },
]);
const weights = Float32Array.of(1, 2, 3);
/** Moments by number of the parameter; PyTorch numbers them in the order of its state dict. */
const optimizer = (entries: Readonly<Record<number, object>>) =>
  dict({
    state: new Map(Object.entries(entries).map(([index, entry]) => [Number(index), dict(entry as never)])),
  });
const full = {
  0: { step: raw([], 5), exp_avg: raw([1], 30), exp_avg_sq: raw([1], 300) },
  1: { step: 7, exp_avg: raw([2], 10, 20), exp_avg_sq: raw([2], 100, 200) },
};
const read = (state: unknown) => {
  let isAbsent = false;
  const { vectors, values } = trainableState(weights, state, ["b", "a"], layout, {
    others: { ema: Float32Array.of(9, 9, 9) },
    whereAbsent: () => (isAbsent = true),
  });
  return { ...vectors, ...values, isAbsent };
};

test("moments of every parameter, in this program's order, and the greatest number of steps", () => {
  expect(read(optimizer(full))).toEqual({
    ...{ weights, ema: Float32Array.of(9, 9, 9), updateCount: 7, isAbsent: false },
    first_moment: Float32Array.of(10, 20, 30),
    second_moment: Float32Array.of(100, 200, 300),
  });
});

test.each<[string, unknown]>([
  ["nothing", undefined],
  ["no state", dict({})],
  ["one parameter alone", optimizer({ 0: full[0] })],
  ["no first moment", optimizer({ ...full, 1: { step: 7, exp_avg_sq: full[1].exp_avg_sq } })],
  ["no second moment", optimizer({ ...full, 1: { step: 7, exp_avg: full[1].exp_avg } })],
  ["a first moment of another shape", optimizer({ ...full, 1: { ...full[1], exp_avg: raw([1, 2], 1, 2) } })],
  ["a second moment of another shape", optimizer({ ...full, 1: { ...full[1], exp_avg_sq: raw([3], 1, 2, 3) } })],
])("without moments that fit there are none: %s", (_, state) => {
  expect(read(state)).toEqual({
    ...{ weights, ema: Float32Array.of(9, 9, 9), updateCount: 0, isAbsent: true },
    first_moment: new Float32Array(3),
    second_moment: new Float32Array(3),
  });
});

test("rates and counts, where they are sound", () => {
  const withRate = (lr: unknown) => rateOf(dict({ param_groups: [dict({ lr }), dict({ lr: 1 })] }));
  expect([withRate(0.5), withRate(0), withRate(-1), withRate("0.5"), rateOf(dict({})), rateOf(3)]).toEqual([
    0.5,
    ...Array<undefined>(5),
  ]);
  expect([countOf(0), countOf(3), countOf(-1), countOf(0.5), countOf("3")]).toEqual([0, 3, ...Array<undefined>(3)]);
});
