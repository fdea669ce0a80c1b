// Options of the policies and of their paths: defaults, what is refused, and where configurations have each.
import { describe, expect, test } from "vitest";
import { inputErrorOf } from "../config/input-error.js";
import { chainSchema } from "../../sdk/src/policies/chain.js";
import type { AnyPolicy } from "../../sdk/src/policies/definition.js";
import { gaussianPathOptions } from "../../sdk/src/policies/gaussian.js";
import { findPolicy } from "../../sdk/src/policies/registry.js";

const dispersive = {
  ...{ type: "infonce_l2", weight: 0.5, temperature: 0.5, margin: 1 },
  ...{ formulation: "reference", perDimension: true, targetLayer: null },
};
const dispersiveKeys = {
  "dispersive.lossType": "dispersive.type",
  ...Object.fromEntries(
    ["weight", "temperature", "margin", "formulation", "perDimension", "targetLayer"].map((name) => [
      `dispersive.${name}`,
      `dispersive.${name}`,
    ]),
  ),
};
const chain = {
  ...{ denoisingSteps: 1, clipIntermediateActions: true, denoisedClipValue: 1, randnClipValue: 3 },
  ...{ likelihood: "summed", accountForInitialStochasticity: true },
};
const initialNoiseKeys = { "model.initialNoiseStd": "initialNoiseStd" };
const chainKeys = {
  ...{ denoisingSteps: "denoisingSteps", ftDenoisingSteps: "ftDenoisingSteps" },
  "train.clipIntermediateActions": "clipIntermediateActions",
  "train.likelihood": "likelihood",
  "train.accountForInitialStochasticity": "accountForInitialStochasticity",
  "model.denoisedClipValue": "denoisedClipValue",
  "model.randnClipValue": "randnClipValue",
  ...initialNoiseKeys,
};
const noiseKeys = {
  "model.noiseHiddenDims": "noiseHiddenDims",
  "model.timeDimExplore": "timeDimExplore",
  "model.useTimeIndependentNoise": "useTimeIndependentNoise",
  "model.exploreNetActivationType": "activationType",
  "model.noiseStdMap": "stdMap",
};

const gaussianActing = {
  ...{ "model.actingStd": "actingStd", "model.randnClipValue": "randnClipValue", "model.tanhOutput": "tanhOutput" },
};

interface Stated {
  readonly title: string;
  readonly networks: readonly string[];
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly keys: Readonly<Record<string, string>>;
  readonly actingKeys?: Readonly<Record<string, string>>;
  readonly steps?: number;
  readonly refused: readonly object[];
  readonly path: { readonly defaults: object; readonly keys: object; readonly explorer?: object };
}

const stated: Readonly<Record<string, Stated>> = {
  meanflow: {
    title: "MeanFlow",
    networks: ["mlp", "vit"],
    defaults: {
      ...{ tangent: "conditional", flowRatio: 0.5, useAdaptiveLoss: false, gamma: 0.5, c: 1e-3 },
      ...{
        actMin: -1,
        actMax: 1,
        initialNoiseStd: 1,
        dispersive: null,
        times: { type: "logitNormal", mean: -0.4, std: 1 },
      },
    },
    keys: {
      ...{ "model.tangent": "tangent", "model.flowRatio": "flowRatio", "model.times": "times" },
      ...{ "model.useAdaptiveLoss": "useAdaptiveLoss", "model.gamma": "gamma", "model.c": "c" },
      ...{ "model.actMin": "actMin", "model.actMax": "actMax", ...initialNoiseKeys, ...dispersiveKeys },
    },
    actingKeys: initialNoiseKeys,
    steps: 1,
    refused: [
      { initialNoiseStd: -0.1 },
      ...[{ tangent: "other" }, { flowRatio: -0.1 }, { flowRatio: 1.1 }, { gamma: -0.1 }, { gamma: 1.1 }, { c: 0 }],
      ...[{ dispersive: { weight: -1 } }, { dispersive: { temperature: 0 } }, { dispersive: { margin: 0 } }],
      ...[{ dispersive: { type: "other" } }, { dispersive: { targetLayer: "none" } }, { unknown: 1 }],
      ...[
        { times: { type: "beta", a: 0 } },
        { times: { type: "beta", b: 0 } },
        { times: { type: "logitNormal", std: 0 } },
      ],
    ],
    path: { defaults: chain, keys: chainKeys, explorer: noiseKeys },
  },
  reflow: {
    title: "ReFlow",
    networks: ["mlp", "vit"],
    defaults: {
      times: { type: "uniform" },
      grid: "reference",
      actMin: -1,
      actMax: 1,
      initialNoiseStd: 1,
      dispersive: null,
    },
    keys: {
      ...{ "model.times": "times", "model.grid": "grid", "model.actMin": "actMin", "model.actMax": "actMax" },
      ...{ ...initialNoiseKeys, ...dispersiveKeys },
    },
    actingKeys: initialNoiseKeys,
    refused: [{ grid: "other" }, { times: { type: "other" } }, { tangent: "conditional" }],
    path: { defaults: chain, keys: chainKeys, explorer: noiseKeys },
  },
  gaussian: {
    title: "Gaussian",
    networks: ["mlp", "transformer", "vit"],
    defaults: { actingStd: null, entCoef: 0, randnClipValue: 10, tanhOutput: false },
    keys: { ...gaussianActing, "model.entCoef": "entCoef" },
    actingKeys: gaussianActing,
    refused: [{ randnClipValue: 0 }, { dispersive: {} }],
    path: { defaults: { likelihood: "summed" }, keys: { "train.likelihood": "likelihood" } },
  },
};

