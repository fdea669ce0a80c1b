// What shared code asks of any policy: defaults, losses, sampling, ways to explore, and errors that name what is known.
import { beforeAll, describe, expect, test } from "vitest";
import { Random } from "../../sdk/src/engine/random.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { actionCritics } from "../../sdk/src/nn/critic.js";
import type { AnyPolicy } from "../../sdk/src/policies/definition.js";
import { emptyDraws, fillDraws, networkFamily, PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { findPolicy, policies } from "../../sdk/src/policies/registry.js";
import { expectClose, wave } from "../nn/close.js";
import { expectCompiled } from "../nn/compiled.js";
import { filledWeights, referenceFormula, referenceOptions } from "../nn/weights.js";
import { referenceBatch } from "./batches.js";

beforeAll(async () => void (await tf.setBackend("cpu")));

const model = new PolicyModel({ network: referenceOptions });
const weights = () => filledWeights(model.network.parameters, referenceFormula);

describe("a description", () => {
  test("is completed by the defaults of policy and network; the first network is not named", () => {
    expect(model.spec.policy).toBe("meanflow");
    expect(model.definition).toBe(policies.meanflow);
    expect(model.spec.options).toEqual(policies.meanflow.configure());
    expect(model.spec.network).toMatchObject({ ...referenceOptions, activationType: "Mish", useLayernorm: false });
    expect(model.spec.network).not.toHaveProperty("type");
    expect(new PolicyModel(model.spec).spec).toEqual(model.spec);
    expect(new PolicyModel({ network: { type: "mlp", ...referenceOptions } }).spec).toEqual(model.spec);
  });

  test("names another network than the first", () => {
    const { networks, ...definition } = policies.meanflow as AnyPolicy;
    const two: AnyPolicy = { ...definition, networks: { other: networks.mlp!, ...networks } };
    expect(networkFamily(two, undefined).name).toBe("other");
    expect(networkFamily(two, "mlp")).toEqual({ name: "mlp", family: networks.mlp });
  });

  test.each([
    ["mpl", /^network of meanflow: "mpl"\s+expected one of mlp, vit\s.*did you mean "mlp"\?/s],
    [7, /^network of meanflow: "?7"?\s+expected one of mlp/],
    ["toString", /^network of meanflow: "toString"\s+expected one of mlp/],
  ])("refuses the network %s", (type, message) => {
    expect(() => new PolicyModel({ network: { type, ...referenceOptions } })).toThrow(message);
  });

  test("refuses an unknown policy, and options of another", () => {
    expect(() => findPolicy("meanflwo")).toThrow(
      /^policy: "meanflwo"\s+expected one of meanflow, reflow, shortcut, consistency, onestep, diffusion, gaussian, gmm\s.*did you mean "meanflow"\?/s,
    );
    expect(() => findPolicy("constructor")).toThrow(/expected one of meanflow/);
    expect(() => new PolicyModel({ options: { grid: "even" }, network: referenceOptions })).toThrow(/grid/);
    expect(() => new PolicyModel({ network: { ...referenceOptions, mlpDims: [] } })).toThrow(/mlpDims/);
  });
});

describe("the loss", () => {
  const lossesOf = (options: Record<string, unknown>) => {
    const losses = new PolicyModel({ options, network: referenceOptions }).loss(weights(), referenceBatch());
    return Object.fromEntries(Object.entries(losses).map(([name, value]) => [name, value.dataSync()[0]!]));
  };

  test("is the mean of the rows alone where there is nothing else", () => {
    const { rows } = model.definition.training.loss(model.network, weights(), referenceBatch(), model.spec.options);
    const [a, b, c] = rows.arraySync() as [number, number, number];
    const losses = lossesOf({});
    expect(Object.keys(losses)).toEqual(["loss"]);
    expect(losses.loss).toBeCloseTo((a + b + c) / 3, 6);
  });

  test("has its terms named where the batch adds some, and is their sum", () => {
    const plain = lossesOf({}).loss!;
    const { loss, regression, dispersive, ...others } = lossesOf({ dispersive: { weight: 0.5 } });
    expect(others).toEqual({});
    expect(regression).toBeCloseTo(plain, 6);
    expect(Math.abs(dispersive!)).toBeGreaterThan(1e-3);
    expect(loss).toBeCloseTo(regression! + dispersive!, 6);
  });
});

describe("acting", () => {
  test.each([
    ["meanflow", 1],
    ["reflow", 4],
    ["shortcut", 4],
    ["consistency", 1],
    ["gaussian", 1],
    ["gmm", 1],
  ])("%s takes %i network calls unless asked otherwise", (policy, steps) => {
    const { rEmbeddingDim: _, timeDim: __, condMlpDims: ___, ...network } = referenceOptions;
    expect(new PolicyModel({ policy, network }).defaultSteps).toBe(steps);
  });

  test("encodes the observation, and samples with so many steps", () => {
    const noise = wave<tf.Tensor3D>([3, 2, 2], Math.sin, 1.1, -0.3, 0.9);
    const { state } = referenceBatch();
    const one = model.sample(weights(), { state }, { noise });
    const encoded = model.network.encoder.apply(weights(), { state });
    expectClose(model.sampleFrom(weights(), encoded, { noise }, { steps: 1 }), one.arraySync());
    const two = model.sample(weights(), { state }, { noise }, { steps: 2 }).arraySync();
    expect(two).not.toEqual(one.arraySync());
    // Both steps by hand, from the network's average velocities.
    const { definition } = model;
    const by = (steps: number) =>
      definition.acting.sample(model.network, weights(), encoded, { noise }, model.spec.options, { steps });
    expectClose(by(2), two);
  });

  test("draws what the policy wants, in arrays of so many rows", () => {
    expect(model.actingDraws().shapes).toEqual({ noise: [2, 2] });
    const out = emptyDraws(model.trainingDraws, 5);
    expect(Object.entries(out).map(([name, { shape }]) => [name, shape])).toEqual([
      ["noise", [5, 2, 2]],
      ["t", [5]],
      ["r", [5]],
    ]);
    fillDraws(model.trainingDraws, out, new Random(1).stream("training"));
    const again = emptyDraws(model.trainingDraws, 5);
    fillDraws(model.trainingDraws, again, new Random(1).stream("training"));
    expect(again).toEqual(out);
    expect(new Set(out.noise!.data).size).toBe(20);
  });
});

describe("exploring", () => {
  test("takes settings of the path and of the part that explores", () => {
    const path = model.path({ denoisingSteps: 3 }, { noiseHiddenDims: [7] });
    expect(path.stored).toEqual({ chain: [4, 2, 2] });
    const first = path.parameters.find(({ name }) => name.endsWith("mlp_logvar.moduleList.0.linear_1.weight"));
    expect(first!.shape[0]).toBe(7);
    expect(() => model.path({ denoisingStep: 3 })).toThrow(/denoisingStep/);
    expect(() => model.path({}, { noiseHiddenDim: [7] })).toThrow(/noiseHiddenDim/);
  });

  test("is refused where the policy has no density", () => {
    const definition: AnyPolicy = { ...model.definition, path: undefined };
    const without = Object.create(model, { definition: { value: definition } }) as PolicyModel;
    expect(() => without.path()).toThrow(/^policy meanflow: has no density\s+expected a policy that explores with one/);
  });
});

test("the points at which ReFlow's velocities are compared: normal x, uniform t", () => {
  const { rEmbeddingDim: _, ...network } = referenceOptions;
  const reflow = new PolicyModel({ policy: "reflow", network });
  const probe = reflow.definition.training.probe!;
  const draws = probe.draws(reflow.network);
  expect(draws.shapes).toEqual({ x: [2, 2], t: [] });
  const out = emptyDraws(draws, 4000);
  fillDraws(draws, out, new Random(3).stream("probe"));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, t] = [[...out.x!.data], [...out.t!.data]];
  const moments = [mean(x), mean(x.map((v) => v * v)), mean(t), mean(t.map((v) => v * v))];
  [0, 1, 1 / 2, 1 / 3].forEach((moment, i) => expect(moments[i]).toBeCloseTo(moment, 1));
  const w = filledWeights(reflow.network.parameters, referenceFormula);
  const at = { x: wave<tf.Tensor3D>([3, 2, 2], Math.sin, 1.1), t: tf.tensor1d([0.1, 0.5, 0.9]) };
  const condition = reflow.network.encoder.apply(w, { state: referenceBatch().state });
  const value = probe.value(reflow.network, w, condition, at).arraySync();
  const other = { ...at, t: tf.tensor1d([0.2, 0.5, 0.9]) };
  const moved = probe.value(reflow.network, w, condition, other).arraySync() as number[][][];
  expect(moved[0]).not.toEqual((value as number[][][])[0]);
  expect(moved.slice(1)).toEqual((value as number[][][]).slice(1));
});

