// Checkpoints of the reference become policies that act as the reference computed; what does not fit is listed.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { saveCheckpoint } from "../../sdk/src/checkpoints/checkpoint.js";
import { readCheckpointFile, writeCheckpointFile } from "../../sdk/src/checkpoints/checkpoint-file.js";
import { readTorch } from "../../sdk/src/checkpoints/torch-file.js";
import { encodeTorch } from "../../sdk/src/checkpoints/torch-writer.js";
import { encodeNpz } from "../../sdk/src/data/npz.js";
import { constants } from "../../sdk/src/engine/compile.js";
import { ParameterLayout } from "../../sdk/src/engine/parameters.js";
import { Random } from "../../sdk/src/engine/random.js";
import { tf, type Weights } from "../../sdk/src/engine/tensor.js";
import { InputError } from "../../sdk/src/errors.js";
import { loadPolicy } from "../../sdk/src/experiments/load-policy.js";
import { meanFlowMlp } from "../../sdk/src/nn/mean-flow-mlp.js";
import type { Bounds, Normalization } from "../../sdk/src/normalization.js";
import { PolicyModel } from "../../sdk/src/policies/policy-model.js";
import { policyRecord, type TrainedPolicy } from "../../sdk/src/policies/trained-policy.js";
import { described, manifest, referenceFile } from "../checkpoints/reference-files.js";
import { temporaryFolder } from "../data/temporary-folder.js";
import { hasShared } from "../shared.js";

beforeAll(async () => void (await tf.setBackend("cpu")));
const folder = temporaryFolder();
const file = (name: string) => join(folder, name);

const normalization: Normalization = {
  observationMin: new Float32Array(11).fill(-1),
  observationMax: new Float32Array(11).fill(1),
  actionMin: new Float32Array(3).fill(-1),
  actionMax: new Float32Array(3).fill(1),
};

interface Table {
  readonly shape: [number, number, number];
  readonly data: number[];
}

/** Action chunks for a batch of (normalised) observations and initial noise. */
function act({ model, weights }: TrainedPolicy, observation: Table, noise: Table, steps: number): number[] {
  return tf.tidy(() => {
    const views = constants<Weights>(model.views(weights));
    const tensor = ({ data, shape }: Table) => tf.tensor3d(data, shape);
    return Array.from(
      model.sample(views, { state: tensor(observation) }, { noise: tensor(noise) }, { steps }).dataSync(),
    );
  });
}

