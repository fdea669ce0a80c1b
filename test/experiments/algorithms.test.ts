// Every policy of the fluent API goes through every algorithm that takes it: trained, saved, loaded again, played.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  CalQL,
  ConsistencyModel,
  Dataset,
  Diffusion,
  DQL,
  evaluate,
  exportOnnx,
  FQL,
  Gaussian,
  GMM,
  IBRL,
  IDQL,
  loadPolicy,
  MeanFlow,
  OneStep,
  PPO,
  ReFlow,
  SAC,
  ShortcutFlow,
} from "../../sdk/src/index.js";
import { ppoPresets } from "../../sdk/src/rl/ppo-presets.js";
import { tiny } from "./tiny-fine-tuning.js";

const control = { threads: 1, workers: 0, console: false } as const;
let folder: string;
let data: Dataset;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dmpo-algorithms-"));
  data = (await Dataset.bundled("hopper-medium-mini")).limitEpisodes(2);
});
afterAll(() => rm(folder, { recursive: true }));

const attentive = { transformerEmbedDim: 8, transformerNumHeads: 2, transformerNumLayers: 1, fixedStd: 0.1 };

test.each([
  ["meanflow", MeanFlow.improved().withNetwork({ mlpDims: [16, 16, 16] })],
  ["reflow", ReFlow.standard().withNetwork({ mlpDims: [16, 16, 16] })],
  ["diffusion", Diffusion.standard({ denoisingSteps: 4 }).withNetwork({ mlpDims: [16, 16, 16] })],
  [
    "shortcut",
    ShortcutFlow.standard()
      .withTimes({ type: "beta" })
      .withNetwork({ mlpDims: [16, 16, 16] }),
  ],
  [
    "diffusion",
    Diffusion.ddim({ denoisingSteps: 4, ddimSteps: 2 }).withNetwork({
      type: "unet",
      dim: 8,
      dimMults: [1, 2],
      nGroups: 4,
    }),
  ],
  ["gaussian", Gaussian.standard().withNetwork({ mlpDims: [16, 16, 16] })],
  ["gmm", GMM.standard().withNetwork({ mlpDims: [16], numModes: 2, dropout: 0.1 })],
  ["gaussian", Gaussian.standard().withNetwork({ type: "transformer", ...attentive, dropout: 0.1 })],
])("%s is pre-trained, fine-tuned with PPO, and found again in the file", async (name, policy) => {
  const base = await policy.pretrain(data, { epochs: 1, folder: null, ...control });
  const tuned = await PPO.finetune(base, {
    ...{ env: "hopper-v2", folder: join(folder, name), ...tiny, ...control },
  });
  expect(tuned.curve).toHaveLength(tiny.iterations);
  expect(tuned.last.weights).not.toEqual(base.policy.weights);
  const loaded = await loadPolicy(join(tuned.folder!, "checkpoint/last.safetensors"));
  expect(loaded.model.definition.name).toBe(name);
  expect(loaded.weights).toEqual(tuned.last.weights);
});

test("the initial noise of a flow is as wide as the call says, the preset, or the policy itself; its file keeps it", async () => {
  const policy = ShortcutFlow.standard({ initialNoiseStd: 0.7 }).withNetwork({ mlpDims: [16, 16, 16] });
  const base = await policy.pretrain(data, { epochs: 1, folder: null, ...control });
  const tuned = async (options: object) => {
    const place = join(folder, "initial-noise");
    await PPO.finetune(base, { env: "hopper-v2", folder: place, ...tiny, ...options, ...control });
    const loaded = await loadPolicy(join(place, "checkpoint/last.safetensors"));
    await rm(place, { recursive: true });
    return loaded;
  };
  const width = async (options: object) => (await tuned(options)).model.spec.options.initialNoiseStd;
  expect(await width({ initialNoiseStd: 0.2 })).toBe(0.2);
  expect(await width({})).toBe(ppoPresets.quick.initialNoiseStd);
  expect(await width({ preset: "scratch" })).toBe(0.7);

  const narrow = await tuned({ initialNoiseStd: 0 });
  const observation = new Float64Array(11);
  const [central] = await narrow.act(observation, { initialNoise: "zero" });
  expect((await narrow.act(observation, { seed: 1 }))[0]).toEqual(central);
  expect((await narrow.withOptions({ initialNoiseStd: 1 }).act(observation, { seed: 1 }))[0]).not.toEqual(central);
});