describe("a choice among samples", () => {
  const choice = { samples: 3, critic: { mlpDims: [4], activationType: "Tanh" as const } };
  const chooser = new PolicyModel({ network: referenceOptions, choice });
  const all = () => filledWeights(chooser.layout.specs, referenceFormula);
  const rows = { state: wave<tf.Tensor3D>([2, 1, 3], Math.sin, 0.7) };
  const noise = () => wave<tf.Tensor>([2, 3, 2, 2], Math.cos, 1.3, 0.2);

  test("is part of the description, and its critics come after the weights of the network", () => {
    expect(chooser.spec.choice).toMatchObject({ samples: 3, critic: { mlpDims: [4], useLayernorm: false } });
    expect(new PolicyModel(chooser.spec).spec).toEqual(chooser.spec);
    const names = chooser.layout.specs.map(({ name }) => name);
    expect(names.slice(0, model.layout.specs.length)).toEqual(model.layout.specs.map(({ name }) => name));
    expect(names.at(-1)).toBe("critic.Q2.moduleList.1.linear_1.bias");
    expect(chooser.actingDraws().shapes).toEqual({ noise: [3, 2, 2] });
    expect(() => new PolicyModel({ network: referenceOptions, choice: { ...choice, samples: 0 } })).toThrow(/samples/);
  });

  test("takes the chunk whose smaller value is the greatest, row by row, eagerly and compiled", async () => {
    const critics = actionCritics(choice.critic, 2, 3, 4);
    const candidates = [0, 1, 2].map((i) =>
      model.sample(all(), rows, { noise: noise().slice([0, i], [-1, 1]).reshape([2, 2, 2]) }),
    );
    const values = candidates.map((chunk) => {
      const [first, second] = critics.values(all(), rows, chunk).map((value) => value.arraySync());
      return [0, 1].map((row) => Math.min(first![row]!, second![row]!));
    });
    const want = [0, 1].map((row) => {
      const best = values.reduce((top, value, i) => (value[row]! > values[top]![row]! ? i : top), 0);
      return candidates[best]!.arraySync()[row]!;
    });
    expectClose(chooser.sample(all(), rows, { noise: noise() }), want);
    const sample = ({ weights, state, noise }: { weights: Weights; state: tf.Tensor; noise: tf.Tensor }) => ({
      action: chooser.sample(weights, { state }, { noise }),
    });
    await expectCompiled(sample, { weights: all(), state: rows.state, noise: noise() });
  });
});