describe.skipIf(!hasShared)("checkpoints of the reference", () => {
  const cases = hasShared
    ? manifest().flatMap(({ file, expected }) =>
        file.endsWith(".pt") && expected
          ? ["ema", "model", "policy"].flatMap((set) => (set in expected ? [[file, set]] : []))
          : [],
      )
    : [];

  test.each(cases)("%s: %s acts as there", async (name, set) => {
    const { observation, noise, expected, network } = described(name);
    const averagedWeights = set !== "model";
    const policy = await loadPolicy(referenceFile(name), { averagedWeights, normalization, environment: "hopper-v2" });
    if (network) {
      const { horizonSteps, actionDim, condDim, mlpDims, condMlpDims, residualStyle } = policy.model.spec.network;
      expect({ horizonSteps, actionDim, condDim, mlpDims, condMlpDims, residualStyle }).toEqual({
        horizonSteps: network.horizon_steps,
        actionDim: network.action_dim,
        condDim: network.cond_dim,
        mlpDims: network.mlp_dims,
        condMlpDims: network.cond_mlp_dims,
        residualStyle: network.residual,
      });
    }
    for (const [key, { data }] of Object.entries<Table>(expected[set])) {
      if (!/^K\d+$/.test(key)) continue;
      const got = act(policy, observation, noise, Number(key.slice(1)));
      got.forEach((value, i) => expect(Math.abs(value - data[i]!), `${key}[${i}]`).toBeLessThan(1e-5));
    }
  });

  test.each(["legacy_format.pt", "pickle_protocol4.pt"])("%s equals the usual format", async (name) => {
    const [a, b] = await Promise.all(
      ["state_6.pt", name].map((file) => loadPolicy(referenceFile(`pretrain_small/${file}`), { normalization })),
    );
    expect(a!.weights).toEqual(b!.weights);
  });

  test("converted to safetensors, they load as before", async () => {
    const path = referenceFile("finetune_small/state_100.pt");
    await writeCheckpointFile(file("converted.safetensors"), await readCheckpointFile(path));
    const [a, b] = await Promise.all(
      [path, file("converted.safetensors")].map((p) => loadPolicy(p, { normalization })),
    );
    expect(a!.weights).toEqual(b!.weights);
  });

  test("fine-tuned weights are also found where only the whole model is stored", async () => {
    const path = referenceFile("finetune_small/state_100.pt");
    const object = readTorch(readFileSync(path), path) as Map<string, unknown>;
    object.delete("policy");
    writeFileSync(file("model.pt"), encodeTorch(object));
    const [a, b] = await Promise.all([path, file("model.pt")].map((p) => loadPolicy(p, { normalization })));
    expect(a!.weights).toEqual(b!.weights);
  });

  const hopper = () => referenceFile("pretrain_small/state_6.pt");
  test.each<[string, Parameters<typeof loadPolicy>[1], string]>([
    ["no statistics", {}, "holds weights only, not the statistics"],
    ["no length of an action", { normalization: "none" }, "give actionDim, or network.horizonSteps"],
    [
      "another dimension of actions",
      { normalization: { ...normalization, actionMin: new Float32Array(5) } },
      "a multiple of the 5",
    ],
    [
      "another dimension of observations",
      { normalization: { ...normalization, observationMin: new Float32Array(4) } },
      "a multiple of the 4",
    ],
    [
      "another network",
      { normalization, network: { mlpDims: [64], timeDim: 8 } },
      "mlpDims: is [96,96,96] by the weights\n  expected [64] as stated",
    ],
  ])("%s is an error that says so", async (_, options, message) => {
    const error = await loadPolicy(hopper(), options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toContain(message);
  });

  test("what is asked for may come from a normalization.npz, or be left out", async () => {
    const column = (data: Bounds) => ({ type: "f4", shape: [data.length], data }) as const;
    const { observationMin, observationMax, actionMin, actionMax } = normalization;
    writeFileSync(
      file("normalization.npz"),
      encodeNpz({
        obs_min: column(observationMin),
        obs_max: column(observationMax),
        action_min: column(actionMin),
        action_max: column(actionMax),
      }),
    );
    const [a, b] = await Promise.all([
      loadPolicy(hopper(), { normalization: file("normalization.npz") }),
      loadPolicy(hopper(), { normalization: "none", actionDim: 3 }),
    ]);
    expect(a.normalization).toEqual(normalization);
    expect(b.normalization).toEqual(normalization);
  });
});

/** A network's random weights as a state dict of the reference. */
function stateDict(network: Parameters<typeof meanFlowMlp>[0]): Map<string, unknown> {
  const layout = new ParameterLayout(meanFlowMlp(network, "network.").parameters);
  const views = Object.entries(layout.views(layout.initialise(new Random(1).stream("weights"))));
  return new Map(
    views.map(([name, { data, shape }]) => [
      name,
      { dtype: "F32", shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) },
    ]),
  );
}

const sizes = { horizonSteps: 4, actionDim: 3, condDim: 11, timeDim: 8, rEmbeddingDim: 4 };
const write = (name: string, object: unknown) => {
  writeFileSync(file(name), encodeTorch(object));
  return file(name);
};

