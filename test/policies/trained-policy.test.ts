// Policies as named tensors and plain data, and back; what does not fit is named in full.
import { expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { fitWeights } from "../../sdk/src/policies/fit-weights.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { policyFromRecord, policyRecord, TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { inputErrorOf } from "../config/input-error.js";

const model = new PolicyModel({
  policy: "gaussian",
  network: { horizonSteps: 2, actionDim: 1, condDim: 6, mlpDims: [4] },
});
const weights = model.layout.initialise(new Random(1).stream("weights"));
const normalization = {
  observationMin: Float32Array.of(0, 1, 2),
  observationMax: Float32Array.of(3, 4, 5),
  actionMin: Float32Array.of(-2),
  actionMax: Float32Array.of(2),
};
const policy = new TrainedPolicy({ model, weights, normalization, environment: "here" });
const record = policyRecord(policy, { ema: weights, model: weights.map((w) => 2 * w) });

test("what it sees and answers with follows from network and statistics", () => {
  expect(policy.space).toEqual({ horizonSteps: 2, actionDim: 1, state: [2, 3] });
});

test("a record names every weight of every set, the statistics, and what the policy is", () => {
  const names = Object.keys(model.views(weights));
  expect(Object.keys(record.tensors).sort()).toEqual(
    [
      ...["ema", "model"].flatMap((set) => names.map((name) => `${set}.${name}`)),
      ...["observation_min", "observation_max", "action_min", "action_max"].map((name) => `normalization.${name}`),
    ].sort(),
  );
  expect(record.tensors["normalization.observation_max"]).toEqual({ data: Float32Array.of(3, 4, 5), shape: [3] });
  expect(record.metadata).toEqual({ model: model.spec, environment: "here" });
});

test("it comes back, with the first of the sets that is there", () => {
  const back = policyFromRecord(record, ["policy", "ema", "model"], "file");
  expect(back.model.spec).toEqual(model.spec);
  expect(back).toMatchObject({ environment: "here", weights, normalization });
  expect(policyFromRecord(record, ["model"], "file").weights).toEqual(weights.map((w) => 2 * w));
});

test("statistics in double precision are kept beside the rounded ones", () => {
  const wide = { ...normalization, actionMin: Float64Array.of(-0.1) };
  const precise = policyRecord({ model, normalization: wide, environment: "here" }, { policy: weights });
  expect(precise.tensors["normalization.action_min"]!.data).toEqual(Float32Array.of(-0.1));
  expect(precise.metadata).toMatchObject({ statistics: { action_min: [-0.1] } });
  const back = policyFromRecord(precise, ["policy"], "file");
  expect(back.normalization.actionMin).toEqual(Float64Array.of(-0.1));
  expect(back.normalization.actionMax).toEqual(Float32Array.of(2));
});

const without = (name: string) => ({
  ...record,
  tensors: Object.fromEntries(Object.entries(record.tensors).filter(([key]) => key !== name)),
});

test.each([
  [
    "no description",
    { ...record, metadata: {} },
    ["ema"],
    "file: holds no policy description\n  expected a checkpoint of a policy\n" +
      "  choose a checkpoint written by pre-training or fine-tuning",
  ],
  ["no weights", record, ["policy", "em"], "file: holds no weights\n  expected tensors named policy.* or em.*"],
  [
    "no statistics",
    without("normalization.action_min"),
    ["ema"],
    "file: normalization.action_min: is missing\n  expected a tensor of this name",
  ],
])("refused: %s", (_, damaged, sets, message) => {
  const error = inputErrorOf(() => policyFromRecord(damaged, sets, "file"));
  expect(error.code).toBe("DMPO_POLICY_FILE");
  expect(error.message).toBe(message);
});

test("weights that do not fit: missing, of another shape, unexpected, all at once", () => {
  const [first, second, ...others] = model.layout.entries;
  const views = model.views(weights);
  const tensors = {
    [`${first!.name}x`]: views[first!.name]!,
    [second!.name]: { data: new Float32Array(3), shape: [3] },
    ...Object.fromEntries(others.map(({ name }) => [name, views[name]!])),
  };
  expect(inputErrorOf(() => fitWeights(model.layout, tensors, "file: ema"))).toMatchObject({
    code: "DMPO_WEIGHTS",
    problems: [
      {
        path: `file: ema: ${first!.name}`,
        wrong: "is missing",
        expected: `shape [${first!.shape.join(", ")}]`,
        remedy: `is "${first!.name}x" meant?`,
      },
      { path: `file: ema: ${second!.name}`, wrong: "has shape [3]", expected: `[${second!.shape.join(", ")}]` },
      {
        path: `file: ema: ${first!.name}x`,
        wrong: "is unexpected",
        expected: "only the weights of the network",
      },
    ],
  });
  expect(fitWeights(model.layout, views, "file")).toEqual(weights);
});