test("a consistency model is distilled from a run or a file, played, exported, and refuses what is no teacher", async () => {
  const small = { mlpDims: [16, 16, 16] };
  const train = { epochs: 1, ...control };
  const flow = await ReFlow.standard()
    .withNetwork(small)
    .pretrain(data, { ...train, folder: join(folder, "teacher") });
  const file = join(folder, "teacher/checkpoint/last.safetensors");
  const [byRun, byFile] = [flow, file].map((teacher) =>
    ConsistencyModel.distil(teacher, { numTrainingSteps: 20 }).withTimes({ type: "beta" }).withNetwork(small),
  );
  const run = await byRun!.pretrain(data, { ...train, folder: join(folder, "student") });
  const again = await byFile!.pretrain(data, { ...train, folder: null });
  expect(again.policy.weights).toEqual(run.policy.weights);
  // Acting needs the teacher no more.
  const student = join(folder, "student/checkpoint/last.safetensors");
  const report = await evaluate(student, { episodes: 1, denoisingSteps: [1, 2], ...control });
  expect(report.toString()).toContain("return");
  const exported = await exportOnnx(student, join(folder, "student.onnx"), { steps: 2 });
  expect(exported.shapes).toEqual({ observation: [1, 11], noise: [4, 3], renoise: [1, 4, 3], action: [4, 3] });
  // Neither is it a teacher, nor does it explore.
  await expect(ConsistencyModel.distil(student).pretrain(data, { ...train, folder: null })).rejects.toThrow(
    /the teacher: is a consistency policy/,
  );
  await expect(ConsistencyModel.distil(join(folder, "none.safetensors")).pretrain(data, train)).rejects.toThrow(/none/);
  await expect(PPO.finetune(run, { env: "hopper-v2", folder: null, ...tiny, ...control })).rejects.toThrow(
    /policy consistency: has no density/,
  );
});

test("SAC begins without a policy", async () => {
  const run = await SAC.train({
    ...{ env: "hopper-v2", folder: join(folder, "sac"), iterations: 2, steps: 20, explorationSteps: 10 },
    ...{ batchSize: 16, evaluationEpisodes: 1, critic: { mlpDims: [16, 16] }, ...control },
  });
  expect(run.curve).toHaveLength(2);
  const report = await evaluate(run, { episodes: 1, ...control });
  expect(report.toString()).toContain("return");
});

test("PPO and DQL begin without a policy, whose kind may be given", async () => {
  const quick = { env: "hopper-v2", folder: null, iterations: 3, steps: 4, batchSize: 8, ...control } as const;
  const critic = { mlpDims: [16, 16, 16] };
  const settings = { ...quick, environments: 2, evaluationEpisodes: 1, valFreq: 5 };
  const own = await PPO.train({ ...settings, critic });
  expect(own.last.model.spec.policy).toBe("gaussian");
  const denoising = Diffusion.standard({ denoisingSteps: 4 }).withNetwork({ mlpDims: [16, 16, 16] });
  const chain = await PPO.train({ ...settings, critic, policy: denoising, ftDenoisingSteps: 2 });
  expect(chain.last.model.spec.policy).toBe("diffusion");
  const valued = await DQL.train({ ...settings, policy: denoising, critic: { mlpDims: [16, 16] } });
  for (const { curve, environmentSteps } of [own, chain, valued]) {
    expect(curve.map(({ mode }) => mode)).toEqual(["evaluation", "training", "evaluation"]);
    expect(environmentSteps).toBeGreaterThan(0);
  }
});

const learns = { batchSize: 16, valFreq: 3, evaluationEpisodes: 1, critic: { mlpDims: [16, 16] }, ...control } as const;

test("FQL makes a policy of one step, which is saved, resumed, exported and played", async () => {
  const policy = ReFlow.standard().withNetwork({ mlpDims: [16, 16, 16] });
  const options = { ...{ env: "hopper-v2", data, steps: 6, offlineSteps: 6, network: { hiddenDim: 16 } }, ...learns };
  const whole = await FQL.train({ ...options, policy, iterations: 5, folder: null });
  expect(whole.curve.map(({ mode }) => mode[0]).join("")).toBe("eotee");
  const begun = await FQL.train({ ...options, policy, iterations: 5, folder: join(folder, "fql"), saveEvery: 1 });
  expect(begun.last.weights).toEqual(whole.last.weights);
  const resumePath = join(folder, "fql/checkpoint/state_1.safetensors");
  const resumed = await FQL.train({ ...options, policy, iterations: 5, folder: null, resumePath });
  expect(resumed.last.weights).toEqual(whole.last.weights);
  const file = join(folder, "fql/checkpoint/last.safetensors");
  const loaded = await loadPolicy(file);
  expect(loaded.model.spec.policy).toBe("onestep");
  expect(loaded.weights).toEqual(whole.last.weights);
  const exported = await exportOnnx(file, join(folder, "fql.onnx"));
  expect(exported.shapes).toEqual({ observation: [1, 11], noise: [4, 3], action: [4, 3] });
  expect((await evaluate(file, { episodes: 1, ...control })).toString()).toContain("return");
  // A trained flow is a beginning, one step is none.
  const flow = await policy.pretrain(data, { epochs: 1, folder: null, ...control });
  const tuned = await FQL.finetune(flow, { ...options, iterations: 2, folder: null });
  expect(tuned.last.model.spec.policy).toBe("onestep");
  await expect(FQL.finetune(tuned, { ...options, folder: null })).rejects.toThrow(/policy onestep: is no flow/);
  const distilled = await OneStep.distil(flow, { teacherSteps: 2 })
    .withNetwork({ hiddenDim: 16 })
    .pretrain(data, { epochs: 1, folder: null, ...control });
  expect(distilled.policy.model.spec).toMatchObject({ policy: "onestep", options: { teacherSteps: 2 } });
});