test.each([
  { mlpDims: [32, 32, 32, 32, 32], condMlpDims: [8], residualStyle: true, useLayernorm: true },
  { mlpDims: [32], condMlpDims: null, residualStyle: true, useLayernorm: false },
  { mlpDims: [24, 16], condMlpDims: null, residualStyle: false, useLayernorm: true },
  { mlpDims: [24, 16], condMlpDims: [8, 6], residualStyle: false, useLayernorm: false },
])("sizes of $mlpDims, $condMlpDims are read off the weights", async (options) => {
  const path = write("bare.pt", stateDict({ ...sizes, ...options }));
  const { model } = await loadPolicy(path, { normalization, network: { activationType: "ReLU" } });
  expect(model.spec.network).toMatchObject({ ...sizes, ...options, activationType: "ReLU" });
});

const scalar = (value: number) => ({ dtype: "F32", shape: [], bytes: new Uint8Array(Float32Array.of(value).buffer) });
const range = { "network.logvar_min": 2 * Math.log(0.02), "network.logvar_max": 2 * Math.log(0.3) };
const chunk = { horizonSteps: 4, actionDim: 3, condDim: 11 };
const attentive = { type: "transformer", transformerEmbedDim: 8, transformerNumHeads: 4, transformerNumLayers: 2 };

test.each([
  ["gaussian", { mlpDims: [16, 16], residualStyle: false }],
  ["gaussian", { mlpDims: [16, 16, 16], residualStyle: true, fixedStd: 0.1, learnFixedStd: true }],
  ["gaussian", { ...attentive, fixedStd: 0.1 }],
  ["gmm", { mlpDims: [16, 16], numModes: 3, fixedStd: 0.1 }],
  ["gmm", { mlpDims: [16, 16], numModes: 3, fixedStd: null }],
  ["gmm", { ...attentive, numModes: 2, fixedStd: 0.1, learnFixedStd: true }],
])(
  "a %s network %o is recognised with its range of deviations, pre-trained and fine-tuned",
  async (policy, network) => {
    const own = new PolicyModel({ policy, network: { ...chunk, ...network } });
    const weights = own.layout.initialise(new Random(1).stream("weights"));
    const views = Object.entries(own.views(weights)).map(([name, { data, shape }]): [string, unknown] => [
      name,
      { dtype: "F32", shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) },
    ]);
    const dict = new Map([...Object.entries(range).map(([name, value]) => [name, scalar(value)] as const), ...views]);
    const renamed = (prefix: string) =>
      [...dict].map(([name, value]) => [name.replace("network.", prefix), value] as const);
    const critic = ["critic.Q1.moduleList.0.linear_1.weight", dict.values().next().value] as const;
    const files = {
      "pretrained.pt": { model: dict, ema: dict, epoch: 3 },
      // Mixtures have no copies of their actor there.
      "tuned.pt": {
        model: new Map([...dict, ...(policy === "gmm" ? [] : [...renamed("actor_ft."), ...renamed("actor.")]), critic]),
      },
    };
    for (const [name, object] of Object.entries(files)) {
      const loaded = await loadPolicy(write(name, object), { normalization });
      expect(loaded.model.spec.policy).toBe(policy);
      expect(loaded.model.spec.network).toMatchObject({ ...chunk, ...network, stdMin: 0.02, stdMax: 0.3 });
      expect(loaded.weights).toEqual(weights);
    }
  },
);

test("a fixed deviation, heads and activations leave no trace in weights: they are what is said of them", async () => {
  const own = new PolicyModel({ policy: "gaussian", network: { ...chunk, ...attentive, fixedStd: 0.04 } });
  const views = Object.entries(own.views(own.layout.initialise(new Random(1).stream("weights"))));
  const dict = new Map(
    views.map(([name, { data, shape }]) => [
      name,
      { dtype: "F32", shape, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) },
    ]),
  );
  const stated = { fixedStd: 0.04, transformerNumHeads: 2 };
  const { model } = await loadPolicy(write("said.pt", dict), { normalization, network: stated });
  expect(model.spec.network).toMatchObject(stated);
  const wrong = loadPolicy(write("said.pt", dict), { normalization, network: { transformerNumLayers: 3 } });
  await expect(wrong).rejects.toThrow(/transformerNumLayers: is 2 by the weights\s+expected 3 as stated/);
});