describe.each(Object.entries(stated))("%s", (name, { title, networks, defaults, keys, actingKeys, refused, path }) => {
  const policy: AnyPolicy = findPolicy(name);

  test("names, networks, defaults", () => {
    expect(policy).toMatchObject({ name, title });
    expect(Object.keys(policy.networks)).toEqual(networks);
    expect(policy.options.parse({})).toEqual(defaults);
  });

  test("keys of configurations", () => {
    // A distribution of times is set as a whole, or by its parts.
    const withoutParts = Object.entries(policy.keys).filter(([key]) => !key.startsWith("model.times."));
    expect(Object.fromEntries(withoutParts)).toEqual(keys);
    expect(policy.acting.keys).toEqual(actingKeys);
    expect(policy.path!.options.parse({})).toEqual(path.defaults);
    expect(policy.path!.keys).toEqual(path.keys);
    expect(policy.path!.explorer?.keys).toEqual(path.explorer);
  });

  test.each(refused)("%j is refused", (options) => expect(policy.options.safeParse(options).success).toBe(false));
});

test("a dispersive term has defaults of its own; a beta and a logit-normal distribution, too", () => {
  const options = (name: string, given: object) => findPolicy(name).options.parse(given);
  expect(options("meanflow", { dispersive: {} }).dispersive).toEqual(dispersive);
  expect(options("meanflow", { times: { type: "beta" } }).times).toEqual({ type: "beta", a: 1.5, b: 1 });
  expect(options("reflow", { times: { type: "logitNormal" } }).times).toEqual({ type: "logitNormal", mean: 0, std: 1 });
});

test.each([
  { denoisingSteps: 0 },
  { denoisingSteps: 1.5 },
  { ftDenoisingSteps: 0 },
  { denoisedClipValue: 0 },
  { randnClipValue: 0 },
  { initialNoiseStd: -0.1 },
  { likelihood: "other" },
  { unknown: 1 },
])("%j is no chain", (options) => expect(chainSchema.safeParse(options).success).toBe(false));

test("the likelihood of a Gaussian is one of two", () => {
  expect(gaussianPathOptions.safeParse({ likelihood: "reference" }).success).toBe(true);
  expect(gaussianPathOptions.safeParse({ likelihood: "other" }).success).toBe(false);
});

test("an unknown policy: those that there are, and the nearest", () => {
  const error = inputErrorOf(() => findPolicy("meanflo"));
  expect(error.code).toBe("DMPO_POLICY");
  expect(error.message).toMatch(
    /^policy: "meanflo"\n {2}expected one of meanflow, reflow, .*\n {2}did you mean "meanflow"\?$/,
  );
  expect(inputErrorOf(() => findPolicy("entirely different")).problems[0]!.remedy).toBeUndefined();
});