test("Cal-QL goes on online where it ended offline, from the run or its file", async () => {
  const options = { ...{ env: "hopper-v2", numUpdate: 4, nRandomActions: 2, cqlNActions: 2 }, ...learns };
  const offline = await CalQL.offline(data, { ...options, iterations: 3, folder: join(folder, "calql") });
  expect(offline.curve.map(({ mode }) => mode[0]).join("")).toBe("eoe");
  expect(offline.environmentSteps).toBe(0);
  const online = await offline.online({ iterations: 3, folder: null });
  expect(online.curve.map(({ mode }) => mode[0]).join("")).toBe("ete");
  expect((await offline.online({ iterations: 1, folder: null })).handedOn).toEqual(offline.handedOn);
  const file = join(folder, "calql/checkpoint/last.safetensors");
  const again = await CalQL.online(file, { ...options, data, iterations: 3, folder: null });
  expect(again.last.weights).toEqual(online.last.weights);
  // Another run's policy comes without critics.
  const alone = await CalQL.online(join(folder, "sac/checkpoint/last.safetensors"), {
    ...{ ...options, data, iterations: 1, folder: null },
  });
  expect(alone.curve).toHaveLength(1);
  const exported = await exportOnnx(file, join(folder, "calql.onnx"));
  expect(exported.shapes).toEqual({ observation: [1, 11], noise: [1, 3], action: [1, 3] });
});

test("IBRL learns beside a policy that imitates", async () => {
  const base = await Gaussian.standard()
    .withNetwork({ horizonSteps: 1, mlpDims: [16, 16], fixedStd: 0.1 })
    .pretrain(data, { epochs: 1, folder: null, ...control });
  const options = { data, env: "hopper-v2", steps: 6, nCritics: 2, criticNumUpdate: 2, iterations: 4, ...learns };
  const run = await IBRL.finetune(base, { ...options, folder: join(folder, "ibrl"), saveEvery: 1 });
  const resumePath = join(folder, "ibrl/checkpoint/state_1.safetensors");
  const resumed = await IBRL.finetune(base, { ...options, folder: null, resumePath });
  expect(resumed.last.weights).toEqual(run.last.weights);
  const exported = await exportOnnx(join(folder, "ibrl/checkpoint/last.safetensors"), join(folder, "ibrl.onnx"));
  expect(exported.shapes).toEqual({ observation: [1, 11], noise: [1, 3], action: [1, 3] });
  await expect(IBRL.finetune(base, { ...options, data: undefined, folder: null })).rejects.toThrow(
    /demonstrations: are missing/,
  );
});

test("the file of IDQL acts with the best of several samples", async () => {
  const base = await Diffusion.standard({ denoisingSteps: 2 })
    .withNetwork({ mlpDims: [16, 16, 16] })
    .pretrain(data, { epochs: 1, folder: null, ...control });
  const run = await IDQL.finetune(base, {
    ...{ env: "hopper-v2", environments: 1, iterations: 3, steps: 5, valFreq: 2, evaluationEpisodes: 1, batchSize: 8 },
    ...{ evalSampleNum: 3, criticQ: { mlpDims: [16] }, criticV: { mlpDims: [16] } },
    ...{ folder: join(folder, "idql"), ...control },
  });
  const file = join(folder, "idql/checkpoint/last.safetensors");
  const loaded = await loadPolicy(file);
  expect(loaded.model.spec.choice).toMatchObject({ samples: 3 });
  expect(loaded.weights).toEqual(run.last.weights);
  const exported = await exportOnnx(file, join(folder, "idql.onnx"));
  expect(exported.shapes).toMatchObject({ noise: [3, 4, 3], action: [4, 3] });
  const chunk = await loaded.act(Array<number>(11).fill(0));
  expect(chunk).toHaveLength(4);
  expect((await evaluate(file, { episodes: 1, denoisingSteps: [2], ...control })).toString()).toContain("return");
});