test("missing, unexpected and wrongly shaped keys are listed together", async () => {
  const dict = stateDict({ ...sizes, mlpDims: [16, 16, 16], condMlpDims: [8, 4] });
  const weight = dict.get("network.mlp_mean.layers.1.l2.weight");
  dict.delete("network.mlp_mean.layers.1.l2.weight");
  dict.set("network.mlp_mean.layers.1.l3.weight", weight);
  dict.set("network.mlp_mean.layers.0.bias", dict.get("network.mlp_mean.layers.2.bias"));
  await expect(loadPolicy(write("wrong.pt", { ema: dict }), { normalization })).rejects.toThrow(
    `${file("wrong.pt")}: ema: network.mlp_mean.layers.0.bias: has shape [12]\n  expected [16]\n` +
      `${file("wrong.pt")}: ema: network.mlp_mean.layers.1.l2.weight: is missing\n  expected shape [16, 16]\n` +
      `  is "network.mlp_mean.layers.1.l3.weight" meant?\n` +
      `${file("wrong.pt")}: ema: network.mlp_mean.layers.1.l3.weight: is unexpected`,
  );
});

test("names of older files and of wrappers, and keys that are no part of the policy", async () => {
  const dict = stateDict({ ...sizes, mlpDims: [16] });
  const older = [...dict].flatMap(([key, tensor]): [string, unknown][] => [
    [`module.base_meanflow.${key}`, tensor],
    [key, tensor],
    [`teacher.${key}`, tensor],
  ]);
  const [a, b] = await Promise.all(
    [dict, new Map(older)].map((model, i) =>
      loadPolicy(write(`older-${i}.pt`, { model, ema: model }), { normalization }),
    ),
  );
  expect(a!.weights).toEqual(b!.weights);
});

test.each<[string, unknown, string]>([
  ["no weights at all", { epoch: 1 }, 'has no weights "ema"; it holds epoch'],
  ["only the trained weights", { model: stateDict({ ...sizes, mlpDims: [16] }) }, "averagedWeights: false"],
  ["a list", [1], "it holds nothing"],
  [
    "another network",
    { ema: new Map([["network.backbone.weight", { dtype: "F32", shape: [0, 1], bytes: new Uint8Array(0) }]]) },
    "it holds network.backbone.weight",
  ],
])("a file with %s is refused", async (_, object, message) => {
  await expect(loadPolicy(write("odd.pt", object), { normalization })).rejects.toThrow(message);
});

test("this program's own checkpoints survive the way through PyTorch's format", async () => {
  const model = new PolicyModel({ network: { horizonSteps: 2, actionDim: 1, condDim: 3, mlpDims: [8] } });
  const weights = model.layout.initialise(new Random(3).stream("weights"));
  const statistics = {
    ...normalization,
    observationMin: Float32Array.of(1, 2, 3),
    observationMax: Float32Array.of(4, 5, 6),
  };
  const own = { ...statistics, actionMin: Float32Array.of(-2), actionMax: Float32Array.of(2) };
  const record = policyRecord(
    { model, normalization: own, environment: "hopper-v2" },
    { ema: weights, model: weights },
  );
  await saveCheckpoint(file("own.safetensors"), record);
  await writeCheckpointFile(file("own.pt"), await readCheckpointFile(file("own.safetensors")));
  await writeCheckpointFile(file("back.safetensors"), await readCheckpointFile(file("own.pt")));
  expect(readFileSync(file("back.safetensors"))).toEqual(readFileSync(file("own.safetensors")));
  const [a, b] = await Promise.all([loadPolicy(file("own.safetensors")), loadPolicy(file("own.pt"))]);
  expect(b.weights).toEqual(a.weights);
  expect(b.normalization).toEqual(own);
  expect(b.model.spec).toEqual(model.spec);
});

describe("diffusion of the reference", () => {
  const network = { horizonSteps: 4, actionDim: 3, condDim: 11, mlpDims: [16, 16, 16], condMlpDims: [8, 4] };
  const modelOf = (options: Record<string, unknown>, ofNetwork: Record<string, unknown> = network) =>
    new PolicyModel({ policy: "diffusion", options, network: ofNetwork });
  /** State dict of weights that are all different, under the prefix in place of `network.`. */
  const dict = (prefix: string, seed: number, { layout } = modelOf({})) => {
    const views = layout.views(layout.initialise(new Random(seed).stream("weights")));
    return Object.entries(views).map(([name, { data, shape }]) => [
      name.replace("network.", prefix),
      { dtype: "F32", shape: [...shape], bytes: new Uint8Array((data as Float32Array).slice().buffer) },
    ]);
  };
  const written = (name: string, contents: Record<string, unknown>) => {
    writeFileSync(file(name), encodeTorch(new Map(Object.entries(contents))));
    return file(name);
  };

  test("a pre-trained one has averaged and trained weights", async () => {
    const sets = { model: new Map(dict("network.", 1) as never), ema: new Map(dict("network.", 2) as never) };
    const path = written("pre_diffusion.pt", { epoch: 3, ...sets });
    const options = { normalization, policy: "diffusion", objective: { denoisingSteps: 10 } };
    const [ema, model] = await Promise.all(
      [true, false].map((averagedWeights) => loadPolicy(path, { ...options, averagedWeights })),
    );
    const initial = (seed: number) => modelOf({}).layout.initialise(new Random(seed).stream("weights"));
    expect(ema!.weights).toEqual(initial(2));
    expect(model!.weights).toEqual(initial(1));
    expect(ema!.model.defaultSteps).toBe(10);
  });

  test("a U-Net tells its sizes, all but the length of a chunk", async () => {
    const sizes = {
      horizonSteps: 4,
      actionDim: 3,
      condDim: 11,
      dim: 16,
      dimMults: [1, 2],
      nGroups: 8,
      condPredictScale: true,
    };
    const unet = modelOf({}, { type: "unet", ...sizes });
    const path = written("unet.pt", { ema: new Map(dict("network.", 3, unet) as never) });
    await expect(loadPolicy(path, { normalization })).rejects.toThrow(/chunks of any length[^]*horizonSteps/);
    const { model, weights } = await loadPolicy(path, { normalization, network: { horizonSteps: 4 } });
    expect(model.spec).toEqual(unet.spec);
    expect(weights).toEqual(unet.layout.initialise(new Random(3).stream("weights")));
    const wrong = loadPolicy(path, { normalization, network: { horizonSteps: 4, dim: 32 } });
    await expect(wrong).rejects.toThrow(/dim: is 16 by the weights[^]*expected 32 as stated/);
  });

  test("a fine-tuned one has both networks, and needs to know where each is used", async () => {
    const model = [...dict("network.", 1), ...dict("actor.", 1), ...dict("actor_ft.", 2)];
    const path = written("ft_diffusion.pt", { itr: 3, model: new Map(model as never) });
    const policy = (objective: object) =>
      loadPolicy(path, { normalization, policy: "diffusion", objective: { ...objective } });
    await expect(policy({})).rejects.toThrow(/before and after fine-tuning[^]*ftDenoisingSteps/);
    const both = await policy({ ftDenoisingSteps: 10 });
    const views = both.model.views(both.weights);
    const [before, after] = [1, 2].map((seed) => Object.fromEntries(dict("network.", seed) as [string, unknown][]));
    for (const name of Object.keys(before!)) {
      const bytes = (tensor: unknown) => new Float32Array((tensor as { bytes: Uint8Array<ArrayBuffer> }).bytes.buffer);
      expect(views[name]!.data).toEqual(bytes(after![name]));
      expect(views[`pretrained.${name}`]!.data).toEqual(bytes(before![name]));
    }
    // Where all steps were fine-tuned nothing of the first network is left.
    const all = await policy({ ftDenoisingSteps: 20 });
    expect(all.weights).toHaveLength(both.weights.length / 2);
  });
});
